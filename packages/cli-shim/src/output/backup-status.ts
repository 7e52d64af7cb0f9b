/** How the backups do, as people read it. */
import type { BackupStandingView, BackupStatusView, PostRestoreView, TenantStatusView } from "../views.js";
import { checklistLines } from "./checklist.js";
import { formatBytes, formatCount, formatDuration, formatTime, plural } from "./format.js";
import { formatFacts, formatTable } from "./table.js";

/** The rest is on the next screen: `openclaw status --json`. They come worst first. */
const SHOWN_TENANTS = 15;

const HOUR_MS = 3_600_000;

export function backupLines(status: BackupStatusView): string[] {
  const { activeJobs, defaultDestination, signatures, channels, gateway, tenants, postRestore } = status;
  return [
    ...(postRestore === undefined ? [] : [...pendingLines(postRestore), ""]),
    ...formatFacts([
      ["backups", tenantsText(tenants)],
      ["gateway", gatewayText(gateway)],
      ["jobs", `${formatCount(activeJobs)} waiting or running`],
      ["destination", defaultDestination.message],
      ["signing key", signatures.key ?? signatures.problem],
      ["alerts", channelsText(channels)],
    ]),
    ...tenantTable(tenants),
  ];
}

/** What a restore of the whole gateway has left to be done. */
export function pendingLines({ from, restoredAt, items }: PostRestoreView): string[] {
  const title = `After the restore of ${from} at ${formatTime(restoredAt)}:`;
  if (items === undefined) return [title, "  the checklist was not gone through yet"];
  const isDone = items.every(({ ok }) => ok);
  const next = isDone
    ? "`openclaw gateway checklist --clear` takes note that all is well"
    : "`openclaw gateway checklist` goes through it again";
  return [title, ...[...checklistLines(items), next].map((line) => `  ${line}`)];
}

function tenantsText(tenants: readonly TenantStatusView[]): string {
  const bad = tenants.filter(({ state }) => state !== "ok").length;
  if (tenants.length === 0) return "no tenants";
  return bad === 0
    ? `all of ${plural(tenants.length, "tenant")} ok`
    : `${formatCount(bad)} of ${plural(tenants.length, "tenant")} not ok`;
}

/** Of the whole gateway: its tenants are backed up by themselves, too. */
function gatewayText({
  state,
  failureCode,
  lastBackup,
  ageHours,
  verified,
  schedule,
}: BackupStandingView): string {
  const shown = failureCode === undefined ? state : `${state} (${failureCode})`;
  if (lastBackup === undefined) {
    return state === "none"
      ? "never backed up as a whole; `openclaw gateway backup` does it"
      : `${shown}, never backed up as a whole`;
  }
  const age = formatDuration((ageHours ?? 0) * HOUR_MS);
  const checked = verified === undefined ? "not verified" : `verified ${formatTime(verified)}`;
  return `${shown}, backed up ${formatTime(lastBackup)} (${age} ago), ${checked}, schedule: ${schedule}`;
}

function channelsText(channels: BackupStatusView["channels"]): string {
  if (channels.length === 0) return "nobody is told of failures";
  return channels
    .map(
      ({ name, unsent, problem }) =>
        `${name}${unsent > 0 ? `, ${formatCount(unsent)} wait` : ""}${problem === undefined ? "" : `: ${problem}`}`,
    )
    .join("; ");
}

function tenantTable(tenants: readonly TenantStatusView[]): string[] {
  if (tenants.length === 0) return [];
  const more = tenants.length - SHOWN_TENANTS;
  return [
    "",
    ...formatTable(tenants.slice(0, SHOWN_TENANTS), [
      { title: "TENANT", cell: ({ tenant }) => tenant },
      {
        title: "STATE",
        cell: ({ state, failureCode }) => (failureCode === undefined ? state : `${state} (${failureCode})`),
      },
      { title: "LAST BACKUP", cell: ({ lastBackup }) => timeOrNone(lastBackup) },
      {
        title: "AGE",
        align: "right",
        cell: ({ ageHours }) => (ageHours === undefined ? "" : formatDuration(ageHours * HOUR_MS)),
      },
      { title: "SIZE", align: "right", cell: ({ size }) => (size === undefined ? "" : formatBytes(size)) },
      {
        title: "VERIFIED",
        cell: ({ verified, lastBackup }) => (lastBackup === undefined ? "" : timeOrNone(verified)),
      },
      { title: "SCHEDULE", cell: ({ schedule }) => schedule },
      { title: "NEXT RUN", cell: ({ nextRun }) => (nextRun === undefined ? "" : formatTime(nextRun)) },
    ]),
    ...(more > 0
      ? [`… and ${formatCount(more)} more, none of them worse; \`openclaw status --json\` lists all`]
      : []),
  ];
}

function timeOrNone(time: string | undefined): string {
  return time === undefined ? "never" : formatTime(time);
}
