/** The backup job. */
import { createHash } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { keyIdOf } from "../archive/signature.js";
import { BackupError, toBackupError } from "../errors.js";
import type { MultipartLeftover } from "../stores/store.js";
import { backedUpTenant } from "./backed-up-tenant.js";
import { chooseBase, withBase, type BaseChoice } from "./bases.js";
import { backupHooks } from "./backup-hooks.js";
import type { ResolvedObject, S3Options } from "./destinations.js";
import { dryRun } from "./dry-run.js";
import { warnOfMoreExcluded } from "./excluded-more.js";
import { factsFile, removeSuperseded } from "./facts-files.js";
import { lockArchive } from "./lock-archive.js";
import { baseFigures, baseObject, newArchive } from "./new-archive.js";
import { withoutSecrets } from "./public-request.js";
import { nameSuffix, sealingOf, type SealingRequest } from "./sealing-of.js";
import type { Caller, Services } from "./services.js";
import type { Signer } from "./signatures.js";
import type { Sealing } from "./thread/encryption.js";
import type { BackupOutcome } from "./thread/protocol.js";
import type { JobContext, JobOutcome, JobSubmission } from "./types.js";
import { inTemporaryDirectory } from "./temporary-directory.js";
import { storedBytesWarning } from "./tenant-quotas.js";
import { withRates, type RateRequest } from "./transfer-rates.js";
import { uploadArchive } from "./upload-archive.js";

export interface BackupRequest extends RateRequest, SealingRequest {
  readonly tenant: string;
  /** Location, prefix, or absent for the default destination; see `Destinations.target`. */
  readonly to?: string;
  readonly overwrite?: boolean;
  /** Only say what would go in, and what not. */
  readonly dryRun?: boolean;
  /** Of a dry run: keep the complete list for a while, see `plans.ts`. */
  readonly list?: boolean;
  /** Leave out what cannot be read, with a warning, instead of failing. */
  readonly allowUnreadable?: boolean;
  /** Read every file, also those that look as they did when the last archive was made. */
  readonly rehash?: boolean;
  /** zstd level, 1 to 19. */
  readonly compressionLevel?: number;
  readonly s3?: S3Options;
}

const NAME_ATTEMPTS = 5;

/** An earlier backup's unfinished upload that this one goes on with, under the same name. It is of no sealed archive. */
export type ResumedBackup = Required<Omit<Place, "sealing">>;

/**
 * Describes the backup to the engine. Throws at once what can be known at once: `REQUEST_INVALID`, `TENANT_NOT_FOUND`,
 * `LOCATION_INVALID`, `DESTINATION_UNKNOWN`, `CREDENTIALS_MISSING`, `RECIPIENT_INVALID`, `PIPE_NOT_ALLOWED`, …
 */
export function backupSubmission(services: Services, request: BackupRequest, caller: Caller): JobSubmission {
  const { tenant } = request;
  if (services.host.tenants.get(tenant) === undefined) {
    services.host.tenants.directory(tenant); // what is no id at all gets an error of its own
    throw new BackupError("TENANT_NOT_FOUND", `There is no tenant '${tenant}' on this gateway.`);
  }
  if (request.list === true && request.dryRun !== true)
    throw new BackupError("REQUEST_INVALID", "`list` goes with `dryRun` only.");
  // Resolved only to be checked: the job does it again, with the time at which it starts.
  const target = services.destinations.target(request.to, tenant, services.host.clock.now(), request.s3);
  sealingOf(services, request, target);
  return {
    type: "backup",
    tenant,
    ...caller,
    request: withoutSecrets(request),
    // A digest, because the options hold keys.
    joinKey: createHash("sha256").update(JSON.stringify(request)).digest("hex"),
    run: (context) =>
      request.dryRun === true ? dryRun(services, request, context) : backup(services, request, context),
  };
}

