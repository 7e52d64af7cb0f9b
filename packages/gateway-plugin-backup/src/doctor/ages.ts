/** How old the last good backup of each tenant, and of the whole gateway, is, and the last one that was verified. */
import type { Finding, ScheduleInfo } from "@openclaw/gateway-core";
import { gatewayHealth } from "../jobs/gateway/gateway-health.js";
import type { Services } from "../jobs/services.js";
import { tenantHealth, type TenantHealth } from "../jobs/tenant-health.js";
import type { JobRecord } from "../jobs/types.js";
import { ageText, iso } from "./words.js";

/** Older than this, the newest backup of who has no schedule is worth a word. */
const OLD_BACKUP_MS = 48 * 3_600_000;

/** After this time a backup builds on nothing that was not verified since: see "Incremental upload" in docs/operations.md. */
const OLD_CHECK_MS = 30 * 24 * 3_600_000;

/** Whose backups they are. */
interface Subject {
  /** As in "The newest backup of …". */
  readonly whose: string;
  readonly tenant?: string;
  /** The commands that back it up, list its schedules, and enable one. */
  readonly backup: string;
  readonly listSchedules: string;
  readonly enable: (schedule: string) => string;
}

const GATEWAY: Subject = {
  whose: "the gateway",
  backup: "openclaw gateway backup",
  listSchedules: "openclaw cron list --gateway",
  enable: (schedule) => `openclaw cron enable --gateway ${schedule}`,
};

function subjectOf({ tenant: { id } }: TenantHealth): Subject & { readonly tenant: string } {
  return {
    whose: `tenant ${id}`,
    tenant: id,
    backup: `openclaw tenants backup ${id}`,
    listSchedules: `openclaw cron list ${id}`,
    enable: (schedule) => `openclaw cron enable ${id} ${schedule}`,
  };
}

/** Worst tenant first. */
export function backupAges(services: Services): readonly Finding[] {
  const now = services.host.clock.now();
  return tenantHealth(services).flatMap((health) => {
    const subject = subjectOf(health);
    const { newest, isOverdue, deadline, lastFailure, schedules } = health;
    const age = { takenAt: newest?.createdAt, isOverdue, isExpected: deadline !== undefined };
    return [
      ageFinding(subject, age, now) ?? neverBackedUp(subject),
      ...failureFindings(subject, lastFailure),
      ...troubles(health),
      ...scheduleFindings(subject, schedules),
    ];
  });
}

/** Of the whole gateway; each tenant's own backups bring that tenant back, so that one that has none is not as bad. */
export function gatewayBackupAge(services: Services): readonly Finding[] {
  const now = services.host.clock.now();
  const { newest, isOverdue, deadline, lastFailure, schedules, damaged, verifiedAt } =
    gatewayHealth(services);
  const age = { takenAt: newest?.createdAt, isOverdue, isExpected: deadline !== undefined };
  const never: Finding = {
    severity: "info",
    message: "The gateway as a whole was never backed up: its config, its own schedules, its ledger.",
    fix: `Run \`${GATEWAY.backup}\`; docs/gateway-backups.md has a schedule for it.`,
  };
  return [
    ageFinding(GATEWAY, age, now) ?? never,
    ...failureFindings(GATEWAY, lastFailure),
    ...damaged.map(({ location }): Finding => ({
      severity: "warning",
      message: `A backup of the gateway is damaged: ${location}`,
      fix: `Run \`${GATEWAY.backup}\`; \`openclaw gateway backups\` says what is wrong with that one.`,
    })),
    ...scheduleFindings(GATEWAY, schedules),
    ...(newest === undefined
      ? []
      : verifiedFindings(GATEWAY, { verifiedAt, since: newest.createdAt }, now, "@gateway")),
  ];
}

