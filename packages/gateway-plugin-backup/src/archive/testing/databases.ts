/** Databases to copy, and processes that hold them. Never open one here that a test copies in this same process. */
import Database from "better-sqlite3";
import { execFile, spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import type { Test } from "tap";
import { openRootDirectory } from "../confined.js";
import { rawPath } from "../raw-path.js";
import { SqliteHelper } from "../sqlite/client.js";
import { copyDatabase } from "../sqlite/copy.js";
import type { CopyAnswer } from "../sqlite/protocol.js";

/** Two directories: one of the tenant, one for copies. */
export function places(t: Test): { tenant: string; copy: string } {
  const place = t.testdir({ tenant: {}, copies: {} });
  return { tenant: join(place, "tenant"), copy: join(place, "copies/copy") };
}

/** For databases that this process has not open: its own locks on them would be dropped. */
export async function copy(
  tenant: string,
  name: string,
  target: string,
  patienceMs?: number,
): Promise<CopyAnswer> {
  const directory = openRootDirectory(tenant);
  try {
    return await copyDatabase(
      directory,
      rawPath(name),
      target,
      patienceMs === undefined ? {} : { patienceMs },
    );
  } finally {
    closeSync(directory);
  }
}

/** Copies as a job does. */
export async function copyInHelper(tenant: string, name: string, ...targets: string[]): Promise<void> {
  const helper = new SqliteHelper(tenant, "Tenant acme");
  try {
    for (const copy of targets) {
      const request = { directory: rawPath(""), name: rawPath(name), copy };
      const answer = await helper.call({ method: "copy", request });
      if (!("kind" in answer) || answer.kind !== "copied") throw new Error(JSON.stringify(answer));
    }
  } finally {
    helper.stop();
  }
}

/** In a process of its own, for databases that this one has open. */
export async function copyInProcess(
  tenant: string,
  name: string,
  target: string,
  patienceMs: number,
): Promise<CopyAnswer> {
  const script = `
    import { copy } from ${JSON.stringify(import.meta.url)};
    const answer = await copy(...${JSON.stringify([tenant, name, target, patienceMs])});
    console.log(JSON.stringify(answer, (_, value) => (typeof value === "bigint" ? String(value) : value)));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    env: {},
  });
  return JSON.parse(stdout) as CopyAnswer;
}

export function create(path: string, journalMode: "wal" | "delete", rows = 3): Database.Database {
  const database = new Database(path);
  database.pragma(`journal_mode = ${journalMode}`);
  database.pragma("synchronous = OFF");
  database.exec("CREATE TABLE t (n INTEGER PRIMARY KEY, filling BLOB)");
  for (let n = 1; n <= rows; n++) database.prepare("INSERT INTO t VALUES (?, randomblob(100))").run(n);
  return database;
}

export function rowsOf(path: string): number {
  const database = new Database(path, { fileMustExist: true });
  try {
    return database.prepare<[], number>("SELECT count(*) FROM t").pluck().get() ?? -1;
  } finally {
    database.close();
  }
}

/** A process that has run a script and waits: for its standard input to end, or for its own. */
export async function running(
  script: string,
  atEnd = "",
): Promise<ChildProcessByStdio<Writable, Readable, null>> {
  // A connection that nothing refers to any more is closed as soon as the garbage collector finds it.
  const source = `
    import Sqlite from ${JSON.stringify(import.meta.resolve("better-sqlite3"))};
    globalThis.connections = [];
    class Database extends Sqlite {
      constructor(...given) { super(...given); connections.push(this); }
    }
    ${script};
    process.stdin.on("end", () => { ${atEnd} }).resume();
    console.log("ready");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    env: {},
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

/** Runs a script in a process that is then killed: nothing is closed, nothing tidied up. */
export async function crash(script: string): Promise<void> {
  const child = await running(script);
  child.kill("SIGKILL");
  await once(child, "exit");
}
