/** What a job thread can do: each operation composes an archive with a store. */
import { chmodSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { extractArchive, type ExtractProgress } from "../../archive/extract.js";
import { identifyArchive, identifyTenant } from "../../archive/identify.js";
import { openIndex, TAIL_BYTES } from "../../archive/open.js";
import { scanTenant } from "../../archive/scan.js";
import { syncTree } from "../../archive/sync-tree.js";
import { writeArchive, type WriteProgress, type WriteSummary } from "../../archive/writer.js";
import { BackupError } from "../../errors.js";
import type { Leftover, OverwriteGuards, StoredObject } from "../../stores/store.js";
import type { JobProgress } from "../types.js";
import { withObject, withStore } from "./object-source.js";
import type {
  BackupOperation,
  BackupOutcome,
  DiscardOperation,
  ExtractOperation,
  ExtractOutcome,
  IdentifyOperation,
  IdentifyOutcome,
  ListedObject,
  ObjectInStore,
  OperationName,
  Operations,
  ScanOperation,
  ScanOutcome,
  StageOperation,
  StageOutcome,
} from "./protocol.js";
import { channelsToPairAgain, disableSchedules, replaceFile } from "./restored-files.js";

export interface OperationContext {
  readonly signal: AbortSignal;
  progress(progress: JobProgress): void;
  /** Resolves when the leftover stands in the ledger. */
  leftover(leftover: Leftover): Promise<void>;
}

export const operations: {
  readonly [N in OperationName]: (
    request: Operations[N]["request"],
    context: OperationContext,
  ) => Promise<Operations[N]["result"]>;
} = { backup, scan, identify, extract, stage, list, discard };

/** Share of the free space that a restore leaves to the gateway. */
const SPARE_SPACE = 0.1;

async function backup(request: BackupOperation, context: OperationContext): Promise<BackupOutcome> {
  const { summary, object, overwriteGuards } = await writeToStore(request, context);
  await verifyStored(request, summary, object.size, context.signal);
  const { modifiedAt, ...stored } = object;
  const { totals, databases, excluded, indexSha256, warnings } = summary;
  return { object: stored, overwriteGuards, totals, databases, excluded, indexSha256, warnings };
}

interface WrittenArchive {
  readonly summary: WriteSummary;
  readonly object: StoredObject;
  readonly overwriteGuards: OverwriteGuards;
}

function writeToStore(request: BackupOperation, context: OperationContext): Promise<WrittenArchive> {
  const { signal } = context;
  const { store: settings, key, overwrite, compressionLevel: level, ...source } = request;
  return withStore(settings, async (store) => {
    const upload = await store.create(key, {
      overwrite,
      onLeftover: (leftover) => context.leftover(leftover),
      signal,
    });
    try {
      const archive = writeArchive({
        ...source,
        root: `tenants/${request.tenant}`,
        level,
        signal,
        onProgress: (progress) => context.progress(writeProgress(progress)),
      });
      for await (const chunk of archive.chunks) await upload.write(chunk);
      const summary = await archive.summary;
      const object = await upload.complete();
      return { summary, object, overwriteGuards: store.overwriteGuards() };
    } catch (error) {
      await upload.abort();
      throw error;
    }
  });
}

/** A backup is done when its index was read back from the store and is the one that was written. */
async function verifyStored(
  request: BackupOperation,
  { indexSha256 }: WriteSummary,
  size: number,
  signal: AbortSignal,
): Promise<void> {
  await withObject(request, signal, async (source) => {
    const { bytes } = await source.tail(TAIL_BYTES);
    const index = await openIndex(source, bytes, request.limits);
    if (index?.sha256 === indexSha256 && source.size === size) return;
    throw new BackupError(
      "STORE_FAILED",
      `${source.describe} was stored, but what the store gives back is not what was written; do not rely on it.`,
      { hint: "Remove the object and back up again; if it happens again, check the store's disks." },
    );
  });
}

function scan(request: ScanOperation, { signal }: OperationContext): Promise<ScanOutcome> {
  return scanTenant({ ...request, root: `tenants/${request.tenant}`, signal });
}

function identify(request: IdentifyOperation, { signal }: OperationContext): Promise<IdentifyOutcome> {
  return withObject(request, signal, async (source) => {
    const { bytes } = await source.tail(TAIL_BYTES);
    const archive = await identifyArchive(source, request.limits, bytes);
    return { tenant: await identifyTenant(source, archive, request.limits) };
  });
}

function extract(request: ExtractOperation, context: OperationContext): Promise<ExtractOutcome> {
  return withObject(request, context.signal, async (source) => {
    const { bytes } = await source.tail(TAIL_BYTES);
    const archive = await identifyArchive(source, request.limits, bytes);
    const extracted = await extractArchive({
      source,
      ...archive,
      as: request.as,
      into: request.into,
      limits: request.limits,
      spaceLimit: Math.min(request.quotaBytes ?? Infinity, freeSpace(request.fileSystem)),
      signal: context.signal,
      onProgress: (progress) => context.progress(extractProgress(progress)),
    });
    const { tenant, totals, hadIndex, warnings, tenantRecordJson: tenantJson } = extracted;
    return { tenant, totals, hadIndex, warnings, tenantJson };
  });
}

/** Bytes that a restore may take on the file system of `directory`. */
function freeSpace(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return Math.floor(bavail * bsize * (1 - SPARE_SPACE));
}

async function stage(request: StageOperation): Promise<StageOutcome> {
  const { tree } = request;
  // The archive's mode of the root may lack what it takes to write into it, and to rename it.
  chmodSync(tree, 0o700);
  replaceFile(join(tree, "tenant.json"), request.tenantJson);
  const schedulesDisabled = request.disableSchedules ? disableSchedules(tree) : 0;
  await syncTree(tree);
  return { schedulesDisabled, pairAgain: channelsToPairAgain(tree) };
}

function list(
  { store: settings, key }: ObjectInStore,
  { signal }: OperationContext,
): Promise<ListedObject[]> {
  return withStore(settings, async (store) => {
    const objects: ListedObject[] = [];
    for await (const { key: found, size, modifiedAt } of store.list(key, signal)) {
      objects.push({ key: found, size, modifiedAt: modifiedAt.getTime() });
    }
    return objects;
  });
}

function discard(
  { store: settings, leftover }: DiscardOperation,
  { signal }: OperationContext,
): Promise<undefined> {
  return withStore(settings, async (store) => {
    await store.discard(leftover, signal);
    return undefined;
  });
}

function writeProgress(progress: WriteProgress): JobProgress {
  const { phase, contentBytes, totalContentBytes, files, totalFiles, storedBytes } = progress;
  return { phase, doneBytes: contentBytes, totalBytes: totalContentBytes, files, totalFiles, storedBytes };
}

function extractProgress(progress: ExtractProgress): JobProgress {
  const { contentBytes, totalContentBytes, files, totalFiles, storedBytes, totalStoredBytes } = progress;
  return {
    phase: "extract",
    // Without an index nobody knows the content's size; the archive's own is the next best measure.
    doneBytes: totalContentBytes === undefined ? storedBytes : contentBytes,
    totalBytes: totalContentBytes ?? totalStoredBytes,
    files,
    ...(totalFiles === undefined ? {} : { totalFiles }),
    storedBytes,
  };
}
