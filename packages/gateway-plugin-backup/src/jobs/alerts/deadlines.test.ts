import type { ScheduleInfo } from "@openclaw/gateway-core";
import fc from "fast-check";
import t from "tap";
import { deadlineOf, type DeadlineQuestion } from "./deadlines.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Runs each day at 03:00 UTC, or as often as given. */
function schedule(
  name: string,
  facts: Partial<ScheduleInfo> & { readonly everyMs?: number } = {},
): ScheduleInfo {
  const { everyMs = DAY, ...others } = facts;
  return {
    name,
    tenant: "acme",
    job: "backup",
    parameters: {},
    enabled: true,
    createdAt: "2026-01-01T00:00:00Z",
    runs: [{ at: "2026-01-01T03:00:00Z", by: "schedule", outcome: "started" }],
    nextRun: (after) => Math.floor((after - 3 * HOUR) / everyMs + 1) * everyMs + 3 * HOUR,
    startsBy: (after) => Math.floor((after - 3 * HOUR) / everyMs + 1) * everyMs + 3 * HOUR,
    longestInterval: () => everyMs,
    ...others,
  };
}

const at = (text: string): number => Date.parse(text);
const seen = (name: string, since = at("2026-01-01T00:00:00Z"), intervalMs = DAY) => ({
  tenantUid: "u",
  schedule: name,
  since,
  intervalMs,
});

const question: DeadlineQuestion = {
  lastGood: at("2026-03-07T03:00:01Z"),
  createdAt: at("2026-01-01T00:00:00Z"),
  schedules: [schedule("nightly")],
  expectations: [seen("nightly")],
  graceMs: HOUR,
};

function deadline(changes: Partial<DeadlineQuestion>): string | undefined {
  const found = deadlineOf({ ...question, ...changes });
  return found && `${new Date(found.at).toISOString()} ${found.because}`;
}

await t.test("the next time of the schedule after the last good backup, and the grace", (t) => {
  t.equal(deadline({}), "2026-03-08T04:00:00.000Z schedule nightly has brought no good backup in time");
  t.equal(
    deadline({ schedules: [schedule("nightly", { enabled: false })] }),
    "2026-03-08T04:00:00.000Z schedule nightly is disabled",
  );
  t.equal(
    deadline({ schedules: [schedule("nightly", { problem: "It waits for an approval." })] }),
    "2026-03-08T04:00:00.000Z schedule nightly does not run: It waits for an approval",
  );
  t.equal(deadline({ schedules: [schedule("nightly", { startsBy: () => undefined })] }), undefined);
  t.end();
});

await t.test("a tenant without a good backup has until the first time after its schedule was seen", (t) => {
  const { lastGood, ...never } = question;
  t.ok(lastGood);
  const found = deadlineOf({
    ...never,
    schedules: [schedule("nightly", { runs: [] })],
    expectations: [seen("nightly", at("2026-03-10T12:00:00Z"))],
  });
  t.same(found, { at: at("2026-03-11T04:00:00Z"), because: "schedule nightly has never run" });
  t.end();
});

await t.test("a schedule that was never on is nobody's promise; one that was removed still is", (t) => {
  t.equal(deadline({ schedules: [schedule("copy", { enabled: false })], expectations: [] }), undefined);
  t.equal(
    deadline({ schedules: [], expectations: [seen("nightly"), seen("weekly", 0, 7 * DAY)] }),
    "2026-03-08T04:00:01.000Z schedule nightly was removed, and there is no other",
  );
  t.end();
});

await t.test("without any schedule the config's maximal age counts", (t) => {
  const none = { schedules: [], expectations: [] };
  t.equal(deadline(none), undefined);
  t.equal(deadline({ ...none, maxAgeMs: 2 * DAY }), "2026-03-09T03:00:01.000Z it has no schedule");
  t.end();
});

await t.test("of several schedules the first counts", (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 0, max: 1000 * HOUR }),
      (hours, sinceThen) => {
        const lastGood = question.createdAt + sinceThen;
        const schedules = hours.map((every, i) => schedule(`s${i}`, { everyMs: every * HOUR }));
        const expectations = schedules.map(({ name }) => seen(name));
        const found = deadlineOf({ ...question, lastGood, schedules, expectations });
        const all = schedules.map((one) => (one.startsBy(lastGood) ?? 0) + HOUR);
        return found?.at === Math.min(...all);
      },
    ),
  );
  t.end();
});
