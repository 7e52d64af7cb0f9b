/** The plugin's services on a real host, but without its start, its routes and its timers: for what no request brings about. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createGateway, type Gateway, type PluginHost } from "@openclaw/gateway-core";
import type { Test } from "tap";
import { Value } from "@openclaw/schema";
import { BackupConfigSchema, type BackupConfig } from "../config.js";
import { openServices, type Services } from "../jobs/services.js";
import type { JobThreads } from "../jobs/thread/pool.js";
import type { OperationName, Operations } from "../jobs/thread/protocol.js";
import { isTerminal, type JobRecord, type JobSubmission } from "../jobs/types.js";
import { FakeTime } from "./fake-time.js";

const ADMIN_TOKEN = "admin-token-of-the-tests-0123456789";

export interface ServicesBench {
  readonly services: Services;
  readonly gateway: Gateway;
  /** The host's clock; it stands still. */
  readonly time: FakeTime;
  /** Makes a tenant with some files. */
  readonly tenant: (id: string, files?: Readonly<Record<string, string>>) => Promise<void>;
  readonly directory: (tenant: string) => string;
  /** Calls a route of the host. */
  readonly call: (method: "POST" | "DELETE", url: string, body?: object) => Promise<number>;
}

/** Everything is closed when the test ends. */
export async function servicesBench(t: Test, config: Partial<BackupConfig> = {}): Promise<ServicesBench> {
  const stateDir = join(t.testdir(), "state");
  const time = new FakeTime();
  const hosts: PluginHost[] = [];
  const gateway = await createGateway({
    stateDir,
    clock: time,
    env: { OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN },
    port: 0,
    logLevel: "silent",
    plugins: [
      {
        name: "backup",
        version: "0",
        configSchema: BackupConfigSchema,
        setup: (host) => Promise.resolve(void hosts.push(host)),
      },
    ],
  });
  const [host] = hosts;
  if (host === undefined) throw new Error("The plugin was not set up.");
  const services = openServices(host, {
    ...(Value.Default(BackupConfigSchema, {}) as BackupConfig),
    ...config,
  });
  t.teardown(async () => {
    await services.engine.stop();
    await services.threads.close();
    services.ledger.close();
    await gateway.close({ graceMs: 0 });
  });
  const directory = (tenant: string): string => join(stateDir, "tenants", tenant);
  const call: ServicesBench["call"] = async (method, url, body) => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const answer = await gateway.app.inject({ method, url, headers, ...(body && { payload: body }) });
    return answer.statusCode;
  };
  return {
    services,
    gateway,
    time,
    directory,
    call,
    tenant: async (id, files = {}) => {
      await call("POST", "/api/admin/tenants", { id });
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(join(directory(id), path, ".."), { recursive: true });
        writeFileSync(join(directory(id), path), content);
      }
    },
  };
}

/** Starts a job and waits for its end. */
export function ended(services: Services, submission: JobSubmission): Promise<JobRecord> {
  const { job } = services.start(submission);
  return new Promise((resolve) => {
    services.engine.subscribe(job.id, (now) => {
      if (isTerminal(now.state)) resolve(now);
    });
  });
}

type AnyRequest = Operations[OperationName]["request"];

/** Services whose threads ask `run` first; `proceed` asks the real ones. */
export function withThreads(
  services: Services,
  run: (operation: OperationName, request: AnyRequest, proceed: () => Promise<unknown>) => unknown,
): Services {
  const real = services.threads;
  const threads = Object.assign(Object.create(real) as JobThreads, {
    run: async (...asked: Parameters<JobThreads["run"]>): Promise<unknown> =>
      await run(asked[0], asked[1], () => real.run(...asked)),
  });
  return { ...services, threads };
}
