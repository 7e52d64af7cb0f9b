/** The rekey job: an archive is encrypted anew, to other recipients. It looks at no tenant of this gateway. */
import { archiveLimits } from "../config.js";
import { BackupError } from "../errors.js";
import { knownAt } from "./archive-parts.js";
import { archiveSource, identifyObject } from "./archive-source.js";
import { storeColumns, type ResolvedObject, type S3Options } from "./destinations.js";
import type { ArchiveRecord, NewArchive } from "./ledger/archives.js";
import { lockArchive } from "./lock-archive.js";
import { openerOf, type DecryptOptions, type Opening } from "./opening.js";
import { withoutSecrets } from "./public-request.js";
import { sealingOf, type SealingRequest } from "./sealing-of.js";
import type { Caller, Services } from "./services.js";
import type { Sealing } from "./thread/encryption.js";
import type { ArchiveFacts } from "./thread/protocol.js";
import { withRates } from "./transfer-rates.js";
import { NO_TENANT, type JobContext, type JobOutcome, type JobSubmission } from "./types.js";
import { uploadArchive } from "./upload-archive.js";

export interface RekeyRequest extends SealingRequest {
  /** Location of the archive, or its id in the catalogue. */
  readonly archive: string;
  /** Where the new one goes; without it, in the place of the old one. */
  readonly to?: string;
  /** With `to`: replace an archive that is there. */
  readonly overwrite?: boolean;
  readonly s3?: S3Options;
  /** What the archive is opened with; absent: it is not encrypted. */
  readonly decrypt?: DecryptOptions;
}

interface Rekey {
  readonly source: ResolvedObject;
  readonly target: ResolvedObject;
  readonly opening: Opening;
  readonly sealing: Sealing;
  /** What the catalogue has at the source. */
  readonly known: ArchiveRecord | undefined;
}

/**
 * Describes the job to the engine. Rejects at once with what can be known at once: `REQUEST_INVALID`, `LOCATION_INVALID`,
 * `RECIPIENT_INVALID`, `IDENTITY_INVALID`, `PIPE_NOT_ALLOWED`, and for an archive that the catalogue does not know with what
 * opening it rejects with.
 */
export async function rekeySubmission(
  services: Services,
  request: RekeyRequest,
  caller: Caller,
): Promise<JobSubmission> {
  const { archive, to, s3, decrypt } = request;
  const source = archiveSource(services, archive, s3);
  const target = to === undefined ? source : services.destinations.source(to, s3);
  const opening = openerOf(services, decrypt);
  const sealing = sealingOf(services, request, target);
  if (sealing === undefined)
    throw new BackupError("REQUEST_INVALID", `Nothing says whom ${target.location} is to be encrypted to.`, {
      hint: "Give --recipient age1…, or configure recipients for its destination.",
    });
  const known = knownAt(services, source);
  if (known?.setId !== undefined && to === undefined)
    throw new BackupError(
      "ARCHIVE_PROTECTED",
      `${source.location} is a part of a backup of the whole gateway, whose backup.json says what it is.`,
      { hint: "Give --to: a copy with other keys can stand anywhere else." },
    );
  const tenant = known?.tenant ?? (await identifyObject(services, source, opening)) ?? NO_TENANT;
  return {
    type: "rekey",
    tenant,
    ...caller,
    request: withoutSecrets(request),
    run: (context) =>
      services.archivesInUse.use(source, () =>
        rekey(services, request, { source, target, opening, sealing, known }, context),
      ),
  };
}

async function rekey(
  services: Services,
  request: RekeyRequest,
  { source, target, opening, sealing, known }: Rekey,
  context: JobContext,
): Promise<JobOutcome> {
  const { host, ledger, config, threads } = services;
  const startedAt = host.clock.now();
  const archiveId = services.ids.next("a");
  const limits = archiveLimits(config);
  const isInPlace = request.to === undefined;
  const settings = withRates(target.settings, {}, config);
  const newArchive = (
    old: ArchiveRecord,
    { encryption, objectSha256 = "" }: Pick<ArchiveFacts, "encryption" | "objectSha256">,
    size: number,
  ): Omit<NewArchive, "etag"> => ({
    ...madeOf(old),
    ...storeColumns(target.settings),
    encryption,
    id: archiveId,
    jobId: context.jobId,
    location: target.location,
    key: target.key,
    size,
    objectSha256,
    checkedAt: startedAt,
  });
  const pinned = isInPlace && known?.pinnedAt !== undefined ? { pinnedAt: known.pinnedAt } : {};
  const result = { ...(known && { archiveId }), from: source.location, location: target.location };
  const durationMs = (): number => host.clock.now() - startedAt;
  const { object, encryption, objectSha256 } = await uploadArchive(services, context, {
    target: { ...target, settings },
    namedAt: startedAt,
    requestKeys: request.s3?.accessKey !== undefined,
    isResumable: false,
    limits,
    run: (place, options) =>
      threads.run(
        "rekey",
        {
          store: place.store,
          key: place.key,
          source: { store: withRates(source.settings, {}, config), key: source.key, ...opening },
          sealing,
          overwrite: isInPlace || request.overwrite === true,
          limits,
          indexSha256: known?.indexSha256,
        },
        options,
      ),
    ...(known && {
      describe: ({ size, ...facts }) => ({
        archive: newArchive(known, facts, size),
        result: { ...result, size, encryption: facts.encryption, durationMs: durationMs() },
        ...pinned,
      }),
    }),
  });
  const stored = known && {
    ...newArchive(known, { encryption, objectSha256 }, object.size),
    etag: object.etag,
  };
  const { lock, warning } =
    stored === undefined ? {} : await lockArchive(services, stored, settings, context.signal);
  if (warning !== undefined) context.warn(warning);
  return {
    result: { ...result, ...object, encryption, objectSha256, durationMs: durationMs() },
    record: () => {
      ledger.completions.remove(context.jobId);
      if (stored === undefined) return;
      ledger.archives.add(stored);
      if (lock !== undefined) ledger.archives.setLock(archiveId, lock);
      if (pinned.pinnedAt !== undefined) ledger.archives.setPinned(archiveId, pinned.pinnedAt);
    },
  };
}

/** What stays as it was. */
function madeOf({
  tenant,
  tenantUid,
  createdAt,
  indexSha256,
  formatVersion,
  totals,
  signedBy,
}: ArchiveRecord): Pick<
  NewArchive,
  "tenant" | "tenantUid" | "createdAt" | "indexSha256" | "formatVersion" | "totals" | "state" | "signedBy"
> {
  // It was opened, and is the archive that the catalogue knows.
  return { tenant, tenantUid, createdAt, indexSha256, formatVersion, totals, state: "good", signedBy };
}
