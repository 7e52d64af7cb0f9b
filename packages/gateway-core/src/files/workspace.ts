import type { Stats } from "node:fs";
import { constants } from "node:fs";
import { lstat, open, readdir, rename, rm, rmdir, unlink } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { GatewayError } from "../errors.js";
import type { TenantRecord } from "../plugin/host.js";
import { errorText, isSystemError } from "../system-error.js";
import type { TenantDisk } from "../tenants/disk.js";
import { openConfined, type ConfinedDirectory, type OpenOptions } from "./confined.js";
import type { TenantUsage } from "./usage.js";
import type { WorkspacePath } from "./workspace-path.js";

export type EntryKind = "file" | "directory" | "link" | "other";

export interface WorkspaceEntry {
  /** As the file system has it; bytes that are not UTF-8 show as U+FFFD. */
  readonly name: string;
  readonly type: EntryKind;
  /** Bytes; 0 for anything but a file. */
  readonly size: number;
  /** RFC 3339, UTC. */
  readonly mtime: string;
}

export interface OpenedFile {
  readonly kind: "file";
  readonly size: number;
  readonly mtime: Date;
  /** Exactly `size` bytes. Closes the file at its end or when it is destroyed. */
  readonly content: Readable;
}

export interface Listing {
  readonly kind: "directory";
  /** In order of their names. */
  readonly entries: readonly WorkspaceEntry[];
  /** There is more: ask again with this as `after`. */
  readonly next?: string;
}

export interface Page {
  readonly after?: string;
  /** Most entries of the answer. */
  readonly limit: number;
}

export interface WorkspaceOptions {
  readonly disk: TenantDisk;
  readonly usage: TenantUsage;
  /** Most bytes of one upload. */
  readonly maxUploadBytes: number;
}

/** How many entries of a listing are looked up at once: libuv has four threads, and other requests want them too. */
const LOOKUPS_AT_ONCE = 4;

/** The file operations of a tenant, confined to its `workspace/`. Links are never followed. */
export class Workspace {
  readonly #options: WorkspaceOptions;

  constructor(options: WorkspaceOptions) {
    this.#options = options;
  }

