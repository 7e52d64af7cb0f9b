/** What of the gateway goes into its own archives, and what never does. */
import { realpathSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type { GatewayPart } from "../../archive/gateway-parts.js";
import type { DatabaseInArchive } from "../../archive/tenant-source.js";
import { archiveLimits } from "../../config.js";
import { BackupError } from "../../errors.js";
import type { ResolvedObject } from "../destinations.js";
import type { Services } from "../services.js";
import type { BackedUpTenant } from "../thread/protocol.js";

/** See `archive/never-archived.ts`. What is made anew, what is of use on this machine only, and private keys. */
const LEFT_OUT_OF_STATE = [
  "gateway.lock",
  ".restore",
  "lost+found",
  "backup/keys",
  "backup/tmp",
  "backup/plans",
  // Of the files as this file system has them.
  "backup/facts",
  "tenants/.staging",
  "tenants/.trash",
  "tenants/*/pty/",
];

const LEFT_OUT_OF_WORKSPACE = [".restore", "lost+found"];

/** The ledger, by its path in the state directory. */
export const LEDGER_PATH = "backup/ledger.sqlite";

/** The parts that this gateway has: its state comes first. */
export function gatewayParts({ host }: Pick<Services, "host">): readonly GatewayPart[] {
  return host.paths.workspace === undefined ? ["@state"] : ["@state", "@workspace"];
}

export interface GatewaySource {
  readonly part: GatewayPart;
  /** Where the set goes to. */
  readonly target: Pick<ResolvedObject, "settings" | "key" | "location">;
  /** The finished copy of the ledger. */
  readonly ledgerCopy: string;
  readonly allowUnreadable: boolean;
}

/** Throws `LOCATION_INVALID` where the set would lie in the midst of what it is made of. */
export function gatewaySource(
  services: Pick<Services, "host" | "config">,
  { part, target, ledgerCopy, allowUnreadable }: GatewaySource,
): BackedUpTenant {
  const { host, config } = services;
  const { root, workspace = root } = host.paths;
  const directory = part === "@state" ? root : workspace;
  const copies: DatabaseInArchive[] = [{ path: LEDGER_PATH, file: ledgerCopy }];
  return {
    directory,
    tenant: part,
    limits: archiveLimits(config),
    exclude: config.exclude,
    allowUnreadable,
    leaveOut: [
      ...(part === "@state" ? LEFT_OUT_OF_STATE : LEFT_OUT_OF_WORKSPACE),
      ...storesBelow(services, directory),
      ...setBelow(directory, target),
      ...otherVolumes(services, directory),
      ...(host.paths.privateKeys ?? []).flatMap((file) => pathBelow(directory, file)),
    ],
    ...(part === "@state" ? { copies } : {}),
  };
}

/** The default destination, local roots, and destinations on disk. */
function storesBelow({ host, config }: Pick<Services, "host" | "config">, directory: string): string[] {
  const urls = Object.values(config.destinations).map(({ url }) => url);
  const places = [host.paths.backups, ...config.localRoots, ...urls.filter((url) => url.startsWith("/"))];
  return places.flatMap((place) => pathBelow(directory, place));
}

/** The directory in which the set's own stands, with others of its kind. */
function setBelow(directory: string, { settings, key, location }: GatewaySource["target"]): string[] {
  if (settings.kind !== "local") return [];
  const beside = join(key, "..");
  const path = pathBelow(directory, beside);
  if (path.length > 0 || !isSame(directory, beside)) return path;
  throw new BackupError(
    "LOCATION_INVALID",
    `${location} lies in ${directory} itself, which is what is to be backed up.`,
    { hint: "Choose a directory of its own, on another disk." },
  );
}

/** Another volume of the gateway that is mounted below this one is a part of its own. */
function otherVolumes({ host }: Pick<Services, "host">, directory: string): string[] {
  const { root, workspace } = host.paths;
  return [root, ...(workspace === undefined ? [] : [workspace])].flatMap((volume) =>
    pathBelow(directory, volume),
  );
}

/** The path relative to the directory, under the names that both go by; none when it is not below it. */
function pathBelow(directory: string, path: string): string[] {
  const found = [relative(directory, path), relative(realPath(directory), realPath(path))];
  return found.filter((below) => below !== "" && below !== ".." && !below.startsWith("../"));
}

function isSame(directory: string, path: string): boolean {
  return realPath(directory) === realPath(path);
}

/** Of what is not there yet: its own name below what is. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return join(realPath(dirname(path)), basename(path));
  }
}
