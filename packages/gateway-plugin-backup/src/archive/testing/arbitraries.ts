/** What property tests of the archive's codecs feed on. */
import fc from "fast-check";
import type { EntryFlag, EntryRecord, IndexHeader, SegmentRecord } from "../format.js";
import { IndexWriter } from "../index-codec.js";
import { rawPath, rawPathFromBytes } from "../raw-path.js";
import type { RawPath } from "../raw-path.js";
import { Spool } from "../spool.js";
import { TAR_END, tarHeaderBytes, tarPadding } from "../tar-header.js";

/** One path component: plain, with odd characters, or bytes that are not UTF-8. Never ".", "..", empty or with NUL. */
export const component: fc.Arbitrary<RawPath> = fc
  .oneof(
    { weight: 4, arbitrary: fc.stringMatching(/^[a-z][a-z0-9._-]{0,12}$/).map(rawPath) },
    { weight: 2, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 20 }).map(rawPath) },
    { weight: 2, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 20 }).map(rawPathFromBytes) },
    { weight: 1, arbitrary: fc.integer({ min: 90, max: 255 }).map((length) => rawPath("x".repeat(length))) },
  )
  .map((name) => name.replace(/[\0/]/g, "_") as RawPath)
  .filter((name) => name !== "." && name !== "..");

/** A path under `tenants/acme` that the entry policy accepts. */
export const entryPath: fc.Arbitrary<RawPath> = fc
  .array(component, { minLength: 1, maxLength: 8 })
  .map((parts) => ["tenants", "acme", ...parts].join("/") as RawPath);

const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
const flags = fc.subarray<EntryFlag>(["database", "truncated", "changed"]);
const common = {
  path: entryPath,
  mode: fc.integer({ min: 0, max: 0o777 }),
  mtimeNs: fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }),
};

/** Records as the codecs make them, with the ordinary prototype. */
function plainRecord<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

type Unplaced = Omit<EntryRecord, "segment" | "offset">;

export const fileEntry: fc.Arbitrary<Unplaced> = plainRecord({
  ...common,
  type: fc.constant("file" as const),
  size: fc.nat({ max: 1_000_000 }),
  sha256,
  flags,
});
export const symlinkEntry: fc.Arbitrary<Unplaced> = plainRecord({
  ...common,
  type: fc.constant("symlink" as const),
  size: fc.constant(0),
  target: fc.oneof(component, entryPath),
  flags: fc.constant([]),
});
export const directoryEntry: fc.Arbitrary<Unplaced> = plainRecord({
  ...common,
  type: fc.constant("directory" as const),
  size: fc.constant(0),
  flags: fc.constant([]),
});
export const anyEntry = fc.oneof(fileEntry, symlinkEntry, directoryEntry);

export interface SampleIndex {
  readonly segments: readonly SegmentRecord[];
  readonly entries: readonly EntryRecord[];
  readonly header: IndexHeader;
  readonly payload: Buffer;
}

/** What an archive with these packs, large files (size, piece sizes follow) and directories would have for an index. */
/** Of an index that is small enough to stay in memory. */
export function indexWriter(): IndexWriter {
  return new IndexWriter(new Spool("/nonexistent/spool"));
}

export function indexPayload(writer: IndexWriter, header: IndexHeader): Buffer {
  return Buffer.concat([...writer.finish(header).pieces]);
}

export function sampleIndex(content: {
  readonly packs: readonly (readonly Unplaced[])[];
  readonly large: readonly Unplaced[];
  readonly directories: readonly Unplaced[];
}): SampleIndex {
  const writer = indexWriter();
  const segments: SegmentRecord[] = [];
  const entries: EntryRecord[] = [];
  let offset = 0;
  const addSegment = (kind: SegmentRecord["kind"], raw: number): void => {
    const stored = 20 + (raw % 1000);
    const segment = { kind, offset, stored, raw, sha256: (segments.length % 16).toString(16).repeat(64) };
    segments.push(segment);
    writer.addSegment(segment);
    offset += stored;
  };
  const addEntry = (entry: EntryRecord): void => {
    entries.push(entry);
    writer.addEntry(entry);
  };
  const addGroup = (kind: "pack" | "dirs", unplaced: readonly Unplaced[]): void => {
    let raw = 0;
    const placed = unplaced.map((entry) => {
      const at = raw;
      raw += tarHeaderBytes(entry) + entry.size + tarPadding(entry.size);
      return { ...entry, segment: segments.length, offset: at };
    });
    if (raw === 0) return;
    addSegment(kind, raw);
    placed.forEach(addEntry);
  };
  for (const pack of content.packs) addGroup("pack", pack);
  for (const file of content.large) {
    const segment = segments.length;
    addSegment("head", tarHeaderBytes(file));
    for (let left = file.size + tarPadding(file.size); left > 0; left -= 4096 * 512)
      addSegment("piece", Math.min(left, 4096 * 512));
    addEntry({ ...file, segment, offset: 0 });
  }
  addGroup("dirs", content.directories);
  addSegment("end", TAR_END.length);
  const header: IndexHeader = {
    format: 1,
    tenant: "acme",
    uid: "0f8fad5bd9cb469fa16570867728950e",
    root: "tenants/acme",
    createdAt: "2026-03-07T02:00:00Z",
    producer: "openclaw 0.1.0",
    totals: writer.totals,
    warnings: [
      { code: "FILE_VANISHED", path: "workspace/a", message: "It was gone when it was to be read." },
    ],
  };
  return { segments, entries, header, payload: indexPayload(writer, header) };
}
