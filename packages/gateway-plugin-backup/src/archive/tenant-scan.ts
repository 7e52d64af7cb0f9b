/** The first pass over a tenant: what is there, how much, and which links may be archived. For the reader thread. */
import { closeSync } from "node:fs";
import { BackupError } from "../errors.js";
import { statIn } from "./confined.js";
import type { ArchiveWarning } from "./format.js";
import { displayPath } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import type { TenantDatabases } from "./tenant-databases.js";
import { TenantLinks } from "./tenant-links.js";
import type { JudgedLinks } from "./tenant-links.js";
import { openTenant, subjectOf, walkOptions } from "./tenant-source.js";
import type { Excluded, TenantSource } from "./tenant-source.js";
import { walk } from "./walk.js";
import type { WalkItem } from "./walk.js";
import { Warnings } from "./warnings.js";

export const ESCAPING_LINK = "Left out: this link leads out of the tenant.";

/** Counts and sizes before anything is read. Databases count as they lie on disk; their copies may differ a little. */
export interface ScanTotals {
  readonly entries: number;
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly contentBytes: number;
}

export interface LargestFile {
  /** Relative to the tenant's directory, fit to be shown. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

export interface TenantScan {
  readonly totals: ScanTotals;
  readonly excluded: Excluded;
  readonly warnings: readonly ArchiveWarning[];
  /** The 20 largest files, largest first. */
  readonly largest: readonly LargestFile[];
}

const LARGEST_LISTED = 20;
const PROGRESS_ENTRIES = 10_000;

/** Throws LIMIT_EXCEEDED, and FILE_UNREADABLE for a directory that cannot be read. */
export async function scanTree(
  source: TenantSource,
  databases: TenantDatabases,
  onProgress: (totals: ScanTotals) => void,
): Promise<{ readonly scan: TenantScan; readonly links: JudgedLinks }> {
  const warnings = new Warnings(subjectOf(source), source.allowUnreadable);
  const links = new TenantLinks(source);
  const tally = new Tally(source);
  const root = openTenant(source);
  const { options, excluded } = walkOptions(source, root, warnings);
  try {
    for (const item of walk(options)) {
      if (item.type === "symlink") links.add(item.directory.handle, item.name, item.path);
      if (item.type === "file" && (await databases.isSidecar(item.directory, item.name))) continue;
      tally.count(item);
      if (tally.totals.entries % PROGRESS_ENTRIES === 0) onProgress(tally.totals);
    }
  } finally {
    closeSync(root);
  }
  const judged = links.judge();
  for (const path of judged.escaping) warnings.add("LINK_ESCAPES", path, ESCAPING_LINK);
  tally.leaveOutLinks(judged.escaping.size);
  return {
    scan: { totals: tally.totals, excluded, warnings: warnings.list(), largest: tally.largest },
    links: judged,
  };
}

class Tally {
  readonly #source: TenantSource;
  #files = 0;
  #directories = 0;
  #symlinks = 0;
  #contentBytes = 0;
  #largest: { readonly path: RawPath; readonly size: number }[] = [];

  constructor(source: TenantSource) {
    this.#source = source;
  }

  get totals(): ScanTotals {
    return {
      entries: this.#files + this.#directories + this.#symlinks,
      files: this.#files,
      directories: this.#directories,
      symlinks: this.#symlinks,
      contentBytes: this.#contentBytes,
    };
  }

  get largest(): LargestFile[] {
    return this.#sortLargest().map(({ path, size }) => ({ path: displayPath(path), size }));
  }

  count(item: WalkItem): void {
    if (item.type === "directory") this.#directories++;
    else if (item.type === "symlink") this.#symlinks++;
    else this.#countFile(item.path, statIn(item.directory.handle, item.name)?.size);
    const { entries, contentBytes } = this.totals;
    if (entries > this.#source.limits.entries) throw this.#exceeded("entries", this.#source.limits.entries);
    if (contentBytes > this.#source.limits.bytes) throw this.#exceeded("bytes", this.#source.limits.bytes);
  }

  leaveOutLinks(count: number): void {
    this.#symlinks -= count;
  }

  #countFile(path: RawPath, bytes: bigint | undefined): void {
    if (bytes === undefined) return;
    const size = Number(bytes);
    this.#files++;
    this.#contentBytes += size;
    this.#largest.push({ path, size });
    // Sorted now and then, not for every file.
    if (this.#largest.length > 50 * LARGEST_LISTED) this.#largest = this.#sortLargest();
  }

  #sortLargest(): { readonly path: RawPath; readonly size: number }[] {
    return [...this.#largest].sort((a, b) => b.size - a.size).slice(0, LARGEST_LISTED);
  }

  #exceeded(what: string, limit: number): BackupError {
    return new BackupError("LIMIT_EXCEEDED", `${subjectOf(this.#source)} has more than ${limit} ${what}.`, {
      details: { rule: what, limit },
    });
  }
}
