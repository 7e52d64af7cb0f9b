/** The backup job, and its dry run. */
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { FORMAT_VERSION } from "../archive/format.js";
import { archiveLimits } from "../config.js";
import { BackupError } from "../errors.js";
import type { Leftover } from "../stores/store.js";
import { addressOf, type ResolvedObject, type S3Options } from "./destinations.js";
import type { Caller, Services } from "./services.js";
import type { BackupOperation, BackupOutcome, BackedUpTenant } from "./thread/protocol.js";
import type { JobContext, JobLeftover, JobOutcome, JobSubmission } from "./types.js";

export interface BackupRequest {
  readonly tenant: string;
  /** Location, prefix, or absent for the default destination; see `Destinations.target`. */
  readonly to?: string;
  readonly overwrite?: boolean;
  /** Only say what would go in. */
  readonly dryRun?: boolean;
  /** Leave out what cannot be read, with a warning, instead of failing. */
  readonly allowUnreadable?: boolean;
  /** zstd level, 1 to 19. */
  readonly compressionLevel?: number;
  readonly s3?: S3Options;
}

/** An automatic name that is taken is tried again with the next second. */
const NAME_ATTEMPTS = 5;

/**
 * Describes the backup to the engine. Throws at once what can be known at once: `TENANT_NOT_FOUND`,
 * `LOCATION_INVALID`, `DESTINATION_UNKNOWN`, `CREDENTIALS_MISSING`.
 */
export function backupSubmission(services: Services, request: BackupRequest, caller: Caller): JobSubmission {
  const { tenant } = request;
  if (services.host.tenants.get(tenant) === undefined) {
    services.host.tenants.directory(tenant); // what is no id at all gets an error of its own
    throw new BackupError("TENANT_NOT_FOUND", `There is no tenant '${tenant}' on this gateway.`);
  }
  // Resolved only to be checked: the job does it again, with the time at which it starts.
  services.destinations.target(request.to, tenant, services.host.clock.now(), request.s3);
  const { s3, ...withoutSecrets } = request;
  return {
    type: "backup",
    tenant,
    ...caller,
    request: { ...withoutSecrets, ...publicOptions(s3) },
    // A digest, because the options hold keys.
    joinKey: createHash("sha256").update(JSON.stringify(request)).digest("hex"),
    run: (context) => (request.dryRun === true ? scan : backup)(services, request, context),
  };
}

/** The part of the S3 options that may stand in the ledger. */
export function publicOptions(s3: S3Options | undefined): {
  readonly s3?: Omit<S3Options, "accessKey" | "secretKey">;
} {
  if (s3 === undefined) return {};
  const { accessKey, secretKey, ...rest } = s3;
  return { s3: rest };
}

async function scan(services: Services, request: BackupRequest, context: JobContext): Promise<JobOutcome> {
  const outcome = await services.threads.run("scan", backedUpTenant(services, request), {
    signal: context.signal,
    onProgress: (progress) => context.progress(progress),
  });
  const { warnings, ...result } = outcome;
  for (const warning of warnings) context.warn(warning);
  return { result: { dryRun: true, ...result } };
}

async function backup(services: Services, request: BackupRequest, context: JobContext): Promise<JobOutcome> {
  const { host } = services;
  const directory = host.tenants.directory(request.tenant);
  const event = { tenant: request.tenant, directory, jobId: context.jobId };
  for (const { plugin, error } of await host.hooks.run("beforeBackup", event)) {
    context.warn({
      code: "HOOK_FAILED",
      message: `Plugin '${plugin}' could not prepare the backup: ${error.message}`,
    });
  }
  let succeeded = false;
  try {
    const outcome = await inTemporaryDirectory(services, context, (temporaryDirectory) =>
      store(services, request, context, temporaryDirectory),
    );
    succeeded = true;
    return outcome;
  } finally {
    for (const { plugin, error } of await host.hooks.run("afterBackup", { ...event, succeeded })) {
      context.warn({
        code: "HOOK_FAILED",
        message: `Plugin '${plugin}' failed after the backup: ${error.message}`,
      });
    }
  }
}

