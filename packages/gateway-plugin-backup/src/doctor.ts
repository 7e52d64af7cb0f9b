/** What the doctor looks at for backups. */
import { stat } from "node:fs/promises";
import type { DoctorCheck, Finding } from "@openclaw/gateway-core";
import { tenantOfName } from "./jobs/archive-name.js";
import type { Services } from "./jobs/services.js";

/** Older than this, the newest backup of a tenant is worth a word; schedules will know better. */
const OLD_BACKUP_MS = 48 * 3_600_000;

export function backupDoctorChecks(services: Services): readonly DoctorCheck[] {
  return [
    { name: "backup-catalogue", run: () => lostCatalogue(services) },
    { name: "backup-age", run: () => Promise.resolve(backupAge(services)) },
    { name: "backup-destination", run: () => defaultDestination(services) },
    { name: "backup-leftovers", run: () => Promise.resolve(leftovers(services)) },
  ];
}

function backupAge({ host, ledger }: Services): readonly Finding[] {
  return host.tenants.list().map(({ id, uid }): Finding => {
    const newest = ledger.archives.newest(id, uid);
    const fix = `Run \`openclaw tenants backup ${id}\`.`;
    if (newest === undefined) {
      return { severity: "warning", tenant: id, message: `Tenant ${id} has never been backed up.`, fix };
    }
    const taken = new Date(newest.createdAt).toISOString();
    const message = `The newest backup of tenant ${id} was taken at ${taken}.`;
    const isOld = host.clock.now() - newest.createdAt > OLD_BACKUP_MS;
    return isOld
      ? { severity: "warning", tenant: id, message, fix }
      : { severity: "ok", tenant: id, message };
  });
}

/** A store that does not answer must not hold up the doctor. */
const GLANCE_MS = 10_000;

/** A ledger that is new, and stores that hold archives: then the ledger was lost, or the gateway is another one. */
async function lostCatalogue({ ledger, destinations, threads }: Services): Promise<readonly Finding[]> {
  if (!ledger.rebuilt.isEmpty()) return [{ severity: "ok", message: "The catalogue knows archives." }];
  for (const text of destinations.places) {
    try {
      const { settings: store, key, location } = destinations.directory(text);
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

/** A backup on the disk that it protects is lost together with it. */
export async function defaultDestination({ host, destinations }: Services): Promise<readonly [Finding]> {
  const { settings, location } = destinations.tenantPrefix(undefined, "x");
  if (settings.kind === "s3") {
    return [{ severity: "ok", message: `Backups go to s3://${settings.bucket} by default.` }];
  }
  const [state, destination] = await Promise.all([stat(host.paths.root), statNearest(location)]);
  if (state.dev !== destination.dev) {
    return [{ severity: "ok", message: `Backups go to ${location} by default, on another file system.` }];
  }
  return [
    {
      severity: "warning",
      message: "The default destination lies on the same file system as the state directory.",
      fix: "Set plugins.backup.defaultDestination to another disk or an S3 bucket.",
    },
  ];
}

async function statNearest(path: string): Promise<{ readonly dev: number }> {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf("/"))) {
    try {
      return await stat(at === "" ? "/" : at);
    } catch (error) {
      if (at === "") throw error;
    }
  }
}

function leftovers({ ledger }: Services): readonly Finding[] {
  const remaining = ledger.leftovers.ofEndedJobs();
  const unsettled = ledger.completions.ofEndedJobs();
  if (remaining.length + unsettled.length === 0)
    return [{ severity: "ok", message: "No job has left anything behind." }];
  const fix =
    "The gateway tries again every ten minutes and at each start; it needs the store's settings for that.";
  const because = (problem = "it was not tried yet"): string => problem.replace(/\.?$/, ".");
  return [
    ...remaining.map(({ jobId, problem }) => ({
      severity: "warning" as const,
      message: `Job ${jobId} left something behind that could not be removed: ${because(problem)}`,
      fix,
    })),
    ...unsettled.map(({ jobId, archive, problem }) => ({
      severity: "warning" as const,
      message: `Whether job ${jobId} has stored ${archive.location} is not known: ${because(problem)}`,
      fix,
    })),
  ];
}
