/** Lines of the index that no writer of ours makes: headers, JSON tricks, members out of range, lines out of order. */
import { FrameCompressor } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import {
  altered,
  cases,
  claimed,
  damagedBy,
  entryLine,
  type Expected,
  headerLine,
  inTar,
  type Line,
  segmentLine,
  segmentOf,
} from "./build.js";

const FILE = "sessions/a.jsonl";
const broken: Expected = damagedBy("index line");
const brokenFile: Expected = damagedBy("index line", FILE);

/** The index with the text of one file's line changed. */
function text(change: (line: string) => string): Buffer {
  return altered({ text: (lines) => lines.map((line) => (line.includes(FILE) ? change(line) : line)) });
}

function header(changes: Line): Buffer {
  return altered({ lines: headerLine(changes) });
}

function headerText(from: string, to: string): Buffer {
  return altered({ text: ([first = "", ...lines]) => [first.replace(from, to), ...lines] });
}

const headers = cases("an index header that is not ours to read", {
  "format-2": [
    "the archive is of a later format version",
    () => header({ format: 2 }),
    { code: "ARCHIVE_TOO_NEW", rule: "format version" },
  ],
  "format-2-to-the-53": [
    "the archive is of format version 2^53 - 1",
    () => header({ format: Number.MAX_SAFE_INTEGER }),
    { code: "ARCHIVE_TOO_NEW", rule: "format version" },
  ],
  "format-0": ["the archive is of format version 0", () => header({ format: 0 }), broken],
  "format-minus-1": ["the archive is of format version -1", () => header({ format: -1 }), broken],
  "format-1-and-a-half": ["the archive is of format version 1.5", () => header({ format: 1.5 }), broken],
  "format-as-text": ['the archive is of format version "1"', () => header({ format: "1" }), broken],
  "format-1e400": ["the format version overflows", () => headerText('"format":1', '"format":1e400'), broken],
  "format-twice": [
    "the format version is 2 and then 1",
    () => headerText('"format":1', '"format":2,"format":1'),
    broken,
  ],
  "root-of-another-tenant": [
    "the root is another tenant's",
    () => header({ root: "tenants/bravo" }),
    damagedBy("tenant"),
  ],
  "root-etc": ["the root is no tenant's", () => header({ root: "etc", tenant: "etc" }), damagedBy("tenant")],
  "root-climbs": ["the root climbs", () => header({ root: "tenants/acme/../bravo" }), broken],
  "root-absolute": ["the root is absolute", () => header({ root: "/tenants/acme" }), broken],
  "root-with-slash": ["the root ends with a slash", () => header({ root: "tenants/acme/" }), broken],
  "root-empty": ["the root is empty", () => header({ root: "" }), broken],
  "tenant-climbs": ["the tenant's id climbs", () => header({ tenant: "../x", root: "tenants/../x" }), broken],
  "tenant-in-capitals": [
    "the tenant's id is none",
    () => header({ tenant: "ACME", root: "tenants/ACME" }),
    damagedBy("tenant"),
  ],
  "tenant-empty": ["the tenant's id is empty", () => header({ tenant: "", root: "tenants/" }), broken],
  "uid-missing": ["the header has no uid", () => header({ uid: undefined }), broken],
  "uid-with-control-characters": ["the uid clears the screen", () => header({ uid: "\u001b[2J" }), broken],
  "producer-of-megabytes": [
    "the producer has a megabyte",
    () => header({ producer: "p".repeat(1e6) }),
    broken,
  ],
  "created-never": ["the time is no time", () => header({ createdAt: "2026-99-99T99:99:99Z" }), broken],
  "totals-missing": ["the header has no totals", () => header({ totals: undefined }), broken],
  "totals-negative": [
    "a total is negative",
    () => altered({ lines: claimed(() => ({ files: -1 })) }),
    broken,
  ],
  "totals-as-text": ["a total is text", () => altered({ lines: claimed(() => ({ files: "4" })) }), broken],
  "warnings-no-list": ["the warnings are no list", () => header({ warnings: {} }), broken],
  "header-missing": ["there is no header", () => altered({ lines: (lines) => lines.slice(1) }), broken],
  "header-twice": [
    "there are two headers",
    () => altered({ lines: (lines) => [...lines.slice(0, 1), ...lines] }),
    broken,
  ],
  "header-with-company": [
    "the header shares its frame with other lines",
    () => altered({ text: ([first = "", second = "", ...lines]) => [`${first}\n${second}`, ...lines] }),
    broken,
  ],
});

