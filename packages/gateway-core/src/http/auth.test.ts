import { fastify } from "fastify";
import t from "tap";
import { newTenantRecord } from "../tenants/record.js";
import { TenantRegistry } from "../tenants/registry.js";
import { newToken, tokenHash } from "../tenants/token.js";
import { authentication, type Limits } from "./auth.js";
import { problemOf, sendProblem } from "./problem.js";
import { decorateRequests } from "./request.js";

const acme = newToken("acme");

async function server(limits?: Limits) {
  const registry = new TenantRegistry();
  registry.load([newTenantRecord("acme", acme.sha256, { now: () => 0 })], []);
  const app = fastify();
  app.setErrorHandler((error, request, reply) => sendProblem(reply, problemOf(error, request.id)));
  decorateRequests(app);
  const authenticate = await authentication(
    app,
    { adminTokenSha256: tokenHash("admin-token"), tenants: registry },
    limits,
  );
  for (const scope of ["admin", "tenant"] as const) {
    app.get(`/${scope}`, { onRequest: authenticate(scope) }, (request) => ({
      actor: request.actor,
      trigger: request.trigger,
      tenant: scope === "tenant" ? request.tenant.id : undefined,
    }));
  }
  app.get("/open", (request) => ({ actor: request.actor }));
  app.get("/wrong", { onRequest: authenticate("admin") }, (request) => ({ tenant: request.tenant.id }));
  return (url: string, authorization?: string, headers: Record<string, string> = {}) =>
    app.inject({ url, headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) } });
}

t.test("each scope lets in its own callers and tells who they are", async (t) => {
  const get = await server();
  t.same((await get("/admin", "Bearer admin-token", { "x-openclaw-client": "cli" })).json(), {
    actor: "admin",
    trigger: "cli",
  });
  t.same((await get("/tenant", `bearer  ${acme.token}`, { "x-openclaw-client": "else" })).json(), {
    actor: "tenant:acme",
    trigger: "api",
    tenant: "acme",
  });
});

t.test("no token, a wrong one, a cut one, or another scheme is answered 401", async (t) => {
  const get = await server();
  for (const authorization of [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "Bearer admin-toke",
    "Bearer admin-token2",
    `Bearer ${acme.token.slice(0, -1)}`,
    `Bearer ${acme.sha256}`,
    "Basic admin-token",
    "admin-token",
  ]) {
    for (const url of ["/admin", "/tenant"]) {
      const response = await get(url, authorization);
      t.equal(response.statusCode, 401, `${url} ${authorization ?? "without"}`);
      t.equal(response.headers["www-authenticate"], "Bearer");
      t.match(response.json(), { code: "UNAUTHORIZED", exitCode: 5 });
    }
  }
});

t.test("the right token for the other scope is told apart", async (t) => {
  const get = await server();
  t.match((await get("/admin", `Bearer ${acme.token}`)).json(), {
    code: "FORBIDDEN",
    status: 403,
    hint: "The token that was sent is a tenant's.",
  });
  t.match((await get("/tenant", "Bearer admin-token")).json(), { code: "FORBIDDEN", hint: /the admin's/ });
});

t.test("an address with many refused tokens is answered 429, and a right token still passes", async (t) => {
  const get = await server({ failuresPerMinute: 3, callsPerMinute: 1000 });
  for (let attempt = 1; attempt <= 3; attempt += 1)
    t.equal((await get("/admin", "Bearer no")).statusCode, 401);
  const refused = await get("/admin", "Bearer no");
  t.match(refused.json(), { code: "RATE_LIMITED", status: 429 });
  t.match(refused.headers["retry-after"], /^\d+$/);
  t.equal((await get("/admin", "Bearer admin-token")).statusCode, 200);
  t.equal((await get("/tenant", `Bearer ${acme.token}`)).statusCode, 200);
});

t.test("one tenant cannot take all of the gateway's time; the admin is not limited", async (t) => {
  const get = await server({ failuresPerMinute: 3, callsPerMinute: 5 });
  for (let call = 1; call <= 5; call += 1)
    t.equal((await get("/tenant", `Bearer ${acme.token}`)).statusCode, 200);
  t.equal((await get("/tenant", `Bearer ${acme.token}`)).statusCode, 429);
  for (let call = 1; call <= 10; call += 1)
    t.equal((await get("/admin", "Bearer admin-token")).statusCode, 200);
});

t.test("a route that asks for a caller it has not is a bug, not a leak", async (t) => {
  const get = await server();
  t.match((await get("/open")).json(), { code: "INTERNAL" });
  t.match((await get("/wrong", "Bearer admin-token")).json(), { code: "INTERNAL" });
});
