/** The restore job: identify, extract into staging, give the tenant its identity, swap. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { PluginHost, TenantRecord } from "@openclaw/gateway-core";
import { isGatewayPart, ownerName, type GatewayPart } from "../archive/gateway-parts.js";
import { archiveLimits } from "../config.js";
import { BackupError, toBackupError } from "../errors.js";
import { messageOf } from "../system-error.js";
import { archiveSource, identifyObject } from "./archive-source.js";
import { checkUp, treeSizes } from "./checklist.js";
import type { ResolvedObject, S3Options } from "./destinations.js";
import { makeDirectory } from "./make-directory.js";
import { openerOf, type DecryptOptions, type Opening } from "./opening.js";
import { withoutSecrets } from "./public-request.js";
import { restoredRecord, type RestoredRecord } from "./restored-record.js";
import type { Caller, Services } from "./services.js";
import type { SignatureRequest } from "./signatures.js";
import { swapTenant } from "./swap-tenant.js";
import type { ExtractOutcome, StageOutcome } from "./thread/protocol.js";
import { undoUntil } from "./undo-until.js";
import { withRates, type RateRequest } from "./transfer-rates.js";
import type { JobContext, JobLeftover, JobOutcome, JobSubmission } from "./types.js";

export interface RestoreRequest extends Pick<RateRequest, "limitDownload">, SignatureRequest {
  /** Location of the archive, or its id in the catalogue. */
  readonly from: string;
  /** `from` is an archive of a whole gateway, or a set: this tenant is taken out of it. */
  readonly tenant?: string;
  /** Restore under this name instead of the archive's. */
  readonly as?: string;
  /** Replace the tenant that stands in the slot. */
  readonly force?: boolean;
  /** Take the archive's token even where the replaced tenant has one. */
  readonly token?: "archive";
  /** The tenant of this uid restores itself: the archive must be of it, and its labels stay as they are. */
  readonly ownUid?: string;
  /** Check everything, write nothing. */
  readonly dryRun?: boolean;
  readonly s3?: S3Options;
  readonly decrypt?: DecryptOptions;
}

/**
 * Finds out which tenant the archive holds and describes the restore to the engine. Rejects at once with what can be
 * known at once: `LOCATION_INVALID`, `ARCHIVE_NOT_FOUND`, `STORE_…`, `TENANT_AMBIGUOUS`, `SLOT_TAKEN`, …
 */
export async function restoreSubmission(
  services: Services,
  request: RestoreRequest,
  caller: Caller,
): Promise<JobSubmission> {
  if (request.as !== undefined) services.host.tenants.directory(request.as);
  if (request.tenant !== undefined) services.host.tenants.directory(request.tenant);
  const found = await sourceOf(services, request);
  const opening = openerOf(services, request.decrypt);
  const source = { ...found, settings: withRates(found.settings, request, services.config) };
  const tenant = await restoredTenant(services, request, source, opening);
  await refuseTakenSlot(services.host, tenant, request);
  return {
    type: "restore",
    tenant,
    ...caller,
    request: withoutSecrets(request),
    run: async (context) => {
      try {
        return await services.archivesInUse.use(source, () =>
          restore(services, request, { source, opening, tenant }, context),
        );
      } finally {
        services.tokenReservations.release(context.jobId);
      }
    },
  };
}

async function sourceOf(services: Services, request: RestoreRequest): Promise<ResolvedObject> {
  const { from, s3, tenant } = request;
  const known = services.ledger.archives.get(from);
  if (tenant === undefined || known !== undefined) return archiveSource(services, from, s3);
  const place = services.destinations.either(from, s3);
  const { signal } = new AbortController();
  const { key } = await services.threads.run(
    "findState",
    { store: place.settings, key: place.key },
    { signal },
  );
  return services.destinations.objectAt(from, key, s3);
}

async function restoredTenant(
  services: Services,
  request: RestoreRequest,
  source: ResolvedObject,
  opening: Opening,
): Promise<string> {
  const named = request.as ?? request.tenant;
  if (named !== undefined) return named;
  const tenant = await identifyObject(services, source, opening, request);
  if (tenant !== undefined && isGatewayPart(tenant)) throw noTenants(source.location, tenant);
  if (tenant !== undefined) return tenant;
  throw new BackupError(
    "TENANT_AMBIGUOUS",
    `${source.location} does not say which tenant it holds: its entries do not stand under tenants/<id>/.`,
  );
}

function noTenants(location: string, part: GatewayPart): BackupError {
  return new BackupError(
    "TENANT_AMBIGUOUS",
    `${location} is an archive of ${ownerName(part)}, and of no tenant.`,
    {
      hint: "`openclaw gateway restore` restores the whole gateway.",
    },
  );
}

async function refuseTakenSlot(host: PluginHost, tenant: string, request: RestoreRequest): Promise<void> {
  const directory = host.tenants.directory(tenant);
  if (request.force === true || request.dryRun === true || !(await exists(directory))) return;
  throw new BackupError("SLOT_TAKEN", `There is a tenant '${tenant}' on this gateway already.`, {
    details: { tenant },
  });
}

