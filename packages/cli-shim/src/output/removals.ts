/** What people read at the end of a prune, and of the removal of one archive. */
import type { JobView, PruneResult, RemoveResult } from "../views.js";
import { formatBytes, formatTime, plural } from "./format.js";
import { formatTable } from "./table.js";

export function pruneSummary(job: JobView): string[] {
  const {
    archives = [],
    lost = [],
    kept = 0,
    removed = 0,
    freedBytes = 0,
    trashed = 0,
    trashedBytes = 0,
    trashUntil = "",
    dryRun,
  } = (job.result ?? {}) as PruneResult;
  const tenant = job.tenant ?? "tenant";
  const leaving = archives.filter(({ keep }) => !keep);
  const bytes = leaving.reduce((sum, { size }) => sum + size, 0);
  const what =
    dryRun === true
      ? `${plural(leaving.length, "archive")} (${formatBytes(bytes)}) would be removed, ${kept} kept (dry run: nothing was removed)`
      : `${plural(removed, "archive")} (${formatBytes(freedBytes)}) removed, ${kept} kept`;
  const lines = [`${tenant}: ${what}`];
  if (trashed > 0) {
    lines.push(
      `in the trash until ${formatTime(trashUntil)}: ${plural(trashed, "archive")} (${formatBytes(trashedBytes)}); ` +
        `\`openclaw backups prune --undo ${job.id}\` brings back what went there`,
    );
  }
  if (lost.length > 0)
    lines.push(`not where they were put, and not counted: ${plural(lost.length, "archive")}`);
  if (archives.length === 0) return lines;
  return [
    ...lines,
    ...formatTable(archives, [
      { title: "", cell: ({ keep }) => (keep ? "keep" : "remove") },
      { title: "ID", cell: ({ id }) => id },
      { title: "CREATED", cell: ({ createdAt }) => formatTime(createdAt) },
      { title: "SIZE", align: "right", cell: ({ size }) => formatBytes(size) },
      { title: "WHY", cell: ({ reasons }) => reasons.join(", ") },
      { title: "LOCATION", cell: ({ location }) => location },
    ]),
  ];
}

export function removeSummary(job: JobView): string[] {
  const {
    archiveId = "ID",
    location = "the archive",
    outcome,
    freedBytes = 0,
    trashUntil = "",
  } = (job.result ?? {}) as RemoveResult;
  switch (outcome) {
    case "trashed":
      return [
        `${location} is in the trash until ${formatTime(trashUntil)}; \`openclaw backups rm ${archiveId} --undo\` brings it back`,
      ];
    case "gone":
      return [`${location} was gone already; the catalogue has forgotten it`];
    case "forgotten":
      return [`${location}: the catalogue has forgotten the archive; what stands there now was left alone`];
    default:
      return [`${location} was removed (${formatBytes(freedBytes)})`];
  }
}
