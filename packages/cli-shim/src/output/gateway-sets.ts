/** What people read of backups of the whole gateway. */
import type { GatewayBackupResult, GatewayPruneResult, GatewaySetView, JobView } from "../views.js";
import { formatBytes, formatDuration, formatTime, plural } from "./format.js";
import { formatTable } from "./table.js";

export function gatewayBackupSummary(job: JobView): string[] {
  const { location = "", size = 0, durationMs, parts = [] } = (job.result ?? {}) as GatewayBackupResult;
  const time = durationMs === undefined ? "" : ` in ${formatDuration(durationMs)}`;
  return [
    `gateway: ${formatBytes(size)}${time}, ${location}`,
    ...parts.map(({ name, totals, size: stored, mode, bytes, fullReason }) => {
      const sent =
        mode === "incremental" && bytes !== undefined
          ? `${formatBytes(bytes.uploaded)} sent of ${formatBytes(bytes.stored)}`
          : `full upload, because ${fullReason ?? "nothing was there"}`;
      return `${name}: ${plural(totals.files, "file")}, ${formatBytes(totals.contentBytes)} → ${formatBytes(stored)}, ${sent}`;
    }),
  ];
}

/** Lines for a list of them, or the text that stands for an empty one. */
export function setTable(sets: readonly GatewaySetView[]): string[] {
  if (sets.length === 0) return ["no backups of the whole gateway yet: `openclaw gateway backup` makes one"];
  return [
    ...formatTable(sets, [
      { title: "ID", cell: ({ id }) => id ?? "" },
      { title: "CREATED", cell: ({ createdAt }) => formatTime(createdAt) },
      { title: "KIND", cell: ({ kind }) => kind },
      { title: "STATE", cell: ({ state }) => state },
      { title: "PARTS", cell: ({ parts }) => parts.map(({ name }) => name).join(", ") },
      { title: "SIZE", align: "right", cell: ({ size }) => formatBytes(size) },
      {
        title: "VERIFIED",
        cell: ({ verifiedAt }) => (verifiedAt === undefined ? "" : formatTime(verifiedAt)),
      },
      { title: "PINNED", cell: ({ pinned }) => (pinned ? "pinned" : "") },
      { title: "LOCATION", cell: ({ location }) => location },
    ]),
    ...sets.flatMap(({ location, problem }) => (problem === undefined ? [] : [`${location}: ${problem}`])),
  ];
}

export function gatewayPruneSummary(job: JobView): string[] {
  const {
    sets = [],
    kept = 0,
    removed = 0,
    freedBytes = 0,
    dryRun,
  } = (job.result ?? {}) as GatewayPruneResult;
  const leaving = sets.filter(({ keep }) => !keep).length;
  const what =
    dryRun === true
      ? `${plural(leaving, "backup")} would be removed, ${kept} kept (dry run: nothing was removed)`
      : `${plural(removed, "backup")} (${formatBytes(freedBytes)}) removed, ${kept} kept`;
  if (sets.length === 0) return [`gateway: ${what}`];
  return [
    `gateway: ${what}`,
    ...formatTable(sets, [
      { title: "", cell: ({ keep }) => (keep ? "keep" : "remove") },
      { title: "ID", cell: ({ id }) => id },
      { title: "CREATED", cell: ({ createdAt }) => formatTime(createdAt) },
      { title: "SIZE", align: "right", cell: ({ size }) => formatBytes(size) },
      { title: "WHY", cell: ({ reasons }) => reasons.join(", ") },
      { title: "LOCATION", cell: ({ location }) => location },
    ]),
  ];
}
