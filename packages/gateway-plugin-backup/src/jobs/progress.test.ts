import t from "tap";
import { FakeTime } from "../test-support/fake-time.js";
import { JobFeed } from "./progress.js";
import type { JobRecord } from "./types.js";

function setUp() {
  const time = new FakeTime();
  let job: JobRecord = {
    id: "j1",
    type: "backup",
    tenant: "acme",
    trigger: "api",
    actor: "admin",
    request: {},
    state: "running",
    createdAt: time.now(),
    warnings: [],
  };
  const failures: unknown[] = [];
  const feed = new JobFeed({
    clock: time,
    timer: time.timer,
    read: () => job,
    onListenerFailed: (error) => failures.push(error),
  });
  const report = (files: number): void => {
    job = { ...job, progress: { phase: "write", doneBytes: 0, files, storedBytes: 0 } };
    feed.progressed();
  };
  const end = (): void => {
    job = { ...job, state: "succeeded" };
    feed.end();
  };
  return { time, feed, report, end, failures };
}

t.test("a listener hears of the present state at once", (t) => {
  const { feed } = setUp();
  const states: string[] = [];
  feed.subscribe((job) => states.push(job.state));
  t.same(states, ["running"]);
  t.end();
});

t.test("progress comes at most four times a second, and the newest is not lost", (t) => {
  const { time, feed, report } = setUp();
  const heard: { readonly at: number; readonly files: number | undefined }[] = [];
  const start = time.now();
  feed.subscribe((job) => heard.push({ at: time.now() - start, files: job.progress?.files }));
  for (let files = 1; files <= 100; files += 1) {
    report(files);
    time.advance(10);
  }
  time.advance(1000);
  t.same(
    heard.map(({ at }) => at),
    [0, 0, 250, 500, 750, 1000],
    "the present state, the first report, then one each quarter of a second",
  );
  t.equal(heard.at(-1)?.files, 100);
  t.end();
});

t.test("a change of state is told at once, and takes the waiting progress along", (t) => {
  const { time, feed, report, end } = setUp();
  const heard: JobRecord[] = [];
  feed.subscribe((job) => heard.push(job));
  report(1);
  report(2);
  end();
  time.advance(1000);
  t.equal(heard.length, 3);
  t.match(heard.at(-1), { state: "succeeded", progress: { files: 2 } });
  t.end();
});

t.test("who has unsubscribed hears no more; others do", (t) => {
  const { feed, report } = setUp();
  let gone = 0;
  let there = 0;
  const unsubscribe = feed.subscribe(() => (gone += 1));
  feed.subscribe(() => (there += 1));
  unsubscribe();
  report(1);
  t.same([gone, there], [1, 2]);
  t.end();
});

t.test("a listener that throws is dropped, and harms no other", (t) => {
  const { feed, end, failures } = setUp();
  let calls = 0;
  let heard = 0;
  feed.subscribe(() => {
    calls += 1;
    throw new Error("broken pipe");
  });
  feed.subscribe(() => (heard += 1));
  end();
  t.same([calls, heard], [1, 2]);
  t.match(failures, [{ message: "broken pipe" }]);
  t.end();
});
