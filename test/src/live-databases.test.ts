import Database from "better-sqlite3";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import type { Test } from "tap";
import type { WriterOptions } from "./fixtures/writer.js";
import type { BackupJob } from "./support/answers.js";
import { ADMIN_TOKEN, Bed, temporaryDirectory } from "./support/bed.js";
import { missing } from "./support/needs.js";
import { mustRun } from "./support/run.js";

const BACKUPS = 50;
/** Of the backups, these are restored by the gateway; all are extracted by tar. */
const RESTORE_EVERY = 10;
const DATABASES = ["memory/gateway", "memory/outside", "workspace/rollback"] as const;
const TRANSCRIPTS = ["sessions/gateway", "sessions/outside", "workspace/notes"] as const;

t.test(
  "backups of a tenant under load lose no commit, copy databases whole, and disturb no writer",
  { skip: await missing({ programs: ["zstd", "tar"] }) },
  async (t) => {
    const logs = ["gateway", "outside"].map((name) => join(temporaryDirectory(t), name));
    const [gatewayLog = "", outsideLog = ""] = logs;
    const bed = await Bed.start(t, {
      script: fixture("busy-gateway.js"),
      env: { OPENCLAW_TEST_LOG: gatewayLog },
    });
    await bed.createTenant("acme");
    const directory = bed.gateway.tenantDirectory("acme");
    const outside: WriterOptions = {
      directory,
      databases: { "memory/outside": "wal", "workspace/rollback": "delete" },
      transcripts: ["sessions/outside", "workspace/notes"],
      log: outsideLog,
    };
    const writer = start(t, "outside-writer.js", JSON.stringify(outside));
    await until(() =>
      [...DATABASES, ...TRANSCRIPTS].every((name) => (readLogs(logs).done.get(name) ?? 0) > 0),
    );
    // With the gateway's locks gone, this one would tidy up what the gateway still writes to.
    const visitor = start(t, "visitor.js", ...DATABASES.map((name) => join(directory, `${name}.sqlite`)));

    const backups: { readonly location: string; readonly atLeast: Done }[] = [];
    for (let n = 0; n < BACKUPS; n++) {
      const atLeast = readLogs(logs).done;
      const { state, error, result, warnings } = await backUp(bed, join(bed.archives, `${n}.tar.zst`));
      if (state !== "succeeded" || result.databases !== DATABASES.length || warnings.length > 0) {
        t.fail(`backup ${n}`, { state, error, result, warnings });
        continue;
      }
      backups.push({ location: result.location, atLeast });
    }
    const restored = backups.filter((_, n) => n % RESTORE_EVERY === 0);
    for (const [n, { location }] of restored.entries())
      await bed.restore("--from", location, "--as", `copy-${n}`);
    t.equal(visitor.exitCode, null, "the visitor is still at work");
    t.equal(writer.exitCode, null, "the outside writer is still at work");
    await bed.gateway.kill();
    await end(writer, "SIGKILL");
    await end(visitor, "SIGTERM");

    const { done, errors } = readLogs(logs);
    t.comment(`${JSON.stringify([...done])} at the end, during ${BACKUPS} backups`);
    t.strictSame(errors, [], "no writer ever saw an error");
    const live = inspect(directory);
    for (const name of DATABASES) {
      // The last commit may have been made and not noted: then there is one more.
      const more = (live.get(name) ?? 0) - (done.get(name) ?? 0);
      t.ok(more === 0 || more === 1, `${name}: ${more} more than was noted`);
    }
    for (const [n, { atLeast }] of restored.entries())
      checkCopy(t, bed.gateway.tenantDirectory(`copy-${n}`), directory, atLeast, live);
    for (const { location, atLeast } of backups) {
      const extracted = temporaryDirectory(t);
      await mustRun("tar", ["--zstd", "-xf", location, "-C", extracted]);
      checkCopy(t, join(extracted, "tenants/acme"), directory, atLeast, live);
    }
    t.equal(backups.length, BACKUPS);
  },
);

