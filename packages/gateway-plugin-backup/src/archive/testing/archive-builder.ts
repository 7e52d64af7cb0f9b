/**
 * Builds small archives of format version 1 in memory, honest or lying: the tests of the readers change the parts before
 * they are put together. Slow and simple on purpose, and independent of the writer.
 */
import { createPrivateKey, hash, type KeyObject } from "node:crypto";
import {
  type EntryRecord,
  FORMAT_VERSION,
  INDEX_FRAME_MAGIC,
  type IndexHeader,
  LARGE_FILE_BYTES,
  type SegmentKind,
  type SegmentRecord,
} from "../format.js";
import { skippableFrame } from "../frames.js";
import { entryLine, headerLine, segmentLine } from "../index-lines.js";
import { rawPath, type RawPath } from "../raw-path.js";
import { encodeSeekTable, type FrameSize } from "../seek-table.js";
import { signatureFrame } from "../signature.js";
import { encodeTarHeader, TAR_END, tarPadding } from "../tar-header.js";
import { FrameCompressor } from "../zstd.js";

export interface SampleEntry {
  /** Below the tenant's root; "" is the root itself. */
  readonly path: string | RawPath;
  readonly type?: "file" | "directory" | "symlink";
  readonly mode?: number;
  readonly mtimeNs?: bigint;
  readonly content?: string | Buffer;
  readonly target?: string;
}

export interface DraftSegment {
  kind: SegmentKind;
  /** Tar bytes. */
  raw: Buffer;
  /** Those that are complete with this segment. */
  entries: EntryRecord[];
}

export interface BuildOptions {
  readonly tenant?: string;
  /** Content of a piece; the format's own size by default. */
  readonly pieceBytes?: number;
  /** Content from which on a file has a head and pieces; the format's own by default. */
  readonly largeBytes?: number;
  /** Leave out the directories that are not among the entries. */
  readonly incomplete?: boolean;
  /** Changes segments before they are hashed and compressed: index and frames agree with what is made here. */
  readonly draft?: (segments: DraftSegment[]) => void;
  /** Makes a segment's frame, which index and seek table then know; undefined for an ordinary one. */
  readonly frame?: (raw: Buffer, kind: SegmentKind) => Buffer | undefined;
  /** Changes the index's lines. */
  readonly lines?: (lines: Record<string, unknown>[]) => Record<string, unknown>[];
  /** Changes the text of the index's lines, without their line feeds. */
  readonly text?: (lines: string[]) => string[];
  /** Changes the index's payload, or gives another. */
  readonly payload?: (payload: Buffer) => Buffer;
  /** Changes the stored frames of the segments, without the index knowing. */
  readonly frames?: (frames: Buffer[]) => void;
  /** Changes the seek table's entries. */
  readonly table?: (frames: FrameSize[]) => void;
  /** Signs the index. */
  readonly signingKey?: KeyObject;
  /** Whole frames to stand between the index, with its signature, and the seek table. */
  readonly behindIndex?: readonly Buffer[];
  /** Changes the parts of the object as they are put together: the segments' frames, the index, what is behind it, the seek table. */
  readonly parts?: (parts: Buffer[]) => void;
}

export const SAMPLE_TENANT = "acme";
export const SAMPLE_UID = "f3b1c0de";
export const SAMPLE_TIME = 1_700_000_000_123_456_000n;

