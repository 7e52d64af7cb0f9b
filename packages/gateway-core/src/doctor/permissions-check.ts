/** Whether the state directory is the gateway's user's alone, and all of it is that user's. */
import { chmod, lstat, readdir } from "node:fs/promises";
import type { Stats } from "node:fs";
import path from "node:path";
import type { DoctorCheck, Finding } from "../plugin/host.js";
import type { GatewayPaths } from "../state/directory.js";
import { errorText, isSystemError } from "../system-error.js";

/** Paths that a sentence names; of a `chown` or `chmod` gone wrong there can be thousands. */
const SHOWN = 5;

const OTHERS = 0o077;

interface Entry {
  readonly path: string;
  readonly stats: Stats;
}

export function permissionsCheck(paths: GatewayPaths): DoctorCheck {
  return { name: "permissions", run: () => checkPermissions(paths) };
}

async function checkPermissions(paths: GatewayPaths): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const entries: Entry[] = [];
  for (const file of await privatePaths(paths)) {
    try {
      entries.push({ path: file, stats: await lstat(file) });
    } catch (error) {
      // It may have gone since it was listed, and what is no tenant has no record.
      if (isSystemError(error, "ENOENT", "ENOTDIR")) continue;
      findings.push({
        severity: "critical",
        message: `${file} cannot be looked at: ${errorText(error)}`,
        fix: "Make the state directory the gateway's user's own.",
      });
    }
  }
  const own = entries.filter((entry) => !isHandedOver(entry, paths));
  findings.push(...foreign(paths.root, entries[0], own), ...open(paths.root, own));
  if (findings.length > 0) return findings;
  return [{ severity: "ok", message: `${paths.root} is open to the gateway's user only.` }];
}

/**
 * A volume's own directory that belongs to somebody else, who lets the gateway in by its group: what Kubernetes does with
 * `fsGroup`. Its mode is not the gateway's to change, and what stands in it is looked at by itself.
 */
function isHandedOver({ path, stats }: Entry, { root, workspace }: GatewayPaths): boolean {
  return (path === root || path === workspace) && !isMine(stats) && stats.gid === process.getegid?.();
}

/** All that the gateway keeps to itself, down to the tenants' directories: what stands in a private directory is private. */
async function privatePaths(paths: GatewayPaths): Promise<readonly string[]> {
  const { root, tenants, backup, audit, tenantRecords } = paths;
  const ids = await children(tenants);
  const listed = await Promise.all(
    [root, backup, path.join(backup, "keys"), audit, path.join(root, "cron"), tenantRecords].map(children),
  );
  // `lost+found` is the file system's own.
  const own = listed.flat().filter((file) => path.basename(file) !== "lost+found");
  return [root, ...own, ...ids, ...ids.map((directory) => path.join(directory, "tenant.json"))];
}

async function children(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort().map((name) => path.join(directory, name));
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "EACCES")) return [];
    throw error;
  }
}

function open(root: string, entries: readonly Entry[]): readonly Finding[] {
  const tooOpen = entries.filter(({ stats }) => !stats.isSymbolicLink() && (stats.mode & OTHERS) !== 0);
  const groups = [
    { wanted: 0o700, members: tooOpen.filter(({ stats }) => stats.isDirectory()) },
    { wanted: 0o600, members: tooOpen.filter(({ stats }) => !stats.isDirectory()) },
  ];
  return groups.flatMap(({ wanted, members }): readonly Finding[] => {
    if (members.length === 0) return [];
    const shown = members.slice(0, SHOWN).map(({ path, stats }) => `${path} (mode ${octal(stats.mode)})`);
    const all = members.map((member) => member.path).join(" ");
    const mine = members.filter(({ stats }) => isMine(stats));
    return [
      {
        severity: "warning",
        message: `Open to other users of this machine: ${andMore(shown, members.length)}`,
        fix: members.length > SHOWN ? `chmod -R go= ${root}` : `chmod ${octal(wanted)} ${all}`,
        ...(mine.length === 0 ? {} : { repair: () => close(mine, wanted) }),
      },
    ];
  });
}

async function close(members: readonly Entry[], wanted: number): Promise<string> {
  for (const { path } of members) await chmod(path, wanted);
  return `${members.length} got mode ${octal(wanted)}.`;
}

/** A restore that ran as another user leaves what the gateway cannot write, or cannot even read. */
function foreign(root: string, rootEntry: Entry | undefined, entries: readonly Entry[]): readonly Finding[] {
  const user = process.geteuid?.();
  if (rootEntry === undefined || user === undefined) return [];
  const owner = user === 0 ? rootEntry.stats.uid : user;
  const strange = entries.filter(({ stats }) => stats.uid !== owner);
  if (strange.length === 0) return [];
  const shown = strange.slice(0, SHOWN).map(({ path, stats }) => `${path} (user ${stats.uid})`);
  return [
    {
      severity: "critical",
      message: `Not the user's who runs the gateway (${owner}): ${andMore(shown, strange.length)}`,
      fix: `chown -hR ${owner}:${rootEntry.stats.gid} ${root}`,
    },
  ];
}

/** Whether this user can change its mode. */
function isMine({ uid }: Stats): boolean {
  const user = process.geteuid?.();
  return user === 0 || user === uid;
}

function andMore(shown: readonly string[], count: number): string {
  const more = count - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8);
}