t.test("a forced restore leaves nothing beside a database of what was written since", async (t) => {
  const bed = await Bed.start(t);
  await bed.createTenant("acme");
  const memory = join(bed.gateway.tenantDirectory("acme"), "memory");
  const path = join(memory, "m.sqlite");
  const keptOpen = `
    const Database = require("better-sqlite3");
    const database = new Database(${JSON.stringify(path)});
    database.pragma("journal_mode = WAL");
    database.exec("CREATE TABLE IF NOT EXISTS commits (id INTEGER PRIMARY KEY); INSERT INTO commits DEFAULT VALUES");
    process.kill(process.pid, "SIGKILL")`;
  const commitAndCrash = () =>
    once(
      spawn(process.execPath, ["-e", keptOpen], { cwd: fileURLToPath(new URL(".", import.meta.url)) }),
      "exit",
    );
  await commitAndCrash();
  const { location } = (await bed.backup("acme", "--to", join(bed.archives, "a.tar.zst"))).result;
  await commitAndCrash();
  t.strictSame(readdirSync(memory), ["m.sqlite", "m.sqlite-shm", "m.sqlite-wal"]);
  await bed.restore("--from", location, "--force");
  t.strictSame(readdirSync(memory), ["m.sqlite"]);
  const database = new Database(path, { readonly: true });
  t.equal(database.prepare("SELECT count(*) FROM commits").pluck().get(), 1);
  database.close();
});

/** Rows of a database and bytes of a transcript, by name. */
type Done = ReadonlyMap<string, number>;

/** What the writers have noted: the last of each name, and every error. */
function readLogs(logs: readonly string[]): { readonly done: Done; readonly errors: readonly string[] } {
  const done = new Map<string, number>();
  const errors: string[] = [];
  for (const log of logs) {
    // The last line may not be whole yet.
    const lines = readTextIfThere(log).split("\n").slice(0, -1);
    for (const line of lines) {
      const [what = "", name = "", figure] = line.split(" ");
      if (what === "error") errors.push(line);
      else done.set(name, Number(figure));
    }
  }
  return { done, errors };
}

function readTextIfThere(path: string): string {
  writeFileSync(path, "", { flag: "a" });
  return readFileSync(path, "utf8");
}

/** Every database is whole, and holds at least what was committed before, and nothing that was not committed. */
function checkCopy(t: Test, copy: string, live: string, atLeast: Done, committed: Done): void {
  const rows = inspect(copy);
  for (const name of DATABASES) {
    const count = rows.get(name) ?? 0;
    if (count < (atLeast.get(name) ?? 0) || count > (committed.get(name) ?? 0)) {
      t.fail(`${copy}: ${name} has ${count} rows of ${atLeast.get(name)} to ${committed.get(name)}`);
    }
    const companions = readdirSync(join(copy, name, "..")).filter((file) => /-(wal|shm|journal)$/.test(file));
    if (companions.length > 0) t.fail(`${copy}: companions`, { companions });
  }
  for (const name of TRANSCRIPTS) {
    const bytes = readFileSync(join(copy, `${name}.jsonl`));
    const whole = readFileSync(join(live, `${name}.jsonl`));
    if (!whole.subarray(0, bytes.length).equals(bytes)) t.fail(`${copy}: ${name} is no prefix`);
    if (bytes.length < (atLeast.get(name) ?? 0)) t.fail(`${copy}: ${name} has only ${bytes.length} bytes`);
  }
}

/** The rows of every database, which must be the first of those that the writers make: none missing, none altered. */
function inspect(directory: string): Done {
  return new Map(
    DATABASES.map((name) => {
      const database = new Database(join(directory, `${name}.sqlite`));
      try {
        const integrity = database.pragma("integrity_check", { simple: true });
        if (integrity !== "ok") throw new Error(`${directory}: ${name}: ${String(integrity)}`);
        const { rows, lastId, altered } = database.prepare(ROWS).get() as Rows;
        if (rows !== lastId || altered > 0)
          throw new Error(`${directory}: ${name}: ${rows} rows up to id ${lastId}, ${altered} altered`);
        return [name, rows];
      } finally {
        database.close();
      }
    }),
  );
}

interface Rows {
  readonly rows: number;
  readonly lastId: number;
  readonly altered: number;
}

const ROWS = `SELECT count(*) AS rows, max(id) AS lastId,
  count(*) FILTER (WHERE id < 1 OR filler <> printf('%024d', id)) AS altered FROM commits`;

/** Through the API: fifty processes of the command line would take longer than the backups. */
async function backUp({ gateway }: Bed, to: string): Promise<BackupJob> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };
  const url = `${gateway.url}/api/admin`;
  const body = JSON.stringify({ to });
  const started = await fetch(`${url}/tenants/acme/backups`, { method: "POST", headers, body });
  const { job } = (await started.json()) as { job: { id: string } };
  // The stream of events ends with the job.
  await (await fetch(`${url}/jobs/${job.id}/events`, { headers })).text();
  return (await (await fetch(`${url}/jobs/${job.id}`, { headers })).json()) as BackupJob;
}

function start(t: Test, script: string, ...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [fixture(script), ...args], { stdio: "inherit" });
  t.teardown(() => child.kill("SIGKILL"));
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  await once(child, "exit");
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
