/** What the tenants of the random kills hold, and whether a directory holds just that. */
import Database from "better-sqlite3";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { writeOddEntries } from "../odd-entries.js";
import { Noise } from "../seeded.js";
import { TreeWriter } from "../tenant-generator.js";

/** A database that the gateway holds open and writes to, in WAL mode. */
export const MEMORY = "memory/live.sqlite";
const GENERATION = "workspace/generation";
const LOG = "sessions/main.jsonl";

/** A tenant's files without its record and its memory, and how far the memory is. */
export interface Content {
  /** A line a file, directory or link: path, type, mode, and size with time and hash, or target. */
  readonly tree: readonly string[];
  /** So many rows were committed when this was read: never fewer later on. */
  readonly rows: number;
}

/** Fills the directory of a tenant. `noise` bytes of it no compressor makes smaller. */
export function fillTenant(directory: string, seed: number, noise: number): void {
  const writer = new TreeWriter(directory, seed);
  writer.write(GENERATION, Buffer.from("0"));
  writer.write(LOG, Buffer.from("{}\n"));
  const source = new Noise(seed);
  for (let left = noise, n = 0; left > 0; left -= 3_000_000, n++)
    writer.write(`workspace/media/${n}.bin`, source.read(Math.min(left, 3_000_000)));
  writeOddEntries(writer);
  writer.finish();
  // The gateway takes up what stands under the name: it must be whole.
  const made = join(directory, `${MEMORY}.new`);
  const memory = new Database(made);
  memory.pragma("journal_mode = wal");
  memory.exec(
    "CREATE TABLE commits (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, filler BLOB NOT NULL)",
  );
  memory.close();
  renameSync(made, join(directory, MEMORY));
}

/** What a tenant does between two backups: a new generation. Generations must rise from change to change. */
export function changeTenant(directory: string, generation: number): void {
  const time = new Date((1_750_000_000 + generation) * 1000);
  writeFileSync(join(directory, GENERATION), String(generation));
  utimesSync(join(directory, GENERATION), time, time);
  appendFileSync(join(directory, LOG), `${JSON.stringify({ generation })}\n`);
  utimesSync(join(directory, LOG), time, time);
  const note = join(directory, `workspace/notes/${generation % 7}.md`);
  mkdirSync(join(note, ".."), { recursive: true });
  writeFileSync(note, `generation ${generation}\n`.repeat(generation));
  utimesSync(note, time, time);
}

export function readGeneration(directory: string): number {
  return Number(readFileSync(join(directory, GENERATION), "utf8"));
}

/** Throws, naming what is wrong, when the memory is damaged, has a gap, or has rows that its files know nothing of. */
export function readContent(directory: string): Content {
  return { tree: readTree(directory), rows: readMemory(directory) };
}

function readMemory(directory: string): number {
  // The gateway commits meanwhile; one statement after the other may see more and more rows, but never other ones.
  const memory = new Database(join(directory, MEMORY), { fileMustExist: true, timeout: 5000 });
  try {
    const verdict = memory.pragma("integrity_check", { simple: true });
    if (verdict !== "ok") throw new Error(`${directory}: the memory is damaged: ${String(verdict)}`);
    const { rows, last, newest } = memory
      .prepare<[], { rows: number; last: number; newest: number }>(
        "SELECT count(*) AS rows, ifnull(max(id), 0) AS last, ifnull(max(generation), 0) AS newest FROM commits",
      )
      .get() ?? { rows: -1, last: 0, newest: 0 };
    if (rows !== last) throw new Error(`${directory}: the memory has ${rows} rows, the last is row ${last}`);
    const generation = readGeneration(directory);
    if (newest > generation)
      throw new Error(
        `${directory}: a memory of generation ${newest} beside files of generation ${generation}`,
      );
    return rows;
  } finally {
    memory.close();
  }
}

function readTree(directory: string): string[] {
  const lines: string[] = [];
  const walk = (relative: string): void => {
    for (const name of readdirSync(path(directory, relative), "latin1").sort()) {
      const child = relative === "" ? name : `${relative}/${name}`;
      if (child === "tenant.json" || child === "pty" || child.startsWith(MEMORY)) continue;
      const full = path(directory, child);
      const stats = lstatSync(full);
      const entry = `${JSON.stringify(child)} ${(stats.mode & 0o7777).toString(8)}`;
      if (stats.isDirectory()) {
        lines.push(`${entry} directory`);
        walk(child);
      } else if (stats.isSymbolicLink()) {
        lines.push(`${JSON.stringify(child)} link to ${readlinkSync(full, "latin1")}`);
      } else {
        const hash = createHash("sha256").update(readFileSync(full)).digest("hex");
        lines.push(`${entry} ${stats.size} bytes of ${stats.mtime.toISOString().slice(0, 19)} ${hash}`);
      }
    }
  };
  walk("");
  return lines;
}

/** Names that are not UTF-8 stand as one character a byte. */
function path(directory: string, relative: string): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(relative, "latin1")]);
}

/** A few lines on how two trees differ; empty when they do not. */
export function treeDifference(expected: readonly string[], found: readonly string[]): string {
  const missing = expected.filter((line) => !found.includes(line));
  const added = found.filter((line) => !expected.includes(line));
  return [
    ...missing.slice(0, 3).map((line) => `- ${line}`),
    ...added.slice(0, 3).map((line) => `+ ${line}`),
  ].join("\n");
}