/** The work of a backup job. */
export async function backup(
  services: Services,
  request: BackupRequest,
  context: JobContext,
  resumed?: ResumedBackup,
): Promise<JobOutcome> {
  const hooks = backupHooks(services.host, context);
  let succeeded = false;
  try {
    await services.host.tenants.putRecordRight(request.tenant);
    await hooks.before();
    const outcome = await inTemporaryDirectory(services, context, (temporaryDirectory) =>
      store(services, request, context, temporaryDirectory, resumed),
    );
    succeeded = true;
    return outcome;
  } finally {
    await hooks.after(succeeded);
  }
}

async function store(
  services: Services,
  request: BackupRequest,
  context: JobContext,
  temporaryDirectory: string,
  resumed: ResumedBackup | undefined,
): Promise<JobOutcome> {
  const { host, config } = services;
  const record = host.tenants.get(request.tenant);
  if (record === undefined) {
    throw new BackupError(
      "TENANT_NOT_FOUND",
      `The tenant '${request.tenant}' is gone; there is nothing to back up.`,
    );
  }
  const startedAt = host.clock.now();
  const signingKey = await services.signatures.key();
  const signedBy: Signer = { trust: "own", keyId: keyIdOf(signingKey) };
  const archiveId = services.ids.next("a");
  const made = {
    signedBy: signedBy.keyId,
    id: archiveId,
    jobId: context.jobId,
    tenant: record.id,
    tenantUid: record.uid,
    createdAt: startedAt,
  };
  const places = placesOf(services, request, startedAt, resumed);
  const [{ target: firstChoice, ...first }] = places;
  const choice =
    whyFull(first) ??
    (await chooseBase(services, { tenant: record.id, tenantUid: record.uid, target: firstChoice }));
  const upload = async (
    chosen: BaseChoice,
    { target, namedAt, resume, sealing }: Place,
  ): Promise<BackupOutcome> => {
    const operation = {
      ...backedUpTenant(services, request),
      uid: record.uid,
      createdAt: new Date(startedAt).toISOString(),
      producer: `openclaw-gateway/${host.version}`,
      compressionLevel: request.compressionLevel ?? config.compressionLevel,
      compressionThreads: config.compressionThreads,
      overwrite: request.overwrite ?? false,
      // Of its own: what an attempt leaves there that was cut off is in the way of no other.
      temporaryDirectory: await mkdtemp(join(temporaryDirectory, "attempt-")),
      signingKey,
      factsFile: factsFile(host, archiveId),
      ...(sealing === undefined ? {} : { sealing }),
      ...(chosen.base === undefined ? {} : { base: baseObject(services, request, chosen.base) }),
    };
    return uploadArchive(services, context, {
      target: { ...target, settings: withRates(target.settings, request, config) },
      namedAt,
      requestKeys: request.s3?.accessKey !== undefined,
      isResumable: sealing === undefined,
      limits: operation.limits,
      run: (place, options) => services.threads.run("backup", { ...operation, ...place }, options),
      ...(resume === undefined ? {} : { resume }),
      describe: ({ size, warnings, mark, ...figures }) => ({
        archive: newArchive(made, target, { size, ...figures, ...chosen }),
        result: {
          archiveId,
          location: target.location,
          key: target.key,
          size,
          ...figures,
          ...baseFigures(figures, chosen),
          signedBy,
          durationMs: host.clock.now() - startedAt,
        },
      }),
    });
  };
  const { target, outcome, chosen } = await withBase(services, { choice, target: firstChoice }, (chosen) =>
    withFreeName(places, async (place) => ({
      target: place.target,
      chosen,
      // What is overwritten here may be an archive of another tenant that is just being pruned.
      outcome: await services.archivesInUse.use(place.target, () => upload(chosen, place)),
    })),
  );
  const { object, warnings, abilities, factsProblem, ...figures } = outcome;
  services.knownAbilities.learn(target.settings, abilities);
  if (factsProblem !== undefined)
    context.log.warn({ problem: factsProblem }, "The next backup will read every file of the tenant.");
  const archive = { ...newArchive(made, target, { ...object, ...figures, ...chosen }), etag: object.etag };
  const { lock, warning: lockWarning } = await lockArchive(
    services,
    archive,
    target.settings,
    context.signal,
  );
  // What is sealed is no base: what is known of the last one's files is of use as before.
  if (archive.encryption === undefined) await removeSuperseded(services, archive);
  for (const warning of warnings) context.warn(warning);
  if (lockWarning !== undefined) context.warn(lockWarning);
  const quotaWarning = storedBytesWarning(services, record, object.size);
  if (quotaWarning !== undefined) context.warn(quotaWarning);
  warnOfMoreExcluded(services.ledger, record, figures.excluded, context);
  return {
    result: {
      archiveId,
      location: target.location,
      ...object,
      ...figures,
      ...baseFigures(figures, chosen),
      signedBy,
      ...(lock === undefined ? {} : { lock: { mode: lock.mode, until: new Date(lock.until).toISOString() } }),
      durationMs: host.clock.now() - startedAt,
    },
    record: () => {
      services.ledger.archives.add(archive);
      if (lock !== undefined) services.ledger.archives.setLock(archiveId, lock);
      services.ledger.completions.remove(context.jobId);
    },
  };
}

