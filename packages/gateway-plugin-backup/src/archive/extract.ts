import { BackupError } from "../errors.js";
import { ExtractClient, type ExtractThreadProgress } from "./extract-client.js";
import type { ExtractionResult, ExtractionTask } from "./extraction.js";
import type { StatePlacement } from "./foreign-state.js";
import type { ArchiveLimits, ArchiveWarning } from "./format.js";
import type { OpenIndex } from "./open.js";
import type { TreeRoute } from "./routed-tree.js";
import { type ArchiveSource, archiveSubject } from "./source.js";
import { GrowingTree } from "./sync-tree.js";
import type { TreeTotals } from "./tree-receiver.js";
import { outOfSpace, type SpaceLimit } from "./space.js";

export interface ExtractRequest {
  readonly source: ArchiveSource;
  /** What `openArchive` found. */
  readonly format: "zstd" | "gzip" | "tar";
  /** Present for archives of ours: then every byte is checked against it. */
  readonly index: OpenIndex | undefined;
  /**
   * The tenant's name given with `--as`; lets an archive of another tool in whose paths do not begin with
   * `tenants/<id>/`.
   */
  readonly as: string | undefined;
  /** Existing, empty directory that becomes the tenant's; undefined: everything is checked and nothing written. */
  readonly into: string | undefined;
  /** Directories of the tree that are written elsewhere. */
  readonly routes?: readonly TreeRoute[];
  /** For another tool's archive of a gateway's state. */
  readonly state?: StatePlacement;
  readonly limits: ArchiveLimits;
  readonly space: SpaceLimit;
  readonly signal: AbortSignal;
  onProgress(progress: ExtractProgress): void;
}

export interface ExtractProgress {
  readonly files: number;
  readonly contentBytes: number;
  /** Bytes of the object read, and to be read. */
  readonly storedBytes: number;
  readonly totalStoredBytes: number;
  /** What is to be expected; undefined for archives without our index. */
  readonly totalFiles: number | undefined;
  readonly totalContentBytes: number | undefined;
}

export interface ExtractSummary {
  /** The tenant whose archive it is; undefined where another tool's archive does not say. */
  readonly tenant: string | undefined;
  /** Of the archived tenant; undefined without our index. */
  readonly uid: string | undefined;
  readonly totals: TreeTotals;
  /** Those that were given when the archive was written. */
  readonly warnings: readonly ArchiveWarning[];
  /** False: nothing was checked against hashes, and times are as exact as the tar has them. */
  readonly hadIndex: boolean;
  /** Text of `tenant.json` (at most 1 MiB), unchecked; undefined when there is none. */
  readonly tenantRecordJson: string | undefined;
  /** See `ExtractionResult`. */
  readonly leftOutLinks: ExtractionResult["leftOutLinks"];
}

/**
 * Extracts an archive into an empty directory, which becomes the tenant's: the root in the archive, `tenants/<id>`, is
 * left off, so that a restore under another name needs no more than another directory. What was written when it fails
 * is the caller's to remove, and when it does not, the caller's to sync.
 *
 * Runs on the job thread's event loop and leaves the work to two threads: one unpacks and checks, the other writes what
 * has been checked. Memory: the index, once, 6 MiB of stored bytes under way, in the first thread a frame with its
 * content, 8 MiB together (another tool's zstd archive: its window, up to 128 MiB), and 4 MiB between the two.
 *
 * Throws ARCHIVE_DAMAGED, UNSAFE_ENTRY, LIMIT_EXCEEDED, TENANT_AMBIGUOUS, DISK_FULL, READ_ONLY, IO_FAILED,
 * JOB_THREAD_FAILED, the signal's reason (JOB_CANCELLED), and what the source throws.
 */
export async function extractArchive(request: ExtractRequest): Promise<ExtractSummary> {
  const { source, index, into, routes = [], signal } = request;
  if (signal.aborted) throw cancelled(signal);
  if (index !== undefined) checkSpace(request, index);
  const end = index?.segmentsEnd ?? source.size;
  let storedBytes = 0;
  const tree = into === undefined ? undefined : new GrowingTree(into);
  const onProgress = ({ files, contentBytes }: ExtractThreadProgress): void => {
    tree?.grown(contentBytes);
    request.onProgress({
      files,
      contentBytes,
      storedBytes,
      totalStoredBytes: end,
      totalFiles: index?.header.totals.files,
      totalContentBytes: index?.header.totals.contentBytes,
    });
  };
  const client = new ExtractClient({ task: taskOf(request), into, routes, onProgress });
  const onAbort = (): void => client.fail(cancelled(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const chunk of source.read(0, end)) {
      await client.write(chunk);
      storedBytes += chunk.length;
    }
    const { tenant, totals, tenantRecordJson, leftOutLinks } = await client.end();
    await tree?.settled();
    return {
      tenant,
      uid: index?.header.uid,
      totals,
      warnings: index?.header.warnings ?? [],
      hadIndex: index !== undefined,
      tenantRecordJson,
      leftOutLinks,
    };
  } finally {
    signal.removeEventListener("abort", onAbort);
    await client.close();
  }
}

function taskOf({ source, format, index, as, state, limits, space }: ExtractRequest): ExtractionTask {
  const archive =
    index === undefined
      ? ({ kind: "foreign", format, as, ...(state && { state }) } as const)
      : ({ kind: "native", payload: index.payload } as const);
  return { subject: archiveSubject(source), archive, limits, space };
}

/** Our own archives say beforehand what they need, and cannot need more: every entry is checked against its claim. */
function checkSpace({ source, space }: ExtractRequest, { header }: OpenIndex): void {
  const neededBytes = header.totals.contentBytes;
  if (neededBytes > space.bytes) throw outOfSpace(archiveSubject(source), space, { neededBytes });
}

function cancelled(signal: AbortSignal): BackupError {
  return signal.reason instanceof BackupError
    ? signal.reason
    : new BackupError("JOB_CANCELLED", "The job was cancelled.");
}
