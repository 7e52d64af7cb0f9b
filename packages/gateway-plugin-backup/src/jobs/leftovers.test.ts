import { existsSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { BackupError } from "../errors.js";
import { FakeTime } from "../test-support/fake-time.js";
import { MemoryLog } from "../test-support/memory-log.js";
import { Ledger } from "./ledger/ledger.js";
import { LeftoverKeeper, type UploadLeftover } from "./leftovers.js";
import type { JobLeftover } from "./types.js";

function upload(key: string): UploadLeftover {
  return {
    kind: "upload",
    store: { kind: "s3", bucket: "b" },
    leftover: { kind: "multipart", key, uploadId: "1" },
  };
}

function setUp(t: Test, discardUpload: (upload: UploadLeftover, signal: AbortSignal) => Promise<void>) {
  const directory = t.testdir({ staging: { j1: { tree: { file: "x" } } } });
  const ledger = Ledger.open(path.join(directory, "ledger.sqlite"));
  t.teardown(() => ledger.close());
  const time = new FakeTime();
  const keeper = new LeftoverKeeper({ ledger, timer: time.timer, log: new MemoryLog(), discardUpload });
  ledger.jobs.insert({
    id: "j1",
    type: "backup",
    tenant: "acme",
    trigger: "api",
    actor: "admin",
    request: {},
    state: "queued",
    createdAt: 1,
    warnings: [],
  });
  const add = (leftover: JobLeftover): void => ledger.leftovers.add("j1", leftover, 1);
  const end = (): void => ledger.jobs.end({ id: "j1", state: "interrupted", finishedAt: 2, warnings: [] });
  return { directory, ledger, time, keeper, add, end };
}

t.test("directories and uploads of a job are taken away and forgotten", async (t) => {
  const keys: string[] = [];
  const { directory, ledger, keeper, add } = setUp(t, ({ leftover }) => {
    keys.push(leftover.kind);
    return Promise.resolve();
  });
  const staging = path.join(directory, "staging", "j1");
  add({ kind: "directory", path: staging });
  add({ kind: "directory", path: path.join(directory, "gone-already") });
  add(upload("k"));
  await keeper.discardOfJob("j1");
  t.same(keys, ["multipart"]);
  t.notOk(existsSync(staging));
  t.same(ledger.leftovers.ofJob("j1"), []);
});

t.test(
  "what a store refuses to give up stays noted with the reason, holds up no other, and is tried again",
  async (t) => {
    let down = true;
    const { ledger, keeper, add, end } = setUp(t, ({ leftover }) =>
      down && leftover.kind === "multipart" && leftover.key === "bad"
        ? Promise.reject(new BackupError("STORE_UNREACHABLE", "Nobody answers at http://s."))
        : Promise.resolve(),
    );
    add(upload("bad"));
    add(upload("good"));
    await keeper.discardOfJob("j1");
    t.match(ledger.leftovers.ofJob("j1"), [
      { leftover: upload("bad"), problem: "Nobody answers at http://s." },
    ]);
    down = false;
    await keeper.retry(() => true);
    t.equal(ledger.leftovers.ofJob("j1").length, 1, "a job that has not ended may still need it");
    end();
    await keeper.retry(({ leftover }) => leftover.kind === "directory");
    t.equal(ledger.leftovers.ofJob("j1").length, 1);
    await keeper.retry(({ leftover }) => leftover.kind === "upload");
    t.same(ledger.leftovers.ofJob("j1"), []);
  },
);

t.test("a store that does not answer is waited for half a minute", async (t) => {
  let signal: AbortSignal | undefined;
  const { ledger, time, keeper, add } = setUp(t, (_upload, s) => {
    signal = s;
    return new Promise(() => undefined);
  });
  add(upload("k"));
  const done = keeper.discardOfJob("j1");
  time.advance(30_000);
  await done;
  t.ok(signal?.aborted);
  t.match(ledger.leftovers.ofJob("j1"), [{ problem: /30 s/ }]);
});

t.test("stopping gives up what is at work, and leaves it for the next start", async (t) => {
  const { ledger, keeper, add } = setUp(t, () => new Promise(() => undefined));
  add(upload("k1"));
  add(upload("k2"));
  const done = keeper.discardOfJob("j1");
  keeper.stop();
  await done;
  t.equal(ledger.leftovers.ofJob("j1").length, 2);
});

t.test("the same leftover is not taken away twice at once", async (t) => {
  let calls = 0;
  let answer: () => void = () => undefined;
  const { keeper, add, end } = setUp(t, () => {
    calls += 1;
    return new Promise((resolve) => (answer = resolve));
  });
  add(upload("k"));
  end();
  const first = keeper.discardOfJob("j1");
  await keeper.retry(() => true);
  answer();
  await first;
  t.equal(calls, 1);
});
