/** The plugin's part of `openclaw status`. */
import type { StatusSection } from "@openclaw/gateway-core";
import { Type, type Static } from "typebox";
import type { Services } from "./jobs/services.js";

const TenantBackup = Type.Object({
  tenant: Type.String(),
  lastBackup: Type.Optional(Type.String({ description: "RFC 3339; absent when there is none." })),
  location: Type.Optional(Type.String()),
  size: Type.Optional(Type.Number()),
});

const BackupStatus = Type.Object({
  /** Jobs that wait or run. */
  activeJobs: Type.Integer(),
  /** Longest without a backup first. */
  tenants: Type.Array(TenantBackup),
});

export function backupStatus(services: Services): StatusSection {
  return {
    name: "backup",
    schema: BackupStatus,
    read: () => Promise.resolve(read(services)),
  };
}

function read({ host, ledger }: Services): Static<typeof BackupStatus> {
  const tenants = host.tenants.list().map(({ id, uid }): Static<typeof TenantBackup> => {
    const newest = ledger.archives.newest(id, uid);
    if (newest === undefined) return { tenant: id };
    const { location, size, createdAt } = newest;
    return { tenant: id, lastBackup: new Date(createdAt).toISOString(), location, size };
  });
  tenants.sort((a, b) => (a.lastBackup ?? "").localeCompare(b.lastBackup ?? ""));
  return { activeJobs: ledger.jobs.open().length, tenants };
}
