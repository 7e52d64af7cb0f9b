/** What takes part in a comparison. */
import type { Values } from "../results/results.js";

/** Adds a process, with its children, to those whose memory is measured. */
export type Watch = (pid: number) => void;

export interface Contestant {
  /** As the tables print it. */
  readonly name: string;
  /** Its commands as they are run, for the report; none for this project. */
  readonly commands: Readonly<Record<string, string>>;
  /** A process that works for it and lives on between the runs. */
  standingPid(): number | undefined;
  /** Forgets all backups, and what it knows of them: the next one is a first one. Not measured. */
  reset(): Promise<void>;
  /** Backs the tenant up; resolves when it is done. What it knows beside time and memory is given. */
  backup(watch: Watch): Promise<Values>;
  /** Restores the last backup into an empty place. */
  restore(watch: Watch): Promise<Values>;
  /**
   * Puts what was restored out of the way of the next restore. It is removed only in the end: ext4 is slow to hand out
   * inodes that were freed a moment ago, and whoever came next would pay for it.
   */
  setRestoredAside(): void;
  /** Reads one file out of the last backup; a path relative to the tenant's directory. Throws when it is not `size` bytes. */
  readFile(path: string, size: number, watch: Watch): Promise<Values>;
  /** Bytes of all that it has stored. */
  storedBytes(): Promise<number>;
  close(): Promise<void>;
}
