/**
 * `.backupignore`: with it a tenant says what of its workspace need not be backed up. It counts in `workspace/` and the
 * directories below it, each file for its own directory and what that holds; anywhere else it is an ordinary file. What
 * the tenant writes here is hostile input: sizes are limited, the work of matching is, and whatever goes beyond leaves
 * nothing out and is reported.
 */
import { closeSync, fstatSync } from "node:fs";
import { isWithin } from "./entry-name.js";
import { parseIgnoreRules, ruleMatches } from "./ignore-rules.js";
import type { IgnoreRule, StepMeter } from "./ignore-rules.js";
import { holdFile, openHeld, readFully } from "./opened-file.js";
import type { HeldFile } from "./opened-file.js";
import { displayPath, joinRaw, rawPath } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { mayBeDatabase } from "./sqlite/protocol.js";
import { systemReason } from "../system-error.js";
import type { Warnings } from "./warnings.js";

export const IGNORE_FILE = rawPath(".backupignore");
/** The directory of the tenant in which the tenant itself writes. */
const WORKSPACE = rawPath("workspace");

/** Limits of one file; git's own lists for large projects have a few hundred lines. */
const MAX_FILE_BYTES = 64 * 1024;
const MAX_FILE_LINES = 1000;
/** Of all files that count for one directory together: a tree can be 2,000 levels deep, with a file in each. */
const MAX_BYTES_IN_FORCE = 256 * 1024;
/**
 * Steps of matching for one walk (about 2 ns each): some at first, and more for every entry that is looked at. Ordinary
 * rules need a step or two for each entry.
 */
const FIRST_STEPS = 50_000_000;
const STEPS_PER_ENTRY = 5_000;

/** The rules that count in a directory: those of its own file, then those of the directories above. */
export interface IgnoreLayer {
  /** Directory of the file, relative to the tenant's. */
  readonly base: RawPath;
  readonly rules: readonly IgnoreRule[];
  readonly above: IgnoreLayer | undefined;
  /** Of all files of this layer and above. */
  readonly bytes: number;
}

export class IgnoreFiles {
  readonly #warnings: Warnings;
  readonly #meter: StepMeter = { steps: 0 };
  #allowed = FIRST_STEPS;
  #stopped = false;

  constructor(warnings: Warnings) {
    this.#warnings = warnings;
  }

  /**
   * What counts in a directory.
   *
   * @param handle Of the directory, open.
   * @param hasFile Whether the directory lists something by the name of {@link IGNORE_FILE} that is no directory.
   */
  layer(
    path: RawPath,
    handle: number,
    hasFile: boolean,
    above: IgnoreLayer | undefined,
  ): IgnoreLayer | undefined {
    if (!hasFile || !isWithin(path, WORKSPACE) || this.#stopped) return above;
    const room = Math.min(MAX_FILE_BYTES, MAX_BYTES_IN_FORCE - (above?.bytes ?? 0));
    const content = readRules(handle, room);
    if (typeof content === "string") {
      this.#skip(joinRaw(path, IGNORE_FILE), content);
      return above;
    }
    const rules = parseIgnoreRules(content.lines);
    return rules.length === 0
      ? above
      : { base: path, rules, above, bytes: (above?.bytes ?? 0) + content.bytes };
  }

  /** The rule that leaves an entry out, as `workspace/.backupignore:3`; undefined when it stays in. */
  ruleAgainst(layer: IgnoreLayer | undefined, path: RawPath, isDirectory: boolean): string | undefined {
    this.#allowed += STEPS_PER_ENTRY;
    for (let at = layer; at !== undefined && !this.#stopped; at = at.above) {
      const relative = path.slice(at.base.length + 1) as RawPath;
      for (let i = at.rules.length - 1; i >= 0; i--) {
        const rule = at.rules[i];
        if (rule !== undefined && ruleMatches(rule, relative, isDirectory, this.#meter))
          return rule.negated ? undefined : `${displayPath(joinRaw(at.base, IGNORE_FILE))}:${rule.line}`;
        if (this.#meter.steps <= this.#allowed) continue;
        this.#stop(path);
        break;
      }
    }
    return undefined;
  }

  #stop(path: RawPath): void {
    this.#stopped = true;
    this.#warnings.add(
      "IGNORE_FILE_SKIPPED",
      path,
      "From here on no .backupignore file counts: the rules take too long to match. Simplify them.",
    );
  }

  #skip(path: RawPath, reason: string): void {
    this.#warnings.add("IGNORE_FILE_SKIPPED", path, `Its rules are not applied: ${reason}.`);
  }
}

interface IgnoreLines {
  readonly lines: readonly string[];
  readonly bytes: number;
}

/** The lines of a directory's file, or why they cannot be had. */
function readRules(directory: number, room: number): IgnoreLines | string {
  try {
    const held = holdFile(directory, IGNORE_FILE);
    if (held === undefined) return { lines: [], bytes: 0 };
    try {
      return readHeld(held, room);
    } finally {
      closeSync(held.handle);
    }
  } catch (error) {
    return `it cannot be read: ${systemReason(error)}`;
  }
}

function readHeld(held: HeldFile, room: number): IgnoreLines | string {
  const { stats } = held;
  if (!stats.isFile()) return "it is not a regular file";
  // Closing a second name of a database that is in use elsewhere would drop SQLite's locks on it.
  if (stats.nlink > 1n && mayBeDatabase(stats)) return "it has a second name and could be a database";
  if (stats.size > room) return `it is larger than ${room} bytes`;
  if (stats.size === 0n) return { lines: [], bytes: 0 };
  const opened = openHeld(held);
  try {
    const content = Buffer.alloc(Number(stats.size));
    const bytes = readFully(opened, content, 0);
    if (bytes < content.length || fstatSync(opened, { bigint: true }).mtimeNs !== stats.mtimeNs)
      return "it changed while it was read";
    const lines = content.toString("latin1").split("\n", MAX_FILE_LINES + 1);
    return lines.length > MAX_FILE_LINES && lines[MAX_FILE_LINES] !== ""
      ? `it has more than ${MAX_FILE_LINES} lines`
      : { lines, bytes };
  } finally {
    closeSync(opened);
  }
}