/** Runs `work` with a directory for copies of databases that is gone afterwards, even after a crash. */
async function inTemporaryDirectory<T>(
  services: Services,
  context: JobContext,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const path = join(services.host.paths.backup, "tmp", context.jobId);
  const leftover: JobLeftover = { kind: "directory", path };
  context.leftovers.add(leftover);
  await mkdir(path, { recursive: true, mode: 0o700 });
  try {
    return await work(path);
  } finally {
    await rm(path, { recursive: true, force: true });
    context.leftovers.remove(leftover);
  }
}

async function store(
  services: Services,
  request: BackupRequest,
  context: JobContext,
  temporaryDirectory: string,
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
  const { target, outcome } = await withFreeName(services, request, startedAt, (target) =>
    upload(services, context, target, {
      ...backedUpTenant(services, request),
      uid: record.uid,
      createdAt: new Date(startedAt).toISOString(),
      producer: `openclaw-gateway/${host.version}`,
      compressionLevel: request.compressionLevel ?? config.compressionLevel,
      compressionThreads: config.compressionThreads,
      overwrite: request.overwrite ?? false,
      temporaryDirectory,
    }),
  );
  const { object, warnings, overwriteGuards, ...figures } = outcome;
  services.knownGuards.learn(target.settings, overwriteGuards);
  for (const warning of warnings) context.warn(warning);
  const archiveId = services.ids.next("a");
  const { location } = target;
  return {
    result: {
      archiveId,
      location,
      ...object,
      ...figures,
      durationMs: host.clock.now() - startedAt,
    },
    record: () => {
      const { settings } = target;
      services.ledger.archives.add({
        id: archiveId,
        jobId: context.jobId,
        tenant: record.id,
        tenantUid: record.uid,
        location,
        storeKind: settings.kind,
        endpoint: settings.kind === "s3" ? (settings.endpoint ?? "") : "",
        bucket: settings.kind === "s3" ? settings.bucket : "",
        key: object.key,
        size: object.size,
        etag: object.etag,
        indexSha256: figures.indexSha256,
        formatVersion: FORMAT_VERSION,
        createdAt: startedAt,
        totals: figures.totals,
        state: "good",
      });
    },
  };
}

async function withFreeName(
  services: Services,
  request: BackupRequest,
  startedAt: number,
  attempt: (target: ResolvedObject) => Promise<BackupOutcome>,
): Promise<{ target: ResolvedObject; outcome: BackupOutcome }> {
  for (let tries = 1; ; tries++) {
    const now = startedAt + (tries - 1) * 1000;
    const target = services.destinations.target(request.to, request.tenant, now, request.s3);
    try {
      return { target, outcome: await attempt(target) };
    } catch (error) {
      const taken = error instanceof BackupError && error.code === "ARCHIVE_EXISTS";
      if (!taken || !target.isAutomatic || tries === NAME_ATTEMPTS) throw error;
    }
  }
}

async function upload(
  services: Services,
  context: JobContext,
  target: ResolvedObject,
  options: Omit<BackupOperation, "store" | "key">,
): Promise<BackupOutcome> {
  const announced: { readonly recorded: JobLeftover; readonly leftover: Leftover }[] = [];
  const store = addressOf(target.settings);
  try {
    const outcome = await services.threads.run(
      "backup",
      { ...options, store: services.knownGuards.apply(target.settings), key: target.key },
      {
        signal: context.signal,
        onProgress: (progress) => context.progress(progress),
        onLeftover: (leftover) => {
          const recorded: JobLeftover = { kind: "upload", store, leftover };
          context.leftovers.add(recorded);
          announced.push({ recorded, leftover });
        },
      },
    );
    for (const { recorded } of announced) context.leftovers.remove(recorded);
    return outcome;
  } catch (error) {
    // The thread has ended its upload if it could; where it died, this does it from a fresh one. What cannot be ended
    // now stays in the ledger, for the next start.
    const { signal } = new AbortController();
    for (const { recorded, leftover } of announced) {
      const request = { store: target.settings, leftover };
      const ended = await services.threads.run("discard", request, { signal }).then(
        () => true,
        () => false,
      );
      if (ended) context.leftovers.remove(recorded);
    }
    throw error;
  }
}

function backedUpTenant(services: Services, request: BackupRequest): BackedUpTenant {
  return {
    directory: services.host.tenants.directory(request.tenant),
    tenant: request.tenant,
    limits: archiveLimits(services.config),
    exclude: services.config.exclude,
    allowUnreadable: request.allowUnreadable ?? false,
  };
}
