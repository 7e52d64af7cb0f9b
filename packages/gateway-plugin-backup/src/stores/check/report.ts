/** What a check of a store found out, in words for a person and as data. */
import type { Leftover, StoreAbilities } from "../store.js";

export type CheckedThing =
  | "write"
  | "read"
  | "range"
  | "suffixRange"
  | "list"
  | "overwriteGuard"
  | "multipart"
  | "multipartGuard"
  | "copy"
  | "equalParts"
  | "abort"
  | "listUploads"
  | "versioning"
  | "objectLock"
  | "delete"
  | "clock"
  | "freeSpace"
  | "durability"
  | "fileSystem"
  | "names"
  | "provider";

export interface CheckFinding {
  readonly what: CheckedThing;
  /** `ok`: as it should be. `info`: good to know. `lacking`: backups work, with the consequence. `denied`: these credentials may not. `failed`: backups do not work. */
  readonly outcome: "ok" | "info" | "lacking" | "denied" | "failed";
  /** One sentence: what was found. */
  readonly message: string;
  /** One sentence: what follows for backups. */
  readonly consequence?: string;
}

/** Bytes per second and milliseconds, of this one try. */
export interface CheckSpeed {
  readonly latencyMs?: number;
  readonly writeBytesPerSecond: number;
  readonly readBytesPerSecond: number;
}

export interface StoreCheck {
  readonly findings: readonly CheckFinding[];
  readonly speed?: CheckSpeed;
  /** For the settings of later stores. */
  readonly abilities: StoreAbilities;
  /** What could not be taken away again: keys or paths. */
  readonly leftBehind: readonly string[];
}

/** What a check needs of whoever runs it. */
export interface CheckOptions {
  /** Resolves when the leftover is noted: called before anything is made. */
  readonly onLeftover: (leftover: Leftover) => Promise<void>;
  /** It is not there any more. */
  readonly onGone: (leftover: Leftover) => void;
  readonly onStep: (what: CheckedThing) => void;
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch, ours. */
  readonly now: () => number;
}
