import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { BackupError } from "../../errors.js";
import { FakeTime } from "../../test-support/fake-time.js";
import { systemTimer } from "../timer.js";
import type { JobProgress } from "../types.js";
import { JobThreads } from "./pool.js";

const { signal } = new AbortController();

await t.test("a thread does one operation after the other, and tells of its progress", async (t) => {
  const threads = new JobThreads();
  t.teardown(() => threads.close());
  const directory = t.testdir({ a: { "one.txt": "1234" } });
  const seen: JobProgress[] = [];
  for (let i = 0; i < 3; i++) {
    const scan = await threads.run(
      "scan",
      {
        directory: join(directory, "a"),
        tenant: "acme",
        limits: { entries: 10, bytes: 10, ratio: 10 },
        exclude: [],
        allowUnreadable: false,
        planFile: undefined,
      },
      { signal, onProgress: (progress) => seen.push(progress) },
    );
    t.match(scan, { totals: { files: 1, contentBytes: 4 } });
  }
});

await t.test("the last touches to a tree: identity, schedules, and the right to write into it", async (t) => {
  const threads = new JobThreads();
  t.teardown(() => threads.close());
  const tree = t.testdir({ cron: { "jobs.json": '{"jobs":[{"name":"x"}]}' } });
  mkdirSync(join(tree, "channels/whatsapp"), { recursive: true });
  const staged = await threads.run("stage", { tree, tenantJson: "{}", disableSchedules: true }, { signal });
  t.same(staged, { schedulesDisabled: 1, pairAgain: ["whatsapp"] });
  t.equal(readFileSync(join(tree, "tenant.json"), "utf8"), "{}");
});

await t.test("an operation that fails says why, and the next one gets a fresh thread", async (t) => {
  const threads = new JobThreads();
  t.teardown(() => threads.close());
  const store = { kind: "local", roots: [t.testdir()] } as const;
  await t.rejects(threads.run("list", { store, key: "/outside/" }, { signal }), { code: "PATH_NOT_ALLOWED" });
  t.same(await threads.run("list", { store, key: `${store.roots[0]}/` }, { signal }), []);
});

await t.test("nothing runs after an abort or after the end", async (t) => {
  const threads = new JobThreads();
  const aborted = AbortSignal.abort();
  const request = { store: { kind: "local", roots: [] }, key: "/" } as const;
  await t.rejects(threads.run("list", request, { signal: aborted }), { code: "JOB_CANCELLED" });
  await threads.close();
  await t.rejects(threads.run("list", request, { signal }), { code: "SHUTTING_DOWN" });
});

const nowhere = { store: { kind: "local", roots: [] }, key: "/" } as const;

/** An entry whose threads do this when they are asked for something. */
function entry(whenAsked: string): URL {
  const source = `import { parentPort } from "node:worker_threads"; parentPort.on("message", (message) => { ${whenAsked} });`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

await t.test("a thread that dies is told from an operation that fails", async (t) => {
  for (const [whenAsked, message] of [
    ["throw new Error('out of order');", /thread failed: out of order/],
    ["process.exit(3);", /ended with code 3/],
  ] as const) {
    const threads = new JobThreads(systemTimer, entry(whenAsked));
    t.teardown(() => threads.close());
    await t.rejects(threads.run("list", nowhere, { signal }), { code: "JOB_THREAD_FAILED", message });
  }
});

await t.test("a thread that does not stop in time is ended by force", async (t) => {
  const time = new FakeTime();
  const threads = new JobThreads(time.timer, entry(""));
  t.teardown(() => threads.close());
  const cancel = new AbortController();
  const running = threads.run("list", nowhere, { signal: cancel.signal });
  cancel.abort(new BackupError("JOB_CANCELLED", "It was cancelled."));
  time.advance(14_999);
  const early = await Promise.race([running.catch(() => "ended"), Promise.resolve("waiting")]);
  t.equal(early, "waiting");
  time.advance(1);
  await t.rejects(running, { code: "JOB_CANCELLED", message: /by force/ });
});

await t.test("an idle thread is kept for half a minute, and not longer", async (t) => {
  const time = new FakeTime();
  // A thread answers how often it was asked.
  const counting = `globalThis.asked = (globalThis.asked ?? 0) + 1;
    parentPort.postMessage({ type: "done", result: [globalThis.asked] });`;
  const threads = new JobThreads(time.timer, entry(counting));
  t.teardown(() => threads.close());
  const ask = (): Promise<unknown> => threads.run("list", nowhere, { signal });
  t.same(await ask(), [1]);
  time.advance(29_999);
  t.same(await ask(), [2], "the same thread");
  time.advance(30_000);
  t.same(await ask(), [1], "another one");
});

const unsettled = {
  mark: undefined,
  size: 0,
  indexSha256: "",
  limits: { entries: 1, bytes: 1, ratio: 1 },
};

await t.test("one thread stands ready, and stays", async (t) => {
  const time = new FakeTime();
  const telling = `globalThis.asked = (globalThis.asked ?? 0) + 1;
    if (message.operation === "settle") throw new Error("out of order");
    if (message.type === "run") parentPort.postMessage({ type: "done", result: [globalThis.asked] });`;
  const threads = new JobThreads(time.timer, entry(telling));
  t.teardown(() => threads.close());
  threads.keepOneReady(true);
  const ask = (): Promise<unknown> => threads.run("list", nowhere, { signal });
  t.same(await ask(), [2], "the thread that was asked to get ready");
  time.advance(30_000);
  const both = Promise.all([ask(), ask()]);
  t.same(await both, [[3], [1]], "another one beside it");
  time.advance(30_000);
  t.same(await ask(), [4], "the first stayed");
  time.advance(30_000);
  const failing = threads.run("settle", { ...nowhere, ...unsettled }, { signal });
  await t.rejects(failing, { code: "JOB_THREAD_FAILED" });
  t.same(await ask(), [2], "another one in its place");
});

await t.test("a thread that holds memory which only its end gives back is not kept", async (t) => {
  const telling = `globalThis.asked = (globalThis.asked ?? 0) + 1;
    parentPort.postMessage({ type: "done", result: [globalThis.asked], isSpent: globalThis.asked === 2 });`;
  const threads = new JobThreads(new FakeTime().timer, entry(telling));
  t.teardown(() => threads.close());
  threads.keepOneReady(false);
  const ask = (): Promise<unknown> => threads.run("list", nowhere, { signal });
  t.same(await ask(), [1]);
  t.same(await ask(), [2], "the same thread");
  t.same(await ask(), [1], "another one");
});

await t.test("a gateway without S3 loads nothing for it", async (t) => {
  const telling = `globalThis.types = [...(globalThis.types ?? []), message.type];
    if (message.type === "run") parentPort.postMessage({ type: "done", result: globalThis.types });`;
  const threads = new JobThreads(new FakeTime().timer, entry(telling));
  t.teardown(() => threads.close());
  threads.keepOneReady(false);
  t.same(await threads.run("list", nowhere, { signal }), ["run"]);
});

await t.test("the entry of a job thread does nothing anywhere else", async (t) => {
  await t.rejects(import("./job-thread.js"), { message: /entry of a worker thread/ });
});
