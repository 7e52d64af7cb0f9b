import { toBackupError } from "../errors.js";
import { openRootDirectory } from "./confined.js";
import { excludeMatcher, type Exclude } from "./exclude.js";
import type { ArchiveLimits } from "./format.js";
import { isGatewayPart, ownerName } from "./gateway-parts.js";
import { EPHEMERAL, neverArchived } from "./never-archived.js";
import { joinRaw, rawPath } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { COMPANION_SUFFIXES } from "./sqlite/protocol.js";
import type { WalkOptions } from "./walk.js";
import type { Warnings } from "./warnings.js";

/** What is to be read, and by which rules. Plain data: it goes to the reader thread. */
export interface TenantSource {
  /** The tenant's directory on this machine, absolute, without a trailing slash. */
  readonly directory: string;
  /** The directory of the archive that stands for it: `tenants/acme`. */
  readonly root: string;
  /** Tenant id, or a part of the gateway: see `gateway-parts.ts`. */
  readonly tenant: string;
  readonly limits: ArchiveLimits;
  /** Globs over paths relative to the tenant's directory: see {@link excludeMatcher}. */
  readonly exclude: readonly string[];
  /** Leaves out, with a warning, what cannot be read. Without it that is an error. */
  readonly allowUnreadable: boolean;
  /** Paths that stay out whatever the rules say: see {@link neverArchived}. Absent: a tenant's. */
  readonly leaveOut?: readonly string[];
  /** Databases that somebody else has copied: the walk leaves them alone. Each stands in a directory that is archived. */
  readonly copies?: readonly DatabaseInArchive[];
}

export interface DatabaseInArchive {
  /** Relative to the directory that is archived. */
  readonly path: string;
  /** Absolute: the finished copy, which nobody writes to. */
  readonly file: string;
}

/** Whose directory it is, as it begins a message: `Tenant acme`, `The gateway's state`. */
export function subjectOf({ tenant }: Pick<TenantSource, "tenant">): string {
  const name = ownerName(tenant);
  return name.charAt(0).toUpperCase() + name.slice(1);
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
    throw toBackupError(error, `open the directory of ${ownerName(source.tenant)}`);
  }
}

/** What a walk over the tenant needs. */
export function walkOptions(source: TenantSource, root: number, warnings: Warnings): WalkOptions {
  return {
    root,
    prefixBytes: source.root.length + 1,
    isExcluded: excludesOf(source),
    isNeverArchived: neverArchived([...(source.leaveOut ?? EPHEMERAL), ...databaseFiles(source)]),
    tellsOfNeverArchived: !isGatewayPart(source.tenant),
    warnings,
  };
}

/** Those that were copied, with what SQLite keeps beside them. */
function databaseFiles({ copies = [] }: TenantSource): string[] {
  return copies.flatMap(({ path }) => ["", ...COMPANION_SUFFIXES].map((suffix) => path + suffix));
}

/** A tenant's directory in the state's. */
const IN_TENANT = /^tenants\/[^/]+\//;

/** In the gateway's state the globs apply to each tenant, as they do in its own archive, and to nothing else. */
function excludesOf({ tenant, exclude }: TenantSource): Exclude {
  const matches = excludeMatcher(exclude);
  if (tenant !== "@state") return matches;
  return (path) => (IN_TENANT.test(path) ? matches(path.replace(IN_TENANT, "") as RawPath) : undefined);
}
