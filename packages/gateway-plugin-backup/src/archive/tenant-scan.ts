/** The first pass over a tenant: what is there, how much, and which links may be archived. For the reader thread. */
import { accessSync, closeSync, constants, statSync } from "node:fs";
import { BackupError } from "../errors.js";
import type { Comparison } from "./base/comparison.js";
import { nameIn, statIn } from "./confined.js";
import type { ArchiveWarning } from "./format.js";
import { isGatewayPart } from "./gateway-parts.js";
import { ExcludedTally } from "./left-out.js";
import type { Excluded, LeftOut } from "./left-out.js";
import type { Plan, PlanSummary } from "./plan.js";
import { companionOf } from "./sqlite/protocol.js";
import type { TenantDatabases } from "./tenant-databases.js";
import { TenantLinks } from "./tenant-links.js";
import type { JudgedLinks } from "./tenant-links.js";
import { openTenant, subjectOf, walkOptions } from "./tenant-source.js";
import type { TenantSource } from "./tenant-source.js";
import { walk } from "./walk.js";
import type { WalkItem } from "./walk.js";
import { Warnings } from "./warnings.js";

/** Why a link is not in the archive. */
export function escapingLink({ tenant }: Pick<TenantSource, "tenant">): string {
  return `Left out: this link leads out of ${isGatewayPart(tenant) ? "the directory" : "the tenant"}.`;
}

/** Counts and sizes before anything is read. Databases count as they lie on disk; their copies may differ a little. */
export interface ScanTotals {
  readonly entries: number;
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly contentBytes: number;
}

export interface TenantScan {
  readonly totals: ScanTotals;
  readonly excluded: Excluded;
  readonly warnings: readonly ArchiveWarning[];
}

export type DryRun = TenantScan & PlanSummary;

const PROGRESS_ENTRIES = 10_000;

type WalkedFile = Extract<WalkItem, { type: "file" | "symlink" }>;

export interface ScanOptions {
  readonly onProgress: (totals: ScanTotals) => void;
  /** Of a dry run: is told of every entry; to be finished by the caller. */
  readonly plan?: Plan;
  /** Of a backup that has a base: is told of every file and link. */
  readonly comparison?: Comparison | undefined;
}

/** Throws LIMIT_EXCEEDED, and FILE_UNREADABLE for what cannot be read; for files, a dry run alone looks at that. */
export async function scanTree(
  source: TenantSource,
  databases: TenantDatabases,
  { onProgress, plan, comparison }: ScanOptions,
): Promise<{ readonly scan: TenantScan; readonly links: JudgedLinks }> {
  const warnings = new Warnings(subjectOf(source), source.allowUnreadable);
  const links = new TenantLinks(source);
  const tally = new Tally(source);
  const excluded = new ExcludedTally();
  const onLeftOut = (item: LeftOut): void => {
    excluded.add(item);
    plan?.leaveOut(item);
  };
  const root = openTenant(source);
  try {
    for (const item of walk({ ...walkOptions(source, root, warnings), onLeftOut })) {
      let size = 0;
      if (item.type === "symlink") {
        const stats = comparison && statIn(item.directory.handle, item.name);
        links.add(item.directory.handle, item.name, item.path);
        if (stats !== undefined) comparison?.addLink(item, stats);
      }
      if (item.type === "file") {
        const stats = statIn(item.directory.handle, item.name);
        if (stats === undefined) continue;
        size = Number(stats.size);
        const mayBeCompanion = companionOf(item.name) !== undefined;
        const isCompanion = mayBeCompanion && (await databases.isCompanion(item.directory, item.name));
        const isUnreadable = !isCompanion && plan !== undefined && !canBeRead(item, size, warnings);
        if (isCompanion || isUnreadable) {
          const reason = isCompanion ? "database-companion" : "unreadable";
          onLeftOut({ path: item.path, type: "file", reason, entries: 1, bytes: size });
          continue;
        }
        if (comparison !== undefined) await comparison.addFile(item, stats);
      }
      tally.count(item, size);
      if (item.type !== "symlink") plan?.include({ path: item.path, type: item.type, size });
      if (tally.entries % PROGRESS_ENTRIES === 0) onProgress(tally.totals);
    }
    for (const { file } of source.copies ?? []) tally.countCopy(statSync(file).size);
  } finally {
    closeSync(root);
  }
  const judged = links.judge();
  comparison?.judgeLinks(judged);
  for (const path of judged.escaping) {
    warnings.add("LINK_ESCAPES", path, escapingLink(source));
    plan?.leaveOut({ path, type: "symlink", reason: "escaping-link", entries: 1, bytes: 0 });
  }
  tally.leaveOutLinks(judged.escaping.size);
  for (const path of plan === undefined ? [] : judged.safe.keys())
    plan?.include({ path, type: "symlink", size: 0 });
  const scan = { totals: tally.totals, excluded: excluded.totals, warnings: warnings.list() };
  return { scan, links: judged };
}

/** Asks the system, without opening the file; an empty one is archived unopened. */
function canBeRead({ directory, name, path }: WalkedFile, size: number, warnings: Warnings): boolean {
  if (size === 0) return true;
  try {
    accessSync(nameIn(directory.handle, name), constants.R_OK);
  } catch (error) {
    warnings.unreadableBecause(path, error);
    return false;
  }
  return true;
}

class Tally {
  readonly #source: TenantSource;
  #files = 0;
  #directories = 0;
  #symlinks = 0;
  #contentBytes = 0;

  constructor(source: TenantSource) {
    this.#source = source;
  }

  get entries(): number {
    return this.#files + this.#directories + this.#symlinks;
  }

  get totals(): ScanTotals {
    return {
      entries: this.entries,
      files: this.#files,
      directories: this.#directories,
      symlinks: this.#symlinks,
      contentBytes: this.#contentBytes,
    };
  }

  count({ type }: WalkItem, size: number): void {
    if (type === "directory") this.#directories++;
    else if (type === "symlink") this.#symlinks++;
    else this.#files++;
    this.#add(size);
  }

  /** A database that somebody else has copied. */
  countCopy(size: number): void {
    this.#files++;
    this.#add(size);
  }

  leaveOutLinks(count: number): void {
    this.#symlinks -= count;
  }

  #add(size: number): void {
    this.#contentBytes += size;
    const { entries, bytes } = this.#source.limits;
    if (this.entries > entries) throw this.#exceeded("entries", entries);
    if (this.#contentBytes > bytes) throw this.#exceeded("bytes", bytes);
  }

  #exceeded(what: string, limit: number): BackupError {
    return new BackupError("LIMIT_EXCEEDED", `${subjectOf(this.#source)} has more than ${limit} ${what}.`, {
      details: { rule: what, limit },
    });
  }
}
