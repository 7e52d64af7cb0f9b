import type { BigIntStats } from "node:fs";
import { statIn } from "../confined.js";
import type { RawPath } from "../raw-path.js";
import { systemCode } from "../system-error.js";
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
  const main = statIn(directory, name);
  if (main?.isFile() !== true) return undefined;
  const beside = (suffix: CompanionSuffix) => statBeside(directory, name, suffix);
  return { directory, name, main, wal: beside("-wal"), shm: beside("-shm"), journal: beside("-journal") };
}

function statBeside(directory: number, name: RawPath, suffix: CompanionSuffix): BigIntStats | undefined {
  try {
    return statIn(directory, `${name}${suffix}` as RawPath);
  } catch (error) {
    if (systemCode(error) === "ENAMETOOLONG") return undefined;
    throw error;
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
