import Database from "better-sqlite3";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { Bed, temporaryDirectory } from "./support/bed.js";
import { missing } from "./support/needs.js";
import { mustRun } from "./support/run.js";

const BACKUPS = 20;
const NAMES = ["wal", "rollback"] as const;

t.test(
  "backups of databases under load lose no commit and copy them whole",
  { skip: await missing({ programs: ["zstd", "tar"] }) },
  async (t) => {
    const bed = await Bed.start(t, { script: fixture("busy-gateway.js") });
    await bed.createTenant("acme");
    const paths = NAMES.map((name) => join(bed.gateway.tenantDirectory("acme"), "memory", `${name}.sqlite`));
    await until(() => NAMES.every((name) => lastCommit(bed, name) > 0));
    const visitor = spawn(process.execPath, [fixture("visitor.js"), ...paths], { stdio: "inherit" });
    t.teardown(() => visitor.kill("SIGKILL"));

    const archives: { location: string; atLeast: Record<string, number> }[] = [];
    for (let n = 0; n < BACKUPS; n++) {
      const atLeast = Object.fromEntries(NAMES.map((name) => [name, lastCommit(bed, name)]));
      const { state, result, warnings } = await bed.backup(
        "acme",
        "--to",
        join(bed.archives, `${n}.tar.zst`),
      );
      if (state !== "succeeded" || result.databases !== NAMES.length || warnings.length > 0) {
        t.fail(`backup ${n}`, { state, result, warnings });
      }
      archives.push({ location: result.location, atLeast });
    }
    t.equal(visitor.exitCode, null, "the visitor is still at work");
    await bed.gateway.kill();
    visitor.kill("SIGTERM");

    const committed = Object.fromEntries(NAMES.map((name) => [name, lastCommit(bed, name)]));
    t.comment(`commits: ${JSON.stringify(committed)}, during ${BACKUPS} backups`);
    NAMES.forEach((name, n) => {
      const live = inspect(paths[n] ?? "");
      t.equal(live.integrity, "ok", name);
      // The last commit may have been made and not reported: then there is one more.
      t.ok(
        live.rows >= (committed[name] ?? 0),
        `${name}: ${live.rows} rows for ${committed[name] ?? 0} reported commits`,
      );
      t.equal(live.rows, live.lastId, `${name}: no row is missing in between`);
    });
    for (const { location, atLeast } of archives) {
      const directory = temporaryDirectory(t);
      await mustRun("tar", ["--zstd", "-xf", location, "-C", directory]);
      for (const name of NAMES) {
        const path = join(directory, "tenants/acme/memory", `${name}.sqlite`);
        t.notOk(
          existsSync(`${path}-wal`) || existsSync(`${path}-journal`),
          "a copy comes without companions",
        );
        const copy = inspect(path);
        t.equal(copy.integrity, "ok");
        t.equal(copy.rows, copy.lastId);
        t.ok(copy.rows >= (atLeast[name] ?? 0), "what was committed before the backup began is in it");
      }
    }
  },
);

function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

/** The last id that the gateway reported as committed; 0 before the first. */
function lastCommit(bed: Bed, name: string): number {
  const marker = `committed ${name} `;
  const { output } = bed.gateway;
  const at = output.lastIndexOf(marker);
  return at < 0 ? 0 : Number.parseInt(output.slice(at + marker.length), 10);
}

function inspect(path: string): { integrity: unknown; rows: number; lastId: number } {
  const database = new Database(path);
  try {
    const integrity: unknown = database.pragma("integrity_check", { simple: true });
    const row = database.prepare("SELECT count(*) AS rows, max(id) AS lastId FROM commits").get() as {
      rows: number;
      lastId: number;
    };
    return { integrity, ...row };
  } finally {
    database.close();
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