  /** Opens a file, or lists a directory. Throws `NOT_FOUND`, `PATH_NOT_ALLOWED`. */
  async get(tenant: TenantRecord, at: WorkspacePath, page: Page): Promise<OpenedFile | Listing> {
    return translated(at, async () => {
      if (at.components.length === 0) return this.#inDirectory(tenant, [], (root) => list(root, page));
      return this.#inParent(tenant, at, async (parent, name) => {
        const status = await lstat(parent.child(name));
        if (status.isDirectory()) {
          return this.#inDirectory(tenant, at.components, (directory) => list(directory, page));
        }
        if (at.directory) throw new GatewayError("FILE_CONFLICT", `${shown(at)} is not a directory`);
        return openFile(parent.child(name), at);
      });
    });
  }

  /**
   * Writes a file whole or not at all, making the directories above it. Resolves with whether it is a new one. Throws
   * `PATH_NOT_ALLOWED`, `FILE_CONFLICT`, `BODY_TOO_LARGE`, `QUOTA_EXCEEDED`, `DISK_FULL`.
   */
  async put(
    tenant: TenantRecord,
    at: WorkspacePath,
    content: Readable,
    announcedBytes: number | undefined,
  ): Promise<"created" | "replaced"> {
    if (at.directory)
      throw new GatewayError("PATH_NOT_ALLOWED", `${shown(at)} names a directory, not a file`);
    this.#checkSize(at, announcedBytes ?? 0);
    return translated(at, async () => {
      const { missing, replacedBytes } = await this.#probe(tenant, at);
      const allowance = await this.#options.usage.allowance(tenant, this.#options.disk.directory(tenant.id));
      const temporary = this.#options.disk.temporaryFile();
      try {
        allowance.take((announcedBytes ?? 0) - replacedBytes, missing);
        await this.#receive(at, content, temporary, (bytes) => {
          // What was announced is counted already, and HTTP lets no more than that through.
          if (announcedBytes === undefined) allowance.take(bytes, 0);
        });
        return await this.#place(tenant, at, temporary);
      } catch (error) {
        allowance.cancel();
        await rm(temporary, { force: true });
        throw error;
      }
    });
  }

  /** Deletes a file, a link (not what it points to) or an empty directory. Throws `NOT_FOUND`, `FILE_CONFLICT`. */
  async delete(tenant: TenantRecord, at: WorkspacePath): Promise<void> {
    if (at.components.length === 0) {
      throw new GatewayError("PATH_NOT_ALLOWED", "The workspace itself cannot be deleted");
    }
    await translated(at, () =>
      this.#inParent(tenant, at, async (parent, name) => {
        const status = await lstat(parent.child(name));
        if (status.isDirectory()) {
          await rmdir(parent.child(name));
        } else {
          if (at.directory) throw new GatewayError("FILE_CONFLICT", `${shown(at)} is not a directory`);
          await unlink(parent.child(name));
        }
        await this.#options.usage.freed(tenant, status.isFile() ? status.size : 0);
      }),
    );
  }

  /** How much of the path is missing, and the size of the file that would be replaced. */
  async #probe(tenant: TenantRecord, at: WorkspacePath): Promise<{ missing: number; replacedBytes: number }> {
    const parents = ["workspace", ...at.components.slice(0, -1)];
    const opened = await openConfined(this.#root(tenant), parents, { create: false });
    if (typeof opened === "number") return { missing: parents.length - opened + 1, replacedBytes: 0 };
    try {
      const status = await existing(opened.child(at.components.at(-1) ?? ""));
      if (status?.isDirectory() === true) {
        throw new GatewayError("FILE_CONFLICT", `${shown(at)} is a directory`);
      }
      return {
        missing: status === undefined ? 1 : 0,
        replacedBytes: status?.isFile() === true ? status.size : 0,
      };
    } finally {
      await opened.close();
    }
  }

  async #receive(
    at: WorkspacePath,
    content: Readable,
    temporary: string,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    const handle = await open(temporary, "wx", 0o600);
    try {
      let received = 0;
      // Destroying the request would destroy the connection, and the caller would never read why.
      for await (const chunk of content.iterator({ destroyOnReturn: false })) {
        const bytes = chunk as Buffer;
        received += bytes.length;
        this.#checkSize(at, received);
        onBytes(bytes.length);
        await handle.appendFile(bytes);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async #place(tenant: TenantRecord, at: WorkspacePath, temporary: string): Promise<"created" | "replaced"> {
    return this.#inParent(
      tenant,
      at,
      async (parent, name) => {
        const before = await existing(parent.child(name));
        await rename(temporary, parent.child(name));
        await parent.handle.sync();
        return before === undefined ? "created" : "replaced";
      },
      { create: true },
    );
  }

  #inParent<T>(
    tenant: TenantRecord,
    at: WorkspacePath,
    use: (parent: ConfinedDirectory, name: string) => Promise<T>,
    options: OpenOptions = { create: false },
  ): Promise<T> {
    const name = at.components.at(-1) ?? "";
    return this.#inDirectory(tenant, at.components.slice(0, -1), (parent) => use(parent, name), options);
  }

  async #inDirectory<T>(
    tenant: TenantRecord,
    components: readonly string[],
    use: (directory: ConfinedDirectory) => Promise<T>,
    options: OpenOptions = { create: false },
  ): Promise<T> {
    const opened = await openConfined(this.#root(tenant), ["workspace", ...components], options);
    if (typeof opened === "number") {
      throw new GatewayError("NOT_FOUND", `There is no ${["workspace", ...components].join("/")}`);
    }
    try {
      return await use(opened);
    } finally {
      await opened.close();
    }
  }

  #root(tenant: TenantRecord): string {
    return this.#options.disk.directory(tenant.id);
  }

  #checkSize(at: WorkspacePath, bytes: number): void {
    const { maxUploadBytes } = this.#options;
    if (bytes <= maxUploadBytes) return;
    throw new GatewayError(
      "BODY_TOO_LARGE",
      `${shown(at)} is larger than the ${maxUploadBytes} bytes of an upload`,
    );
  }
}

