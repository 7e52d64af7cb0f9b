import { connect, type AddressInfo, type Socket } from "node:net";
import { promisify } from "node:util";
import { setTimeout as pause } from "node:timers/promises";
import { PassThrough } from "node:stream";
import { Type } from "@openclaw/schema";
import t, { type Test } from "tap";
import type { GatewayPlugin } from "../plugin/host.js";
import { ADMIN, ADMIN_TOKEN, testGateway, testTenant } from "../test-support/gateway.js";
import type { HttpLimits } from "./limits.js";

const SHORT: HttpLimits = {
  headersMs: 600,
  idleMs: 300,
  keepAliveMs: 300,
  bodyMs: 600,
  bytesPerSecond: 20_000,
  checkMs: 20,
  headerBytes: 4096,
};

/** Routes that take their time. */
const slow: GatewayPlugin = {
  name: "slow",
  version: "1.0.0",
  configSchema: Type.Object({}, { additionalProperties: false }),
  setup: (host) => {
    host.addRoutes("admin", (app) => {
      app.get("/slow", async () => {
        await pause(3 * SHORT.idleMs);
        return { late: true };
      });
      app.get("/stream", (_request, reply) => {
        const stream = new PassThrough();
        stream.write("first\n");
        setTimeout(() => stream.end("last\n"), 3 * SHORT.idleMs);
        return reply.type("text/event-stream").send(stream);
      });
      app.post("/thinks", { onRequest: () => pause(3 * SHORT.bodyMs) }, (request) => request.body);
      return Promise.resolve();
    });
    return Promise.resolve();
  },
};

async function listening(t: Test) {
  const gateway = await testGateway(t, { limits: SHORT, plugins: [slow] });
  const { url } = await gateway.listen();
  const { port } = gateway.app.server.address() as AddressInfo;
  return { gateway, url, port };
}

/** A connection on which the test writes by itself; `answer` is all that came until the gateway closed it. */
function speak(t: Test, port: number): { readonly socket: Socket; readonly answer: Promise<string> } {
  const socket = connect(port, "127.0.0.1");
  t.teardown(() => socket.destroy());
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  // Writing to what the gateway has closed is what these tests do.
  socket.on("error", () => undefined);
  const answer = new Promise<string>((resolve) => {
    socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
  });
  return { socket, answer };
}

/** Writes a byte every 20 ms until the connection is closed. */
async function drip(socket: Socket, text: string): Promise<void> {
  for (const byte of text) {
    if (socket.destroyed) return;
    socket.write(byte);
    await pause(20);
  }
}

const problem = (answer: string): unknown => JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));

t.test("headers that drip are cut off, and so is a connection that says nothing", async (t) => {
  const { port } = await listening(t);
  const dripping = speak(t, port);
  dripping.socket.write("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ");
  void drip(dripping.socket, "x".repeat(10_000));
  const answer = await dripping.answer;
  t.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
  t.match(problem(answer), { code: "REQUEST_TIMEOUT", status: 408, exitCode: 6 });
  await speak(t, port).answer;
});

t.test("a body that drips is cut off, with a token and without, and whatever the route", async (t) => {
  const { port } = await listening(t);
  for (const [path, authorization] of [
    ["/api/admin/tenants", ADMIN.authorization],
    ["/api/admin/tenants", "Bearer wrong"],
    ["/nowhere", "Bearer wrong"],
    ["/%zz", "Bearer wrong"],
  ] as const) {
    const { socket, answer } = speak(t, port);
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n` +
        "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
    );
    void drip(socket, " ".repeat(100_000));
    t.match(await answer, /^HTTP\/1\.1 4\d\d /, `${path} ${authorization}`);
  }
  const { socket, answer } = speak(t, port);
  socket.write(
    `POST /api/admin/tenants HTTP/1.1\r\nHost: a\r\nAuthorization: ${ADMIN.authorization}\r\n` +
      "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  void drip(socket, "1\r\n \r\n".repeat(10_000));
  t.match(problem(await answer), { code: "REQUEST_TIMEOUT" });
});

t.test("an upload that takes longer than any limit, but comes, arrives", async (t) => {
  const { gateway, url } = await listening(t);
  const tenant = await testTenant(gateway, "acme");
  const chunk = Buffer.alloc(4096, "a");
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (let sent = 0; sent < 20; sent += 1) {
        controller.enqueue(chunk);
        await pause(50);
      }
      controller.close();
    },
  });
  const response = await fetch(`${url}/api/tenant/files/long`, {
    method: "PUT",
    headers: tenant.headers,
    body,
    duplex: "half",
  });
  t.equal(response.status, 201);
  const read = await fetch(`${url}/api/tenant/files/long`, { headers: tenant.headers });
  t.equal((await read.arrayBuffer()).byteLength, 20 * 4096);
});

t.test("who has a right token waits for an answer as long as it takes; a stream may be silent", async (t) => {
  const { url } = await listening(t);
  const get = async (path: string) => (await fetch(`${url}/api/admin${path}`, { headers: ADMIN })).text();
  t.equal(await get("/slow"), '{"late":true}');
  t.equal(await get("/stream"), "first\nlast\n");
  const slowServer = await fetch(`${url}/api/admin/thinks`, {
    method: "POST",
    headers: { ...ADMIN, "content-type": "application/json" },
    body: JSON.stringify({ text: "a".repeat(500_000) }),
  });
  t.equal((await slowServer.text()).length, 500_011, "that the gateway is slow is not the caller's fault");
});

t.test(
  "who has none is not waited for: an idle connection ends, and one whose answers are not read",
  async (t) => {
    const { gateway, port } = await listening(t);
    const idle = speak(t, port);
    idle.socket.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    t.match(await idle.answer, /^HTTP\/1\.1 200 /);

    const { socket } = speak(t, port);
    socket.pause();
    // More answers than the buffers of both ends hold.
    socket.write("GET /api/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2000));
    const connections = promisify(gateway.app.server.getConnections.bind(gateway.app.server));
    while ((await connections()) === 0) await pause(5);
    while ((await connections()) > 0) await pause(20);
    t.pass("the gateway has given it up");
  },
);

t.test("what is no HTTP, or has too large headers, is answered by a problem document", async (t) => {
  const { port } = await listening(t);
  const garbage = speak(t, port);
  garbage.socket.write("\x16\x03\x01 hello\r\n\r\n");
  t.match(problem(await garbage.answer), { code: "REQUEST_INVALID", status: 400 });
  const large = speak(t, port);
  large.socket.write(`GET /healthz HTTP/1.1\r\nHost: a\r\nX-Large: ${"x".repeat(8192)}\r\n\r\n`);
  const answer = await large.answer;
  t.match(answer, /^HTTP\/1\.1 431 /);
  t.match(problem(answer), { code: "HEADERS_TOO_LARGE" });
  t.notMatch(answer, ADMIN_TOKEN);
});