async function restore(
  services: Services,
  request: RestoreRequest,
  { source, opening, tenant }: Omit<Extraction, "tree">,
  context: JobContext,
): Promise<JobOutcome> {
  const { host, tokenReservations } = services;
  const startedAt = host.clock.now();
  const staging = join(host.paths.staging, context.jobId);
  const leftover: JobLeftover = { kind: "directory", path: staging };
  const tree = request.dryRun === true ? undefined : join(staging, "tree");
  if (tree !== undefined) {
    context.leftovers.add(leftover);
    await makeDirectory(tree);
  }
  const extracted = await extract(services, request, { source, opening, tenant, tree }, context);
  const archived = archivedRecord(host, extracted.tenantJson, source.location);
  if (request.ownUid !== undefined && archived?.uid !== request.ownUid) {
    throw new BackupError("ARCHIVE_DAMAGED", `Archive ${request.from} is not of this very tenant.`);
  }
  const identify = (current: TenantRecord | undefined): RestoredRecord => {
    const preferArchiveToken = request.token === "archive";
    const identity = restoredRecord(
      { tenant, archived, current, preferArchiveToken, keepsLabels: request.ownUid !== undefined },
      host.tenants,
      (sha256) => tokenReservations.isTaken(sha256, tenant),
    );
    tokenReservations.reserve(context.jobId, identity.record.tokenSha256, tenant);
    return identity;
  };
  const { totals, hadIndex } = extracted;
  const signedBy = await services.signatures.signer(extracted.signedBy);
  const replaced = await exists(host.tenants.directory(tenant));
  const facts = {
    tenant,
    from: source.location,
    archivedAs: archived?.id,
    replaced,
    totals,
    hadIndex,
    signedBy,
  };
  const before = host.tenants.get(tenant);
  let identity = identify(before);
  if (tree === undefined) {
    const durationMs = host.clock.now() - startedAt;
    return { result: { dryRun: true, ...facts, token: identity.token, durationMs } };
  }

  // Before anybody writes to it: what the tenant does from then on is not the restore's.
  const found = await services.threads.run("measure", { tree, except: [] }, { signal: context.signal });
  // What comes back under another name is a copy, also where another tool's archive does not say of what.
  const isCopy = request.as !== undefined && archived?.id !== tenant;
  const { schedulesDisabled, pairAgain } = await stage(services, context, tree, identity, isCopy);
  await refuseTakenSlot(host, tenant, request);
  let result = {};
  await swapTenant(services, context, async (current) => {
    if (!isDeepStrictEqual(current, before)) {
      identity = identify(current);
      await stage(services, context, tree, identity, false);
    }
    result = {
      ...facts,
      token: identity.token,
      undo: context.jobId,
      undoUntil: undoUntil(services),
      schedulesDisabled,
      rePair: isCopy ? pairAgain : [],
      durationMs: host.clock.now() - startedAt,
    };
    return { staged: tree, installedUid: identity.record.uid, result };
  });
  if (identity.newToken !== undefined) context.secret(identity.newToken);
  context.leftovers.remove(leftover);
  const checklist = [treeSizes(found, totals), ...(await checkUp(host, tenant))];
  return { result: { ...result, checklist } };
}

interface Extraction {
  readonly source: ResolvedObject;
  readonly opening: Opening;
  readonly tenant: string;
  /** Undefined: everything is checked and nothing written. */
  readonly tree: string | undefined;
}

async function extract(
  { host, threads, config, signatures }: Services,
  request: RestoreRequest,
  { source, opening, tenant, tree }: Extraction,
  context: JobContext,
): Promise<ExtractOutcome> {
  const limits = archiveLimits(config);
  const quotas = host.tenants.get(tenant)?.quotas;
  const extracted = await threads.run(
    "extract",
    {
      store: source.settings,
      key: source.key,
      ...opening,
      into: tree,
      fileSystem: host.paths.tenants,
      as: request.as,
      ...(request.tenant === undefined ? {} : { tenant: request.tenant }),
      limits: { ...limits, entries: Math.min(limits.entries, quotas?.entries ?? Infinity) },
      signatures: await signatures.required(request),
      quotaBytes: quotas?.bytes,
    },
    { signal: context.signal, onProgress: (progress) => context.progress(progress) },
  );
  if (extracted.tenant !== undefined && isGatewayPart(extracted.tenant))
    throw noTenants(source.location, extracted.tenant);
  if (request.as === undefined && extracted.tenant !== tenant) {
    throw new BackupError("ARCHIVE_DAMAGED", `${source.location} was replaced while it was being restored.`);
  }
  for (const warning of extracted.warnings) context.warn(warning);
  for (const path of extracted.leftOutLinks.paths)
    context.warn({ code: "LINK_ESCAPES", path, message: "Left out: this link leads out of the tenant." });
  if (!extracted.hadIndex) {
    context.warn({
      code: "NO_INDEX",
      message:
        "The archive has no index of ours: its files were checked by its compression's checksums only.",
    });
  }
  return extracted;
}

/** Gives the staged tree its identity and makes it durable. */
function stage(
  { threads }: Services,
  { signal }: JobContext,
  tree: string,
  { record }: RestoredRecord,
  disableSchedules: boolean,
): Promise<StageOutcome> {
  const tenantJson = `${JSON.stringify(record, null, 2)}\n`;
  return threads.run("stage", { tree, tenantJson, disableSchedules }, { signal });
}

/** The archive's own `tenant.json`, checked; undefined where it has none. */
export function archivedRecord(
  host: PluginHost,
  json: string | undefined,
  location: string,
): TenantRecord | undefined {
  if (json === undefined) return undefined;
  try {
    return host.tenants.parseRecord(JSON.parse(json));
  } catch (error) {
    const reason = messageOf(error);
    throw new BackupError("ARCHIVE_DAMAGED", `tenant.json in ${location} is no tenant's record: ${reason}`, {
      details: { entry: "tenant.json", rule: "tenant record" },
      cause: error,
    });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw toBackupError(error, `look at ${path}`);
  }
}