const json = cases("JSON that two readers read differently", {
  "path-member-twice": [
    "a line has two paths, of which each reader takes its own",
    () => text((line) => line.replace('"kind":"entry",', '"kind":"entry","path":"/etc/passwd",')),
    broken,
  ],
  "path-member-escaped": [
    "a line has two paths, one under an escaped name",
    () => text((line) => line.replace('"kind":"entry",', '"kind":"entry","p\\u0061th":"/etc/passwd",')),
    broken,
  ],
  "proto-with-path": [
    "a line has its path in __proto__ only",
    () => text((line) => line.replace(/"path":"[^"]*"/, '"__proto__":{"path":"tenants/acme/x"}')),
    broken,
  ],
  "nested-deeply": [
    "a line is nested 30,000 deep",
    () => text((line) => line.replace("{", `{"x":${"[".repeat(30_000)}${"]".repeat(30_000)},`)),
    broken,
  ],
  "size-1e308": ["a size is 1e308", () => text((line) => line.replace('"size":18', '"size":1e308')), broken],
  "size-with-fraction": [
    "a size is 18.5",
    () => text((line) => line.replace('"size":18', '"size":18.5')),
    brokenFile,
  ],
  "size-written-otherwise": [
    "a size is written 18.0",
    () => text((line) => line.replace('"size":18', '"size":18.0')),
    broken,
  ],
  "size-nan": ["a size is NaN", () => text((line) => line.replace('"size":18', '"size":NaN')), broken],
  "size-beyond-2-to-the-53": [
    "a size is 2^53 + 1, which doubles round",
    () => text((line) => line.replace('"size":18', '"size":9007199254740993')),
    broken,
  ],
  "path-lone-surrogate": [
    "a path holds half a character",
    () => altered({ lines: entryLine(FILE, { path: inTar("sessions/\ud800") }) }),
    broken,
  ],
  "path-and-path64": [
    "a line has its path twice, as text and as base64",
    () => altered({ lines: entryLine(FILE, { path64: Buffer.from(inTar("x")).toString("base64") }) }),
    broken,
  ],
  "path64-not-base64": [
    "a path is no base64",
    () => altered({ lines: entryLine(FILE, ({ path, ...line }) => ({ ...line, path64: "?" })) }),
    broken,
  ],
  "path64-not-canonical": [
    "a path is base64 with stray bits",
    () => altered({ lines: entryLine(FILE, ({ path, ...line }) => ({ ...line, path64: "/x==" })) }),
    broken,
  ],
  "path64-of-text": [
    "a path that is UTF-8 hides in base64",
    () =>
      altered({
        lines: entryLine(FILE, ({ path, ...line }) => ({
          ...line,
          path64: Buffer.from(inTar(FILE)).toString("base64"),
        })),
      }),
    broken,
  ],
  "path-no-text": [
    "a path is a list",
    () => altered({ lines: entryLine(FILE, { path: [inTar(FILE)] }) }),
    broken,
  ],
  "carriage-return": ["a line ends with CR LF", () => text((line) => `${line}\r`), broken],
  "white-space": ["a line has white space", () => text((line) => line.replace(",", ", ")), broken],
  "blank-line": ["a line is blank", () => text((line) => `\n${line}`), broken],
  "no-final-line-feed": [
    "the last line has no line feed",
    () => altered({ payload: (payload) => withoutFinalLineFeed(payload) }),
    broken,
  ],
  "byte-order-mark": ["a line begins with a byte order mark", () => text((line) => `\ufeff${line}`), broken],
  "line-a-list": ["a line is a list", () => text((line) => `[${line}]`), broken],
  "line-of-unknown-kind": [
    "a line is of no known kind",
    () => text((line) => line.replace("entry", "hint")),
    broken,
  ],
});

const members = cases("members of an entry or segment out of range", {
  "mode-setuid": [
    "a mode has the setuid bit",
    () => altered({ lines: entryLine(FILE, { mode: 0o4755 }) }),
    brokenFile,
  ],
  "mode-negative": [
    "a mode is negative",
    () => altered({ lines: entryLine(FILE, { mode: -1 }) }),
    brokenFile,
  ],
  "type-device": [
    "an entry is a device",
    () => altered({ lines: entryLine(FILE, { type: "device" }) }),
    brokenFile,
  ],
  "type-hardlink": [
    "an entry is a hard link",
    () => altered({ lines: entryLine(FILE, { type: "hardlink", target: "x" }) }),
    brokenFile,
  ],
  "file-without-sha256": [
    "a file has no hash",
    () => altered({ lines: entryLine(FILE, { sha256: undefined }) }),
    brokenFile,
  ],
  "file-with-sha256-in-capitals": [
    "a hash is written otherwise",
    () =>
      altered({
        lines: entryLine(FILE, (line) => ({ ...line, sha256: String(line["sha256"]).toUpperCase() })),
      }),
    brokenFile,
  ],
  "file-with-target": [
    "a file has a target",
    () => altered({ lines: entryLine(FILE, { target: "x" }) }),
    brokenFile,
  ],
  "link-without-target": [
    "a symlink has no target",
    () => altered({ lines: entryLine("workspace/latest", { target: undefined }) }),
    damagedBy("index line", "workspace/latest"),
  ],
  "directory-with-size": [
    "a directory has content",
    () => altered({ lines: entryLine("sessions", { size: 512 }) }),
    damagedBy("index line", "sessions"),
  ],
  "directory-with-file-flag": [
    "a directory is flagged as a database",
    () => altered({ lines: entryLine("sessions", { flags: ["database"] }) }),
    damagedBy("index line", "sessions"),
  ],
  "flag-twice": [
    "a file is flagged twice",
    () => altered({ lines: entryLine(FILE, { flags: ["changed", "changed"] }) }),
    brokenFile,
  ],
  "mtime-a-number": [
    "a time is a number",
    () => altered({ lines: entryLine(FILE, { mtime: 17e17 }) }),
    brokenFile,
  ],
  "mtime-minus-zero": [
    "a time is -0",
    () => altered({ lines: entryLine(FILE, { mtime: "-0" }) }),
    brokenFile,
  ],
  "mtime-of-a-thousand-digits": [
    "a time has a thousand digits",
    () => altered({ lines: entryLine(FILE, { mtime: "9".repeat(1000) }) }),
    brokenFile,
  ],
  "segment-of-unknown-kind": [
    "a segment is of no known kind",
    () => altered({ lines: segmentLine("dirs", { type: "extra" }) }),
    broken,
  ],
  "segment-without-sha256": [
    "a segment has no hash",
    () => altered({ lines: segmentLine("dirs", { sha256: undefined }) }),
    broken,
  ],
});

const misplaced: Expected = damagedBy("index layout");

const order = cases("lines and segments out of order", {
  "segments-out-of-order": [
    "two segments stand in the index in each other's place",
    () => altered({ lines: (lines) => swapped(lines, "head", "dirs") }),
    misplaced,
  ],
  "segment-without-entries": [
    "a pack holds nothing that the index lists",
    () => altered({ lines: (lines) => lines.filter((line) => line["segment"] !== 0) }),
    misplaced,
  ],
  "piece-without-head": [
    "a piece has no head",
    () =>
      altered({
        draft: (segments) =>
          segments.splice(
            segments.findIndex(({ kind }) => kind === "head"),
            1,
          ),
      }),
    misplaced,
  ],
  "head-without-pieces": [
    "a head has no pieces",
    () => altered({ draft: (segments) => segments.splice(2, 2) }),
    damagedBy("index layout", "workspace/large.bin"),
  ],
  "head-without-entry": [
    "a head and its pieces have no entry",
    () =>
      altered({ lines: (lines) => lines.filter((line) => line["path"] !== inTar("workspace/large.bin")) }),
    misplaced,
  ],
  "pieces-too-short": [
    "a large file's pieces do not add up to its size",
    () => altered({ draft: (segments) => void (segmentOf(segments, "piece").raw = Buffer.alloc(512)) }),
    damagedBy("index layout", "workspace/large.bin"),
  ],
  "piece-behind-its-entry": [
    "a piece stands behind its file's entry",
    () =>
      altered({
        lines: (lines) => {
          const at = lines.findIndex((line) => line["path"] === inTar("workspace/large.bin"));
          return [
            ...lines.slice(0, at - 1),
            ...lines.slice(at - 1, at + 1).reverse(),
            ...lines.slice(at + 1),
          ];
        },
      }),
    damagedBy("index layout", "workspace/large.bin"),
  ],
  "symlink-in-a-head": [
    "a symlink has a head of its own",
    () =>
      altered({
        draft: (segments) => void ((segments[0] ?? { kind: "" }).kind = "head"),
      }),
    damagedBy("index layout", FILE),
  ],
  "file-among-directories": [
    "a file stands among the directories",
    () => altered({ draft: (segments) => void ((segments[0] ?? { kind: "" }).kind = "dirs") }),
    damagedBy("index layout", FILE),
  ],
  "directory-among-files": [
    "a directory stands among the files",
    () => altered({ draft: (segments) => void (segmentOf(segments, "dirs").kind = "pack") }),
    damagedBy("index layout", ""),
  ],
  "files-behind-directories": [
    "files stand behind the directories",
    () => altered({ draft: (segments) => segments.unshift(...segments.splice(-2, 1)) }),
    damagedBy("index layout", ""),
  ],
  "no-end": ["the tar has no end", () => altered({ draft: (segments) => void segments.pop() }), misplaced],
  "two-ends": [
    "the tar ends twice",
    () => altered({ draft: (segments) => void segments.push(segmentOf(segments, "end")) }),
    misplaced,
  ],
  "end-first": [
    "the tar ends before it begins: readers of tars stop there",
    () => altered({ draft: (segments) => segments.unshift(...segments.splice(-1, 1)) }),
    misplaced,
  ],
  "end-of-another-size": [
    "the tar's end has 512 bytes",
    () => altered({ draft: (segments) => void (segmentOf(segments, "end").raw = Buffer.alloc(512)) }),
    misplaced,
  ],
  "entry-behind-the-end": [
    "an entry stands behind the end",
    () =>
      altered({
        lines: (lines) => [
          ...lines,
          { ...lines.find((line) => line["path"] === inTar("sessions/empty")), segment: 6, offset: 0 },
        ],
      }),
    damagedBy("index layout", "sessions/empty"),
  ],
  "entry-line-twice": [
    "a line stands twice",
    () =>
      altered({
        lines: (lines) =>
          lines.flatMap((line) => (line["path"] === inTar("sessions") ? [line, line] : [line])),
      }),
    damagedBy("index layout", "sessions"),
  ],
});

export const indexLines: readonly HostileCase[] = [...headers, ...json, ...members, ...order];

/** The payload with a last frame that holds an end line and no line feed. */
function withoutFinalLineFeed(payload: Buffer): Buffer {
  return Buffer.concat([payload, new FrameCompressor(3).compress(Buffer.from("{}"))]);
}

function swapped(lines: readonly Line[], first: string, second: string): Line[] {
  const at = (type: string): number => lines.findIndex((line) => line["type"] === type);
  const copy = [...lines];
  [copy[at(first)], copy[at(second)]] = [lines[at(second)] ?? {}, lines[at(first)] ?? {}];
  return copy;
}
