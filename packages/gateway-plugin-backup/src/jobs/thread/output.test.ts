import { MessageChannel } from "node:worker_threads";
import t from "tap";
import { BackupError } from "../../errors.js";
import { Output } from "./output.js";

t.test("a reader that goes away while the thread waits for it ends the waiting", async (t) => {
  const { port1: reader, port2: writer } = new MessageChannel();
  t.teardown(() => reader.close());
  const abort = new AbortController();
  const output = new Output(writer, abort.signal);
  const writing = (async () => {
    for (;;) await output.write(new Uint8Array(1));
  })();
  abort.abort(new BackupError("JOB_CANCELLED", "Nobody reads any more."));
  await t.rejects(writing, { code: "JOB_CANCELLED" });
});
