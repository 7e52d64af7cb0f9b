/** Reads a tenant as a backup does, in the test's own thread, with changes made to it under the reader's eyes. */
import { execFileSync } from "node:child_process";
import { closeSync } from "node:fs";
import { openDirectoryBelow, openRootDirectory } from "../confined.js";
import { DEFAULT_LIMITS, SEGMENT_BYTES } from "../format.js";
import type { EntryRecord, SegmentKind } from "../format.js";
import type { FilledSegment } from "../segmenter.js";
import { inspect } from "../sqlite/inspect.js";
import { TenantDatabases } from "../tenant-databases.js";
import type { DatabaseService } from "../tenant-databases.js";
import { TenantReader } from "../tenant-reader.js";
import type { ReadSummary } from "../tenant-reader.js";
import { scanTree } from "../tenant-scan.js";
import type { TenantSource } from "../tenant-source.js";
import { segmentEntries } from "./segment-entries.js";

/** Moments at which the tenant can be changed under the reader's eyes. */
export interface Moments {
  /** After the first pass, before the second. */
  afterScan?(): void;
  /** The reader holds a file that is to be first in a new segment, and has read nothing of it. */
  beforeBuffer?(): void;
  afterSegment?(kind: SegmentKind): void;
}

export interface ReadResult extends ReadSummary {
  readonly tar: Buffer;
  readonly entries: readonly EntryRecord[];
}

/** Inspects in this process, which has no database open; copies none. */
export function inspectOnly(directory: string): DatabaseService {
  return {
    inspect: ({ directory: path, names }) => {
      const root = openRootDirectory(directory);
      const handle = openDirectoryBelow(root, path);
      const verdicts = names.map((name) => inspect(handle, name));
      closeSync(handle);
      closeSync(root);
      return Promise.resolve(verdicts);
    },
    copy: () => Promise.resolve({ kind: "gone" }),
  };
}

export function sourceOf(directory: string): TenantSource {
  return {
    directory,
    root: "tenants/acme",
    tenant: "acme",
    limits: DEFAULT_LIMITS,
    exclude: [],
    allowUnreadable: false,
  };
}

/** Reads the tenant `acme` in this thread. */
export async function read(
  directory: string,
  moments: Moments = {},
  changes: Partial<TenantSource> = {},
  service: DatabaseService = inspectOnly(directory),
  temporaryDirectory = "/nonexistent",
): Promise<ReadResult> {
  const source: TenantSource = { ...sourceOf(directory), ...changes };
  const databases = new TenantDatabases(service, temporaryDirectory);
  const { links } = await scanTree(source, databases, { onProgress: () => undefined });
  moments.afterScan?.();
  const raw: Buffer[] = [];
  const entries: EntryRecord[] = [];
  const sink = {
    takeBuffer: () => {
      moments.beforeBuffer?.();
      // Whatever a buffer held before must not show.
      return Promise.resolve(new Uint8Array(new SharedArrayBuffer(SEGMENT_BYTES)).fill(0xaa));
    },
    emit: (segment: FilledSegment) => {
      raw.push(Buffer.from(segment.buffer.subarray(0, segment.raw)));
      entries.push(...segmentEntries(segment));
      moments.afterSegment?.(segment.kind);
    },
  };
  const summary = await new TenantReader(source, databases, sink, { links }).read();
  return { ...summary, tar: Buffer.concat(raw), entries };
}

export function find(result: ReadResult, path: string): EntryRecord | undefined {
  return result.entries.find((entry) => entry.path === `tenants/acme/${path}`);
}

/** The file's content as GNU tar unpacks it. */
export function unpacked(result: ReadResult, path: string): string {
  const options = { input: result.tar, maxBuffer: 64 * SEGMENT_BYTES };
  return execFileSync("tar", ["-xOf", "-", `tenants/acme/${path}`], options).toString("latin1");
}

/** Does it the first time only. */
export function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
