/** A tenant's own archives, as far as the tenant itself may see them. */
import { BackupError } from "../errors.js";
import { archiveSource } from "./archive-source.js";
import { MAX_LISTED } from "./catalogue.js";
import { destinationOf } from "./destination-of.js";
import { storeColumns } from "./destinations.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import type { Services } from "./services.js";
import type { OwnTenant } from "./tenant-quotas.js";
import { isGranted } from "./tenant-rights.js";

export interface OwnArchive {
  readonly record: ArchiveRecord;
  /** Name of a destination of the config; absent: the gateway's default place. */
  readonly destination?: string;
  /** The last part of its key; what stands before it is the gateway's affair. */
  readonly name: string;
}

type Parts = Pick<Services, "config" | "destinations" | "host" | "ledger">;

/**
 * The archives of exactly this tenant, by id and uid, in destinations that are granted to it now; newest first, without
 * those in the trash.
 */
export function ownArchives(services: Parts, tenant: OwnTenant): readonly OwnArchive[] {
  return services.ledger.archives
    .list({ tenant: tenant.id, tenantUid: tenant.uid, limit: MAX_LISTED })
    .flatMap((record) => shown(services, tenant, record) ?? []);
}

/** Throws `ARCHIVE_NOT_FOUND`, also for what there is and is not the tenant's to see: the same words for both. */
export function ownArchive(services: Parts, tenant: OwnTenant, id: string): OwnArchive {
  const record = services.ledger.archives.get(id);
  const isOwn =
    record?.tenant === tenant.id &&
    record.tenantUid === tenant.uid &&
    record.state !== "deleted" &&
    record.trash === undefined;
  const own = isOwn ? shown(services, tenant, record) : undefined;
  if (own !== undefined) return own;
  throw new BackupError("ARCHIVE_NOT_FOUND", `Tenant ${tenant.id} has no archive ${id}.`, {
    hint: "GET /api/tenant/backups lists a tenant's archives.",
  });
}

/** Throws `ARCHIVE_NOT_FOUND` where its place in the catalogue would be looked for in another store by now. */
export function checkPlace(services: Parts, { record }: OwnArchive): void {
  const { storeKind, endpoint, bucket } = storeColumns(
    archiveSource(services, record.id, undefined).settings,
  );
  if (storeKind === record.storeKind && endpoint === record.endpoint && bucket === record.bucket) return;
  throw new BackupError(
    "ARCHIVE_NOT_FOUND",
    `Archive ${record.id} lies in a store that is not configured any more.`,
  );
}

function shown(services: Parts, tenant: OwnTenant, record: ArchiveRecord): OwnArchive | undefined {
  const { config } = services;
  const name = record.key.slice(record.key.lastIndexOf("/") + 1);
  const destination = destinationOf(config.destinations, record)?.name;
  if (destination !== undefined) {
    return isGranted(config, tenant.id, destination) ? { record, destination, name } : undefined;
  }
  return isInDefaultPlace(services, record) ? { record, name } : undefined;
}

/** Whether it lies where backups go that name no destination, and no destination of the config is there. */
function isInDefaultPlace({ config, destinations }: Parts, record: ArchiveRecord): boolean {
  if (config.defaultDestination !== undefined) return false;
  const { settings, key } = destinations.directory(undefined);
  const { storeKind, endpoint, bucket } = storeColumns(settings);
  return (
    storeKind === record.storeKind &&
    endpoint === record.endpoint &&
    bucket === record.bucket &&
    record.key.startsWith(key)
  );
}
