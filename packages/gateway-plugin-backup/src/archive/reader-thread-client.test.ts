import { once } from "node:events";
import { EventEmitter } from "node:events";
import t from "tap";
import type { BackupError } from "../errors.js";
import { DEFAULT_LIMITS } from "./format.js";
import { ReaderThread } from "./reader-thread-client.js";

/** What a thread that runs this program is said to have failed of. */
async function failureOf(program: string, directory = "/nonexistent"): Promise<BackupError> {
  const source = {
    directory,
    root: "tenants/acme",
    tenant: "acme",
    limits: DEFAULT_LIMITS,
    exclude: [],
    allowUnreadable: false,
  };
  const events = new EventEmitter();
  const failed = once(events, "failed") as Promise<[BackupError]>;
  const reader = new ReaderThread(
    { source, temporaryDirectory: "/nonexistent", base: undefined },
    { onMessage: () => undefined, onFailed: (error) => void events.emit("failed", error) },
    new URL(`data:text/javascript,${encodeURIComponent(program)}`),
  );
  const [error] = await failed;
  await reader.stop();
  return error;
}

t.test("a thread that dies is told with the tenant's name and what it died of", async (t) => {
  t.match(await failureOf("process.exit(3)"), {
    code: "JOB_THREAD_FAILED",
    message: "Tenant acme: the thread that reads it ended with exit code 3.",
  });
  t.match(await failureOf("throw new Error('out of memory')"), {
    code: "JOB_THREAD_FAILED",
    message: "Tenant acme: the thread that reads it ended with exit code 1: out of memory.",
  });
});

t.test("a helper process that cannot answer is told to the thread that asked", async (t) => {
  const asking = `
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", ({ type, error }) => parentPort.postMessage({ type: "failed", error: { ...error, message: type + ": " + error.message } }));
    parentPort.postMessage({ type: "helper", id: 7, method: "inspect", request: { directory: "", names: ["a"] } });`;
  const error = await failureOf(asking);
  t.equal(error.code, "JOB_THREAD_FAILED");
  t.match(error.message, /^helper-failed: Tenant acme: /);
});