async function list(directory: ConfinedDirectory, page: Page): Promise<Listing> {
  const names = (await readdir(directory.path)).sort();
  const { after } = page;
  const rest = after === undefined ? names : names.filter((name) => name > after);
  const wanted = rest.slice(0, page.limit);
  const entries: WorkspaceEntry[] = [];
  for (let start = 0; start < wanted.length; start += LOOKUPS_AT_ONCE) {
    const found = await Promise.all(
      wanted.slice(start, start + LOOKUPS_AT_ONCE).map(async (name) => describe(name, directory.child(name))),
    );
    entries.push(...found.filter((entry) => entry !== undefined));
  }
  const last = wanted.at(-1);
  return {
    kind: "directory",
    entries,
    ...(rest.length > wanted.length && last !== undefined ? { next: last } : {}),
  };
}

async function describe(name: string, file: string): Promise<WorkspaceEntry | undefined> {
  const status = await existing(file);
  if (status === undefined) return undefined;
  return {
    name,
    type: kindOf(status),
    size: status.isFile() ? status.size : 0,
    mtime: status.mtime.toISOString(),
  };
}

function kindOf(status: Stats): EntryKind {
  if (status.isFile()) return "file";
  if (status.isDirectory()) return "directory";
  return status.isSymbolicLink() ? "link" : "other";
}

async function openFile(file: string, at: WorkspacePath): Promise<OpenedFile> {
  // O_NONBLOCK: a FIFO would hold a thread of the pool until somebody writes to it.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new GatewayError("PATH_NOT_ALLOWED", `${shown(at)} is not a regular file`);
    const { size, mtime } = status;
    if (size === 0) {
      await handle.close();
      return { kind: "file", size, mtime, content: Readable.from([]) };
    }
    // A file that grows meanwhile is sent as long as it was.
    return { kind: "file", size, mtime, content: handle.createReadStream({ start: 0, end: size - 1 }) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function existing(file: string): Promise<Stats | undefined> {
  try {
    return await lstat(file);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** System errors in the words of this API. */
async function translated<T>(at: WorkspacePath, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isSystemError(error, "ENOENT")) throw new GatewayError("NOT_FOUND", `There is no ${shown(at)}`);
    if (isSystemError(error, "ELOOP")) throw new GatewayError("PATH_NOT_ALLOWED", `${shown(at)} is a link`);
    if (isSystemError(error, "ENXIO")) {
      throw new GatewayError("PATH_NOT_ALLOWED", `${shown(at)} is not a regular file`);
    }
    if (isSystemError(error, "ENOTEMPTY")) {
      throw new GatewayError("FILE_CONFLICT", `${shown(at)} is a directory that is not empty`);
    }
    if (isSystemError(error, "EISDIR"))
      throw new GatewayError("FILE_CONFLICT", `${shown(at)} is a directory`);
    if (isSystemError(error, "EACCES", "EPERM")) {
      throw new GatewayError("FORBIDDEN", `The gateway has no right to do that to ${shown(at)}`);
    }
    if (isSystemError(error, "ECONNRESET")) {
      throw new GatewayError("REQUEST_INVALID", `The upload of ${shown(at)} broke off; nothing was written`);
    }
    if (isSystemError(error, "ENOSPC", "EDQUOT")) {
      throw new GatewayError("DISK_FULL", `${shown(at)} cannot be written: ${errorText(error)}`, {
        cause: error,
      });
    }
    throw error;
  }
}

function shown(at: WorkspacePath): string {
  return path.posix.join("workspace", ...at.components);
}
