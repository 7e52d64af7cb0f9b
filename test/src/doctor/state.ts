/** State directories to plant faults in: each a copy of one that a gateway has left. */
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Test } from "tap";
import { Bed, temporaryDirectory } from "../support/bed.js";
import { cleanEnvironment, freePort, OPENCLAW } from "../support/processes.js";
import { mustRun, run, type RunResult } from "../support/run.js";

const TOKEN = "admin-token-of-the-tests-0123456789";

export interface Finding {
  readonly check: string;
  readonly severity: string;
  readonly message: string;
  readonly fix?: string;
  readonly tenant?: string;
  readonly repairable: boolean;
}

export interface Report {
  readonly findings: readonly Finding[];
  readonly worst: string;
  readonly repairs?: readonly { readonly check: string; readonly ok: boolean; readonly outcome: string }[];
}

/** A state directory of a gateway that is down, with a place for archives beside it. */
export class PlantedState {
  readonly directory: string;
  readonly state: string;
  readonly archives: string;
  /** Of the doctor's environment. */
  readonly env: NodeJS.ProcessEnv = {};

  constructor(directory: string) {
    this.directory = directory;
    this.state = join(directory, "state");
    this.archives = join(directory, "archives");
  }

  path(...names: readonly string[]): string {
    return join(this.state, ...names);
  }

  write(name: string, content: string, mode = 0o600): void {
    writeFileSync(this.path(name), content, { mode });
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** Gives the config these keys, at the top. */
  configure(change: { readonly gateway?: object; readonly backup?: object }): void {
    const config = JSON.parse(this.read("openclaw.json")) as {
      readonly gateway?: object;
      readonly plugins: { readonly backup: object };
    };
    this.write(
      "openclaw.json",
      JSON.stringify({
        gateway: { ...config.gateway, ...change.gateway },
        plugins: { backup: { ...config.plugins.backup, ...change.backup } },
      }),
    );
  }

  /** Changes the ledger by hand. */
  ledger(...statements: readonly string[]): void {
    const database = new Database(this.path("backup/ledger.sqlite"));
    database.pragma("foreign_keys = OFF");
    for (const statement of statements) database.exec(statement);
    database.pragma("wal_checkpoint(TRUNCATE)");
    database.close();
  }

  /** Runs `openclaw doctor --json FLAGS…` where no gateway answers. */
  async doctor(...flags: readonly string[]): Promise<Report & { readonly code: number }> {
    const result = await this.run("doctor", "--json", ...flags);
    return { code: result.code, ...parsed(result) };
  }

  async run(...args: readonly string[]): Promise<RunResult> {
    const home = join(this.directory, "home");
    mkdirSync(home, { recursive: true });
    const env = cleanEnvironment(home, {
      OPENCLAW_STATE_DIR: this.state,
      OPENCLAW_GATEWAY_URL: `http://127.0.0.1:${await freePort()}`,
      OPENCLAW_GATEWAY_TOKEN: TOKEN,
      ...this.env,
    });
    return run(process.execPath, [OPENCLAW, ...args], { env });
  }
}

export function parsed({ stdout, stderr }: RunResult): Report {
  try {
    return JSON.parse(stdout) as Report;
  } catch {
    throw new Error(`no report:\n${stdout}${stderr}`);
  }
}

/** What a gateway with two tenants, backups, a schedule and a verified archive has left; not to be changed. */
export async function template(t: Test): Promise<string> {
  const bed = await Bed.start(t);
  for (const id of ["acme", "beta"]) {
    await bed.createTenant(id);
    writeFileSync(join(bed.gateway.tenantDirectory(id), "workspace", "notes.md"), `of ${id}\n`);
    await bed.backup(id);
    await bed.cli.ok(["backups", "verify", id]);
    await bed.cli.ok(["cron", "add", id, "--schedule", "@daily", "--name", "nightly", "--job", "backup"]);
  }
  await bed.gateway.stop();
  return bed.directory;
}

let copies = 0;

/** A copy with every mode and time; the config's paths are those of the copy. */
export async function copyOf(t: Test, directory: string): Promise<PlantedState> {
  const parent = temporaryDirectory(t);
  const copy = join(parent, String(copies++));
  await mustRun("cp", ["-a", directory, copy]);
  const planted = new PlantedState(copy);
  planted.configure({ gateway: { port: await freePort() }, backup: { localRoots: [planted.archives] } });
  return planted;
}

/** What must not be lost: the content of every file, by its hash, with the path that it has now. Links and empty files aside. */
export function contents(directory: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const stats = lstatSync(path);
    if (stats.isDirectory()) for (const [hash, inner] of contents(path)) found.set(hash, inner);
    else if (stats.isFile() && stats.size > 0)
      found.set(createHash("sha256").update(readFileSync(path)).digest("hex"), path);
  }
  return found;
}
