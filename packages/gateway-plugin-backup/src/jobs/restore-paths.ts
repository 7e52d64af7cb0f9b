/** Restoring some paths of an archive into a tenant that is there: beside what it has, or in its place. */
import { dirname, join } from "node:path";
import { namedPath, pathGlobs } from "../archive/access/path-globs.js";
import { archiveLimits } from "../config.js";
import { BackupError } from "../errors.js";
import { archiveSource } from "./archive-source.js";
import { showObject } from "./archive-parts.js";
import { openerOf, type DecryptOptions, type Opening } from "./opening.js";
import { withoutSecrets } from "./public-request.js";
import type { ResolvedObject, S3Options } from "./destinations.js";
import { makeDirectory } from "./make-directory.js";
import { pathJournal } from "./path-swap-place.js";
import type { Caller, Services } from "./services.js";
import { removeStale } from "./recovery.js";
import { removeTree } from "./remove-tree.js";
import type { SignatureRequest } from "./signatures.js";
import { swapTenant } from "./swap-tenant.js";
import type { ExtractPathsOutcome } from "./thread/protocol.js";
import { undoUntil } from "./undo-until.js";
import { withRates, type RateRequest } from "./transfer-rates.js";
import type { JobContext, JobLeftover, JobOutcome, JobSubmission } from "./types.js";

export interface RestorePathsRequest extends Pick<RateRequest, "limitDownload">, SignatureRequest {
  /** Location of the archive, or its id in the catalogue. */
  readonly from: string;
  /** Paths and globs, relative to the tenant's directory; each also stands for what is below it. At least one. */
  readonly paths: readonly string[];
  /** A directory of the tenant that is not there yet. Absent: one is made up, unless `force` is set. */
  readonly into?: string;
  /** In place: what stands at a restored path is replaced. */
  readonly force?: boolean;
  /** The tenant, if it is not the archive's. */
  readonly as?: string;
  /** Check everything, write nothing. */
  readonly dryRun?: boolean;
  readonly s3?: S3Options;
  readonly decrypt?: DecryptOptions;
}

/**
 * Describes the restore to the engine. Rejects at once with what can be known at once: `REQUEST_INVALID`,
 * `LOCATION_INVALID`, `ARCHIVE_NOT_FOUND`, `ARCHIVE_WITHOUT_INDEX`, `TENANT_NOT_FOUND`, …
 */
export async function restorePathsSubmission(
  services: Services,
  request: RestorePathsRequest,
  caller: Caller,
): Promise<JobSubmission> {
  if (request.force === true && request.into !== undefined)
    throw new BackupError(
      "REQUEST_INVALID",
      "A restore goes into a directory or, with force, in place; not both.",
    );
  if (request.into !== undefined) namedPath(request.into);
  pathGlobs(request.paths);
  const found = archiveSource(services, request.from, request.s3);
  const source = { ...found, settings: withRates(found.settings, request, services.config) };
  const opening = openerOf(services, request.decrypt);
  const tenant = request.as ?? (await showObject(services, source, opening, request)).header.tenant;
  const directory = services.host.tenants.directory(tenant);
  if (services.host.tenants.get(tenant) === undefined)
    throw new BackupError("TENANT_NOT_FOUND", `There is no tenant '${tenant}' to restore paths into.`, {
      hint: "Paths are restored into a tenant that is there; without --path, the whole tenant is restored.",
    });
  return {
    type: "restore",
    tenant,
    ...caller,
    request: withoutSecrets(request),
    run: (context) =>
      services.archivesInUse.use(source, () =>
        restorePaths(services, request, { source, opening, directory }, context),
      ),
  };
}

interface Places {
  readonly source: ResolvedObject;
  readonly opening: Opening;
  /** The tenant's. */
  readonly directory: string;
}

