/** The small JSON files that schedules live in. */
import { mkdir, rename } from "node:fs/promises";
import path from "node:path";
import type { Static, TSchema } from "@openclaw/schema";
import { GatewayError } from "../errors.js";
import type { Clock, PluginLogger } from "../plugin/host.js";
import { faultText, schemaCheck } from "../schema/check.js";
import { writeFileAtomic } from "../state/atomic-write.js";
import { readSmallFile } from "../state/small-file.js";
import { errorText, isSystemError } from "../system-error.js";

/** A tenant's file of as many schedules as there may be is smaller; anything larger is none of ours. */
const MAX_BYTES = 4 * 1024 * 1024;

/** What only the gateway writes may hold what many thousand tenants have. */
export const MAX_BYTES_OF_GATEWAY = 64 * 1024 * 1024;

/** What stands behind the name of a file that was set aside, before the time. */
export const DAMAGED = ".damaged-";

export interface JsonFiles {
  readonly clock: Clock;
  readonly log: PluginLogger;
  /** Told of a damaged file, which then stays where it is: for whoever looks without changing anything. */
  readonly onDamaged?: ((file: string, problem: string) => void) | undefined;
}

export interface ReadOptions {
  /** The file as a person would name it. */
  readonly shown?: string;
  readonly maxBytes?: number;
}

/**
 * Reads a file; undefined when it is not there. One that is damaged (no JSON, not what the schema says, no regular file)
 * is kept aside under another name, logged, and counts as not there. Throws `STATE_UNUSABLE` when the file may be good
 * and cannot be read.
 */
export async function readJsonFile<S extends TSchema>(
  files: JsonFiles,
  file: string,
  schema: S,
  { shown = file, maxBytes = MAX_BYTES }: ReadOptions = {},
): Promise<Static<S> | undefined> {
  const read = await readText(file, shown, maxBytes);
  if (read === undefined) return undefined;
  const problem = "problem" in read ? read.problem : undefined;
  const parsed = "text" in read ? parse(read.text) : undefined;
  if (parsed === undefined) {
    await setAside(files, file, problem ?? "is not JSON", shown);
    return undefined;
  }
  const checked = schemaCheck(schema)(parsed.value);
  if (checked.ok) return checked.value;
  await setAside(files, file, faultText(checked.fault, "its content"), shown);
  return undefined;
}

/** Renames a file to what it is called plus `.damaged-` and the time. */
export async function setAside(
  { clock, log, onDamaged }: JsonFiles,
  file: string,
  problem: string,
  shown = file,
): Promise<void> {
  if (onDamaged !== undefined) {
    onDamaged(shown, problem);
    return;
  }
  const suffix = `${DAMAGED}${new Date(clock.now()).toISOString().replaceAll(":", "-")}`;
  await rename(file, file + suffix);
  log.error({ file: shown, keptAs: shown + suffix, problem }, "a damaged file of schedules was set aside");
}

/** Writes a file whole or not at all, and the directory that it stands in where that is missing. */
export async function writeJsonFile(file: string, content: object): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await writeFileAtomic(file, `${JSON.stringify(content, undefined, 2)}\n`);
}

async function readText(
  file: string,
  shown: string,
  maxBytes: number,
): Promise<{ readonly text: string } | { readonly problem: string } | undefined> {
  try {
    return { text: await readSmallFile(file, maxBytes) };
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return undefined;
    if (isSystemError(error, "ELOOP")) return { problem: "is a link" };
    // Errors of the system have a code: the file may be good.
    if (!(error instanceof Error) || "code" in error) {
      throw new GatewayError("STATE_UNUSABLE", `${shown} cannot be read: ${errorText(error)}`, {
        cause: error,
      });
    }
    return { problem: error.message };
  }
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
