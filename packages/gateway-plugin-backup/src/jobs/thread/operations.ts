/** What a job thread can do: each operation composes an archive with a store. */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { extractArchive } from "../../archive/extract.js";
import { rootOf } from "../../archive/gateway-parts.js";
import { identifyArchive, identifyTenant } from "../../archive/identify.js";
import { TAIL_BYTES } from "../../archive/open.js";
import { scanTenant } from "../../archive/scan.js";
import { syncTree } from "../../archive/sync-tree.js";
import { drill, verify } from "./check-archives.js";
import { extractProgress } from "./extract-progress.js";
import { withStore, withStored } from "./object-source.js";
import { identifyPiped, withObject } from "./opened-object.js";
import type { OperationContext } from "./operation-context.js";
import type {
  DiscardOperation,
  ExtractOperation,
  ExtractOutcome,
  FoundState,
  IdentifyOperation,
  IdentifyOutcome,
  ListedObject,
  ObjectInStore,
  OperationName,
  Operations,
  ScanOperation,
  ScanOutcome,
  RecordOperation,
  RecordOutcome,
  StageOperation,
  StageOutcome,
} from "./protocol.js";
import { checkLedger } from "./check-ledger.js";
import { checkStore } from "./check-store.js";
import { BackupError } from "../../errors.js";
import { extractTenant } from "./extract-tenant.js";
import { findArchives, glance } from "./find-archives.js";
import { requireSignature } from "./required-signature.js";
import { lock, look, remove } from "./remove-archives.js";
import { channelsToPairAgain, disableSchedules, readTenantJson, replaceFile } from "./restored-files.js";
import { measure } from "./measure.js";
import { rekey } from "./rekey.js";
import { readManifest, removeManifest, removeObjects, writeManifest } from "./set-objects.js";
import { settle } from "./settle.js";
import { spaceFor } from "./space-for.js";
import { storeArchive } from "./store-archive.js";
import { diff } from "./diff.js";
import { extractPaths, movePaths, planPaths } from "./paths.js";
import { cat, files, show } from "./read-parts.js";

export const operations: {
  readonly [N in OperationName]: (
    request: Operations[N]["request"],
    context: OperationContext,
  ) => Promise<Operations[N]["result"]>;
} = {
  backup: storeArchive,
  scan,
  identify,
  findState,
  extract,
  stage,
  record,
  list,
  discard,
  findArchives,
  glance,
  checkStore,
  settle,
  look,
  lock,
  remove,
  show,
  files,
  cat,
  diff,
  extractPaths,
  planPaths,
  movePaths,
  verify,
  drill,
  rekey,
  readManifest,
  writeManifest,
  removeManifest,
  removeObjects,
  measure,
  checkLedger,
};

function scan(request: ScanOperation, { signal }: OperationContext): Promise<ScanOutcome> {
  return scanTenant({ ...request, root: rootOf(request.tenant), signal });
}

function identify(request: IdentifyOperation, context: OperationContext): Promise<IdentifyOutcome> {
  const { opener, limits } = request;
  if (opener?.kind === "pipe")
    return withStored(request, context, async (source) => ({
      tenant: await identifyPiped(source, { ...opener, signal: context.signal }, limits),
    }));
  return withObject(request, context, async (source) => {
    const { bytes } = await source.tail(TAIL_BYTES);
    const archive = await identifyArchive(source, limits, bytes);
    requireSignature(source, archive.index, request.signatures);
    return { tenant: await identifyTenant(source, archive, limits) };
  });
}

/** A set, or an archive, at a key that may be a prefix. Throws what `findGatewaySource` throws. */
async function findState(
  { store: settings, key }: ObjectInStore,
  context: OperationContext,
): Promise<FoundState> {
  // It loads a library of schemas, which takes longer than all the rest that a thread needs; few threads ever come here.
  const { findGatewaySource } = await import("../gateway-restore/find-source.js");
  return withStore(settings, context, async (store) => {
    const source = await findGatewaySource(store, { key }, context.signal);
    if (source.kind === "archive") return { key: source.key };
    const state = source.kind === "set" ? source.parts.find(({ name }) => name === "state") : undefined;
    if (state !== undefined) return { key: state.objectKey };
    throw new BackupError("UNSUPPORTED", `${source.location} holds loose files, and no archive.`, {
      hint: "Make an archive of the tenant's directory there, and restore that: `tar -C DIR -cf acme.tar tenants/acme`.",
    });
  });
}

function extract(request: ExtractOperation, context: OperationContext): Promise<ExtractOutcome> {
  return withObject(request, context, async (source) => {
    const { bytes } = await source.tail(TAIL_BYTES);
    const archive = await identifyArchive(source, request.limits, bytes);
    requireSignature(source, archive.index, request.signatures);
    if (request.tenant !== undefined) return extractTenant(source, archive, request.tenant, request, context);
    const extracted = await extractArchive({
      source,
      ...archive,
      as: request.as,
      into: request.into,
      limits: request.limits,
      space: spaceFor(request),
      signal: context.signal,
      onProgress: (progress) => context.progress(extractProgress(progress)),
    });
    const { tenant, totals, hadIndex, warnings, leftOutLinks, tenantRecordJson: tenantJson } = extracted;
    const signedBy = archive.index?.signedBy;
    return { tenant, totals, hadIndex, signedBy, warnings, leftOutLinks, tenantJson };
  });
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

function record({ tree }: RecordOperation): Promise<RecordOutcome> {
  return Promise.resolve({ tenantJson: readTenantJson(tree) });
}

function list({ store: settings, key }: ObjectInStore, context: OperationContext): Promise<ListedObject[]> {
  return withStore(settings, context, async (store) => {
    const objects: ListedObject[] = [];
    for await (const { key: found, size, modifiedAt } of store.list(key, context.signal)) {
      objects.push({ key: found, size, modifiedAt: modifiedAt.getTime() });
    }
    return objects;
  });
}

function discard(
  { store: settings, leftover }: DiscardOperation,
  context: OperationContext,
): Promise<undefined> {
  return withStore(settings, context, async (store) => {
    await store.discard(leftover, context.signal);
    return undefined;
  });
}
