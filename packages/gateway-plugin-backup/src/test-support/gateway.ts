/** A real gateway with the plugin, in this process, for tests of the routes. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createGateway, type Gateway, type GatewayOptions, type GatewayPlugin } from "@openclaw/gateway-core";
import { backupPlugin } from "../index.js";
import type { JobView } from "../routes/schemas.js";

const ADMIN_TOKEN = "admin-token-of-the-tests-0123456789";

export interface TestGateway {
  readonly gateway: Gateway;
  readonly stateDir: string;
  /** The admin's. */
  readonly headers: { readonly authorization: string };
  /** Calls a route with the admin token and gives the status and the parsed answer. */
  call(method: "GET" | "POST" | "PUT" | "DELETE", url: string, body?: object): Promise<Answer>;
  /** Starts a job and waits for its end. */
  job(url: string, body?: object): Promise<JobView>;
  /** Makes a tenant; returns its token. */
  tenant(id: string, files?: Readonly<Record<string, string>>): Promise<string>;
  directory(tenant: string): string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // The routes' own schemas say what is in it; tests compare it as data.
  readonly body: Readonly<Record<string, unknown>>;
}

interface Test {
  testdir(): string;
  teardown(work: () => Promise<void>): void;
}

/** Starts a gateway on a state directory of its own, with more plugins if need be; it is closed when the test ends. */
export async function testGateway(
  t: Test,
  config: object = {},
  stateDir = join(t.testdir(), "state"),
  plugins: readonly GatewayPlugin[] = [],
  options: Partial<GatewayOptions> = {},
): Promise<TestGateway> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  writeFileSync(join(stateDir, "openclaw.json"), JSON.stringify({ plugins: { backup: config } }), {
    mode: 0o600,
  });
  const env = { OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN, ...options.env };
  const gateway = await createGateway({
    stateDir,
    port: 0,
    plugins: [backupPlugin(), ...plugins],
    logLevel: "silent",
    ...options,
    env,
  });
  t.teardown(() => gateway.close({ graceMs: 0 }));

  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const call: TestGateway["call"] = async (method, url, body) => {
    const response = await gateway.app.inject({
      method,
      url,
      headers,
      ...(body === undefined ? {} : { payload: body }),
    });
    return { status: response.statusCode, headers: response.headers, body: response.json() };
  };
  const directory = (tenant: string): string => join(stateDir, "tenants", tenant);
  return {
    gateway,
    stateDir,
    headers,
    call,
    directory,
    job: async (url, body) => {
      const started = await call("POST", url, body ?? {});
      if (started.status !== 202)
        throw new Error(`${url} answered ${started.status}: ${JSON.stringify(started.body)}`);
      const { id } = started.body["job"] as JobView;
      const events = await gateway.app.inject({
        url: `/api/admin/jobs/${id}/events`,
        headers,
      });
      const last = events.body.trimEnd().split("\n\n").at(-1) ?? "";
      return JSON.parse(last.slice(last.indexOf("data: ") + "data: ".length)) as JobView;
    },
    tenant: async (id, files = {}) => {
      const { body } = await call("POST", "/api/admin/tenants", { id });
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(join(directory(id), path, ".."), { recursive: true });
        writeFileSync(join(directory(id), path), content);
      }
      return String(body["token"]);
    },
  };
}
