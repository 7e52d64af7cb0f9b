/** A gateway whose clock and beat are the test's, with job types that do nothing but take notes. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { Type } from "@openclaw/schema";
import type { Test } from "tap";
import { GatewayError } from "../errors.js";
import type { Gateway, GatewayOptions } from "../gateway.js";
import type { GatewayPlugin, HookEvents, JobReport, JobStart, JobType, PluginHost } from "../plugin/host.js";
import type { ScheduleView } from "../http/routes/schedule-view.js";
import { ADMIN, temporaryDirectory, testGateway } from "./gateway.js";

/** A clock that moves only when a test says so, and the ticks that go with it. */
export class CronTime {
  #now: number;
  #tick: () => Promise<void> = () => Promise.resolve();

  constructor(now: string) {
    this.#now = Date.parse(now);
  }

  readonly clock = { now: (): number => this.#now };

  readonly ticker = (tick: () => Promise<void>) => {
    this.#tick = tick;
    return () => {
      this.#tick = () => Promise.resolve();
    };
  };

  /** Jumps there; the schedules look at the clock once. */
  async to(instant: string): Promise<void> {
    this.#now = Date.parse(instant);
    await this.#tick();
  }

  /** Goes there in equal steps, with a tick after each. */
  async walk(instant: string, stepMs: number): Promise<void> {
    const end = Date.parse(instant);
    while (this.#now < end) {
      this.#now = Math.min(this.#now + stepMs, end);
      await this.#tick();
    }
  }
}

export interface StartedJob extends JobStart {
  readonly jobId: string;
  readonly at: string;
}

export interface CronBed {
  readonly gateway: Gateway;
  readonly stateDir: string;
  readonly host: PluginHost;
  /** Every job that was started, in order. */
  readonly started: StartedJob[];
  /** What the job types report, by job. */
  readonly reports: Map<string, JobReport>;
  /** Every `scheduleRun`. */
  readonly runs: HookEvents["scheduleRun"][];
  /** Calls a route as the admin, or with these headers. */
  call(method: "GET" | "POST" | "DELETE", url: string, body?: object, headers?: object): Promise<CallAnswer>;
  /** Adds a schedule of a tenant as the admin. */
  add(tenant: string, schedule: object): Promise<ScheduleView>;
}

export interface CallAnswer {
  readonly status: number;
  // The routes' own schemas say what is in it; tests compare it as data.
  readonly body: Readonly<Record<string, unknown>>;
}

/** Makes a bed; a second one on the same `stateDir` is the gateway started again. */
export async function cronBed(
  t: Test,
  time: CronTime,
  options: Partial<GatewayOptions> & { readonly jobTypes?: readonly JobType[] } = {},
): Promise<CronBed> {
  const { jobTypes, ...gatewayOptions } = options;
  const stateDir = options.stateDir ?? (await temporaryDirectory(t));
  const started: StartedJob[] = [];
  const reports = new Map<string, JobReport>();
  const runs: HookEvents["scheduleRun"][] = [];
  let host: PluginHost | undefined;
  const start = (request: JobStart) => {
    const jobId = `j${started.length + 1}`;
    started.push({ ...request, jobId, at: new Date(time.clock.now()).toISOString() });
    return Promise.resolve({ jobId });
  };
  const plugin: GatewayPlugin = {
    name: "sample",
    version: "1.0.0",
    configSchema: Type.Object({}),
    setup: (pluginHost) => {
      host = pluginHost;
      pluginHost.hooks.on("scheduleRun", (event) => void runs.push(event));
      for (const type of jobTypes ?? sampleJobTypes(start, reports)) pluginHost.addJobType(type);
      return Promise.resolve();
    },
  };
  const gateway = await testGateway(t, {
    ...gatewayOptions,
    stateDir,
    clock: time.clock,
    ticker: time.ticker,
    plugins: [plugin],
  });
  if (host === undefined) throw new Error("the plugin was not set up");
  const call: CronBed["call"] = async (method, url, body, headers = ADMIN) => {
    const response = await gateway.app.inject({
      method,
      url,
      headers: { ...headers },
      ...(body === undefined ? {} : { payload: body }),
    });
    return { status: response.statusCode, body: response.json() };
  };
  return {
    gateway,
    stateDir,
    host,
    started,
    reports,
    runs,
    call,
    add: async (tenant, schedule) => {
      const { status, body } = await call("POST", `/api/admin/tenants/${tenant}/cron`, {
        name: "nightly",
        schedule: "0 3 * * *",
        job: "copy",
        ...schedule,
      });
      if (status !== 201) throw new Error(JSON.stringify(body));
      return body as unknown as ScheduleView;
    },
  };
}

/** Writes a tenant with schedules of `copy` jobs into a state directory, as it stands there when a gateway starts. */
export async function writeTenant(
  stateDir: string,
  id: string,
  schedules: readonly { readonly name: string; readonly schedule: string; readonly tz?: string }[],
): Promise<void> {
  const cron = path.join(stateDir, "tenants", id, "cron");
  await mkdir(cron, { recursive: true, mode: 0o700 });
  const uid = createHash("sha256").update(id).digest("hex").slice(32);
  const createdAt = "2026-01-01T00:00:00Z";
  const record = { id, uid, createdAt, tokenSha256: uid + uid, quotas: {}, labels: {} };
  await writeFile(path.join(cron, "../tenant.json"), JSON.stringify(record));
  const choices = { tz: "Etc/UTC", overlap: "skip", missed: "run", grace: "1d" };
  const jobs = schedules.map((schedule) => ({
    ...{ ...choices, ...schedule, job: "copy", parameters: {} },
    ...{ enabled: true, createdAt, createdBy: "admin" },
  }));
  await writeFile(path.join(cron, "jobs.json"), JSON.stringify({ version: 1, jobs }));
}

function sampleJobTypes(start: JobType["start"], reports: ReadonlyMap<string, JobReport>): JobType[] {
  const report = (jobId: string): JobReport | undefined => reports.get(jobId);
  return [
    {
      name: "copy",
      description: "Copies a tenant; tenants may have it without a place",
      scope: "tenant",
      parameters: Type.Object(
        { to: Type.Optional(Type.String()), level: Type.Integer({ minimum: 1, maximum: 9, default: 3 }) },
        { additionalProperties: false },
      ),
      command: {
        words: ["tenants", "copy"],
        flags: {
          "--to": { parameter: "to", value: "text" },
          "--level": { parameter: "level", value: "number" },
        },
        refusedFlags: {},
      },
      start: (request) => {
        if ((request.parameters as { readonly to?: string }).to === "nowhere") {
          throw new GatewayError("DISK_FULL", "There is no room");
        }
        return start(request);
      },
      tenantRefusal: ({ parameters }) =>
        (parameters as { readonly to?: string }).to === undefined ? undefined : "it may not choose a place",
      report,
    },
    {
      name: "drop",
      description: "Is not for tenants",
      scope: "tenant",
      parameters: Type.Object({}, { additionalProperties: false }),
      start,
    },
    {
      name: "sweep",
      description: "Sweeps the gateway",
      scope: "gateway",
      parameters: Type.Object({}, { additionalProperties: false }),
      start,
      report,
    },
  ];
}
