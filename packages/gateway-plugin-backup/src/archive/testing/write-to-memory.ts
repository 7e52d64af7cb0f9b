import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_LIMITS, INDEX_FRAME_MAGIC } from "../format.js";
import type { EntryRecord, IndexHeader, SegmentRecord } from "../format.js";
import { readSkippableFrame } from "../frames.js";
import { readIndex } from "../index-codec.js";
import { decodeSeekTable } from "../seek-table.js";
import { writeArchive } from "../writer.js";
import type { WriteRequest, WriteSummary } from "../writer.js";

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

/** Writes an archive and reads its index. For small tenants. */
export async function writeToMemory(
  directory: string,
  changes: Partial<WriteRequest> = {},
): Promise<WrittenArchive> {
  const temporaryDirectory = mkdtempSync(join(tmpdir(), "archive-copies-"));
  try {
    const { chunks, summary } = writeArchive(writeRequest(directory, temporaryDirectory, changes));
    const frames: Uint8Array[] = [];
    for await (const chunk of chunks) frames.push(Buffer.from(chunk));
    return { ...parseArchive(Buffer.concat(frames)), summary: await summary };
  } finally {
    rmSync(temporaryDirectory, { recursive: true });
  }
}

function parseArchive(bytes: Buffer): Omit<WrittenArchive, "summary"> {
  const table = decodeSeekTable(bytes, bytes.length);
  if (table === undefined || !("frames" in table)) throw new Error("The archive has no seek table.");
  const indexBytes = table.frames.at(-1)?.stored ?? 0;
  const end = bytes.length - table.tableBytes;
  const payload = readSkippableFrame(bytes.subarray(end - indexBytes, end), INDEX_FRAME_MAGIC);
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
