/** Which archives there are: as the catalogue knows them, or as they stand at a location. */
import { BackupError } from "../errors.js";
import type { S3Options } from "./destinations.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import type { Ledger } from "./ledger/ledger.js";
import type { Services } from "./services.js";

/** More archives than a person reads; a listing by location has them all. */
export const MAX_LISTED = 10_000;

/**
 * The archives of the tenant that has this id now (by uid, so that an earlier tenant of the same name is not mixed in);
 * where the slot is empty, of every tenant that ever had it. Newest first. Throws `TENANT_NOT_FOUND` when neither the
 * gateway nor the catalogue knows the id.
 */
export function catalogueOf(services: Services, tenant: string): readonly ArchiveRecord[] {
  const record = services.host.tenants.get(tenant);
  if (record !== undefined) {
    return services.ledger.archives.list({ tenant, tenantUid: record.uid, limit: MAX_LISTED });
  }
  services.host.tenants.directory(tenant);
  const archives = services.ledger.archives.list({ tenant, limit: MAX_LISTED });
  if (archives.length === 0)
    throw new BackupError("TENANT_NOT_FOUND", `There is no tenant '${tenant}' on this gateway.`);
  return archives;
}

/** An archive of the catalogue that was not removed. Throws `ARCHIVE_NOT_FOUND`. */
export function knownArchive(
  { ledger }: { readonly ledger: Pick<Ledger, "archives"> },
  id: string,
): ArchiveRecord {
  const archive = ledger.archives.get(id);
  if (archive !== undefined && archive.state !== "deleted") return archive;
  const message = archive === undefined ? `There is no archive ${id}.` : `Archive ${id} was removed already.`;
  throw new BackupError("ARCHIVE_NOT_FOUND", message, {
    hint: "`openclaw backups list` lists the archives that there are.",
  });
}

/**
 * What the catalogue knows at a location; more than one archive only where two endpoints have a bucket of that name.
 * Throws `LOCATION_INVALID`, `DESTINATION_UNKNOWN`, `CREDENTIALS_MISSING`.
 */
export function archivesAt({ destinations, ledger }: Services, location: string): readonly ArchiveRecord[] {
  return ledger.archives.atLocation(destinations.source(location).location);
}

/** An archive that stands in a store; the catalogue may know nothing of it. */
export interface PlacedArchive {
  readonly tenant: string;
  readonly location: string;
  readonly size: number;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** The archives with automatic names of `tenant` at a location, newest first, whether the catalogue knows them or not. */
export async function listPlace(
  services: Services,
  tenant: string,
  to: string,
  s3?: S3Options,
): Promise<readonly PlacedArchive[]> {
  const place = services.destinations.tenantPrefix(to, tenant, s3);
  const { signal } = new AbortController();
  const objects = await services.threads.run("list", { store: place.settings, key: place.key }, { signal });
  const start = place.location.slice(0, place.location.length - place.key.length);
  return objects
    .map(({ key, size, modifiedAt }) => ({
      tenant,
      location: start + key,
      size,
      createdAt: new Date(modifiedAt).toISOString(),
    }))
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
}
