import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { MessageChannel } from "node:worker_threads";
import t from "tap";
import { rawPath } from "./raw-path.js";
import { StagingWriter } from "./staging-writer.js";
import { stagingDirectory } from "./testing/staging.js";
import { readTree } from "./testing/tree.js";
import { ThreadSink } from "./thread-sink.js";
import { startThread } from "./threads/start-thread.js";
import type { WriteStart } from "./threads/write-messages.js";
import type { TreeSink } from "./tree-sink.js";

const TIME = 1_700_000_000_000_000_000n;
const PROGRAM = new URL("./threads/write-thread.js", import.meta.url);

/** A sink of the thread that writes into `into`; `ended` resolves with the status of that thread. */
function threadSink(into: string): { readonly sink: ThreadSink; readonly ended: Promise<unknown[]> } {
  const { port1, port2 } = new MessageChannel();
  const replies = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const start: WriteStart = { into, routes: [], port: port2, replies };
  const ended = once(startThread(PROGRAM, start, {}, [port2]), "exit");
  return { sink: new ThreadSink({ port: port1, replies }), ended };
}

function writeFile(sink: TreeSink, path: string, ...parts: readonly Uint8Array[]): void {
  sink.beginFile(rawPath(path), 0o640, TIME);
  for (const part of parts) sink.content(part);
  sink.endFile();
}

t.test("another thread writes the same tree", async (t) => {
  const parts = [randomBytes(3_000_000), randomBytes(1), randomBytes(2_500_000)];
  const small = randomBytes(300);
  const fill = (sink: TreeSink): void => {
    writeFile(sink, "large", ...parts);
    writeFile(sink, "empty");
    for (let number = 0; number < 400; number++) {
      const path = `d${number % 7}/f${number}`;
      writeFile(sink, path, small.subarray(number % 300));
      sink.symlink(rawPath(`link${number}`), rawPath(path), TIME);
      sink.copyFile(rawPath(path), rawPath(`${path}-copy`), 0o600, TIME);
    }
    for (let number = 0; number < 7; number++) sink.directory(rawPath(`d${number}`), 0o750, TIME);
    for (let number = 0; number < 300; number++) sink.directory(rawPath(`e/${number}`), 0o755, TIME);
    for (const path of ["e", ""]) sink.directory(rawPath(path), 0o700, TIME);
    sink.finish();
    sink.close();
  };
  const directly = stagingDirectory(t);
  fill(new StagingWriter(directly));
  const into = stagingDirectory(t);
  const { sink, ended } = threadSink(into);
  fill(sink);
  t.strictSame(await ended, [0]);
  t.ok(isDeepStrictEqual(readTree(into), readTree(directly)));
});

t.test(
  "what fails there is thrown here, by the last call at the latest, and by each one behind it",
  async (t) => {
    const { sink, ended } = threadSink(stagingDirectory(t));
    writeFile(sink, "twice");
    writeFile(sink, "twice");
    writeFile(sink, "behind");
    const error = { code: "IO_FAILED", message: /twice below .*EEXIST/ };
    t.throws(() => sink.finish(), error);
    t.throws(() => writeFile(sink, "large", Buffer.alloc(5_000_000)), error);
    sink.close();
    t.strictSame(await ended, [0]);
  },
);

t.test("nothing is written behind what has failed", async (t) => {
  const into = stagingDirectory(t);
  const { sink, ended } = threadSink(into);
  writeFile(sink, "twice");
  writeFile(sink, "twice", Buffer.alloc(1_000_000));
  for (let number = 0; number < 300; number++) writeFile(sink, `behind${number}`);
  t.throws(() => sink.finish(), { code: "IO_FAILED" });
  sink.close();
  await ended;
  t.strictSame(readdirSync(into), ["twice"]);
});

t.test("a directory that is not there is told of", async (t) => {
  const { sink, ended } = threadSink("/nonexistent/staging");
  t.throws(() => sink.finish(), { code: "IO_FAILED", message: /staging directory/ });
  sink.close();
  await ended;
});

t.test("content stands in a file", (t) => {
  const { port1 } = new MessageChannel();
  const sink = new ThreadSink({ port: port1, replies: new Int32Array(1) });
  t.throws(() => sink.content(Buffer.from("x")), /outside of a file/);
  t.throws(() => sink.endFile(), /outside of a file/);
  sink.close();
  t.end();
});