/** A private key, the same in every run; other numbers give others. */
export function sampleKey(number = 0): KeyObject {
  // RFC 8410, section 7: what stands before the key's 32 bytes.
  const beginning = Buffer.from("302e020100300506032b657004220420", "hex");
  const key = Buffer.concat([beginning, Buffer.alloc(32, number)]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

/** The sample tree of most tests: every kind of entry and of segment. */
export function sampleEntries(): SampleEntry[] {
  return [
    { path: "sessions/a.jsonl", content: '{"hello":"world"}\n', mode: 0o640 },
    { path: "sessions/empty", content: "", mode: 0o600 },
    { path: "tenant.json", content: '{"id":"acme"}', mode: 0o600 },
    { path: "workspace/latest", type: "symlink", target: "../sessions/a.jsonl" },
    { path: "workspace/large.bin", content: Buffer.alloc(LARGE_FILE_BYTES + 700, "large"), mode: 0o755 },
    { path: "", type: "directory", mode: 0o750 },
    { path: "empty", type: "directory", mode: 0o711 },
    { path: "sessions", type: "directory", mode: 0o700 },
    { path: "workspace", type: "directory", mode: 0o555 },
  ];
}

/**
 * One archive, from entries in any order: packs and large files as they come, directories behind them. Directories that
 * are missing are added.
 */
export function buildArchive(entries: readonly SampleEntry[], options: BuildOptions = {}): Buffer {
  const tenant = options.tenant ?? SAMPLE_TENANT;
  const segments = draftSegments(
    options.incomplete === true ? entries : withDirectories(entries),
    rawPath(`tenants/${tenant}`),
    options.pieceBytes ?? 4 * 1024 * 1024,
    options.largeBytes ?? LARGE_FILE_BYTES,
  );
  options.draft?.(segments);

  const compressor = new FrameCompressor(3);
  const frames = segments.map(({ raw, kind }) => options.frame?.(raw, kind) ?? compressor.compress(raw));
  const records = segmentRecords(segments, frames);
  const lines =
    options.lines?.(indexLines(segments, records, tenant)) ?? indexLines(segments, records, tenant);
  const text = lines.map((line) => JSON.stringify(line));
  const payload = indexPayload(options.text?.(text) ?? text);
  const index = skippableFrame(INDEX_FRAME_MAGIC, options.payload?.(payload) ?? payload);
  const signatures = options.signingKey === undefined ? [] : [signatureFrame(index, options.signingKey)];
  const behind = [...signatures, ...(options.behindIndex ?? [])];
  const sizes = segments.map(({ raw }, number) => ({ stored: frames[number]?.length ?? 0, raw: raw.length }));
  for (const frame of [index, ...behind]) sizes.push({ stored: frame.length, raw: 0 });
  options.table?.(sizes);
  options.frames?.(frames);
  const parts = [...frames, index, ...behind, encodeSeekTable(sizes)];
  options.parts?.(parts);
  return Buffer.concat(parts);
}

/** Lines as an index holds them: the first in a frame of its own, the rest in another. */
export function indexPayload(lines: readonly string[]): Buffer {
  const compressor = new FrameCompressor(3);
  const [header, ...rest] = lines.map((line) => `${line}\n`);
  const frames = [header ?? "", rest.join("")].filter((text) => text !== "");
  return Buffer.concat(frames.map((text) => compressor.compress(Buffer.from(text))));
}

function withDirectories(entries: readonly SampleEntry[]): SampleEntry[] {
  const known = new Set<string>(entries.map(({ path }) => path));
  const missing = new Set<string>();
  for (const { path } of entries)
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1))
      if (!known.has(path.slice(0, end))) missing.add(path.slice(0, end));
  if (!known.has("")) missing.add("");
  return [...entries, ...[...missing].map((path) => ({ path, type: "directory", mode: 0o700 }) as const)];
}

function draftSegments(
  entries: readonly SampleEntry[],
  root: RawPath,
  pieceBytes: number,
  largeBytes: number,
): DraftSegment[] {
  const segments: DraftSegment[] = [];
  const pack: DraftSegment = { kind: "pack", raw: Buffer.alloc(0), entries: [] };
  const dirs: DraftSegment = { kind: "dirs", raw: Buffer.alloc(0), entries: [] };
  const large = entries.filter((entry) => contentOf(entry).length >= largeBytes);
  for (const entry of entries.filter((candidate) => !large.includes(candidate)))
    addWhole(entry.type === "directory" ? dirs : pack, entry, root);
  if (pack.entries.length > 0) segments.push(pack);
  for (const entry of large) segments.push(...largeFile(entry, root, segments.length, pieceBytes));
  if (dirs.entries.length > 0) segments.push(dirs);
  renumber(segments, pack, dirs);
  segments.push({ kind: "end", raw: Buffer.from(TAR_END), entries: [] });
  return segments;
}

