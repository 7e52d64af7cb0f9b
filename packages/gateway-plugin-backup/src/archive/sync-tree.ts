import { spawn } from "node:child_process";
import { closeSync, constants, fsyncSync, openSync, readdirSync } from "node:fs";
import { BackupError, toBackupError } from "../errors.js";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const SLASH = Buffer.from("/");

/**
 * Brings a tree's files and directories to the disk. `sync -f` (coreutils: the syncfs call, which reports write errors
 * since Linux 5.8) does it in one go, where fsync of every file takes minutes on slow disks; where there is no such
 * command, the files are synced one by one, with synchronous calls: for worker threads only. Throws `DISK_FULL` or
 * `IO_FAILED`.
 *
 * `command` is the program to use, for tests.
 */
export async function syncTree(directory: string, command = "sync"): Promise<void> {
  const outcome = await runSync(command, directory);
  if (outcome === "synced") return;
  if (outcome === "unavailable") {
    try {
      syncEntries(Buffer.from(directory));
    } catch (error) {
      throw toBackupError(error, `bring ${directory} to the disk`);
    }
    return;
  }
  // No second try file by file: the kernel reports a write error once, so that a later fsync could call it done.
  throw notSynced(directory, outcome);
}

/** Content bytes that wait to be brought to the disk while a tree grows: a second's work for a fast disk. */
const GROWTH_BYTES = 256 * 1024 * 1024;

/**
 * Brings a tree to the disk piece by piece while it is still being written, so that {@link syncTree} finds little to do
 * when it is whole: otherwise the disk idles while the tree is made, and the processor while it is synced. Where there is
 * no `sync -f`, nothing happens before the end.
 */
export class GrowingTree {
  readonly #directory: string;
  readonly #command: string;
  #nextAt = GROWTH_BYTES;
  #running: Promise<void> | undefined;
  #failure: BackupError | undefined;

  /** `command` is the program to use, for tests. */
  constructor(directory: string, command = "sync") {
    this.#directory = directory;
    this.#command = command;
  }

  /** The tree holds so many content bytes by now. Returns at once; one sync runs at a time. */
  grown(bytes: number): void {
    if (bytes < this.#nextAt || this.#running !== undefined) return;
    this.#nextAt = bytes + GROWTH_BYTES;
    this.#running = this.#sync();
  }

  /**
   * Resolves when nothing runs any more; {@link syncTree} is still to be called. Throws `IO_FAILED` for a write error: the
   * kernel reports one once, so that a later sync could call it done.
   */
  async settled(): Promise<void> {
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #sync(): Promise<void> {
    const outcome = await runSync(this.#command, this.#directory);
    this.#running = undefined;
    if (outcome === "unavailable") this.#nextAt = Infinity;
    else if (outcome !== "synced") this.#failure ??= notSynced(this.#directory, outcome);
  }
}

interface SyncFailure {
  readonly reason: string;
}

function notSynced(directory: string, { reason }: SyncFailure): BackupError {
  return new BackupError("IO_FAILED", `Could not bring ${directory} to the disk: ${reason}`);
}

function runSync(command: string, directory: string): Promise<"synced" | "unavailable" | SyncFailure> {
  return new Promise((resolve) => {
    const child = spawn(command, ["-f", directory], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: process.env["PATH"], LC_ALL: "C" },
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-1000)));
    child.on("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code === "ENOENT" ? "unavailable" : { reason: error.message });
    });
    child.on("close", (status, signal) => {
      if (status === 0) resolve("synced");
      // An old coreutils or a small busybox: the command is there, the option is not.
      else if (/(invalid|unrecognized|unknown) option|usage:/i.test(stderr)) resolve("unavailable");
      else resolve({ reason: stderr.trim() || `${command} ended with ${signal ?? String(status)}` });
    });
  });
}

function syncEntries(directory: Buffer): void {
  for (const entry of readdirSync(directory, { withFileTypes: true, encoding: "buffer" })) {
    const path = Buffer.concat([directory, SLASH, entry.name]);
    if (entry.isDirectory()) syncEntries(path);
    else if (entry.isFile()) syncOne(path);
  }
  syncOne(directory);
}

function syncOne(path: Buffer): void {
  const handle = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
