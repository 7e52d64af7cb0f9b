/**
 * Looking at parts of an archive, whether the catalogue knows it or not. No jobs: they take no claim on a tenant, and as
 * long as one runs its archive is in use, so that nothing removes it.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { tailBytesFor } from "../archive/open.js";
import { archiveLimits } from "../config.js";
import { BackupError } from "../errors.js";
import { archiveSource } from "./archive-source.js";
import { storeColumns, type ResolvedObject, type S3Options } from "./destinations.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import { makeDirectory } from "./make-directory.js";
import { openerOf, type DecryptOptions, type Opening } from "./opening.js";
import type { Services } from "./services.js";
import type { SignatureRequest, Signer } from "./signatures.js";
import { withRates } from "./transfer-rates.js";
import { streamed, type Streamed } from "./thread/output.js";
import type { ArchiveInStore, FileFacts, LiveTenant, ShowOutcome } from "./thread/protocol.js";

/** Which archive: its location, or its id in the catalogue. */
export interface ArchiveChoice {
  readonly archive: string;
  readonly s3?: S3Options;
  readonly decrypt?: DecryptOptions;
}

export interface ShownArchive {
  readonly location: string;
  readonly found: ShowOutcome;
  readonly signedBy: Signer;
  /** What the catalogue has at this place; it may be about an archive that was replaced since. */
  readonly known: ArchiveRecord | undefined;
}

/**
 * What an archive's index tells of it. Throws `LOCATION_INVALID`, `ARCHIVE_NOT_FOUND`, `ARCHIVE_WITHOUT_INDEX`,
 * `ARCHIVE_DAMAGED`, `STORE_…`, …
 */
export async function showArchive(services: Services, choice: ArchiveChoice): Promise<ShownArchive> {
  const source = archiveSource(services, choice.archive, choice.s3);
  const found = await showObject(services, source, openerOf(services, choice.decrypt));
  const signedBy = await services.signatures.signer(found.signedBy);
  return { location: source.location, found, signedBy, known: knownAt(services, source) };
}

/**
 * As {@link showArchive}, of an archive that has been looked up. `asking`: what is going to restore of it, and so may throw
 * `SIGNATURE_REQUIRED`; looking alone does not.
 */
export async function showObject(
  services: Services,
  source: ResolvedObject,
  opening: Opening,
  asking?: SignatureRequest,
): Promise<ShowOutcome> {
  const { signal } = new AbortController();
  const signatures = asking && (await services.signatures.required(asking));
  return whileInUse(services, [source], () =>
    services.threads.run("show", { ...inStore(services, source, opening), signatures }, { signal }),
  );
}

/** The entries of an archive as JSON lines. Throws what {@link showArchive} does. */
export function listFiles(
  services: Services,
  choice: ArchiveChoice,
  patterns: readonly string[],
): Promise<Streamed> {
  const source = archiveSource(services, choice.archive, choice.s3);
  const opening = openerOf(services, choice.decrypt);
  return streamed(services.threads, "files", { ...inStore(services, source, opening), patterns }, (run) =>
    whileInUse(services, [source], run),
  );
}

export interface FileRequest extends ArchiveChoice {
  /** Relative to the tenant's directory. */
  readonly path: string;
  /** Bytes that the caller has already. */
  readonly skip: number;
}

/** A file's content. Throws what {@link showArchive} does, `ENTRY_NOT_FOUND`, and `REQUEST_INVALID` for what is no file. */
export async function readArchivedFile(
  services: Services,
  { archive, s3, decrypt, path, skip }: FileRequest,
): Promise<Streamed & { readonly facts: FileFacts }> {
  const source = archiveSource(services, archive, s3);
  const opening = openerOf(services, decrypt);
  const request = { ...inStore(services, source, opening), path, skip };
  const { facts, body } = await streamed(services.threads, "cat", request, (run) =>
    whileInUse(services, [source], run),
  );
  // What the operation begins with: see `FileFacts`.
  return { facts: facts as FileFacts, body };
}

export interface DiffRequest extends ArchiveChoice {
  /** The archive that the first is compared with; without it, its tenant as it is now. */
  readonly with?: string;
  /** Of a tenant: read every file, and compare its content as well. */
  readonly content?: boolean;
}

/**
 * What differs between an archive and another one, or its tenant, as JSON lines. Throws what {@link showArchive} does for
 * both, `TENANT_NOT_FOUND`, and what keeps a tenant from being read: `FILE_UNREADABLE`, `DATABASE_UNREADABLE`, …
 */
export async function diffArchive(services: Services, request: DiffRequest): Promise<Streamed> {
  const { threads } = services;
  const source = archiveSource(services, request.archive, request.s3);
  const opening = openerOf(services, request.decrypt);
  // One of two archives may be of the time before they were encrypted.
  const either = opening.opener?.kind === "age" ? { opener: { ...opening.opener, orPlain: true } } : opening;
  const before = inStore(services, source, request.with === undefined ? opening : either);
  if (request.with !== undefined) {
    const other = archiveSource(services, request.with, request.s3);
    return streamed(threads, "diff", { before, after: inStore(services, other, either) }, (run) =>
      whileInUse(services, [source, other], run),
    );
  }
  const { header } = await showObject(services, source, opening);
  const after = liveTenant(services, header.tenant, request.content === true);
  return streamed(threads, "diff", { before, after }, (run) =>
    whileInUse(services, [source], () => withDirectory(after.temporaryDirectory, run)),
  );
}

function liveTenant({ host, config, ids }: Services, tenant: string, reads: boolean): LiveTenant {
  if (host.tenants.get(tenant) === undefined)
    throw new BackupError(
      "TENANT_NOT_FOUND",
      `There is no tenant '${tenant}' on this gateway to compare with.`,
    );
  return {
    tenant,
    directory: host.tenants.directory(tenant),
    limits: archiveLimits(config),
    exclude: config.exclude,
    allowUnreadable: false,
    // Should the gateway die, its next start removes what stands there.
    temporaryDirectory: reads ? join(host.paths.backup, "tmp", ids.next("d")) : undefined,
  };
}

async function withDirectory(path: string | undefined, work: () => Promise<void>): Promise<void> {
  if (path === undefined) return work();
  await makeDirectory(path);
  try {
    await work();
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

/** Runs `work` in its turn, while nothing removes these archives. */
function whileInUse<T>(
  { archivesInUse, views }: Services,
  sources: readonly ResolvedObject[],
  work: () => Promise<T>,
): Promise<T> {
  const held = sources.reduce(
    (inner: () => Promise<T>, source) => () => archivesInUse.use(source, inner),
    () => views.take(work),
  );
  return held();
}

function inStore(services: Services, source: ResolvedObject, opening: Opening): ArchiveInStore {
  const { config } = services;
  const known = knownAt(services, source);
  return {
    store: withRates(source.settings, {}, config),
    key: source.key,
    limits: archiveLimits(config),
    ...opening,
    ...(known === undefined ? {} : { indexSha256: known.indexSha256, tailBytes: tailBytesFor(known.totals) }),
  };
}

export function knownAt(
  { ledger }: Services,
  { settings, key, location }: ResolvedObject,
): ArchiveRecord | undefined {
  const { storeKind, endpoint, bucket } = storeColumns(settings);
  return ledger.archives
    .atLocation(location)
    .find(
      (known) =>
        known.storeKind === storeKind &&
        known.endpoint === endpoint &&
        known.bucket === bucket &&
        known.key === key,
    );
}
