/** What people read at the end of a rebuild, and of the check of a destination. */
import type { CheckResult, JobView, RebuildResult } from "../views.js";
import { formatBytes, plural } from "./format.js";
import { formatTable } from "./table.js";

export function rebuildSummary(job: JobView): string[] {
  const {
    dryRun,
    places = [],
    tenants = [],
    added = 0,
    known = 0,
    moved,
    lost,
    damaged,
    foreign,
    unread,
  } = (job.result ?? {}) as RebuildResult;
  const lines = [
    `${plural(added, "archive")} ${dryRun === true ? "would be added" : "added"}, ${known} known already` +
      (dryRun === true ? " (dry run: nothing was changed)" : ""),
    ...tenants.map(({ tenant, uid, archives }) => `  ${tenant} (uid ${uid}): ${plural(archives, "archive")}`),
  ];
  for (const { from, to } of moved?.first ?? []) lines.push(`moved: ${from} → ${to}`);
  for (const { location } of lost?.first ?? []) lines.push(`lost: ${location}`);
  for (const { location, reason } of damaged?.first ?? []) lines.push(`damaged: ${location}: ${reason}`);
  for (const { location, reason } of unread?.first ?? []) lines.push(`not looked at: ${location}: ${reason}`);
  if ((foreign?.count ?? 0) > 0)
    lines.push(`not ours, and left alone: ${plural(foreign?.count ?? 0, "object")}`);
  return [
    ...lines,
    ...formatTable(places, [
      { title: "PLACE", cell: ({ location }) => location },
      { title: "OBJECTS", align: "right", cell: ({ objects }) => String(objects) },
      { title: "ARCHIVES", align: "right", cell: ({ archives }) => String(archives) },
      { title: "LOOKED AT", cell: ({ problem }) => (problem === undefined ? "all" : `not all: ${problem}`) },
    ]),
  ];
}

export function checkSummary(job: JobView): string[] {
  const { location = "the destination", findings = [], speed } = (job.result ?? {}) as CheckResult;
  const lines = [`${location}: backups can be made here`];
  for (const { outcome, message, consequence } of findings) {
    lines.push(`${outcome.padEnd(7)}  ${message}`);
    if (consequence !== undefined) lines.push(`${" ".repeat(9)}${consequence}`);
  }
  if (speed === undefined) return lines;
  const { latencyMs, writeBytesPerSecond, readBytesPerSecond } = speed;
  const answer = latencyMs === undefined ? "" : `an answer takes ${latencyMs} ms, `;
  return [
    ...lines,
    `${answer}writing ${formatBytes(writeBytesPerSecond)}/s, reading ${formatBytes(readBytesPerSecond)}/s`,
  ];
}
