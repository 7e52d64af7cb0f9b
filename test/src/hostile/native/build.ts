/** The archive that the native cases change, and ways to change it. */
import {
  buildArchive,
  type BuildOptions,
  type DraftSegment,
  type SampleEntry,
  SAMPLE_TENANT,
  sampleEntries,
} from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";

export type Line = Record<string, unknown>;
export type Expected = HostileCase["expected"];

/** Content with a head and three pieces of its own in the sample. */
const LARGE = "workspace/large.bin";

/** A few kilobytes with every kind of entry and of segment: pack, head and 3 pieces, dirs, end. */
export const sample: readonly SampleEntry[] = sampleEntries().map((entry) =>
  entry.path === LARGE ? { ...entry, content: Buffer.alloc(3000, "large") } : entry,
);
export const sampleLayout = { pieceBytes: 1024, largeBytes: 3000 };

/** The sample, changed. */
export function altered(options: BuildOptions, entries: readonly SampleEntry[] = sample): Buffer {
  return buildArchive(entries, { ...sampleLayout, ...options });
}

/** Path in the tar of an entry of the sample. */
export function inTar(path: string): string {
  return path === "" ? `tenants/${SAMPLE_TENANT}` : `tenants/${SAMPLE_TENANT}/${path}`;
}

/** For `BuildOptions.lines`: members of the line of one entry, changed; a member that is undefined is left out. */
export function entryLine(path: string, changes: Line | ((line: Line) => Line)): (lines: Line[]) => Line[] {
  return changeLines((line) => line["path"] === inTar(path), changes);
}

/** The same for all segments of a kind. */
export function segmentLine(kind: string, changes: Line | ((line: Line) => Line)): (lines: Line[]) => Line[] {
  return changeLines((line) => line["kind"] === "segment" && line["type"] === kind, changes);
}

export function headerLine(changes: Line | ((line: Line) => Line)): (lines: Line[]) => Line[] {
  return changeLines((line) => line["kind"] === "header", changes);
}

/** Totals of the header, changed. */
export function claimed(changes: (totals: Record<string, number>) => Line): (lines: Line[]) => Line[] {
  return headerLine(({ totals, ...header }) => ({
    ...header,
    totals: { ...(totals as Line), ...changes(totals as Record<string, number>) },
  }));
}

function changeLines(
  matches: (line: Line) => boolean,
  changes: Line | ((line: Line) => Line),
): (lines: Line[]) => Line[] {
  return (lines) =>
    lines.map((line) => {
      if (!matches(line)) return line;
      return typeof changes === "function" ? changes(line) : { ...line, ...changes };
    });
}

/** For `BuildOptions.draft`: the segment of a kind, or the last of them. */
export function segmentOf(segments: readonly DraftSegment[], kind: DraftSegment["kind"]): DraftSegment {
  const segment = segments.findLast((candidate) => candidate.kind === kind);
  if (segment === undefined) throw new Error(`The sample has no segment of kind ${kind}.`);
  return segment;
}

/** Writes bytes into a tar header block at `start` of a segment, and makes its checksum right again. */
export function patchHeader(raw: Buffer, start: number, offset: number, bytes: string): void {
  const block = raw.subarray(start, start + 512);
  block.write(bytes, offset, "latin1");
  block.write("        ", 148, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}

export function damagedBy(rule: string, path?: string): Expected {
  return { code: "ARCHIVE_DAMAGED", rule, ...(path !== undefined && { entry: inTar(path) }) };
}

export function unsafeBy(rule: string, path: string): Expected {
  return { code: "UNSAFE_ENTRY", rule, entry: path };
}

/** Cases of one idea, from their ids. */
export function cases(
  origin: string,
  list: Readonly<Record<string, readonly [title: string, archive: () => Buffer, expected: Expected]>>,
): HostileCase[] {
  return Object.entries(list).map(([id, [title, archive, expected]]) => ({
    id: `native-${id}`,
    title,
    origin,
    archive,
    expected,
  }));
}
