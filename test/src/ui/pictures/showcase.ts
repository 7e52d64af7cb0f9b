/**
 * A gateway with three weeks of life behind it, for the pictures of the documentation: its clock is moved on, its
 * schedules run, its jobs do what they say.
 */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createGateway, type Gateway } from "@openclaw/gateway-core";
import { backupPlugin } from "@openclaw/gateway-plugin-backup";
import { Noise, SeededRandom } from "../../support/seeded.js";

export const TOKEN = "admin-token-of-the-pictures-0123456789";

const DAYS = 21;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Bytes at the beginning, and what comes to them every day. */
const TENANTS = [
  { id: "acme", bytes: 9e6, growth: 3e5, schedule: "0 3 * * *" },
  { id: "atlas", bytes: 3e6, growth: 1e5, schedule: "30 2 * * *" },
  { id: "brightside", bytes: 5e6, growth: 2e5, schedule: "0 3 * * *" },
  { id: "cobalt", bytes: 2e6, growth: 5e4, schedule: "15 4 * * *" },
  { id: "fjord", bytes: 7e6, growth: 1e5, schedule: "0 */12 * * *" },
  { id: "juniper", bytes: 1e6, growth: 2e4, schedule: "0 3 * * *" },
  { id: "kestrel", bytes: 4e6, growth: 4e5, schedule: "0 5 * * *" },
  { id: "lumen", bytes: 6e6, growth: 1e5, schedule: "0 3 * * *" },
] as const;

/** Its archives' place is lost two days ago. */
const FAILING = "kestrel";
/** One of its archives is damaged. */
const DAMAGED = "atlas";
/** Made today; nobody has a schedule for it yet. */
const NEW = "willow";

export interface Showcase {
  readonly url: string;
  /** Id of an archive to look into. */
  readonly archive: string;
  close(): Promise<void>;
}

interface Archive {
  readonly id: string;
  readonly location: string;
}

/** @param directory Empty; the caller removes it. */
export async function showcase(directory: string): Promise<Showcase> {
  const life = new Life(directory);
  await life.begin();
  for (let day = 0; day < DAYS; day += 1) await life.day(day);
  await life.now();
  const [newest] = await life.archives("acme");
  if (newest === undefined) throw new Error("There is no archive of acme.");
  const { url } = await life.gateway.listen();
  return { url, archive: newest.id, close: () => life.gateway.close({ graceMs: 0 }) };
}

class Life {
  readonly #stateDir: string;
  readonly #vault: string;
  readonly #random = new SeededRandom(3);
  readonly #headers = { authorization: `Bearer ${TOKEN}` };
  /** By how much the gateway's clock is behind. */
  #behindMs = DAYS * DAY_MS;
  #tick: () => Promise<void> = () => Promise.resolve();
  #gateway: Gateway | undefined;

  constructor(directory: string) {
    this.#stateDir = join(directory, "state");
    this.#vault = join(directory, "vault");
  }

