import t from "tap";
import { Type } from "@openclaw/schema";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { GatewayPlugin } from "../plugin/host.js";
import { ADMIN, temporaryDirectory, testGateway } from "../test-support/gateway.js";

const ways: GatewayPlugin = {
  name: "ways",
  version: "1.0.0",
  configSchema: Type.Object({}, { additionalProperties: false }),
  setup: (host) => {
    host.addRoutes("admin", (app) => {
      app.post("/secret", (request) => {
        request.requirePrivate("The passphrase");
        return { ip: request.ip };
      });
      return Promise.resolve();
    });
    return Promise.resolve();
  },
};

t.test(
  "a secret is taken from this machine and over a trusted proxy's TLS, and refused otherwise",
  async (t) => {
    const stateDir = await temporaryDirectory(t);
    const config = { gateway: { trustedProxies: ["10.0.0.7", "192.168.0.0/16", "fd00::/8"] } };
    await writeFile(path.join(stateDir, "openclaw.json"), JSON.stringify(config));
    const { app } = await testGateway(t, { stateDir, plugins: [ways] });
    const send = (remoteAddress: string, headers: Record<string, string> = {}) =>
      app.inject({
        method: "POST",
        url: "/api/admin/secret",
        remoteAddress,
        headers: { ...ADMIN, ...headers },
      });

    for (const [address, headers] of [
      ["127.0.0.1", {}],
      ["127.8.8.8", {}],
      ["::1", {}],
      ["::ffff:127.0.0.1", {}],
      ["10.0.0.7", { "x-forwarded-proto": "https" }],
      ["::ffff:10.0.0.7", { "x-forwarded-proto": "HTTPS", "x-forwarded-for": "203.0.113.9" }],
      ["192.168.3.4", { "x-forwarded-proto": "https, https" }],
      ["fd12::1", { "x-forwarded-proto": "https" }],
    ] as const) {
      t.equal((await send(address, headers)).statusCode, 200, `${address} ${JSON.stringify(headers)}`);
    }
    for (const [address, headers] of [
      ["203.0.113.9", {}],
      ["203.0.113.9", { "x-forwarded-proto": "https" }],
      ["203.0.113.9", { "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https" }],
      ["10.0.0.7", {}],
      ["10.0.0.7", { "x-forwarded-proto": "http" }],
      ["10.0.0.7", { "x-forwarded-proto": "https, http" }],
      ["10.0.0.7", { "x-forwarded-proto": "http, https" }],
      ["10.0.0.7", { "x-forwarded-proto": "" }],
      ["127.0.0.1", { "x-forwarded-proto": "https" }],
      ["127.0.0.1", { "x-forwarded-proto": "http" }],
      ["127.0.0.1", { "x-forwarded-for": "203.0.113.9" }],
      ["127.0.0.1", { "x-real-ip": "203.0.113.9" }],
      ["127.0.0.1", { forwarded: "for=203.0.113.9;proto=https" }],
      ["127.0.0.1", { via: "1.1 proxy" }],
      ["fe80::1%eth0", {}],
    ] as const) {
      const refused = await send(address, headers);
      t.match(
        refused.json(),
        { code: "TLS_REQUIRED", status: 403, exitCode: 5, hint: /gateway\.tls/ },
        `${address} ${JSON.stringify(headers)}`,
      );
    }
    t.same(
      (
        await send("10.0.0.7", {
          "x-forwarded-proto": "https",
          "x-forwarded-for": "198.51.100.1, 203.0.113.9",
        })
      ).json(),
      {
        ip: "203.0.113.9",
      },
    );
  },
);

t.test("an entry that is no address stops the start and is named", async (t) => {
  for (const entry of [
    "proxy.example.org",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "fd00::/129",
    "10.0.0",
  ]) {
    const stateDir = await temporaryDirectory(t);
    await writeFile(
      path.join(stateDir, "openclaw.json"),
      JSON.stringify({ gateway: { trustedProxies: [entry] } }),
    );
    await t.rejects(testGateway(t, { stateDir }), {
      code: "CONFIG_INVALID",
      message: `gateway.trustedProxies: ${entry} is no address and no network`,
    });
  }
});
