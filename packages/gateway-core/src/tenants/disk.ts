import { randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { GatewayError, isCodedError } from "../errors.js";
import type { StatePaths, TenantRecord } from "../plugin/host.js";
import { GATEWAY_TEMPORARY, syncDirectory, writeFileAtomic } from "../state/atomic-write.js";
import { readSmallFile } from "../state/small-file.js";
import { errorText, isSystemError } from "../system-error.js";
import { parseTenantRecord } from "./record.js";
import type { BrokenTenant } from "./registry.js";
import { isTenantId } from "./tenant-id.js";

/** What every tenant's directory holds from its creation on. */
const SUBDIRECTORIES = [
  "sessions",
  "memory",
  "workspace",
  "channels",
  "credentials",
  "cron",
  "usage",
  "plugins",
  "sandboxes",
] as const;

/** A record is a few hundred bytes; labels can make it some 20 KB. */
const MAX_RECORD_BYTES = 64 * 1024;

/** The identity of what is not there. */
export const NOTHING = "none";

/** How deleted tenants are named in `tenants/.trash`: what a restore put there for undo has another name. */
const DELETED = "deleted-";

/** Errors of the disk or of the process, not of what a tenant has put there. */
const UNREAD = ["EIO", "EMFILE", "ENFILE", "ENOMEM"] as const;

/** The tenants' directories on disk. Knows nothing of claims, the gate or who is served. */
export class TenantDisk {
  readonly #paths: StatePaths;

  constructor(paths: StatePaths) {
    this.#paths = paths;
  }

  directory(id: string): string {
    return path.join(this.#paths.tenants, id);
  }

  /** The slots in which something stands, in order. */
  async ids(): Promise<readonly string[]> {
    return (await namesIn(this.#paths.tenants)).filter(isTenantId).sort();
  }

  /**
   * Tells the directory in the slot from another one that takes its place: the old one exists for as long as they are
   * compared. `none` where there is nothing.
   */
  async identity(id: string): Promise<string> {
    try {
      const { dev, ino } = await lstat(this.directory(id), { bigint: true });
      return `${dev}:${ino}`;
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return NOTHING;
      throw error;
    }
  }

  /** The slot's record; undefined when there is no directory or no `tenant.json` in it. */
  async read(id: string): Promise<TenantRecord | BrokenTenant | undefined> {
    try {
      const record = parseTenantRecord(
        JSON.parse(await readSmallFile(this.#recordFile(id), MAX_RECORD_BYTES)),
      );
      if (record.id !== id) return { id, reason: `tenant.json is that of ${record.id}` };
      return record;
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return undefined;
      const reason = isCodedError(error) ? error.message : `tenant.json: ${errorText(error)}`;
      return { id, reason, ...(isSystemError(error, ...UNREAD) ? { isUnread: true } : {}) };
    }
  }

  async writeRecord(record: TenantRecord): Promise<void> {
    await writeFileAtomic(this.#recordFile(record.id), recordText(record), {
      temporaryDirectory: this.#paths.staging,
    });
  }

  /** Whether anything stands in the slot, a tenant or not. */
  async occupied(id: string): Promise<boolean> {
    try {
      await lstat(this.directory(id));
      return true;
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return false;
      throw error;
    }
  }

  /** Makes the directory of a new tenant, whole or not at all. The caller has seen that the slot is empty. */
  async create(record: TenantRecord): Promise<void> {
    const staged = path.join(this.#paths.staging, temporaryName());
    try {
      await mkdir(staged, { mode: 0o700 });
      for (const name of SUBDIRECTORIES) await mkdir(path.join(staged, name), { mode: 0o700 });
      await writeFileAtomic(path.join(staged, "tenant.json"), recordText(record));
      await rename(staged, this.directory(record.id));
    } catch (error) {
      await rm(staged, { recursive: true, force: true });
      throw new GatewayError("STATE_UNUSABLE", `Tenant ${record.id} cannot be made: ${errorText(error)}`, {
        cause: error,
      });
    }
    await syncDirectory(this.#paths.tenants);
  }

  /** Takes the tenant's directory out of its slot, in no time whatever its size; returns where it lies to be removed. */
  async moveToTrash(id: string): Promise<string> {
    const trashed = path.join(this.#paths.trash, `${DELETED}${randomBytes(8).toString("hex")}`);
    await rename(this.directory(id), trashed);
    await syncDirectory(this.#paths.tenants);
    await syncDirectory(this.#paths.trash);
    return trashed;
  }

  /** A path for a temporary file on the tenants' file system; a crash's leftovers are found by {@link leftovers}. */
  temporaryFile(): string {
    return path.join(this.#paths.staging, temporaryName());
  }

  /** What a crash left of creations, uploads and deletions. Never what a restore keeps for undo. */
  async leftovers(): Promise<readonly string[]> {
    const staged = await namesIn(this.#paths.staging);
    const trashed = await namesIn(this.#paths.trash);
    return [
      ...staged
        .filter((name) => name.startsWith(GATEWAY_TEMPORARY))
        .map((name) => path.join(this.#paths.staging, name)),
      ...trashed.filter((name) => name.startsWith(DELETED)).map((name) => path.join(this.#paths.trash, name)),
    ];
  }

  #recordFile(id: string): string {
    return path.join(this.directory(id), "tenant.json");
  }
}

/** Before the first start there is no such directory. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw error;
  }
}

function temporaryName(): string {
  return `${GATEWAY_TEMPORARY}${randomBytes(8).toString("hex")}`;
}

function recordText(record: TenantRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}