interface Place {
  readonly target: ResolvedObject;
  /** The time that an automatic name tells, in milliseconds since the epoch. */
  readonly namedAt: number;
  readonly resume?: MultipartLeftover;
  readonly sealing?: Sealing;
}

type Places = readonly [Place, ...Place[]];

/** Why no base is asked for at all. */
function whyFull({ resume, sealing }: Pick<Place, "resume" | "sealing">): BaseChoice | undefined {
  if (sealing !== undefined) return { fullReason: "what is encrypted is sent in full" };
  return resume === undefined ? undefined : { fullReason: "it goes on with an interrupted upload" };
}

/** Where a backup may go, first choice first: an automatic name that is taken is tried again with the next second. */
function placesOf(
  services: Services,
  request: BackupRequest,
  startedAt: number,
  resumed: ResumedBackup | undefined,
): Places {
  const { to, tenant, s3 } = request;
  const place = (second: number): Place => {
    const namedAt = startedAt + second * 1000;
    const target = services.destinations.target(to, tenant, namedAt, s3);
    const sealing = sealingOf(services, request, target);
    return sealing === undefined
      ? { target, namedAt }
      : { target: sealedTarget(target, sealing), namedAt, sealing };
  };
  const later = Array.from({ length: NAME_ATTEMPTS - 1 }, (_, i) => place(i + 1));
  // What is to be encrypted by now is not gone on with as it was begun.
  if (resumed === undefined || sealingOf(services, request, resumed.target) !== undefined)
    return [place(0), ...later];
  const { resume, ...sameName } = resumed;
  return [resumed, sameName, place(0), ...later];
}

/** An automatic name tells that nobody can look into the archive without a key. */
function sealedTarget(target: ResolvedObject, sealing: Sealing): ResolvedObject {
  if (!target.isAutomatic) return target;
  const suffix = nameSuffix(sealing);
  return { ...target, key: target.key + suffix, location: target.location + suffix };
}

async function withFreeName<T>(
  [place, ...others]: Places,
  attempt: (place: Place) => Promise<T>,
): Promise<T> {
  try {
    return await attempt(place);
  } catch (error) {
    const { code } = toBackupError(error, `store ${place.target.location}`);
    const isTaken = code === "ARCHIVE_EXISTS" && place.target.isAutomatic;
    // An upload that has become unfit to go on with does not keep the tenant from being backed up.
    const isUnfit = code === "STORE_FAILED" && place.resume !== undefined;
    const [next, ...rest] = others;
    if ((!isTaken && !isUnfit) || next === undefined) throw error;
    return withFreeName([next, ...rest], attempt);
  }
}