function addWhole(segment: DraftSegment, sample: SampleEntry, root: RawPath): void {
  const content = contentOf(sample);
  const entry = recordOf(sample, root, 0, segment.raw.length);
  segment.raw = Buffer.concat([
    segment.raw,
    encodeTarHeader(entry),
    content,
    Buffer.alloc(tarPadding(content.length)),
  ]);
  segment.entries.push(entry);
}

function largeFile(sample: SampleEntry, root: RawPath, number: number, pieceBytes: number): DraftSegment[] {
  const content = contentOf(sample);
  const entry = recordOf(sample, root, number, 0);
  const padded = Buffer.concat([content, Buffer.alloc(tarPadding(content.length))]);
  const segments: DraftSegment[] = [{ kind: "head", raw: encodeTarHeader(entry), entries: [] }];
  for (let start = 0; start < padded.length; start += pieceBytes)
    segments.push({ kind: "piece", raw: padded.subarray(start, start + pieceBytes), entries: [] });
  segments.at(-1)?.entries.push(entry);
  return segments;
}

function renumber(segments: DraftSegment[], ...shared: DraftSegment[]): void {
  for (const segment of shared) {
    const number = segments.indexOf(segment);
    segment.entries = segment.entries.map((entry) => ({ ...entry, segment: number }));
  }
}

function recordOf(sample: SampleEntry, root: RawPath, segment: number, offset: number): EntryRecord {
  const { type = "file", mode = 0o644, mtimeNs = SAMPLE_TIME, target } = sample;
  const content = contentOf(sample);
  const path = sample.path === "" ? root : (`${root}/${rawPath(sample.path)}` as RawPath);
  return {
    path,
    type,
    mode,
    size: content.length,
    mtimeNs,
    ...(type === "file" && { sha256: hash("sha256", content, "hex") }),
    ...(target !== undefined && { target: rawPath(target) }),
    segment,
    offset,
    flags: [],
  };
}

function contentOf({ content = "" }: SampleEntry): Buffer {
  return typeof content === "string" ? Buffer.from(content) : content;
}

function segmentRecords(segments: readonly DraftSegment[], frames: readonly Buffer[]): SegmentRecord[] {
  let offset = 0;
  return segments.map(({ kind, raw }, number) => {
    const stored = frames[number]?.length ?? 0;
    const record = { kind, offset, stored, raw: raw.length, sha256: hash("sha256", raw, "hex") };
    offset += stored;
    return record;
  });
}

function indexLines(
  segments: readonly DraftSegment[],
  records: readonly SegmentRecord[],
  tenant: string,
): Record<string, unknown>[] {
  const entries = segments.flatMap((segment) => segment.entries);
  const count = (type: string): number => entries.filter((entry) => entry.type === type).length;
  const header: IndexHeader = {
    format: FORMAT_VERSION,
    tenant,
    uid: SAMPLE_UID,
    root: `tenants/${tenant}`,
    createdAt: "2026-06-03T02:00:00Z",
    producer: "archive-builder",
    totals: {
      entries: entries.length,
      files: count("file"),
      directories: count("directory"),
      symlinks: count("symlink"),
      contentBytes: entries.reduce((sum, { size }) => sum + size, 0),
      segments: segments.length,
      tarBytes: segments.reduce((sum, { raw }) => sum + raw.length, 0),
    },
    warnings: [],
  };
  const lines = [headerLine(header)];
  segments.forEach((segment, number) => {
    const record = records[number];
    if (record !== undefined) lines.push(segmentLine(record));
    lines.push(...segment.entries.map(entryLine));
  });
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
