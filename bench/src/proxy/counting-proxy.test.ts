import { once } from "node:events";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import t from "tap";
import type { Test } from "tap";
import { CountingProxy } from "./counting-proxy.js";
import { trafficSince } from "./traffic.js";

/** Answers every request with so many bytes, after it has read the body. */
async function proxyBeforeServer(t: Test, answerBytes: number): Promise<CountingProxy> {
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on("end", () => outgoing.end(Buffer.alloc(answerBytes)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await CountingProxy.start(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.teardown(async () => {
    await proxy.stop();
    server.closeAllConnections();
    server.close();
  });
  return proxy;
}

t.test("a known request is counted to the byte, and so is its answer", async (t) => {
  const proxy = await proxyBeforeServer(t, 1234);
  const before = proxy.traffic;
  const { port } = new URL(proxy.endpoint);
  const sent = "PUT /bucket/key HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
  const socket = connect(Number(port), "127.0.0.1").end(sent);
  let received = 0;
  socket.on("data", (bytes: Buffer) => (received += bytes.length));
  await once(socket, "end");
  const traffic = trafficSince(before, proxy.traffic);
  t.same(traffic, { sentBytes: sent.length, receivedBytes: received, requests: 1 });
  t.ok(received > 1234);
});

t.test("large bodies pass unchanged in size in both directions", async (t) => {
  const size = 20_000_000;
  const proxy = await proxyBeforeServer(t, size);
  const call = request(`${proxy.endpoint}/large`, { method: "PUT" });
  call.end(Buffer.alloc(size, 7));
  const [answer] = (await once(call, "response")) as [AsyncIterable<Buffer>];
  let received = 0;
  for await (const chunk of answer) received += chunk.length;
  t.equal(received, size);
  const { sentBytes, receivedBytes, requests } = proxy.traffic;
  t.equal(requests, 1);
  for (const counted of [sentBytes, receivedBytes])
    t.ok(counted > size && counted < size * 1.001, String(counted));
});

t.test("a store that is not there breaks the connection", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  const proxy = await CountingProxy.start(`http://127.0.0.1:${port}`);
  t.teardown(() => proxy.stop());
  const call = request(proxy.endpoint).end();
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => call.on("error", resolve));
  t.equal(error.code, "ECONNRESET");
});
