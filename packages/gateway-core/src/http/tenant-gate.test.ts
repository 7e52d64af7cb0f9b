import { fastify } from "fastify";
import { request as httpRequest } from "node:http";
import { PassThrough } from "node:stream";
import type { Test } from "tap";
import t from "tap";
import { newTenantRecord } from "../tenants/record.js";
import { TenantGate } from "../tenants/gate.js";
import { problemOf, sendProblem } from "./problem.js";
import { decorateRequests } from "./request.js";
import { guardTenants } from "./tenant-gate.js";

const tenant = newTenantRecord("acme", "a".repeat(64), { now: () => 0 });

/** A listening server whose handlers end when the test says so. */
async function server(t: Test) {
  const gate = new TenantGate();
  const app = fastify({ forceCloseConnections: true });
  app.setErrorHandler((error, request, reply) => sendProblem(reply, problemOf(error, request.id)));
  decorateRequests(app);
  app.addHook("onRequest", (request, _reply, done) => {
    request.caller = { scope: "tenant", tenant };
    done();
  });
  guardTenants(app, gate);
  const stream = new PassThrough();
  let entered: () => void = () => undefined;
  const inHandler = new Promise<void>((resolve) => (entered = resolve));
  let finish: (value: string) => void = () => undefined;
  const finished = new Promise<string>((resolve) => (finish = resolve));
  app.get("/fast", () => "fast");
  app.get("/beside", { config: { besideTenant: true } }, (_request, reply) => reply.send(stream));
  app.get("/stream", (_request, reply) => reply.send(stream));
  app.get("/slow", async () => {
    entered();
    return finished;
  });
  const url = await app.listen({ port: 0 });
  t.teardown(() => app.close());
  const suspends = async (): Promise<boolean> => {
    try {
      await gate.suspend("acme", 0);
    } catch {
      return false;
    }
    gate.resume("acme");
    return true;
  };
  return { app, gate, url, stream, inHandler, finish, suspends };
}

t.test("a suspended tenant is answered 503 with Retry-After before anything runs", async (t) => {
  const { gate, url } = await server(t);
  await gate.suspend("acme", 0);
  const response = await fetch(`${url}/fast`);
  t.equal(response.status, 503);
  t.equal(response.headers.get("retry-after"), "2");
  t.match(await response.json(), { code: "TENANT_SUSPENDED", details: { tenant: "acme" } });
  gate.resume("acme");
  t.equal(await (await fetch(`${url}/fast`)).text(), "fast");
});

t.test("a suspension waits for a response that is still being streamed", async (t) => {
  const { gate, url, stream } = await server(t);
  stream.write("first");
  const response = await fetch(`${url}/stream`);
  let suspended = false;
  const suspension = gate.suspend("acme", 60_000).then(() => (suspended = true));
  t.equal((await fetch(`${url}/fast`)).status, 503);
  t.equal(suspended, false);
  stream.end("last");
  t.equal(await response.text(), "firstlast");
  await suspension;
  t.equal(suspended, true);
});

t.test("when the caller hangs up, the visit lasts until the handler has ended", async (t) => {
  const { app, gate, url, inHandler, finish, suspends } = await server(t);
  const closed = new Promise<void>((resolve) =>
    app.server.once("connection", (socket) => socket.once("close", () => resolve())),
  );
  const call = httpRequest(`${url}/slow`);
  call.on("error", () => undefined);
  call.end();
  await inHandler;
  call.destroy();
  await closed;
  t.equal(await suspends(), false, "the handler still works on the tenant");
  finish("done");
  await gate.suspend("acme", 60_000);
});

t.test("injected and failed requests leave the gate, too", async (t) => {
  const { app, gate } = await server(t);
  await app.inject({ url: "/fast" });
  await app.inject({
    url: "/fast",
    method: "POST",
    payload: "{",
    headers: { "content-type": "application/json" },
  });
  await gate.suspend("acme", 60_000);
  t.equal((await app.inject({ url: "/fast" })).statusCode, 503);
});

t.test(
  "a route that touches no file of the tenant is not in a suspension's way, nor the other way round",
  async (t) => {
    const { gate, url, stream } = await server(t);
    stream.write("first");
    const response = await fetch(`${url}/beside`);
    await gate.suspend("acme", 0);
    stream.end("last");
    t.equal(await response.text(), "firstlast");
    t.equal((await fetch(`${url}/beside`)).status, 200);
  },
);
