/**
 * Names of the points at which a fault can be made: `PLACE OPERATION CLASS`, such as `write-thread write staged entry`.
 * A class stands for all paths that play the same role, so that the points of a run do not depend on its names.
 */
import { readlinkSync } from "node:fs";
import type { AgentSettings } from "./settings.js";

/** Before anything is patched. */
const readlink = readlinkSync;

/** Something that node:fs takes as its first argument. */
export type PathArgument = string | Buffer | URL | number;

/** The absolute path that an argument stands for; undefined where it is none of a file's. */
export function pathOf(argument: unknown): string | undefined {
  if (typeof argument === "number") return ofDescriptor(argument);
  if (typeof argument !== "string" && !Buffer.isBuffer(argument)) return undefined;
  const path = typeof argument === "string" ? argument : argument.toString("latin1");
  const [, descriptor, rest] = /^\/proc\/self\/fd\/(\d+)(.*)$/s.exec(path) ?? [];
  if (descriptor === undefined) return path;
  const base = ofDescriptor(Number(descriptor));
  return base === undefined ? undefined : `${base}${rest ?? ""}`;
}

function ofDescriptor(descriptor: number): string | undefined {
  try {
    return readlink(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

type Classes = readonly (readonly [pattern: RegExp, name: string])[];

/** Below the state directory. */
const ofState: Classes = [
  [/^backup\/ledger\.sqlite/, "ledger"],
  [/^backup\/tmp\/[^/]+\/.+/, "database copy"],
  [/^backup\/tmp/, "directory of database copies"],
  [/^backups(\/|$)/, "embedded store"],
  [/^tenants\/\.staging\/[^/]+\/tree\/tenant\.json/, "staged tenant.json"],
  [/^tenants\/\.staging\/[^/]+\/tree\/cron\/jobs\.json/, "staged schedules"],
  [/^tenants\/\.staging\/[^/]+\/tree\/.+/, "staged entry"],
  [/^tenants\/\.staging\/[^/]+\/tree$/, "staged tree"],
  [/^tenants\/\.staging/, "staging"],
  [/^tenants\/\.trash\/[^/]+\/tree$/, "trashed tree"],
  [/^tenants\/\.trash/, "trash"],
  [/^tenants\/[^/.][^/]*\/tenant\.json$/, "tenant.json"],
  [/^tenants\/[^/.][^/]*\/.+\.(sqlite|db)$/, "database"],
  [/^tenants\/[^/.][^/]*\/.+/, "tenant's entry"],
  [/^tenants\/[^/.][^/]*$/, "slot"],
  [/^tenants$/, "tenants directory"],
];

/** Below the local root. */
const ofArchives: Classes = [
  [/\.partial$/, "partial archive"],
  [/\.tar\.zst$/, "archive"],
  [/^/, "archive directory"],
];

export function classOf(
  path: string,
  settings: Pick<AgentSettings, "stateDirectory" | "archives">,
): string | undefined {
  const inState = below(settings.stateDirectory, path);
  if (inState !== undefined) return ofState.find(([pattern]) => pattern.test(inState))?.[1];
  const inArchives = below(settings.archives, path);
  return inArchives === undefined ? undefined : ofArchives.find(([pattern]) => pattern.test(inArchives))?.[1];
}

function below(directory: string, path: string): string | undefined {
  if (path === directory) return "";
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : undefined;
}
