/** Turns what a gateway leaves behind into evidence: files, tables of databases, and the process list. */
import Database from "better-sqlite3";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Evidence } from "./marks.js";

export function text(where: string, content: string): Evidence {
  return { where, bytes: Buffer.from(content) };
}

/** Each line of a text on its own. */
export function lines(where: string, content: string): readonly Evidence[] {
  return content.split("\n").map((line, i) => text(`${where} line ${i + 1}: ${line.slice(0, 60)}`, line));
}

/** Every file below a directory, names included, but for those whose place is there. */
export function files(directory: string, except: readonly string[] = []): readonly Evidence[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .filter((path) => !except.some((one) => path === one || path.startsWith(`${one}/`)))
    .flatMap((path) => [
      text("the name of a file", path),
      ...(statSync(path, { throwIfNoEntry: false })?.isFile() === true
        ? [{ where: `file ${path}`, bytes: readFileSync(path) }]
        : []),
    ]);
}

/** Every row of every table. */
export function rows(path: string): readonly Evidence[] {
  const database = new Database(path, { readonly: true });
  try {
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .pluck()
      .all() as string[];
    return tables.flatMap((table) =>
      database
        .prepare(`SELECT * FROM "${table}"`)
        .all()
        .map((row, i) => text(`ledger table ${table} row ${i + 1}`, JSON.stringify(row))),
    );
  } finally {
    database.close();
  }
}

const SAMPLE_MS = 20;

/** Notes the command lines of a process and all of its descendants, threads and short-lived helpers included, until it is stopped. */
export class ProcessWatch {
  readonly #seen = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;

  constructor(root: number) {
    const sample = (): void => {
      for (const pid of withDescendants(root)) {
        const commandLine = read(`/proc/${pid}/cmdline`);
        if (commandLine !== "") this.#seen.set(commandLine, `the command line of process ${pid}`);
      }
    };
    sample();
    this.#timer = setInterval(sample, SAMPLE_MS).unref();
  }

  stop(): readonly Evidence[] {
    clearInterval(this.#timer);
    return [...this.#seen].map(([commandLine, where]) => text(where, commandLine));
  }
}

function withDescendants(root: number): readonly number[] {
  const found = [root];
  for (const pid of found) {
    for (const thread of list(`/proc/${pid}/task`))
      found.push(...read(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number));
  }
  return found;
}

/** Processes end while they are looked at. */
function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
