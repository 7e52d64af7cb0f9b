import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { GatewayClient, apiPath, query } from "./client.js";
import { CommandError, type ProblemDocument } from "./errors.js";
import {
  FakeGateway,
  breakConnection,
  json,
  problem,
  text,
  type Answer,
} from "./test-support/fake-gateway.js";

async function problemOf(work: () => unknown): Promise<ProblemDocument> {
  try {
    await work();
  } catch (error) {
    if (error instanceof CommandError) return error.problem;
    throw error;
  }
  throw new Error("A CommandError was expected.");
}

async function gatewayAnswering(t: Test, ...answers: Answer[]): Promise<FakeGateway> {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  return gateway.on("GET /x", ...answers);
}

t.test("an answer without an exit code gets one by its status", async (t) => {
  const cases = { 400: 2, 401: 5, 403: 5, 404: 3, 409: 4, 422: 7, 500: 1, 503: 6, 507: 1 };
  for (const [status, exitCode] of Object.entries(cases)) {
    const gateway = await gatewayAnswering(
      t,
      problem(Number(status), { code: "SOMETHING" }),
      text(Number(status), "<p>"),
    );
    const client = new GatewayClient({ OPENCLAW_GATEWAY_URL: gateway.url, OPENCLAW_GATEWAY_TOKEN: "x" });
    t.match(await problemOf(() => client.request("GET", "/x")), {
      code: "SOMETHING",
      exitCode,
      detail: "A problem",
    });
    t.match(await problemOf(() => client.request("GET", "/x")), { code: "ANSWER_UNEXPECTED", exitCode });
  }
});

t.test("an exit code that is none of a failure is not believed", async (t) => {
  for (const exitCode of [0, 8, 1.5, "4"]) {
    const gateway = await gatewayAnswering(t, problem(409, { code: "SOMETHING", exitCode }));
    const client = new GatewayClient({ OPENCLAW_GATEWAY_URL: gateway.url });
    t.match(await problemOf(() => client.request("GET", "/x")), { exitCode: 4 });
  }
});

t.test("a missing token is named as the reason of a refusal", async (t) => {
  const refusal = problem(401, {
    code: "UNAUTHORIZED",
    detail: "Who are you?",
    hint: "Send a token.",
    exitCode: 5,
  });
  const gateway = await gatewayAnswering(t, refusal);
  const without = new GatewayClient({ OPENCLAW_GATEWAY_URL: gateway.url, OPENCLAW_GATEWAY_TOKEN: " " });
  t.match(await problemOf(() => without.request("GET", "/x")), {
    exitCode: 5,
    hint: /OPENCLAW_GATEWAY_TOKEN is not set/,
  });
  const wrong = new GatewayClient({ OPENCLAW_GATEWAY_URL: gateway.url, OPENCLAW_GATEWAY_TOKEN: "wrong" });
  t.match(await problemOf(() => wrong.request("GET", "/x")), { hint: "Send a token." });
});

t.test("what answers but is no gateway is told apart from silence", async (t) => {
  const redirect = { "Content-Type": "text/html", Location: "https://elsewhere.invalid/" };
  const gateway = await gatewayAnswering(t, text(200, "<h1>It works!</h1>"), (_request, response) => {
    response.writeHead(301, redirect).end();
  });
  const client = new GatewayClient({ OPENCLAW_GATEWAY_URL: gateway.url });
  t.match(await problemOf(() => client.request("GET", "/x")), { code: "ANSWER_UNEXPECTED", exitCode: 6 });
  t.match(await problemOf(() => client.request("GET", "/x")), {
    code: "ANSWER_UNEXPECTED",
    exitCode: 6,
    status: 301,
  });
});

t.test("nobody listening is unreachable, with the URL and the way out in the hint", async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise((resolve) => server.close(resolve));
  const found = await problemOf(() => new GatewayClient({ OPENCLAW_GATEWAY_URL: url }).request("GET", "/x"));
  t.match(found, { code: "GATEWAY_UNREACHABLE", exitCode: 6, detail: /connection refused/ });
  t.match(found.hint, "openclaw gateway run");
  t.match(found.hint, url);
});

t.test("a connection that breaks leaves open whether the request was carried out", async (t) => {
  const gateway = await gatewayAnswering(t, breakConnection, (_request, response) => {
    response.writeHead(200, { "Content-Length": "100" }).write("{", () => response.socket?.destroy());
  });
  const client = new GatewayClient({ OPENCLAW_GATEWAY_URL: gateway.url });
  t.match(await problemOf(() => client.request("GET", "/x")), {
    code: "CONNECTION_LOST",
    exitCode: 6,
    hint: /jobs list/,
  });
  t.match(await problemOf(() => client.request("GET", "/x")), { code: "CONNECTION_LOST", exitCode: 6 });
});

t.test("the gateway's URL may have a path, and has a default", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  gateway.on("GET /claw/x", json(200, { fine: true }));
  const client = new GatewayClient({ OPENCLAW_GATEWAY_URL: `${gateway.url}/claw/` });
  t.same(await client.request("GET", "/x"), { fine: true });
  t.equal(new GatewayClient({}).url, "http://127.0.0.1:18789");
  t.equal(new GatewayClient({ OPENCLAW_GATEWAY_URL: " " }).url, "http://127.0.0.1:18789");
});

t.test("a URL or token that cannot be used is refused without being shown", async (t) => {
  for (const url of ["gateway:18789", "ftp://x", "http://user:s3cr3t@x", "http://x/?token=s3cr3t"]) {
    const found = await problemOf(() => new GatewayClient({ OPENCLAW_GATEWAY_URL: url }));
    t.match(found, { code: "GATEWAY_URL_INVALID", exitCode: 2 });
    t.notMatch(JSON.stringify(found), "s3cr3t");
  }
  const found = await problemOf(() => new GatewayClient({ OPENCLAW_GATEWAY_TOKEN: "s3cr3t\nX-Evil: 1" }));
  t.match(found, { code: "GATEWAY_TOKEN_INVALID", exitCode: 2 });
  t.notMatch(JSON.stringify(found), "s3cr3t");
});

t.test("values become one segment of a path, and absent ones no query", async (t) => {
  t.equal(apiPath`/jobs/${"a/b?c"}/events`, "/jobs/a%2Fb%3Fc/events");
  for (const value of ["", ".", ".."])
    t.match(await problemOf(() => apiPath`/jobs/${value}`), { code: "USAGE" });
  t.equal(query({ a: undefined }), "");
  t.equal(query({ a: "1 2", b: undefined, c: "&" }), "?a=1+2&c=%26");
});
