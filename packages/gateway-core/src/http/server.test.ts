import { Type } from "typebox";
import t from "tap";
import type { GatewayPlugin } from "../plugin/host.js";
import { ADMIN, testGateway, testTenant } from "../test-support/gateway.js";

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
  t.match(headers["content-security-policy"], /default-src 'self'/);
  t.notMatch(headers["content-security-policy"], /upgrade-insecure-requests/);
});
