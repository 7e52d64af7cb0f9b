import { writeFile } from "node:fs/promises";
import path from "node:path";
import { Type } from "@openclaw/schema";
import t from "tap";
import type { GatewayPlugin } from "../plugin/host.js";
import { ADMIN, temporaryDirectory, testGateway, testTenant } from "../test-support/gateway.js";

const empty = Type.Object({}, { additionalProperties: false });

t.test("every error is a problem document", async (t) => {
  const { app } = await testGateway(t);
  for (const [request, status, code] of [
    [{ url: "/nowhere" }, 404, "NOT_FOUND"],
    [{ url: "/api/admin/nowhere", headers: ADMIN }, 404, "NOT_FOUND"],
    [{ url: "/%zz" }, 400, "REQUEST_INVALID"],
    [{ url: "/api/admin/tenants" }, 401, "UNAUTHORIZED"],
    [{ url: "/metrics" }, 401, "UNAUTHORIZED"],
    [{ url: "/api/tenant/whoami", headers: ADMIN }, 403, "FORBIDDEN"],
    [
      {
        url: "/api/admin/tenants",
        method: "POST",
        headers: { ...ADMIN, "content-type": "application/json" },
        payload: "{",
      },
      400,
      "REQUEST_INVALID",
    ],
    [
      {
        url: "/api/admin/tenants",
        method: "POST",
        headers: { ...ADMIN, "content-type": "text/xml" },
        payload: "<a/>",
      },
      415,
      "MEDIA_TYPE_UNSUPPORTED",
    ],
    [
      { url: "/api/admin/tenants", method: "POST", headers: ADMIN, payload: { id: "x".repeat(2_000_000) } },
      413,
      "BODY_TOO_LARGE",
    ],
  ] as const) {
    const response = await app.inject(request);
    t.equal(response.statusCode, status, request.url);
    t.match(response.headers["content-type"], "application/problem+json");
    t.match(response.json(), { code, status, instance: /^[0-9a-f-]{36}$/ });
  }
});

t.test("the field that is wrong is named", async (t) => {
  const { app } = await testGateway(t);
  const post = (payload: object) =>
    app.inject({ url: "/api/admin/tenants", method: "POST", headers: ADMIN, payload });
  t.match((await post({ id: 1 })).json(), {
    detail: "id must be string",
    details: { in: "body", path: "id" },
  });
  t.match((await post({})).json(), { detail: "id is missing" });
  t.match((await post({ id: "a", labels: { a: 1 } })).json(), { details: { path: "labels.a" } });
  t.match((await post({ id: "a", lables: {} })).json(), { detail: "lables is unknown; allowed: id, labels" });
});

t.test("an unknown error is logged under the request's id and not told", async (t) => {
  const lines: string[] = [];
  const plugin: GatewayPlugin = {
    name: "faulty",
    version: "1.0.0",
    configSchema: empty,
    setup: (host) => {
      host.addRoutes("admin", (app) => {
        app.get("/fault", () => {
          throw new Error("inner workings");
        });
        return Promise.resolve();
      });
      return Promise.resolve();
    },
  };
  const { app } = await testGateway(t, {
    plugins: [plugin],
    logLevel: "info",
    logDestination: { write: (line) => void lines.push(line) },
  });
  const response = await app.inject({ url: "/api/admin/fault", headers: ADMIN });
  t.match(response.json(), { code: "INTERNAL", status: 500 });
  t.notMatch(response.body, /inner workings/);
  const { instance } = response.json<{ instance: string }>();
  const logged = lines.find((line) => line.includes(instance)) ?? "";
  t.match(JSON.parse(logged), { level: 50, err: { message: "inner workings" } });
});

t.test("what an admin changes is logged with who it was; tokens are not", async (t) => {
  const lines: string[] = [];
  const gateway = await testGateway(t, {
    logLevel: "info",
    logDestination: { write: (line) => void lines.push(line) },
  });
  const { token, headers } = await testTenant(gateway, "acme");
  await gateway.app.inject({ url: "/api/tenant/whoami", headers });
  const requests = lines
    .filter((line) => line.includes('"route"'))
    .map((line) => JSON.parse(line) as unknown);
  t.match(requests, [{ method: "POST", route: "/api/admin/tenants", status: 201, actor: "admin" }]);
  t.equal(requests.length, 1, "reads and tenants' calls are for debug");
  t.notMatch(lines.join(""), token);
  t.notMatch(lines.join(""), ADMIN.authorization.slice(7));
});

t.test("answers are not cached and carry the headers that browsers ask for", async (t) => {
  const { app } = await testGateway(t);
  const { headers } = await app.inject({ url: "/api/admin/tenants", headers: ADMIN });
  t.equal(headers["cache-control"], "no-store");
  t.equal(headers["x-content-type-options"], "nosniff");
  t.equal(headers["x-frame-options"], "DENY");
  t.equal(headers["referrer-policy"], "no-referrer");
  t.equal(
    headers["content-security-policy"],
    "default-src 'none';script-src 'self';style-src 'self';font-src 'self';connect-src 'self';img-src 'self' data:;" +
      "frame-ancestors 'none';base-uri 'none';form-action 'none'",
  );
  t.equal(headers["strict-transport-security"], undefined, "it came over plain HTTP");
});

t.test("HSTS is for callers who came over TLS: their own, or a trusted proxy's", async (t) => {
  const stateDir = await temporaryDirectory(t);
  await writeFile(
    path.join(stateDir, "openclaw.json"),
    JSON.stringify({ gateway: { trustedProxies: ["10.0.0.7"] } }),
  );
  const { app } = await testGateway(t, { stateDir });
  const hsts = async (remoteAddress: string, scheme: string) => {
    const headers = { host: "gw.example.org", "x-forwarded-proto": scheme };
    const response = await app.inject({ url: "/healthz", remoteAddress, headers });
    return response.headers["strict-transport-security"];
  };
  t.equal(await hsts("10.0.0.7", "https"), "max-age=31536000");
  t.equal(await hsts("10.0.0.7", "http"), undefined);
  t.equal(await hsts("10.0.0.8", "https"), undefined);
});

t.test("no answer sets a cookie, and no cookie lets anybody in", async (t) => {
  const gateway = await testGateway(t);
  const { app } = gateway;
  const tenant = await testTenant(gateway, "acme");
  const { paths } = (await app.inject({ url: "/api/openapi.json" })).json<{
    paths: Record<string, Record<string, unknown>>;
  }>();
  const token = ADMIN.authorization.slice("Bearer ".length);
  const cookie = `token=${token}; authorization=${ADMIN.authorization}; session=${token}`;
  let calls = 0;
  for (const [path, methods] of Object.entries(paths)) {
    const url = path.replace(/\{[^}]*\}/g, "acme");
    for (const method of Object.keys(methods)) {
      for (const headers of [{ cookie }, ADMIN, tenant.headers]) {
        const response = await app.inject({ method: method.toUpperCase() as "GET", url, headers });
        t.equal(response.headers["set-cookie"], undefined, `${method} ${url}`);
        if ("cookie" in headers && /^\/(api|metrics)/.test(url))
          t.ok([401, 429].includes(response.statusCode), `${method} ${url}`);
        calls += 1;
      }
    }
  }
  t.ok(calls > 60);
});
