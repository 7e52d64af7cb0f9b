import { hash } from "node:crypto";
import t from "tap";
import { CompressThreads } from "./compress-threads.js";
import type { ToCompressor } from "./threads/messages.js";
import { decompressFrame, maxFrameBytes } from "./zstd.js";

const NONE = new Uint8Array(0);

/** Of a file's middle: it completes no entry. */
function piece(): Pick<ToCompressor, "kind" | "entries" | "sha256"> {
  return { kind: "piece", entries: new Uint8Array(0), sha256: undefined };
}

function segment(content: string): ToCompressor {
  const buffer = new SharedArrayBuffer(1000);
  const raw = new TextEncoder().encodeInto(content, new Uint8Array(buffer)).written;
  return { ...piece(), buffer, raw, output: new SharedArrayBuffer(maxFrameBytes(raw)) };
}

t.test("segments are hashed and compressed, and their buffers come back", async (t) => {
  const threads = new CompressThreads(2, { level: 3, knownPieces: NONE }, "Tenant acme");
  t.teardown(() => threads.stop());
  const contents = ["first", "second", "third", "fourth"];
  const outputs = await Promise.all(contents.map((content) => threads.compress(segment(content))));
  const unpacked = outputs.map(({ output, stored }, index) =>
    decompressFrame(new Uint8Array(output, 0, stored ?? 0), contents[index]?.length ?? 0).toString(),
  );
  t.strictSame(unpacked, contents);
  t.strictSame(
    outputs.map(({ sha256 }) => sha256),
    contents.map((content) => hash("sha256", content)),
  );
  t.ok(outputs.every(({ buffer }) => buffer.byteLength === 1000));
});

t.test("a thread that dies fails its segment and all that come after, with the tenant's name", async (t) => {
  const threads = new CompressThreads(1, { level: 3, knownPieces: NONE }, "Tenant acme");
  t.teardown(() => threads.stop());
  const impossible = {
    ...piece(),
    buffer: new SharedArrayBuffer(10),
    raw: 1000,
    output: new SharedArrayBuffer(10),
  };
  const failure = {
    code: "JOB_THREAD_FAILED",
    message: /^Tenant acme: a compressing thread ended with exit code 1: /,
  };
  await Promise.all([
    t.rejects(threads.compress(impossible), failure),
    t.rejects(threads.compress(segment("waits")), failure),
  ]);
  await t.rejects(threads.compress(segment("comes later")), failure);
});

t.test("threads are started ahead as far as there is work for them, and then none beside them", async (t) => {
  for (const [segments, started] of [
    [0, 0],
    [1, 1],
    [9, 2],
  ] as const) {
    const threads = new CompressThreads(2, { level: 3, knownPieces: NONE }, "Tenant acme");
    threads.prepare(segments);
    threads.prepare(segments);
    t.equal(threads.size, started);
    await Promise.all(["a", "b", "c"].map((content) => threads.compress(segment(content))));
    t.equal(threads.size, 2);
    await threads.stop();
    threads.prepare(9);
    t.equal(threads.size, 2, "none after the end");
  }
});

t.test("stopping rejects what is under way", async (t) => {
  const threads = new CompressThreads(1, { level: 3, knownPieces: NONE }, "Tenant acme");
  const result = threads.compress(segment("never"));
  await Promise.all([t.rejects(result, { code: "JOB_CANCELLED" }), threads.stop()]);
});
