/** The index says one thing and the tar another: what is listed and hashed is not what is extracted. */
import { hash } from "node:crypto";
import { encodeTarHeader, type SampleEntry } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import {
  altered,
  cases,
  claimed,
  damagedBy,
  entryLine,
  inTar,
  type Line,
  patchHeader,
  sample,
  segmentLine,
  segmentOf,
} from "./build.js";

const ORIGIN = "index and tar disagree";
const FILE = "sessions/a.jsonl";
/** A path that ustar cannot say: it has a PAX header. */
const LONG = `workspace/${"n".repeat(180)}`;
const withLong: readonly SampleEntry[] = [{ path: LONG, content: "long" }, ...sample];

/** Where a PAX header's records begin in the first pack. */
const PAX_RECORDS = 512;

export const contradictions: readonly HostileCase[] = cases(ORIGIN, {
  "index-other-path": [
    "the index lists a file under another path than the tar",
    () => altered({ lines: entryLine(FILE, { path: inTar("sessions/b.jsonl") }) }),
    damagedBy("tar header", "sessions/b.jsonl"),
  ],
  "index-other-type": [
    "the index lists a file where the tar has a symlink",
    () =>
      altered({
        lines: (lines) =>
          claimed(({ files, symlinks }) => ({ files: (files ?? 0) + 1, symlinks: (symlinks ?? 0) - 1 }))(
            entryLine("workspace/latest", ({ target, ...line }) => ({
              ...line,
              type: "file",
              sha256: hash("sha256", ""),
            }))(lines),
          ),
      }),
    damagedBy("tar header", "workspace/latest"),
  ],
  "tar-other-type": [
    "the tar has a device where the index lists a file",
    () => altered({ draft: (segments) => patchHeader(segmentOf(segments, "pack").raw, 0, 156, "3") }),
    damagedBy("tar header", FILE),
  ],
  "index-other-mode": [
    "the index lists another mode than the tar",
    () => altered({ lines: entryLine(FILE, { mode: 0o777 }) }),
    damagedBy("tar header", FILE),
  ],
  "tar-setuid": [
    "the tar sets the setuid bit that the index does not list",
    () => altered({ draft: (segments) => patchHeader(segmentOf(segments, "pack").raw, 0, 100, "0004640") }),
    damagedBy("tar header", FILE),
  ],
  "index-other-size": [
    "the index lists a byte more than the tar, within the same block",
    () =>
      altered({
        lines: (lines) =>
          claimed(({ contentBytes }) => ({ contentBytes: (contentBytes ?? 0) + 1 }))(
            entryLine(FILE, (line) => ({ ...line, size: Number(line["size"]) + 1 }))(lines),
          ),
      }),
    damagedBy("tar header", FILE),
  ],
  "tar-size-lies": [
    "the size in the tar header reaches over the entries behind it",
    () =>
      altered({ draft: (segments) => patchHeader(segmentOf(segments, "pack").raw, 0, 124, "00000001000") }),
    damagedBy("tar header", FILE),
  ],
  "index-other-mtime": [
    "the index lists another second than the tar",
    () => altered({ lines: entryLine(FILE, { mtime: "1600000000000000000" }) }),
    damagedBy("tar header", FILE),
  ],
  "index-other-target": [
    "the index lists a safe target, the tar has another",
    () =>
      altered({
        draft: (segments) => {
          const pack = segmentOf(segments, "pack");
          patchHeader(pack.raw, pack.entries.at(-1)?.offset ?? 0, 157, "../../../../../../etc");
        },
      }),
    damagedBy("tar header", "workspace/latest"),
  ],
  "index-other-sha256": [
    "the index has another hash for a file, with the segment's right",
    () => altered({ lines: entryLine(FILE, { sha256: "0".repeat(64) }) }),
    damagedBy("content hash", FILE),
  ],
  "content-differs": [
    "a file's content differs from its hash, with the segment's right",
    () => altered({ draft: (segments) => segmentOf(segments, "pack").raw.write("X", 512) }),
    damagedBy("content hash", FILE),
  ],
  "large-content-differs": [
    "a large file's content differs from its hash, with its pieces' right",
    () => altered({ draft: (segments) => segmentOf(segments, "piece").raw.write("X", 0) }),
    damagedBy("content hash", "workspace/large.bin"),
  ],
  "segment-other-sha256": [
    "the index has another hash for a segment, with the files' right",
    () => altered({ lines: segmentLine("pack", { sha256: "0".repeat(64) }) }),
    damagedBy("segment hash"),
  ],
  "hash-of-directories-wrong": [
    "the index has another hash for the directories, which have no content",
    () => altered({ lines: segmentLine("dirs", { sha256: "0".repeat(64) }) }),
    damagedBy("segment hash"),
  ],
  "segments-exchanged": [
    "two pieces stand in the object in each other's place",
    () =>
      altered(
        { frames: (frames) => frames.splice(2, 2, ...frames.slice(2, 4).reverse()) },
        sample.map((entry) =>
          entry.path === "workspace/large.bin" ? { ...entry, content: piecesOfEqualSize() } : entry,
        ),
      ),
    damagedBy("segment hash"),
  ],
  "entry-of-another-segment": [
    "an entry names a segment that it is not in",
    () => altered({ lines: entryLine(FILE, { segment: 5 }) }),
    damagedBy("index layout", FILE),
  ],
  "entry-at-another-offset": [
    "an entry names a place that is another entry's",
    () => altered({ lines: entryLine(FILE, { offset: 1024 }) }),
    damagedBy("index layout", FILE),
  ],
  "entry-only-in-the-tar": [
    "the tar has an entry that the index does not list",
    () => altered({ lines: (lines) => lines.filter((line) => line["path"] !== inTar("sessions/empty")) }),
    damagedBy("index layout", "tenant.json"),
  ],
  "last-entry-only-in-the-tar": [
    "the tar has an entry at a segment's end that the index does not list",
    () => altered({ lines: (lines) => lines.filter((line) => line["path"] !== inTar("workspace/latest")) }),
    damagedBy("index layout"),
  ],
  "entry-only-in-the-index": [
    "the index lists an entry that the tar does not have",
    () =>
      altered({
        lines: (lines) =>
          lines.flatMap((line) =>
            line["path"] === inTar("sessions/empty")
              ? [line, { ...line, path: inTar("sessions/more") }]
              : [line],
          ),
      }),
    damagedBy("index layout", "sessions/more"),
  ],
  "entries-swapped": [
    "two entries stand in the index in each other's place",
    () => altered({ draft: (segments) => segmentOf(segments, "pack").entries.reverse() }),
    damagedBy("index layout", "workspace/latest"),
  ],
  "names-swapped": [
    "two files of equal size have each other's name in the index",
    () =>
      altered({
        lines: (lines) => {
          const [a, b] = [inTar("sessions/empty"), inTar("tenant.json")];
          const other: Record<string, string> = { [a]: b, [b]: a };
          return lines.map((line) => ({ ...line, ...renamed(line, other) }));
        },
      }),
    damagedBy("tar header", "tenant.json"),
  ],
  "owner-in-the-tar": [
    "the tar gives a file to a user",
    () => altered({ draft: (segments) => patchHeader(segmentOf(segments, "pack").raw, 0, 108, "0001750") }),
    damagedBy("tar header", FILE),
  ],
  "owner-name-in-the-tar": [
    "the tar names an owner",
    () => altered({ draft: (segments) => patchHeader(segmentOf(segments, "pack").raw, 0, 265, "root") }),
    damagedBy("tar header", FILE),
  ],
  "checksum-field-written-otherwise": [
    "a tar header is true, but not written as the format says",
    () => altered({ draft: (segments) => segmentOf(segments, "pack").raw.write(" ", 154) }),
    damagedBy("tar header", FILE),
  ],
  "pax-path-differs": [
    "a PAX header overrides the path that the index lists",
    () =>
      altered(
        {
          draft: (segments) => {
            const { raw } = segmentOf(segments, "pack");
            raw.write("m", raw.indexOf("nnn", PAX_RECORDS), "latin1");
          },
        },
        withLong,
      ),
    damagedBy("tar header", LONG),
  ],
  "pax-has-more-records": [
    "a PAX header has a record more than it needs",
    () =>
      altered(
        {
          draft: (segments) => {
            const { raw } = segmentOf(segments, "pack");
            const size = parseInt(raw.toString("latin1", 124, 135), 8);
            const record = "15 SCHILY.x=yz\n";
            raw.write(record, PAX_RECORDS + size, "latin1");
            patchHeader(raw, 0, 124, (size + record.length).toString(8).padStart(11, "0"));
          },
        },
        withLong,
      ),
    damagedBy("tar header", LONG),
  ],
  "pax-where-none-is-needed": [
    "a PAX header stands before an entry that needs none, and the index counts with it",
    () =>
      altered({
        draft: (segments) => {
          const pack = segmentOf(segments, "pack");
          pack.raw = Buffer.concat([encodeTarHeader(paxEntry()).subarray(0, 1024), pack.raw]);
          pack.entries = pack.entries.map((entry) => ({ ...entry, offset: entry.offset + 1024 }));
        },
      }),
    damagedBy("index layout", FILE),
  ],
  "padding-not-zero": [
    "something stands in the padding of a file",
    () => altered({ draft: (segments) => segmentOf(segments, "pack").raw.write("X", 1023) }),
    damagedBy("padding", FILE),
  ],
  "large-padding-not-zero": [
    "something stands in the padding of a large file",
    () => altered({ draft: (segments) => segmentOf(segments, "piece").raw.write("X", 1023) }),
    damagedBy("padding", "workspace/large.bin"),
  ],
  "end-not-zero": [
    "the tar goes on where its end should be",
    () => altered({ draft: (segments) => segmentOf(segments, "end").raw.fill(1) }),
    damagedBy("tar end"),
  ],
  "root-without-entry": [
    "the tenant's directory has no entry: nothing is in the archive",
    () => altered({ incomplete: true }, []),
    damagedBy("index layout", ""),
  ],
  "directory-without-entry": [
    "a directory that files stand in has no entry",
    () =>
      altered(
        { incomplete: true },
        sample.filter(({ path }) => path !== "sessions"),
      ),
    damagedBy("index layout", "sessions"),
  ],
  "record-of-another-tenant": [
    "tenant.json is another tenant's than the index says",
    () => altered({}, withRecord('{"id":"bravo","uid":"f3b1c0de"}')),
    { code: "ARCHIVE_DAMAGED", rule: "tenant", entry: "tenant.json" },
  ],
  "record-of-another-uid": [
    "tenant.json is of another tenant of the same name",
    () => altered({}, withRecord('{"id":"acme","uid":"00000000"}')),
    { code: "ARCHIVE_DAMAGED", rule: "tenant", entry: "tenant.json" },
  ],
});

/** Pieces that differ and pack to equal sizes. */
function piecesOfEqualSize(): Buffer {
  return Buffer.concat([Buffer.alloc(1024, "a"), Buffer.alloc(1024, "b"), Buffer.alloc(1000, "c")]);
}

function renamed(line: Line, other: Record<string, string>): Line {
  const path = typeof line["path"] === "string" ? other[line["path"]] : undefined;
  return path === undefined ? {} : { path };
}

function paxEntry(): Parameters<typeof encodeTarHeader>[0] {
  const path = inTar(LONG) as Parameters<typeof encodeTarHeader>[0]["path"];
  return { path, type: "file", mode: 0o644, size: 0, mtimeNs: 0n };
}

function withRecord(content: string): SampleEntry[] {
  return sample.map((entry) => (entry.path === "tenant.json" ? { ...entry, content } : entry));
}
