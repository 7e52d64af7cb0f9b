/** What of a tenant does not go into its archive, and why. */
import type { RawPath } from "./raw-path.js";

/**
 * - `config-exclude`: a glob of the request's `exclude`; `rule` is the glob.
 * - `backupignore`: a rule of the tenant; `rule` is `workspace/.backupignore:LINE`.
 * - `ephemeral`: terminal state, `pty/`; of the gateway's own archives nothing is told that is never archived.
 * - `special-file`: a socket, FIFO or device.
 * - `escaping-link`: leads out of the tenant.
 * - `unreadable`: the system refuses to give it, and the request allows that.
 * - `database-companion`: `-wal`, `-shm` or `-journal`; what is in it is in the copy of its database.
 * - `name-too-long`: its path in the archive would pass the limit.
 */
export type LeftOutReason =
  | "config-exclude"
  | "backupignore"
  | "ephemeral"
  | "special-file"
  | "escaping-link"
  | "unreadable"
  | "database-companion"
  | "name-too-long";

/** An entry that is left out with all it holds. */
export interface LeftOut {
  /** Relative to the tenant's directory. */
  readonly path: RawPath;
  readonly type: "file" | "directory" | "symlink" | "special";
  readonly reason: LeftOutReason;
  readonly rule?: string;
  /** Itself and everything below it. */
  readonly entries: number;
  /** Sizes of all regular files among them. */
  readonly bytes: number;
}

export interface LeftOutTotals {
  readonly entries: number;
  readonly bytes: number;
}

/** What rules left out, counted to the last file. */
export interface Excluded extends LeftOutTotals {
  /** By the globs of the gateway's config. */
  readonly config: LeftOutTotals;
  /** By the tenant's `.backupignore` files. */
  readonly backupignore: LeftOutTotals;
}

/** Adds up what rules leave out. */
export class ExcludedTally {
  readonly #config = { entries: 0, bytes: 0 };
  readonly #backupignore = { entries: 0, bytes: 0 };

  add({ reason, entries, bytes }: LeftOut): void {
    if (reason !== "config-exclude" && reason !== "backupignore") return;
    const totals = reason === "config-exclude" ? this.#config : this.#backupignore;
    totals.entries += entries;
    totals.bytes += bytes;
  }

  get totals(): Excluded {
    return {
      entries: this.#config.entries + this.#backupignore.entries,
      bytes: this.#config.bytes + this.#backupignore.bytes,
      config: { ...this.#config },
      backupignore: { ...this.#backupignore },
    };
  }
}
