/**
 * What a swap moves on one volume, entry by entry, because a mount point cannot be renamed: everything on the volume's
 * first level but what stays. Where something that stays lies deeper, its parents stay as well, and their other entries
 * are moved one by one.
 */
import { GatewayError } from "../../errors.js";
import type { DirectoryEntry, RestoreDisk } from "./disk.js";
import { RESTORE_DIRECTORY, type VolumeMoves } from "./journal.js";
import { decodeRaw, isWithinRaw, joinRaw, parentRaw, type RawPath } from "./raw-path.js";

/** What belongs to the file system, or to this very process. */
const ALWAYS_KEPT = [RESTORE_DIRECTORY, "lost+found", "gateway.lock"] as RawPath[];

export interface MovePlan {
  readonly out: readonly RawPath[];
  readonly in: readonly RawPath[];
  /** Of the staged tree: what is not moved in, because something that stays is in its place. */
  readonly left: readonly RawPath[];
}

export interface PlanRequest {
  /** Absolute. */
  readonly directory: RawPath;
  /** Absolute; its first level becomes the volume's. */
  readonly staged: RawPath;
  /** Absolute: what lies on the volume and stays. Nothing where it is not there, or leads out by a link. */
  readonly keep: readonly RawPath[];
}

/** Throws `RESTORE_BLOCKED` where the staged tree has something in the place of a mount point or of a kept path's parent. */
export async function planMoves(disk: RestoreDisk, request: PlanRequest): Promise<MovePlan> {
  const { directory, staged } = request;
  const top = (await disk.resolve(directory)) ?? directory;
  const below = (path: RawPath): RawPath[] =>
    path !== top && isWithinRaw(path, top) ? [path.slice(top.length + 1) as RawPath] : [];
  const chosen = (await Promise.all(request.keep.map((path) => disk.resolve(path)))).flatMap((path) =>
    path === undefined ? [] : below(path),
  );
  const mounts = disk.mountPoints().flatMap(below);
  const kept = [...ALWAYS_KEPT, ...chosen, ...mounts];
  const isOnTheWay = (path: RawPath): boolean => kept.some((one) => isWithinRaw(one, path));

  const out: RawPath[] = [];
  await walk(disk, directory, ({ isDirectory }, path) => {
    if (kept.includes(path)) return "stay";
    if (isDirectory && isOnTheWay(path)) return "enter";
    out.push(path);
    return "stay";
  });

  const left: RawPath[] = [];
  const moved: RawPath[] = [];
  const stays = new Set(await existing(disk, directory, kept));
  await walk(disk, staged, ({ isDirectory }, path) => {
    if (stays.has(path)) {
      if (isDirectory && mounts.includes(path) && !chosen.includes(path))
        throw blockedByMount(directory, path);
      left.push(path);
      return "stay";
    }
    if (![...stays].some((one) => isWithinRaw(one, path))) moved.push(path);
    else if (isDirectory) return "enter";
    else throw blockedByKept(directory, path);
    return "stay";
  });
  return { out, in: moved, left };
}

async function existing(
  disk: RestoreDisk,
  directory: RawPath,
  paths: readonly RawPath[],
): Promise<RawPath[]> {
  const found: RawPath[] = [];
  for (const path of paths) if (await disk.exists(joinRaw(directory, path))) found.push(path);
  return found;
}

async function walk(
  disk: RestoreDisk,
  top: RawPath,
  visit: (entry: DirectoryEntry, path: RawPath) => "enter" | "stay",
): Promise<void> {
  const pending: RawPath[] = ["" as RawPath];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const entry of await disk.list(joinRaw(top, at))) {
      const path = joinRaw(at, entry.name);
      if (visit(entry, path) === "enter") pending.push(path);
    }
  }
}

function blockedByMount(directory: RawPath, path: RawPath): GatewayError {
  const mount = decodeRaw(joinRaw(directory, path));
  return new GatewayError(
    "RESTORE_BLOCKED",
    `${mount} is a mount point, which cannot be replaced, and the archive has a directory for it.`,
    {
      hint: "If it is the workspace's volume, name it: OPENCLAW_WORKSPACE_DIR, or gateway.workspaceDir in openclaw.json. Else unmount it for the restore.",
      details: { path: mount },
    },
  );
}

