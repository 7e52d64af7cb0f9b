import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { Api, ApiError, type ApiOptions } from "./api.js";

interface Call {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

type Answer = (response: ServerResponse, call: Call) => void;

/** A server on this machine, and what it was asked. The page's own origin, in a browser. */
async function serve(t: Test, answer: Answer) {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { method, url, headers } = request;
      const call = { method, url, headers, body };
      calls.push(call);
      answer(response, call);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, calls, close: () => new Promise((resolve) => server.close(resolve)) };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function client(options: Partial<ApiOptions> = {}) {
  const reached: boolean[] = [];
  let refused = 0;
  const api = new Api({
    token: "a-token",
    onReached: (is) => reached.push(is),
    onRefused: () => {
      refused += 1;
    },
    ...options,
  });
  return { api, reached, refused: () => refused };
}

t.test("calls bring the token, say that they are the UI's, and ask for what was given only", async (t) => {
  const { origin, calls } = await serve(t, (response) => {
    json(response, 200, { ok: true });
  });
  const { api, reached } = client();
  t.same(await api.get(`${origin}/things`, { name: "a b&c", limit: 5, failed: false, before: undefined }), {
    ok: true,
  });
  await api.get(`${origin}/things`, { before: undefined });
  await api.send("PUT", `${origin}/things/1`, { text: "ä" });
  await api.send("DELETE", `${origin}/things/1`);
  t.match(calls, [
    {
      method: "GET",
      url: "/things?name=a+b%26c&limit=5&failed=false",
      headers: { authorization: "Bearer a-token", "x-openclaw-client": "ui", "content-type": undefined },
    },
    { method: "GET", url: "/things" },
    { method: "PUT", headers: { "content-type": "application/json" }, body: '{"text":"ä"}' },
    { method: "DELETE", headers: { "content-type": undefined }, body: "" },
  ]);
  t.same(reached, [true, true, true, true]);
});

t.test("an answer without content is undefined", async (t) => {
  const { origin } = await serve(t, (response) => response.writeHead(204).end());
  t.equal(await client().api.send("POST", `${origin}/x`, {}), undefined);
});

t.test("a problem becomes an error in the gateway's words", async (t) => {
  const { origin } = await serve(t, (response, { url }) => {
    if (url === "/busy")
      json(response, 409, {
        title: "Tenant busy",
        detail: "acme is busy",
        code: "TENANT_BUSY",
        hint: "Wait.",
      });
    else if (url === "/title") json(response, 404, { title: "Not found" });
    else response.writeHead(502).end("<h1>Bad gateway</h1>");
  });
  const { api, reached, refused } = client();
  const failing = async (path: string): Promise<ApiError> => {
    try {
      await api.get(origin + path);
    } catch (error) {
      if (error instanceof ApiError) return error;
    }
    throw new Error("no ApiError");
  };
  t.match(await failing("/busy"), {
    status: 409,
    code: "TENANT_BUSY",
    message: "acme is busy",
    hint: "Wait.",
  });
  t.match(await failing("/title"), { status: 404, code: "HTTP_404", message: "Not found", hint: undefined });
  t.match(await failing("/proxy"), { code: "HTTP_502", message: "The gateway answered with HTTP 502." });
  t.same(reached, [true, true, true]);
  t.equal(refused(), 0);
});

t.test("a token that is not taken is told of", async (t) => {
  const { origin } = await serve(t, (response) => {
    json(response, 401, { detail: "No such token", code: "UNAUTHENTICATED" });
  });
  const { api, refused } = client();
  await t.rejects(api.get(`${origin}/x`), { status: 401, code: "UNAUTHENTICATED" });
  t.equal(refused(), 1);
  await t.rejects(new Api({ token: "t" }).get(`${origin}/x`), { code: "UNAUTHENTICATED" });
});

t.test("a gateway that is gone is told of", async (t) => {
  const { origin, close } = await serve(t, (response) => response.end());
  await close();
  const { api, reached } = client();
  await t.rejects(api.get(`${origin}/x`), { status: 0, code: "GATEWAY_UNREACHABLE" });
  t.same(reached, [false]);
  await t.rejects(new Api({ token: "t" }).get(`${origin}/x`), { code: "GATEWAY_UNREACHABLE" });
});

t.test("who gives a call up gets the reason, and the gateway is not thought gone", async (t) => {
  const { origin } = await serve(t, () => undefined);
  const { api, reached } = client();
  const giveUp = new AbortController();
  const call = api.get(`${origin}/x`, undefined, giveUp.signal);
  giveUp.abort(new Error("looked elsewhere"));
  await t.rejects(call, { message: "looked elsewhere" });
  t.same(reached, []);
});

t.test("streams: lines of JSON, events, and files", async (t) => {
  const { origin, calls } = await serve(t, (response, { url }) => {
    if (url === "/lines") response.end('{"a":1}\n{"a":2}\n');
    else if (url === "/events") response.end('data: {"a":1}\n\ndata: {"a":2}\n\n');
    else response.end("content");
  });
  const { api } = client();
  const { signal } = new AbortController();
  const all = async (values: AsyncIterable<unknown>): Promise<unknown[]> => {
    const found: unknown[] = [];
    for await (const value of values) found.push(value);
    return found;
  };
  t.same(await all(api.lines(`${origin}/lines`, { path: "x" })), [{ a: 1 }, { a: 2 }]);
  t.same(await all(api.lines(`${origin}/lines`, {}, signal)), [{ a: 1 }, { a: 2 }]);
  t.same(await all(api.events(`${origin}/events`)), [{ a: 1 }, { a: 2 }]);
  t.same(await all(api.events(`${origin}/events`, signal)), [{ a: 1 }, { a: 2 }]);
  t.equal(await (await api.blob(`${origin}/file`, { path: "x" })).text(), "content");
  t.equal(await (await api.blob(`${origin}/file`, {}, signal)).text(), "content");
  t.match(calls[0], { method: "POST", body: '{"path":"x"}' });
  t.match(calls[2], { method: "GET" });
});
