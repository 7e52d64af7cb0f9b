import t from "tap";
import { isGoingOn, needsAttention, runState, scheduleState, shownSchedules } from "./schedule-state.js";
import type { RunView, ScheduleView } from "./schedule-view.js";

const RUN: RunView = { at: "2026-03-07T02:00:00Z", by: "schedule", outcome: "started", jobId: "j1" };

function schedule(of: Partial<ScheduleView>): ScheduleView {
  return {
    name: "nightly",
    schedule: "0 3 * * *",
    tz: "Etc/UTC",
    overlap: "skip",
    missed: "run",
    grace: "31d",
    enabled: true,
    job: "backup",
    parameters: {},
    createdAt: "2026-03-01T00:00:00Z",
    createdBy: "admin",
    hash: "0",
    approved: true,
    nextRuns: [],
    ...of,
  };
}

t.test("a schedule's state says why it does not run", (t) => {
  t.same(scheduleState({ enabled: true }), { word: "Enabled", kind: "good" });
  t.same(scheduleState({ enabled: false, problem: "No plugin offers x jobs." }), {
    word: "Disabled",
    kind: "",
  });
  t.match(scheduleState({ enabled: true, problem: "No plugin offers x jobs." }), {
    word: "Cannot run",
    sentence: "No plugin offers x jobs.",
  });
  const waits =
    "Schedule a of tenant b waits for an admin's approval: a prune job is not for tenants to start.";
  t.match(scheduleState({ enabled: true, problem: waits }), { word: "Waits for approval", sentence: waits });
  t.end();
});

t.test("a run is as good as its job", (t) => {
  t.match(runState(RUN), { word: "Started", kind: "" });
  t.match(runState({ ...RUN, job: { state: "succeeded" } }), { word: "Succeeded", kind: "good" });
  t.match(
    runState({ ...RUN, job: { state: "failed", error: { code: "X", message: "The disk is full." } } }),
    {
      word: "Failed",
      kind: "bad",
      sentence: "The disk is full.",
    },
  );
  t.match(runState({ ...RUN, outcome: "skipped", reason: "Job j0 has not ended." }), {
    word: "Left out",
    sentence: "Job j0 has not ended.",
  });
  t.match(runState({ ...RUN, outcome: "something-new" }), { word: "something-new", kind: "" });
  t.ok(isGoingOn({ ...RUN, job: { state: "running" } }));
  t.notOk(isGoingOn({ ...RUN, job: { state: "failed" } }));
  t.notOk(isGoingOn(undefined));
  t.end();
});

t.test("what needs attention comes first; the rest by whose it is and its name", (t) => {
  const failed = { ...RUN, job: { state: "failed" } };
  const all = [
    schedule({ tenant: "beta" }),
    schedule({ tenant: "acme", name: "weekly", enabled: false }),
    schedule({ tenant: "acme", name: "daily" }),
    schedule({ name: "rebuild", job: "rebuild" }),
    schedule({ tenant: "zeta", lastRun: failed }),
    schedule({ tenant: "yeti", problem: "It cannot.", enabled: false }),
  ];
  const names = (search: string, show: Parameters<typeof shownSchedules>[2]): string[] =>
    shownSchedules(all, search, show).map(({ tenant = "gateway", name }) => `${tenant}/${name}`);
  t.same(names("", "all"), [
    "zeta/nightly",
    "gateway/rebuild",
    "acme/daily",
    "acme/weekly",
    "beta/nightly",
    "yeti/nightly",
  ]);
  t.same(names("", "attention"), ["zeta/nightly"]);
  t.same(names("", "disabled"), ["acme/weekly", "yeti/nightly"]);
  t.same(names("ACME da", "all"), ["acme/daily"]);
  t.same(names("gateway", "enabled"), ["gateway/rebuild"]);
  t.same(names("nothing", "all"), []);
  t.ok(needsAttention(schedule({ problem: "It cannot." })));
  t.end();
});
