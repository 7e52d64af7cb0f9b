import { MessageChannel } from "node:worker_threads";
import t, { type Test } from "tap";
import { BackupError, serializeError } from "../../errors.js";
import { SEGMENT_BYTES } from "../format.js";
import { rawPath } from "../raw-path.js";
import type { FromReader, ToReader } from "./messages.js";
import { ReaderPort } from "./reader-port.js";

/** A reader's port whose questions are answered by `reply`, and a way to send it more. */
function connect(
  t: Test,
  reply: (id: number) => ToReader,
): { readonly port: ReaderPort; readonly send: (message: ToReader) => void } {
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => port1.close());
  const send = (message: ToReader): void => port1.postMessage(message);
  port1.on("message", (message: FromReader) => {
    if (message.type === "helper") send(reply(message.id));
  });
  return { port: new ReaderPort(port2), send };
}

const inspection = { directory: rawPath(""), names: [rawPath("a")] };
const copy = { directory: rawPath(""), name: rawPath("a"), copy: "/nonexistent/copy" };

t.test("answers of the helper process come to whoever asked", async (t) => {
  const verdicts = [{ kind: "plain", identity: "1:2:3:4:5" }] as const;
  const { port } = connect(t, (id) => ({
    type: "helper",
    id,
    answer: id === 0 ? verdicts : { kind: "gone" },
  }));
  const answers = await Promise.all([port.databases.inspect(inspection), port.databases.copy(copy)]);
  t.strictSame(answers, [verdicts, { kind: "gone" }]);
});

t.test("a helper process that is gone fails whoever waits for it", async (t) => {
  const error = new BackupError("JOB_THREAD_FAILED", "Tenant acme: the helper process is gone.");
  const { port } = connect(t, (id) => ({ type: "helper-failed", id, error: serializeError(error) }));
  await t.rejects(port.databases.copy(copy), { code: "JOB_THREAD_FAILED", message: error.message });
});

t.test("an answer to another question is never taken for the right one", async (t) => {
  const wrong = { code: "JOB_THREAD_FAILED", message: /answer to another question/ };
  const { port } = connect(t, (id) => ({ type: "helper", id, answer: id === 0 ? { kind: "gone" } : [] }));
  await t.rejects(port.databases.inspect(inspection), wrong);
  await t.rejects(port.databases.copy(copy), wrong);
});

t.test("a buffer is taken when there is one, or as soon as it comes", async (t) => {
  const { port, send } = connect(t, (id) => ({ type: "helper", id, answer: [] }));
  const waiting = port.takeBuffer();
  send({ type: "buffer", buffer: new SharedArrayBuffer(SEGMENT_BYTES) });
  send({ type: "buffer", buffer: new SharedArrayBuffer(SEGMENT_BYTES) });
  t.equal((await waiting).length, SEGMENT_BYTES);
  t.equal((await port.takeBuffer()).length, SEGMENT_BYTES);
});
