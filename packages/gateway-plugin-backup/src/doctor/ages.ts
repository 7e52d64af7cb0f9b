/** How old each tenant's last good backup is, and the last one that was verified. */
import type { Finding } from "@openclaw/gateway-core";
import type { Services } from "../jobs/services.js";
import { tenantHealth, type TenantHealth } from "../jobs/tenant-health.js";
import { ageText, iso } from "./words.js";

/** Older than this, the newest backup of a tenant that has no schedule is worth a word. */
const OLD_BACKUP_MS = 48 * 3_600_000;

/** After this time a backup builds on nothing that was not verified since: see "Incremental upload" in docs/operations.md. */
const OLD_CHECK_MS = 30 * 24 * 3_600_000;

/** Worst tenant first. */
export function backupAges(services: Services): readonly Finding[] {
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

/** An archive that nobody has read is a hope; the worst tenant comes first. */
export function verifiedAges(services: Services): readonly Finding[] {
  const now = services.host.clock.now();
  const findings = tenantHealth(services).flatMap(({ tenant, newest, verifiedAt }): readonly Finding[] => {
    if (newest === undefined) return [];
    const { id, createdAt } = tenant;
    const fix = `Run \`openclaw backups verify ${id}\`, or have a schedule do it: see docs/verification.md.`;
    if (verifiedAt === undefined) {
      const isOld = now - Date.parse(createdAt) > OLD_CHECK_MS;
      const message = `No backup of tenant ${id} was ever verified.`;
      return [{ severity: isOld ? "warning" : "info", tenant: id, message, fix }];
    }
    if (now - verifiedAt <= OLD_CHECK_MS) return [];
    const message = `A backup of tenant ${id} was last verified at ${iso(verifiedAt)}, ${ageText(now - verifiedAt)} ago.`;
    return [{ severity: "warning", tenant: id, message, fix }];
  });
  if (findings.length > 0) return findings;
  return [{ severity: "ok", message: "Of every tenant that has backups, one was verified lately." }];
}
