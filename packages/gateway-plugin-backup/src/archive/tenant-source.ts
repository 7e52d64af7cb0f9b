import { toBackupError } from "../errors.js";
import { openRootDirectory } from "./confined.js";
import { excludeMatcher } from "./exclude.js";
import type { ArchiveLimits } from "./format.js";
import { joinRaw, rawPath } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import type { WalkOptions } from "./walk.js";
import type { Warnings } from "./warnings.js";

/** What is to be read, and by which rules. Plain data: it goes to the reader thread. */
export interface TenantSource {
  /** The tenant's directory on this machine, absolute, without a trailing slash. */
  readonly directory: string;
  /** The directory of the archive that stands for it: `tenants/acme`. */
  readonly root: string;
  /** Tenant id. */
  readonly tenant: string;
  readonly limits: ArchiveLimits;
  /** Globs over paths relative to the tenant's directory: see {@link excludeMatcher}. */
  readonly exclude: readonly string[];
  /** Leaves out, with a warning, what cannot be read. Without it that is an error. */
  readonly allowUnreadable: boolean;
}

/** The tenant, as it begins a message. */
export function subjectOf(source: TenantSource): string {
  return `Tenant ${source.tenant}`;
}

/** The path in the archive of what lies at `path` in the tenant's directory. */
export function archivePath(source: TenantSource, path: RawPath): RawPath {
  const root = rawPath(source.root);
  return path === "" ? root : joinRaw(root, path);
}

/** The path in the tenant's directory of what lies at `path` in the archive. */
export function relativePath(source: TenantSource, path: RawPath): RawPath {
  return path.slice(source.root.length + 1) as RawPath;
}

/** A handle of the tenant's directory, to be closed by the caller. */
export function openTenant(source: TenantSource): number {
  try {
    return openRootDirectory(source.directory);
  } catch (error) {
    throw toBackupError(error, `open the directory of tenant ${source.tenant}`);
  }
}

/** What a walk over the tenant needs. */
export function walkOptions(source: TenantSource, root: number, warnings: Warnings): WalkOptions {
  return {
    root,
    prefixBytes: source.root.length + 1,
    isExcluded: excludeMatcher(source.exclude),
    warnings,
  };
}
