import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { startFaultProxy, type FaultProxy } from "./fault-proxy.js";

/** A server that answers with the bytes it was sent, and notes what it got. */
async function setUp(t: Test): Promise<{ proxy: FaultProxy; got: string[]; broken: Promise<void> }> {
  const got: string[] = [];
  let server: Server | undefined;
  const broken = new Promise<void>((resolve) => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString("latin1")));
      request.on("error", () => resolve());
      request.on("close", () => {
        got.push(body);
      });
      request.on("end", () => response.setHeader("content-length", body.length).end(body, "latin1"));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server?.address() as AddressInfo;
  t.teardown(() => server?.closeAllConnections());
  t.teardown(() => server?.close());
  return { proxy: await startFaultProxy(t, `http://127.0.0.1:${port}`), got, broken };
}

const put = (proxy: FaultProxy, signal?: AbortSignal): Promise<Response> =>
  fetch(`${proxy.endpoint}/bucket/key`, { method: "PUT", body: "0123456789", ...(signal ? { signal } : {}) });

await t.test(
  "rules strike in order, after the requests that they let pass, as often as they say",
  async (t) => {
    const { proxy } = await setUp(t);
    proxy.inject({ when: "PutObject", fault: { kind: "refuse", status: 500 }, skip: 1, times: 2 });
    proxy.inject({
      when: () => true,
      fault: { kind: "refuse", status: 503, name: "SlowDown", retryAfter: 3 },
    });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await put(proxy)).status);
    t.strictSame(statuses, [503, 500, 500, 200, 200]);
    t.equal(proxy.count("PutObject"), 5);
    t.equal(proxy.answered.length, 2, "the proxy's own answers are not the server's");
    proxy.inject({ when: "PutObject", fault: { kind: "reset" }, times: 100 });
    await t.rejects(put(proxy));
    proxy.heal();
    t.equal((await put(proxy)).status, 200);
  },
);

await t.test("bodies are altered on either way", async (t) => {
  const { proxy, got } = await setUp(t);
  proxy.inject({ when: "PutObject", fault: { kind: "corrupt-request", at: 3 } });
  const answer = Buffer.from(await (await put(proxy)).arrayBuffer());
  t.equal(answer.toString("latin1"), "012\xcc456789");
  proxy.inject({ when: "PutObject", fault: { kind: "corrupt-answer", at: 0 } });
  t.not(await (await put(proxy)).text(), "0123456789");
  t.strictSame(got, ["012\xcc456789", "0123456789"]);
  proxy.inject({ when: "PutObject", fault: { kind: "slow", bytesPerSecond: 1000 } });
  t.equal(await (await put(proxy)).text(), "0123456789");
});

await t.test("lengths lie: too much never comes, too little cuts", async (t) => {
  const { proxy } = await setUp(t);
  proxy.inject({ when: "PutObject", fault: { kind: "lie-length", by: 5 } });
  await t.rejects(put(proxy).then((answer) => answer.text()));
  proxy.inject({ when: "PutObject", fault: { kind: "lie-length", by: -4 } });
  t.equal(await (await put(proxy)).text(), "012345");
});

await t.test("a request that is cut breaks for both sides", async (t) => {
  const { proxy, broken } = await setUp(t);
  proxy.inject({ when: "PutObject", fault: { kind: "cut-request", after: 4 } });
  await t.rejects(put(proxy));
  await broken;
});

await t.test("a request that stalls ends with its client", async (t) => {
  const { proxy, broken, got } = await setUp(t);
  proxy.inject({ when: "PutObject", fault: { kind: "stall-request", after: 4 } });
  const client = new AbortController();
  const answer = put(proxy, client.signal);
  await proxy.until(() => proxy.count("PutObject") === 1);
  client.abort();
  await t.rejects(answer);
  await broken;
  t.strictSame(got, ["0123"]);
});

await t.test("a request can be carried out and refused", async (t) => {
  const { proxy, got } = await setUp(t);
  proxy.inject({
    when: "PutObject",
    fault: { kind: "refuse", status: 200, name: "InternalError", carriedOut: true },
  });
  t.match(await (await put(proxy)).text(), "<Code>InternalError</Code>");
  t.equal(got.length, 1);
});

await t.test("an outage ends on the same port", async (t) => {
  const { proxy } = await setUp(t);
  const { endpoint } = proxy;
  await proxy.stop();
  await t.rejects(put(proxy));
  await proxy.start();
  t.equal(proxy.endpoint, endpoint);
  t.equal((await put(proxy)).status, 200);
});
