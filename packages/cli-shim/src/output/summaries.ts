/** What people read at the end of a job. */
import type { BackupResult, JobView, RekeyResult, RestoreResult, TotalsView } from "../views.js";
import { checklistLines } from "./checklist.js";
import { checkSummary } from "./checks.js";
import { formatBytes, formatCount, formatDuration, plural } from "./format.js";
import { gatewayBackupSummary, gatewayPruneSummary } from "./gateway-sets.js";
import { planLines } from "./plan.js";
import { pruneSummary, removeSummary } from "./removals.js";
import { signerText } from "./signer.js";

/** More would scroll the result off the screen; `jobs show --json` has them all. */
const SHOWN_WARNINGS = 20;

export function warningLines(job: JobView): string[] {
  const warnings = job.warnings ?? [];
  const lines = warnings
    .slice(0, SHOWN_WARNINGS)
    .map(({ path, message }) => `warning: ${path === undefined ? "" : `${path}: `}${message}`);
  const more = warnings.length - lines.length;
  if (more > 0)
    lines.push(`warning: … and ${formatCount(more)} more; \`openclaw jobs show ${job.id} --json\` lists all`);
  return lines;
}

/** One line for any job, then what its type has to say. */
export function jobSummary(job: JobView): string[] {
  switch (job.type) {
    case "backup":
      return backupSummary(job);
    case "restore":
    case "undo":
      return restoreSummary(job);
    case "prune":
      return pruneSummary(job);
    case "remove":
      return removeSummary(job);
    case "rekey":
      return rekeySummary(job);
    case "gateway-backup":
      return gatewayBackupSummary(job);
    case "gateway-prune":
      return gatewayPruneSummary(job);
    case "verify":
    case "drill":
      return checkSummary(job);
    default:
      return [`${job.tenant ?? "gateway"}: ${job.type} ${job.state}`];
  }
}

export function rekeySummary(job: JobView): string[] {
  const { from = "", location = from, size = 0, durationMs = 0 } = (job.result ?? {}) as RekeyResult;
  const where = location === from ? location : `${from} → ${location}`;
  return [`${where}: encrypted anew, ${formatBytes(size)} in ${formatDuration(durationMs)}`];
}

export function backupSummary(job: JobView): string[] {
  const result = (job.result ?? {}) as BackupResult;
  const tenant = job.tenant ?? "tenant";
  const lines: string[] = [];
  if (result.location === undefined || result.size === undefined) {
    lines.push(`${tenant}: ${contents(result.totals)} would be archived (dry run: nothing was written)`);
  } else {
    const time = result.durationMs === undefined ? "" : ` in ${formatDuration(result.durationMs)}`;
    lines.push(
      `${tenant}: ${contents(result.totals)} → ${formatBytes(result.size)}${time}, ${result.location}`,
    );
  }
  const origin = originLine(result);
  if (origin !== undefined) lines.push(origin);
  if (result.excluded !== undefined && result.excluded.entries > 0) {
    const { entries, bytes } = result.excluded;
    lines.push(`excluded: ${plural(entries, "entry", "entries")}, ${formatBytes(bytes)}`);
  }
  if (result.overwriteGuard === "checked") {
    lines.push("note: this store cannot refuse to overwrite; the key was looked up just before and was free");
  }
  lines.push(...planLines(result));
  return lines;
}

/** Where the archive's bytes come from; undefined for a dry run. */
function originLine({ mode, base, fullReason, bytes }: BackupResult): string | undefined {
  if (mode === "full") return fullReason === undefined ? undefined : `full upload, because ${fullReason}`;
  if (base === undefined || bytes === undefined) return undefined;
  return `incremental on ${base}: ${formatBytes(bytes.uploaded)} sent of ${formatBytes(bytes.stored)}`;
}

export function restoreSummary(job: JobView): string[] {
  const result = (job.result ?? {}) as RestoreResult;
  const tenant = result.tenant ?? job.tenant ?? "tenant";
  const dryRun = job.request?.["dryRun"] === true;
  const verb =
    job.type === "undo"
      ? "brought back"
      : dryRun
        ? "would be restored (dry run: nothing was written)"
        : "restored";
  const from = result.from === undefined ? "" : ` from ${result.from}`;
  const figures = result.totals === undefined ? "" : `: ${contents(result.totals)}`;
  const time = result.durationMs === undefined ? "" : ` in ${formatDuration(result.durationMs)}`;
  const place = result.into === undefined ? "" : ` into ${result.into}`;
  const lines = [`${tenant}: ${verb}${from}${place}${figures}${time}`, ...pathLines(result)];
  if (result.signedBy !== undefined) lines.push(`signed by ${signerText(result.signedBy)}`);
  if (result.undo !== undefined) {
    const what =
      result.replaced === true ? "what it replaced is kept for a while" : "it can be taken back for a while";
    lines.push(`${what}: \`openclaw tenants restore --undo ${result.undo}\``);
  }
  lines.push(...tokenLines(tenant, result));
  if (result.schedulesDisabled !== undefined && result.schedulesDisabled > 0) {
    lines.push(`${plural(result.schedulesDisabled, "schedule")} came along and stand disabled`);
  }
  if (result.rePair !== undefined && result.rePair.length > 0) {
    lines.push(`to be paired again: ${result.rePair.join(", ")}`);
  }
  lines.push(...checklistLines(result.checklist ?? []));
  return lines;
}

/** What a dry run of a restore of paths would write. */
function pathLines({ paths, totals }: RestoreResult): string[] {
  if (paths === undefined) return [];
  const more = (totals?.entries ?? paths.length) - paths.length;
  const lines = paths.map((path) => `  ${path}`);
  return more > 0 ? [...lines, `  … and ${formatCount(more)} more`] : lines;
}

function tokenLines(tenant: string, result: RestoreResult): string[] {
  if (result.newToken !== undefined) return [`token: ${result.newToken} (new, and shown only now)`];
  switch (result.token) {
    case "new":
      return [
        `token: a new one was made; \`openclaw tenants token rotate ${tenant}\` makes one that you can see`,
      ];
    case "archive":
      return ["token: the archive's"];
    case "earlier":
      return ["token: the one that the tenant had then"];
    case "kept":
      return ["token: the one that the tenant had before"];
    default:
      return [];
  }
}

/** `20,163 files, 1.06 GB`. */
function contents(totals: TotalsView | undefined): string {
  if (totals === undefined) return "content";
  return `${plural(totals.files, "file")}, ${formatBytes(totals.contentBytes)}`;
}
