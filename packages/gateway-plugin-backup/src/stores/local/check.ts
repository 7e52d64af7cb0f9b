/** Finds out what a local directory is good for, by writing into it. */
import { randomBytes } from "node:crypto";
import { constants, lstatSync, readFileSync, statfsSync, statSync } from "node:fs";
import { basename } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { BackupError } from "../../errors.js";
import type { CheckFinding, CheckOptions, StoreCheck } from "../check/report.js";
import type { LocalStoreSettings } from "../settings.js";
import { makeDirectory, removeEmpty, type OpenDirectory } from "./directories.js";
import { fileError, undefinedOn } from "./file-errors.js";
import { partialName, systemCalls, type FileCalls } from "./file-upload.js";
import { unlink } from "./unlink.js";

const SAMPLE_BYTES = 8 * 1024 * 1024;

export interface DirectoryToCheck {
  /** Absolute; may be missing. */
  readonly path: string;
  /** A directory with what is to be protected. */
  readonly state: string;
}

/**
 * Checks a directory, which is made where it is missing and then removed again. Throws `PATH_NOT_ALLOWED` outside the local
 * roots, `STORE_DENIED` where the gateway may not write, and what else keeps it from storing a file; the rest are findings.
 */
export async function checkDirectory(
  { roots }: LocalStoreSettings,
  { path, state }: DirectoryToCheck,
  options: CheckOptions,
  calls: FileCalls = systemCalls,
): Promise<StoreCheck> {
  await turn();
  const { directory, made } = explained(path, () => makeDirectory(path, roots));
  const names = [partialName(), partialName()] as const;
  const leftovers = names.map(
    (name) => ({ kind: "partial-file", path: `${directory.path}/${name}` }) as const,
  );
  try {
    for (const leftover of leftovers) await options.onLeftover(leftover);
    const { findings, speed } = explained(path, () => examine(directory, names, state, options, calls));
    return { findings, speed, abilities: {}, leftBehind: [] };
  } finally {
    // What cannot be removed now stays noted.
    for (const leftover of leftovers) {
      try {
        unlink(directory.path, basename(leftover.path), roots);
        options.onGone(leftover);
      } catch {
        continue;
      }
    }
    directory.close();
    removeEmpty(made);
  }
}

function explained<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const failure = fileError(error, "writing", `write below ${path}`, path);
    if (failure.code !== "READ_ONLY") throw failure;
    throw new BackupError("STORE_DENIED", failure.message, {
      hint: "Make the directory writable for the gateway's user; check mount options and rights.",
      cause: failure,
    });
  }
}

function examine(
  directory: OpenDirectory,
  [name, second]: readonly [string, string],
  state: string,
  options: CheckOptions,
  calls: FileCalls,
): Required<Pick<StoreCheck, "findings" | "speed">> {
  options.onStep("write");
  const bytes = randomBytes(SAMPLE_BYTES);
  const file = directory.entry(name);
  const fd = calls.open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  const { ms: writtenMs } = timed(() => {
    try {
      for (let at = 0; at < bytes.length;) at += calls.write(fd, bytes, at);
      calls.fsync(fd);
    } finally {
      calls.close(fd);
    }
    directory.sync();
  });
  options.onStep("read");
  const { ms: readMs, value: isRight } = timed(() => readFileSync(file).equals(bytes));
  const findings: CheckFinding[] = [
    { what: "write", outcome: "ok", message: `Files can be written in ${directory.path}.` },
    isRight
      ? { what: "read", outcome: "ok", message: "What was written is read back as it was." }
      : {
          what: "read",
          outcome: "failed",
          message: "Other bytes are read back than were written.",
          consequence: "Backups here would be damaged.",
        },
    {
      what: "durability",
      outcome: "ok",
      message: `8 MiB are on the disk after ${Math.round(writtenMs)} ms (fsync).`,
    },
    freeSpace(directory),
    shared(statSync(directory.entry(".")).dev === statSync(state).dev),
    overwriteGuard(directory, name, second, calls),
    names(directory, name),
  ];
  return {
    findings,
    speed: { writeBytesPerSecond: rate(writtenMs), readBytesPerSecond: rate(readMs) },
  };
}

function freeSpace(directory: OpenDirectory): CheckFinding {
  const { bavail, bsize } = statfsSync(directory.entry("."));
  const free = (bavail * bsize) / 1024 ** 3;
  return { what: "freeSpace", outcome: "info", message: `${free.toFixed(1)} GiB are free.` };
}

function shared(isShared: boolean): CheckFinding {
  const what = "fileSystem";
  return isShared
    ? {
        what,
        outcome: "lacking",
        message: "It lies on the same file system as the state directory.",
        consequence: "Backups here are lost together with what they protect.",
      }
    : { what, outcome: "ok", message: "It lies on another file system than the state directory." };
}

/** Giving a file a second name fails where that name is taken: so archives are kept from being overwritten. */
function overwriteGuard(
  directory: OpenDirectory,
  name: string,
  second: string,
  calls: FileCalls,
): CheckFinding {
  const what = "overwriteGuard";
  try {
    calls.link(directory.entry(name), directory.entry(second));
    return {
      what,
      outcome: "ok",
      message: "The file system has hard links: no archive is overwritten by accident.",
    };
  } catch {
    return {
      what,
      outcome: "lacking",
      message: "The file system has no hard links.",
      consequence:
        "Before an archive gets its name the gateway looks whether it is taken; a writer at the same moment can slip past.",
    };
  }
}

function names(directory: OpenDirectory, name: string): CheckFinding {
  const what = "names";
  const other = undefinedOn("ENOENT", () => lstatSync(directory.entry(name.toUpperCase())));
  return other === undefined
    ? { what, outcome: "ok", message: "Names that differ in case are different names." }
    : {
        what,
        outcome: "lacking",
        message: "Names that differ in case alone are one name.",
        consequence: "Two archives whose names differ in case alone take each other's place.",
      };
}

function timed<T>(work: () => T): { readonly ms: number; readonly value: T } {
  const startedAt = performance.now();
  const value = work();
  return { ms: performance.now() - startedAt, value };
}

function rate(milliseconds: number): number {
  return Math.round((SAMPLE_BYTES * 1000) / Math.max(milliseconds, 1));
}
