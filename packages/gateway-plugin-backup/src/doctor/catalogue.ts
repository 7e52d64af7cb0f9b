/** Whether the catalogue fits what is there: archives, tenants, times, and the room for a restore. */
import { statfs } from "node:fs/promises";
import type { Finding } from "@openclaw/gateway-core";
import { isGatewayPart } from "../archive/gateway-parts.js";
import { tenantOfName } from "../jobs/archive-name.js";
import type { Services } from "../jobs/services.js";
import { iso } from "./words.js";

/** A store that does not answer must not hold up the doctor. */
const GLANCE_MS = 10_000;

/** A ledger that is new, and stores that hold archives: then the ledger was lost, or the gateway is another one. */
export async function lostCatalogue({
  ledger,
  destinations,
  threads,
}: Services): Promise<readonly Finding[]> {
  if (!ledger.rebuilt.isEmpty()) return [{ severity: "ok", message: "The catalogue knows archives." }];
  for (const { to } of destinations.places) {
    try {
      const { settings: store, key, location } = destinations.directory(to);
      const keys = await threads.run("glance", { store, key }, { signal: AbortSignal.timeout(GLANCE_MS) });
      if (!keys.some((found) => tenantOfName(found) !== undefined)) continue;
      const message = `The catalogue is empty, but archives stand below ${location}: was the ledger lost?`;
      return [{ severity: "warning", message, fix: "Run `openclaw backups rebuild`." }];
    } catch {
      // Whether a destination can be used is for `check-destination` to say.
      continue;
    }
  }
  return [{ severity: "ok", message: "The catalogue is empty, and so are the destinations." }];
}

/** Archives of tenants that are not on this gateway: deleted ones, or ones that were lost. */
export function absentTenants({ host, ledger }: Services): readonly Finding[] {
  const present = new Set(host.tenants.list().map(({ id }) => id));
  const absent = [...new Set(ledger.standings.owners().map(({ id }) => id))].filter(
    (id) => !present.has(id) && !isGatewayPart(id),
  );
  if (absent.length === 0)
    return [{ severity: "ok", message: "The catalogue has archives of this gateway's tenants only." }];
  const shown = absent.sort().slice(0, 10).join(", ");
  const more = absent.length > 10 ? ` and ${absent.length - 10} more` : "";
  return [
    {
      severity: "info",
      message: `The catalogue has archives of tenants that are not on this gateway: ${shown}${more}.`,
      fix: "If they were deleted on purpose, all is well. Else `openclaw backups list --tenant ID` shows their archives, and `openclaw tenants restore --from ARCHIVE` brings one back.",
    },
  ];
}

/** Clocks of two machines that share a state directory may differ a little. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** A clock that was set back makes new backups look older than old ones, and schedules wait. */
export function timesAhead({ host, ledger }: Services): readonly Finding[] {
  const now = host.clock.now();
  const [job] = ledger.jobs.list({ limit: 1 });
  const [archive] = ledger.archives.list({ all: true, limit: 1 });
  const newest = Math.max(job?.createdAt ?? 0, job?.finishedAt ?? 0, archive?.createdAt ?? 0);
  if (newest <= now + CLOCK_TOLERANCE_MS)
    return [{ severity: "ok", message: "No job of the ledger is ahead of the clock." }];
  return [
    {
      severity: "critical",
      message: `The clock says ${iso(now)}, and the ledger has a job of ${iso(newest)}: the clock was set back, or was wrong then.`,
      fix: "Set the machine's clock, and have it kept right (chrony, systemd-timesyncd), before a schedule runs or something is pruned.",
    },
  ];
}

/** As much of the free space a restore leaves to the gateway. */
const SPARE_SHARE = 0.1;

/** Whether the newest backup of each tenant could be restored now. */
export async function restoreSpace({ host, ledger }: Services): Promise<readonly Finding[]> {
  const { bavail, bsize } = await statfs(host.paths.tenants);
  const room = Math.floor(bavail * bsize * (1 - SPARE_SHARE));
  const newest = ledger.standings.newest();
  const needs = host.tenants.list().flatMap((tenant) => {
    const bytes = newest.get(tenant)?.totals.contentBytes;
    return bytes === undefined ? [] : [{ id: tenant.id, bytes }];
  });
  const tooLarge = needs.filter(({ bytes }) => bytes > room).sort((a, b) => b.bytes - a.bytes);
  if (tooLarge.length === 0)
    return [{ severity: "ok", message: "There is room to restore any tenant's newest backup." }];
  return tooLarge.map(({ id, bytes }) => ({
    severity: "warning",
    tenant: id,
    message: `A restore of tenant ${id} would need ${bytes} bytes, and ${room} are free for it.`,
    fix: `Make room on the file system of ${host.paths.tenants}, or restore on another gateway.`,
  }));
}
