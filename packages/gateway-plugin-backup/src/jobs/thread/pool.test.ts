import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { JobThreads } from "./pool.js";
import type { JobProgress } from "../types.js";

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