/** Undefined: there is none, and nothing asks for one. */
function ageFinding(
  { whose, tenant, backup, listSchedules }: Subject,
  {
    takenAt,
    isOverdue,
    isExpected,
  }: { readonly takenAt: number | undefined; readonly isOverdue: boolean; readonly isExpected: boolean },
  now: number,
): Finding | undefined {
  if (takenAt === undefined && !isOverdue) return undefined;
  const of = tenant === undefined ? {} : { tenant };
  const fix = `Run \`${backup}\`.`;
  const message =
    takenAt === undefined
      ? `${capital(whose)} has never been backed up.`
      : `The newest backup of ${whose} was taken at ${iso(takenAt)}, ${ageText(now - takenAt)} ago.`;
  if (isOverdue) {
    const overdue = `${message} It is overdue by its schedule${tenant === undefined ? "" : " or plugins.backup.absence"}.`;
    return { severity: "critical", ...of, message: overdue, fix: `${fix} \`${listSchedules}\`.` };
  }
  const isOld = !isExpected && takenAt !== undefined && now - takenAt > OLD_BACKUP_MS;
  return isOld ? { severity: "warning", ...of, message, fix } : { severity: "ok", ...of, message };
}

function neverBackedUp({ whose, tenant, backup }: Subject & { readonly tenant: string }): Finding {
  const message = `${capital(whose)} has never been backed up.`;
  return { severity: "warning", tenant, message, fix: `Run \`${backup}\`.` };
}

function failureFindings({ whose, tenant }: Subject, lastFailure: JobRecord | undefined): readonly Finding[] {
  if (lastFailure?.error === undefined) return [];
  const { code, message, hint } = lastFailure.error;
  const at = iso(lastFailure.finishedAt ?? lastFailure.createdAt);
  return [
    {
      severity: "warning",
      ...(tenant === undefined ? {} : { tenant }),
      message: `The last backup of ${whose} failed at ${at} (${code}): ${message}`,
      fix: hint ?? `openclaw jobs show ${lastFailure.id}`,
    },
  ];
}

function scheduleFindings(
  { whose, tenant, enable }: Subject,
  schedules: readonly ScheduleInfo[],
): readonly Finding[] {
  const [first] = schedules;
  if (first === undefined || schedules.some(({ enabled }) => enabled)) return [];
  return [
    {
      severity: "warning",
      ...(tenant === undefined ? {} : { tenant }),
      message: `No schedule backs ${whose} up: ${first.name} is disabled.`,
      fix: enable(first.name),
    },
  ];
}

function troubles({ tenant: { id }, damaged, conditions }: TenantHealth): readonly Finding[] {
  const of = { severity: "warning", tenant: id } as const;
  return [
    ...damaged.map((archive) => ({
      ...of,
      message: `Archive ${archive.id} of tenant ${id} is damaged: ${archive.location}`,
      fix: `Back the tenant up again, then \`openclaw backups rm ${archive.id}\`.`,
    })),
    ...conditions
      // The others have a finding of their own.
      .filter(({ event }) => event.kind === "failure" && event.job !== "backup")
      .map(({ event, since, count }) => ({
        ...of,
        message: `${event.message} (${count} times since ${iso(since)})`,
      })),
  ];
}

/** An archive that nobody has read is a hope; the worst tenant comes first. */
export function verifiedAges(services: Services): readonly Finding[] {
  const now = services.host.clock.now();
  const findings = tenantHealth(services).flatMap((health) => {
    const { tenant, newest, verifiedAt } = health;
    if (newest === undefined) return [];
    const since = Date.parse(tenant.createdAt);
    return verifiedFindings(subjectOf(health), { verifiedAt, since }, now, tenant.id);
  });
  if (findings.length > 0) return findings;
  return [{ severity: "ok", message: "Of every tenant that has backups, one was verified lately." }];
}

/** @param since From when on one could have been verified. */
function verifiedFindings(
  { whose, tenant }: Subject,
  { verifiedAt, since }: { readonly verifiedAt: number | undefined; readonly since: number },
  now: number,
  target: string,
): readonly Finding[] {
  const of = tenant === undefined ? {} : { tenant };
  const fix = `Run \`openclaw backups verify ${target}\`, or have a schedule do it: see docs/verification.md.`;
  if (verifiedAt === undefined) {
    const message = `No backup of ${whose} was ever verified.`;
    return [{ severity: now - since > OLD_CHECK_MS ? "warning" : "info", ...of, message, fix }];
  }
  if (now - verifiedAt <= OLD_CHECK_MS) return [];
  const message = `A backup of ${whose} was last verified at ${iso(verifiedAt)}, ${ageText(now - verifiedAt)} ago.`;
  return [{ severity: "warning", ...of, message, fix }];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
