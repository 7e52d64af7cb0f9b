/** What people read at the end of a verification or a drill. */
import type { CheckedArchiveView, CheckResult, JobView } from "../views.js";
import { formatBytes, formatCount, formatDuration, plural } from "./format.js";
import { signerText } from "./signer.js";

export function checkSummary(job: JobView): string[] {
  const {
    level = job.type,
    archives = [],
    bytesRead = 0,
    durationMs = 0,
  } = (job.result ?? {}) as CheckResult;
  const lines = archives.flatMap((archive) => archiveLines(level, archive));
  if (archives.length < 2) return lines;
  const tenant = job.tenant ?? "tenant";
  const sum = `${plural(archives.length, "archive")} checked, ${formatBytes(bytesRead)} read in ${formatDuration(durationMs)}`;
  return [...lines, `${tenant}: ${sum}`];
}

function archiveLines(level: string, archive: CheckedArchiveView): string[] {
  const { location, outcome, message, signedBy, notChecked = [] } = archive;
  if (outcome !== "good") return [`${location}: ${outcome}${message === undefined ? "" : `; ${message}`}`];
  const figures = level === "drill" ? drillFigures(archive) : verifyFigures(archive);
  return [
    `${location}: good; ${figures.join(", ")}`,
    ...(signedBy === undefined ? [] : [`  signed by ${signerText(signedBy)}`]),
    ...notChecked.map((what) => `  not checked: ${what}`),
  ];
}

function verifyFigures({
  segments = 0,
  segmentsChecked = 0,
  bytesRead = 0,
  durationMs = 0,
}: CheckedArchiveView): string[] {
  const of =
    segments === 0 ? [] : [`${formatCount(segmentsChecked)} of ${plural(segments, "segment")} checked`];
  return [...of, `${formatBytes(bytesRead)} read in ${formatDuration(durationMs)}`];
}

function drillFigures({ restoreMs = 0, totals, databases, json }: CheckedArchiveView): string[] {
  const files =
    totals === undefined ? "" : `${plural(totals.files, "file")} (${formatBytes(totals.contentBytes)}) `;
  const sealed = databases?.unchecked ?? 0;
  return [
    `${files}restored in ${formatDuration(restoreMs)}`,
    `${plural(databases?.checked ?? 0, "database")} and ${plural(json?.checked ?? 0, "JSON file")} in order`,
    ...(sealed === 0 ? [] : [`${plural(sealed, "encrypted database")} not looked into`]),
  ];
}
