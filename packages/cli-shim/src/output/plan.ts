/** What a dry run of a backup tells: what goes in, what is left out and why, what is large. */
import type { BackupResult, LargeView, LeftOutView } from "../views.js";
import { formatBytes, formatCount, plural } from "./format.js";
import { formatTable } from "./table.js";

const SHOWN_DIRECTORIES = 20;
const SHOWN_GROUPS = 20;

/** Empty for a backup, whose result has nothing of this. */
export function planLines(result: BackupResult): string[] {
  return [
    ...topLevelLines(result.topLevel ?? []),
    ...leftOutLines(result.leftOut ?? []),
    ...largeLines("largest directories:", result.largestDirectories ?? []),
    ...largeLines("largest:", result.largest ?? []),
  ];
}

function topLevelLines(sums: NonNullable<BackupResult["topLevel"]>): string[] {
  if (sums.length === 0) return [];
  const table = formatTable(sums.slice(0, SHOWN_DIRECTORIES), [
    { title: "SIZE", align: "right", cell: ({ bytes }) => formatBytes(bytes) },
    { title: "FILES", align: "right", cell: ({ files }) => formatCount(files) },
    { title: "DIRECTORY", cell: ({ path }) => path },
  ]);
  return ["goes in:", ...table, ...andMore(sums.length - SHOWN_DIRECTORIES)];
}

function leftOutLines(groups: readonly LeftOutView[]): string[] {
  if (groups.length === 0) return [];
  const lines = ["left out:"];
  for (const { reason, rule, paths, entries, bytes, examples } of groups.slice(0, SHOWN_GROUPS)) {
    const why = explanations[reason] ?? reason;
    const what = `${plural(entries, "entry", "entries")}, ${formatBytes(bytes)}`;
    lines.push(`  ${why}${rule === undefined ? "" : ` ${rule}`}: ${what}`);
    for (const path of examples) lines.push(`    ${path}`);
    if (paths > examples.length) lines.push(`    … and ${formatCount(paths - examples.length)} more`);
  }
  lines.push(...andMore(groups.length - SHOWN_GROUPS));
  return lines;
}

function largeLines(title: string, paths: readonly LargeView[]): string[] {
  if (paths.length === 0) return [];
  const table = formatTable(paths, [
    { title: "SIZE", align: "right", cell: ({ size }) => formatBytes(size) },
    { title: "PATH", cell: ({ path }) => path },
  ]);
  return [title, ...table];
}

function andMore(count: number): string[] {
  return count > 0 ? [`  … and ${formatCount(count)} more; --json has all`] : [];
}

/** By the gateway's names of the reasons; one that a later gateway adds is shown as it is. */
export const explanations: Readonly<Record<string, string>> = {
  "config-exclude": "excluded by the config's glob",
  backupignore: "excluded by",
  ephemeral: "terminal state, never archived",
  "special-file": "socket, FIFO or device",
  "escaping-link": "link that leads out of the tenant",
  unreadable: "cannot be read",
  "database-companion": "part of a database, whose copy has what is in it",
  "name-too-long": "path too long for an archive",
};