async function restorePaths(
  services: Services,
  request: RestorePathsRequest,
  { source, opening, directory }: Places,
  context: JobContext,
): Promise<JobOutcome> {
  const { host, threads } = services;
  const { jobId, tenant, signal } = context;
  const startedAt = host.clock.now();
  const staging = join(host.paths.staging, jobId);
  const leftover: JobLeftover = { kind: "directory", path: staging };
  const tree = request.dryRun === true ? undefined : join(staging, "tree");
  if (tree !== undefined) {
    context.leftovers.add(leftover);
    await makeDirectory(tree);
  }
  const extracted = await extract(services, request, { source, opening, directory, tree }, context);
  const into = request.force === true ? undefined : (request.into ?? automaticName(startedAt));
  const { totals, paths, readBytes } = extracted;
  const signedBy = await services.signatures.signer(extracted.signedBy);
  const facts = { tenant, from: source.location, into, totals, readBytes, signedBy };
  const finished = (): object => ({ durationMs: host.clock.now() - startedAt });
  if (tree === undefined) return { result: { dryRun: true, ...facts, paths, ...finished() } };

  const staged = join(staging, "in");
  const journal = pathJournal(staging, jobId);
  let result = {};
  await swapTenant(services, context, async (current) => {
    const place = { live: directory, in: staged, out: "", journal };
    const plan = { staged: tree, into };
    const swapped = await threads.run("planPaths", { place, plan }, { signal });
    const undone = { undo: jobId, undoUntil: undoUntil(services) };
    result = { ...facts, swapped, replaced: into === undefined, ...undone, ...finished() };
    return { kind: "paths", staged, installedUid: current?.uid, result };
  });
  await removeTree(staging).then(
    () => context.leftovers.remove(leftover),
    // It stays noted, and is tried again when the job has ended.
    () => undefined,
  );
  return { result };
}

async function extract(
  { host, threads, config, signatures }: Services,
  request: RestorePathsRequest,
  { source, opening, tree }: Places & { readonly tree: string | undefined },
  context: JobContext,
): Promise<ExtractPathsOutcome> {
  const quotas = host.tenants.get(context.tenant)?.quotas;
  const extracted = await threads.run(
    "extractPaths",
    {
      store: source.settings,
      key: source.key,
      ...opening,
      limits: archiveLimits(config),
      signatures: await signatures.required(request),
      patterns: request.paths,
      into: tree,
      fileSystem: host.paths.tenants,
      quotaBytes: quotas?.bytes,
    },
    { signal: context.signal, onProgress: (progress) => context.progress(progress) },
  );
  if (extracted.leftOutRecord)
    context.warn({
      code: "RECORD_LEFT_OUT",
      path: "tenant.json",
      message: "The tenant's own record is never restored by a path: the tenant stays who it is.",
    });
  return extracted;
}

/** `workspace/restored-2026-06-03T02-00-00Z`. */
function automaticName(now: number): string {
  return `workspace/restored-${new Date(now).toISOString().replace(/\.\d+/, "").replaceAll(":", "-")}`;
}

/** The undo of a restore of paths: what it replaced goes back to its places. */
export async function undoPaths(
  services: Services,
  undone: { readonly jobId: string; readonly tenant: string; readonly tree: string | undefined },
  context: JobContext,
): Promise<JobOutcome> {
  const { host, threads } = services;
  const { jobId, tenant, signal } = context;
  const startedAt = host.clock.now();
  const { tree: staged = "" } = undone;
  const directory = dirname(staged);
  let result = {};
  await swapTenant(services, context, async (current) => {
    if (current === undefined)
      throw new BackupError(
        "UNDO_NOT_POSSIBLE",
        `Tenant ${tenant} is gone; there is nothing to put paths back into.`,
      );
    const place = {
      live: host.tenants.directory(tenant),
      in: staged,
      out: "",
      journal: pathJournal(directory, jobId),
    };
    const plan = { undone: pathJournal(directory, undone.jobId) };
    const swapped = await threads.run("planPaths", { place, plan }, { signal });
    const durationMs = host.clock.now() - startedAt;
    result = {
      tenant,
      undid: undone.jobId,
      undo: jobId,
      undoUntil: undoUntil(services),
      present: true,
      swapped,
      durationMs,
    };
    return { kind: "paths", staged, installedUid: current.uid, undoes: undone.jobId, result };
  });
  // All that was in it went back; what is left is its journal.
  await removeStale([directory], context.log);
  return { result };
}
