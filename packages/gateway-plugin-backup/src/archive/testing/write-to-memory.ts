import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BaseSegments } from "../base/base-segments.js";
import { DEFAULT_LIMITS, INDEX_FRAME_MAGIC } from "../format.js";
import type { EntryRecord, IndexHeader, SegmentRecord } from "../format.js";
import { readSkippableFrame } from "../frames.js";
import { readIndex } from "../index-codec.js";
import { openIndex } from "../open.js";
import { decodeSeekTable } from "../seek-table.js";
import { memorySource } from "./memory-source.js";
import { writeArchive } from "../writer.js";
import type { CopiedRange, WriteBase, WriteRequest, WriteSummary } from "../writer.js";

export interface WrittenArchive {
  readonly bytes: Buffer;
  readonly summary: WriteSummary;
  readonly header: IndexHeader;
  readonly segments: readonly SegmentRecord[];
  readonly entries: readonly EntryRecord[];
}

/** A request for the tenant "acme" in `directory`, with the defaults. */
export function writeRequest(
  directory: string,
  temporaryDirectory: string,
  changes: Partial<WriteRequest> = {},
): WriteRequest {
  return {
    directory,
    root: "tenants/acme",
    tenant: "acme",
    uid: "0123456789abcdef",
    createdAt: "2026-03-07T02:00:00.000Z",
    producer: "openclaw-test/0.0.0",
    level: 3,
    compressionThreads: 2,
    limits: DEFAULT_LIMITS,
    exclude: [],
    allowUnreadable: false,
    temporaryDirectory,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...changes,
  };
}

/** All bytes of an archive, those that are copied out of its base's. */
export async function* framesOf(
  chunks: AsyncIterable<Uint8Array | CopiedRange>,
  base: Buffer = Buffer.alloc(0),
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks)
    yield chunk instanceof Uint8Array ? chunk : base.subarray(chunk.copy.start, chunk.copy.end);
}

/** A written archive, as the base of another. */
export async function baseOf(
  { bytes, summary }: Pick<WrittenArchive, "bytes" | "summary">,
  states: Uint8Array | undefined = summary.states,
): Promise<WriteBase> {
  const index = await openIndex(memorySource(bytes), bytes, DEFAULT_LIMITS);
  if (index === undefined) throw new Error("The archive has no index.");
  const { payload } = index;
  return { payload, segments: new BaseSegments(payload), states };
}

/** Writes an archive and reads its index. For small tenants. `base`: the bytes of the one in `changes`. */
export async function writeToMemory(
  directory: string,
  changes: Partial<WriteRequest> = {},
  base?: Buffer,
): Promise<WrittenArchive> {
  const temporaryDirectory = mkdtempSync(join(tmpdir(), "archive-copies-"));
  try {
    const { chunks, summary } = writeArchive(writeRequest(directory, temporaryDirectory, changes));
    const frames: Uint8Array[] = [];
    for await (const chunk of framesOf(chunks, base)) frames.push(Buffer.from(chunk));
    return { ...parseArchive(Buffer.concat(frames)), summary: await summary };
  } finally {
    rmSync(temporaryDirectory, { recursive: true });
  }
}

function parseArchive(bytes: Buffer): Omit<WrittenArchive, "summary"> {
  const table = decodeSeekTable(bytes, bytes.length);
  if (table === undefined || !("frames" in table)) throw new Error("The archive has no seek table.");
  const number = table.frames.findIndex(({ raw }) => raw === 0);
  const start = table.frames.slice(0, number).reduce((sum, { stored }) => sum + stored, 0);
  const end = start + (table.frames[number]?.stored ?? 0);
  const payload = readSkippableFrame(bytes.subarray(start, end), INDEX_FRAME_MAGIC);
  let header: IndexHeader | undefined;
  const segments: SegmentRecord[] = [];
  const entries: EntryRecord[] = [];
  for (const line of readIndex(payload, DEFAULT_LIMITS)) {
    if (line.kind === "header") header = line.header;
    else if (line.kind === "segment") segments.push(line.segment);
    else entries.push(line.entry);
  }
  if (header === undefined) throw new Error("The index has no header.");
  return { bytes, header, segments, entries };
}
