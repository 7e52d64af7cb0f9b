/** The warnings of one run, and what they may not be: a file that cannot be read fails the job unless that is allowed. */
import { BackupError } from "../errors.js";
import type { BackupErrorCode } from "../errors.js";
import type { ArchiveWarning, ArchiveWarningCode } from "./format.js";
import { displayPath } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { systemCode, systemReason } from "../system-error.js";

/**
 * Warnings kept by name; the rest is counted. They stand in the index, the ledger and the job's result, and a tenant with
 * a million sockets must not fill those.
 */
export const MAX_WARNINGS = 10_000;

export class Warnings {
  readonly #subject: string;
  readonly #allowUnreadable: boolean;
  readonly #warnings: ArchiveWarning[] = [];
  #unlisted = 0;
  #lastUnlisted: ArchiveWarningCode | undefined;

  /** @param subject The tenant, as it begins a message: `Tenant acme`. */
  constructor(subject: string, allowUnreadable: boolean) {
    this.#subject = subject;
    this.#allowUnreadable = allowUnreadable;
  }

  add(code: ArchiveWarningCode, path: RawPath, message: string): void {
    if (this.#warnings.length < MAX_WARNINGS) {
      this.#warnings.push({ code, path: displayPath(path), message });
      return;
    }
    this.#unlisted++;
    this.#lastUnlisted = code;
  }

  /**
   * A file, directory or database that is there but cannot be read: a warning where the request allows it, else an error
   * that names it.
   *
   * @param reason What happened, to follow a colon, without a full stop.
   */
  unreadable(code: UnreadableCode, path: RawPath, reason: string): void {
    if (!this.#allowUnreadable) {
      const what = code === "DATABASE_UNREADABLE" ? "database" : "file";
      throw new BackupError(
        code,
        `${this.#subject}: ${what} ${displayPath(path) || "."} cannot be read: ${reason}.`,
        {
          details: { path: displayPath(path) },
        },
      );
    }
    this.add(code, path, `Left out, it cannot be read: ${reason}.`);
  }

  /**
   * As {@link unreadable}, for what a system call threw. What is not the file's own fault is never allowed: nobody means
   * that by `--allow-unreadable`.
   */
  unreadableBecause(path: RawPath, error: unknown): void {
    const code = systemCode(error);
    if (code === undefined) throw error;
    if (!notTheFilesFault.has(code)) {
      this.unreadable("FILE_UNREADABLE", path, systemReason(error));
      return;
    }
    throw new BackupError(
      "IO_FAILED",
      `${this.#subject}: ${displayPath(path) || "."} could not be opened: ${systemReason(error)}.`,
      {
        hint: "The gateway is short of file handles or memory: raise its limits (`ulimit -n`), then back up again.",
        details: { path: displayPath(path) },
        cause: error,
      },
    );
  }

  list(): ArchiveWarning[] {
    if (this.#lastUnlisted === undefined) return this.#warnings;
    const message = `${this.#unlisted} further warnings are not listed.`;
    return [...this.#warnings, { code: this.#lastUnlisted, path: "", message }];
  }
}

export type UnreadableCode = Extract<
  BackupErrorCode & ArchiveWarningCode,
  "FILE_UNREADABLE" | "DATABASE_UNREADABLE"
>;

const notTheFilesFault: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOMEM"]);
