/** What the tests of this package share. */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Test } from "tap";
import { createGateway, type Gateway, type GatewayOptions } from "../gateway.js";

export const ADMIN_TOKEN = "an-admin-token-for-tests-only";
export const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };

/** A directory outside the repository, removed after the test. */
export async function temporaryDirectory(t: Test): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "gateway-core-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A gateway that answers `inject`, closed after the test. */
export async function testGateway(t: Test, options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const gateway = await createGateway({
    stateDir: options.stateDir ?? (await temporaryDirectory(t)),
    plugins: [],
    env: { OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN },
    port: 0,
    logLevel: "silent",
    ...options,
  });
  t.teardown(() => gateway.close({ graceMs: 0 }));
  return gateway;
}

export interface TestTenant {
  readonly id: string;
  readonly uid: string;
  readonly token: string;
  readonly headers: { readonly authorization: string };
  readonly directory: string;
}

/** Makes a tenant through the route. */
export async function testTenant(gateway: Gateway, id: string): Promise<TestTenant> {
  const response = await gateway.app.inject({
    method: "POST",
    url: "/api/admin/tenants",
    headers: ADMIN,
    payload: { id },
  });
  if (response.statusCode !== 201) throw new Error(response.body);
  const { tenant, token } = response.json<{ tenant: { uid: string }; token: string }>();
  return {
    id,
    uid: tenant.uid,
    token,
    headers: { authorization: `Bearer ${token}` },
    directory: path.join(gateway.stateDir, "tenants", id),
  };
}