  get gateway(): Gateway {
    if (this.#gateway === undefined) throw new Error("It has not begun.");
    return this.#gateway;
  }

  async begin(): Promise<void> {
    mkdirSync(this.#stateDir, { mode: 0o700 });
    const backup = { localRoots: [this.#vault], retention: { keepDaily: 7, keepWeekly: 4 }, trashHours: 24 };
    const config = JSON.stringify({ plugins: { backup } });
    writeFileSync(join(this.#stateDir, "openclaw.json"), config, { mode: 0o600 });
    this.#gateway = await createGateway({
      stateDir: this.#stateDir,
      plugins: [backupPlugin()],
      env: { OPENCLAW_GATEWAY_TOKEN: TOKEN },
      port: 0,
      logLevel: "silent",
      clock: { now: () => Date.now() - this.#behindMs },
      ticker: (beat) => {
        this.#tick = beat;
        return () => undefined;
      },
    });
    for (const { id, bytes, schedule } of TENANTS) {
      await this.#call("POST", "/api/admin/tenants", { id });
      this.#fill(id, bytes);
      const parameters = id === FAILING ? { to: `${join(this.#vault, id)}/` } : {};
      const nightly = { name: "nightly", schedule, tz: "Etc/UTC", job: "backup", parameters };
      await this.#call("POST", `/api/admin/tenants/${id}/cron`, nightly);
    }
    const weekly = { name: "weekly", schedule: "0 1 * * SUN", tz: "Etc/UTC", job: "gateway-backup" };
    await this.#call("POST", "/api/admin/gateway/cron", { ...weekly, parameters: {} });
  }

  async day(day: number): Promise<void> {
    if (day === DAYS - 2) {
      rmSync(join(this.#vault, FAILING), { recursive: true, force: true });
      writeFileSync(join(this.#vault, FAILING), "A file stands in the way of the directory.\n");
    }
    for (let hour = 0; hour < 24; hour += 1) {
      this.#behindMs = Math.max(0, this.#behindMs - HOUR_MS);
      await this.#tick();
      await this.#settled();
    }
    for (const { id, growth } of TENANTS) this.#grow(id, day, growth);
    if (day % 7 !== 5) return;
    const [, damaged] = await this.archives(DAMAGED);
    if (day === DAYS - 2 && damaged !== undefined) appendFileSync(damaged.location, "more than there was");
    for (const id of ["acme", "fjord", damaged?.id ?? DAMAGED])
      await this.#call("POST", "/api/admin/backups/verify", { archive: id, level: "full" });
    await this.#call("POST", "/api/admin/backups/drill", { archive: "acme" });
    await this.#settled();
  }

  async now(): Promise<void> {
    await this.#call("POST", "/api/admin/tenants", { id: NEW });
  }

  async archives(tenant: string): Promise<readonly Archive[]> {
    const path = `/api/admin/tenants/${tenant}/backups`;
    return ((await this.#call("GET", path)) as { archives: Archive[] }).archives;
  }

  #workspace(id: string): string {
    return join(this.#stateDir, "tenants", id, "workspace");
  }

  #fill(id: string, bytes: number): void {
    const workspace = this.#workspace(id);
    for (const name of ["notes", "reports", "media"]) mkdirSync(join(workspace, name), { recursive: true });
    writeFileSync(join(workspace, "README.md"), `# ${id}\n\nWhat the agents of this tenant work on.\n`);
    const note = "- asked the supplier for a new date\n- the draft goes out on Friday\n";
    for (let i = 1; i <= 6; i += 1)
      writeFileSync(join(workspace, "notes", `2026-0${i}.md`), note.repeat(9 * i));
    writeFileSync(
      join(workspace, "reports", "quarter.csv"),
      "region,orders,returns\nnorth,1204,17\n".repeat(900),
    );
    writeFileSync(join(workspace, "media", "handbook.pdf"), new Noise(bytes).read(bytes));
  }

  #grow(id: string, day: number, bytes: number): void {
    const size = Math.round(bytes * (0.5 + this.#random.next()));
    const scan = join(this.#workspace(id), "media", `scan-${String(day).padStart(2, "0")}.png`);
    writeFileSync(scan, new Noise(day).read(size));
  }

  async #settled(): Promise<void> {
    for (const state of ["running", "queued"]) {
      const { jobs } = (await this.#call("GET", `/api/admin/jobs?state=${state}`)) as {
        jobs: { id: string }[];
      };
      // The stream of a job's events ends when the job does.
      for (const { id } of jobs)
        await this.gateway.app.inject({ url: `/api/admin/jobs/${id}/events`, headers: this.#headers });
    }
  }

  async #call(method: "GET" | "POST", url: string, payload?: object): Promise<unknown> {
    const request = { method, url, headers: this.#headers };
    const answer = await this.gateway.app.inject(payload === undefined ? request : { ...request, payload });
    if (answer.statusCode >= 400) throw new Error(`${method} ${url}: ${answer.body}`);
    return answer.json<unknown>();
  }
}
