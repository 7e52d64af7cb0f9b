/** What the doctor looks at for backups. */
import { stat } from "node:fs/promises";
import type { DoctorCheck, Finding } from "@openclaw/gateway-core";
import { toBackupError } from "./errors.js";
import { tenantOfName } from "./jobs/archive-name.js";
import type { Services } from "./jobs/services.js";
import { tenantHealth, type TenantHealth } from "./jobs/tenant-health.js";

/** Older than this, the newest backup of a tenant that has no schedule is worth a word. */
const OLD_BACKUP_MS = 48 * 3_600_000;

export function backupDoctorChecks(services: Services): readonly DoctorCheck[] {
  return [
    { name: "backup-catalogue", run: () => lostCatalogue(services) },
    { name: "backup-age", run: () => Promise.resolve(backupAge(services)) },
    { name: "backup-alerts", run: () => Promise.resolve(alertChannels(services)) },
    { name: "backup-destination", run: () => defaultDestination(services) },
    { name: "backup-signing-key", run: () => signingKey(services) },
    { name: "backup-leftovers", run: () => Promise.resolve(leftovers(services)) },
  ];
}

/** Worst tenant first. */
function backupAge(services: Services): readonly Finding[] {
  const now = services.host.clock.now();
  return tenantHealth(services).flatMap((health) => [ageFinding(health, now), ...troubles(health)]);
}

function ageFinding({ tenant, newest, isOverdue, deadline }: TenantHealth, now: number): Finding {
  const { id } = tenant;
  const fix = `Run \`openclaw tenants backup ${id}\`.`;
  const message =
    newest === undefined
      ? `Tenant ${id} has never been backed up.`
      : `The newest backup of tenant ${id} was taken at ${iso(newest.createdAt)}, ${ageText(now - newest.createdAt)} ago.`;
  if (isOverdue) {
    const overdue = `${message} It is overdue by its schedule or plugins.backup.absence.`;
    return {
      severity: "critical",
      tenant: id,
      message: overdue,
      fix: `${fix} \`openclaw cron list ${id}\`.`,
    };
  }
  if (newest === undefined) return { severity: "warning", tenant: id, message, fix };
  const isOld = deadline === undefined && now - newest.createdAt > OLD_BACKUP_MS;
  return isOld ? { severity: "warning", tenant: id, message, fix } : { severity: "ok", tenant: id, message };
}

function troubles({ tenant, lastFailure, damaged, conditions, schedules }: TenantHealth): readonly Finding[] {
  const { id } = tenant;
  const of = { severity: "warning", tenant: id } as const;
  const findings: Finding[] = [];
  if (lastFailure?.error !== undefined) {
    const { code, message, hint } = lastFailure.error;
    const at = iso(lastFailure.finishedAt ?? lastFailure.createdAt);
    findings.push({
      ...of,
      message: `The last backup of tenant ${id} failed at ${at} (${code}): ${message}`,
      fix: hint ?? `openclaw jobs show ${lastFailure.id}`,
    });
  }
  for (const archive of damaged) {
    findings.push({
      ...of,
      message: `Archive ${archive.id} of tenant ${id} is damaged: ${archive.location}`,
      fix: `Back the tenant up again, then \`openclaw backups rm ${archive.id}\`.`,
    });
  }
  for (const { event, since, count } of conditions) {
    // Those have a finding of their own.
    if (event.kind !== "failure" || event.job === "backup") continue;
    findings.push({ ...of, message: `${event.message} (${count} times since ${iso(since)})` });
  }
  const enabled = schedules.filter((schedule) => schedule.enabled);
  if (schedules.length > 0 && enabled.length === 0) {
    const [{ name } = { name: "" }] = schedules;
    findings.push({
      ...of,
      message: `No schedule backs tenant ${id} up: ${name} is disabled.`,
      fix: `openclaw cron enable ${id} ${name}`,
    });
  }
  return findings;
}

function alertChannels({ channels, host, ledger }: Services): readonly Finding[] {
  if (channels.length === 0) {
    const message = "No channel is configured: nobody is told when a backup fails or does not run.";
    return [{ severity: "info", message, fix: "Set plugins.backup.notify; see docs/alerts.md." }];
  }
  const waiting = ledger.deliveries.waiting();
  return channels.map((channel): Finding => {
    const { name } = channel;
    const unsent = waiting.get(name) ?? 0;
    const { failedAt, failures, problem } = ledger.deliveries.channel(name);
    const broken = channel.problem();
    if (broken !== undefined) {
      return {
        severity: "critical",
        message: `Channel ${name} cannot be used: ${broken}. ${unsent} alerts wait.`,
        fix: "Correct plugins.backup.notify in openclaw.json, or what it refers to.",
      };
    }
    if (failedAt !== undefined && problem !== undefined) {
      const times = `${failures} times, the last ${ageText(host.clock.now() - failedAt)} ago`;
      return {
        severity: "warning",
        message: `Channel ${name} does not take alerts: ${problem} (${times}). ${unsent} alerts wait.`,
        fix: `openclaw backups notify-test ${name}`,
      };
    }
    return { severity: "ok", message: `Channel ${name} takes alerts; ${unsent} wait.` };
  });
}

function ageText(ms: number): string {
  const hours = ms / 3_600_000;
  return hours < 48 ? `${Math.floor(hours)} h` : `${Math.floor(hours / 24)} days`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** A store that does not answer must not hold up the doctor. */
const GLANCE_MS = 10_000;

/** A ledger that is new, and stores that hold archives: then the ledger was lost, or the gateway is another one. */
async function lostCatalogue({ ledger, destinations, threads }: Services): Promise<readonly Finding[]> {
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

/** Without it no backup can be made. */
function signingKey({ signatures }: Services): Promise<readonly [Finding]> {
  return signatures.ownId().then(
    (id) => [{ severity: "ok", message: `Archives are signed by ${id}.` }],
    (error: unknown) => {
      const { message, hint } = toBackupError(error, "read the signing key");
      return [{ severity: "critical", message, ...(hint === undefined ? {} : { fix: hint }) }];
    },
  );
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