function blockedByKept(directory: RawPath, path: RawPath): GatewayError {
  const inTheWay = decodeRaw(joinRaw(directory, path));
  return new GatewayError(
    "RESTORE_BLOCKED",
    `${inTheWay} holds a destination of backups, which stays, and the archive has no directory in its place.`,
    {
      hint: "Move the destination elsewhere for the restore.",
      details: { path: inTheWay },
    },
  );
}

/** A volume's moves with its absolute directory. */
export interface PlacedMoves extends Omit<VolumeMoves, "directory"> {
  readonly directory: RawPath;
}

/** Makes the moves that are left to be made. What exists tells which those are: no path is used twice. */
export async function moveForward(disk: RestoreDisk, moves: PlacedMoves): Promise<void> {
  const { live, staged, replaced } = placesOf(moves);
  const incoming = new Set(moves.in);
  for (const path of moves.out as RawPath[]) {
    if (await disk.exists(replaced(path))) continue;
    if (incoming.has(path) && !(await disk.exists(staged(path)))) throw gone(staged(path));
    if (await disk.exists(live(path))) await disk.rename(live(path), replaced(path));
  }
  for (const path of moves.in as RawPath[]) {
    const isLive = await disk.exists(live(path));
    if (!(await disk.exists(staged(path)))) {
      if (isLive) continue;
      throw gone(staged(path));
    }
    if (isLive) throw inTheWay(live(path));
    await disk.rename(staged(path), live(path));
  }
  await syncMoved(disk, moves);
}

/** Takes the moves back that were made. */
export async function moveBack(disk: RestoreDisk, moves: PlacedMoves): Promise<void> {
  const { live, staged, replaced } = placesOf(moves);
  const outgoing = new Set(moves.out);
  for (const parent of ["", ...parentsOf(moves.in)]) await disk.makeDirectory(staged(parent));
  for (const path of moves.in.toReversed() as RawPath[]) {
    if (await disk.exists(staged(path))) continue;
    // What stands there is the old one, as long as that was not moved out.
    if (outgoing.has(path) && !(await disk.exists(replaced(path)))) continue;
    if (await disk.exists(live(path))) await disk.rename(live(path), staged(path));
  }
  for (const path of moves.out.toReversed() as RawPath[]) {
    if (!(await disk.exists(replaced(path)))) continue;
    if (await disk.exists(live(path))) throw inTheWay(live(path));
    await disk.rename(replaced(path), live(path));
  }
  await syncMoved(disk, moves);
}

/** Makes the directories that the moves need, durably. */
export async function prepareMoves(disk: RestoreDisk, moves: PlacedMoves): Promise<void> {
  const { directory, out } = moves;
  const replaced = joinRaw(directory, moves.replaced);
  const made = new Set([replaced, ...parentsOf(out).map((parent) => joinRaw(replaced, parent))]);
  for (const path of made) await disk.makeDirectory(path);
  for (const path of made) await disk.syncDirectory(path);
  await disk.syncDirectory(parentRaw(replaced));
  await disk.syncDirectory(joinRaw(directory, RESTORE_DIRECTORY));
  await disk.syncDirectory(directory);
}

async function syncMoved(disk: RestoreDisk, { directory, staged, replaced, out, in: into }: PlacedMoves) {
  const levels = ["", ...parentsOf([...out, ...into])];
  for (const top of [directory, joinRaw(directory, staged), joinRaw(directory, replaced)])
    for (const level of levels) {
      const path = joinRaw(top, level);
      if (await disk.exists(path)) await disk.syncDirectory(path);
    }
}

/** Directories below the volume that something is moved out of or into, without the volume itself. */
function parentsOf(paths: readonly string[]): RawPath[] {
  const parents = paths.map((path) => parentRaw(path as RawPath)).filter((parent) => parent !== "");
  return [...new Set(parents)];
}

function placesOf(moves: PlacedMoves) {
  const below = (top: string) => (path: string) => joinRaw(moves.directory, top, path);
  return { live: below(""), staged: below(moves.staged), replaced: below(moves.replaced) };
}

function gone(path: RawPath): GatewayError {
  return new GatewayError(
    "RESTORE_UNSETTLED",
    `${decodeRaw(path)} was to be moved into its place, and is gone.`,
  );
}

function inTheWay(path: RawPath): GatewayError {
  return new GatewayError("RESTORE_UNSETTLED", `${decodeRaw(path)} stands where an entry was to be moved.`);
}
