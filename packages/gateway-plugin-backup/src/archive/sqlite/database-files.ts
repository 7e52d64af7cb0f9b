import type { BigIntStats } from "node:fs";
import { statIn } from "../confined.js";
import type { RawPath } from "../raw-path.js";
import { systemCode } from "../../system-error.js";
import type { CompanionSuffix, CopyAnswer } from "./protocol.js";

/** A database and the files beside it, as their directory shows them at one moment. */
export interface DatabaseFiles {
  /** Handle of the directory. */
  readonly directory: number;
  readonly name: RawPath;
  readonly main: BigIntStats;
  readonly wal: BigIntStats | undefined;
  readonly shm: BigIntStats | undefined;
  readonly journal: BigIntStats | undefined;
}

/** Undefined when there is no file of that name. */
export function lookAt(directory: number, name: RawPath): DatabaseFiles | undefined {
  const main = statIfItFits(directory, name);
  if (main?.isFile() !== true) return undefined;
  return {
    directory,
    name,
    main,
    ...companionsIn(directory, name),
    shm: companionIn(directory, name, "-shm"),
  };
}

/** What is committed beside a database, or is to be taken back. */
export function companionsIn(directory: number, name: RawPath): Pick<DatabaseFiles, "wal" | "journal"> {
  return { wal: companionIn(directory, name, "-wal"), journal: companionIn(directory, name, "-journal") };
}

function companionIn(directory: number, name: RawPath, suffix: CompanionSuffix): BigIntStats | undefined {
  return statIfItFits(directory, `${name}${suffix}` as RawPath);
}

/** Undefined also for a name that is too long for the file system, as that of a companion can be. */
function statIfItFits(directory: number, name: RawPath): BigIntStats | undefined {
  try {
    return statIn(directory, name);
  } catch (error) {
    if (systemCode(error) !== "ENAMETOOLONG") throw error;
    return undefined;
  }
}

/**
 * How one try to copy a database ended. `again`: it was busy or changed meanwhile; `reason` is what to say when it stays
 * so. The other kinds are as in {@link CopyAnswer}.
 */
export type Attempt =
  | { readonly kind: "copied" }
  | { readonly kind: "mixed" }
  | { readonly kind: "again"; readonly reason: string }
  | Extract<CopyAnswer, { kind: "unreadable" | "no-room" }>;
