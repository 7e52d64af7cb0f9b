import { type Static, Type } from "@openclaw/schema";
import type { Found } from "../../cron/books.js";
import type { Cron } from "../../cron/cron.js";
import { nextRun } from "../../cron/next-run.js";
import { tenantOf } from "../../cron/owner.js";
import { approvalHash, ScheduleSchema } from "../../cron/schedule.js";
import { runWords } from "../../cron/words.js";
import type { ScheduleRun } from "../../plugin/host.js";

/** Next runs that a schedule is shown with. */
const NEXT_RUNS = 5;

export const RunViewSchema = Type.Object({
  at: Type.String({ description: "RFC 3339, when it came to its time or was run by hand." }),
  due: Type.Optional(Type.String({ description: "RFC 3339, the time that the schedule names." })),
  by: Type.String({ description: "`schedule`, `missed` (made up for), or who ran it by hand." }),
  outcome: Type.String({
    description: "`started`, `skipped`, `refused` (a right is missing), or `failed` (the job did not start).",
  }),
  jobId: Type.Optional(Type.String()),
  code: Type.Optional(Type.String()),
  reason: Type.Optional(Type.String()),
  job: Type.Optional(
    Type.Object(
      {
        state: Type.String(),
        finishedAt: Type.Optional(Type.String({ description: "RFC 3339" })),
        error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
      },
      { description: "What has become of the job, as long as that is known." },
    ),
  ),
});

export const ScheduleViewSchema = Type.Object({
  tenant: Type.Optional(Type.String({ description: "Absent: the gateway's." })),
  ...ScheduleSchema.properties,
  hash: Type.String({
    description: "SHA-256 of whose it is, what it does and when: what an approval is of.",
  }),
  approved: Type.Boolean({ description: "An admin has approved it as it stands: it has an admin's rights." }),
  problem: Type.Optional(Type.String({ description: "Why it does not run though its times come." })),
  nextRuns: Type.Array(
    Type.Object({
      at: Type.String({ description: "RFC 3339; jitter comes on top." }),
      words: Type.String({ description: "In plain words, in the schedule's zone." }),
    }),
    { description: "Empty while it is disabled." },
  ),
  lastRun: Type.Optional(RunViewSchema),
});

export type ScheduleView = Static<typeof ScheduleViewSchema>;

export function scheduleView(cron: Cron, found: Found): ScheduleView {
  const { book, entry } = found;
  const problem = cron.problem(found);
  const [last] = book.log.get(entry.schedule.name)?.runs ?? [];
  return {
    ...tenantOf(book.owner),
    ...entry.schedule,
    hash: approvalHash(book.owner, entry.schedule),
    approved: book.owner.kind === "gateway" || cron.isApproved(found),
    ...(problem === undefined ? {} : { problem }),
    nextRuns: entry.schedule.enabled ? nextRuns(cron.now(), found) : [],
    ...(last === undefined ? {} : { lastRun: runView(cron, found, last) }),
  };
}

export function runView(cron: Cron, found: Found, run: ScheduleRun): Static<typeof RunViewSchema> {
  const report = run.jobId === undefined ? undefined : cron.jobReport(found, run.jobId);
  if (report === undefined) return { ...run };
  const { state, finishedAt, error } = report;
  return {
    ...run,
    job: {
      state,
      ...(finishedAt === undefined ? {} : { finishedAt: new Date(finishedAt).toISOString() }),
      ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
    },
  };
}

function nextRuns(now: number, { entry }: Found): ScheduleView["nextRuns"] {
  const { fields, zone } = entry.timing;
  const runs: ScheduleView["nextRuns"] = [];
  let run = nextRun(fields, zone, now);
  while (run !== undefined && runs.length < NEXT_RUNS) {
    runs.push({ at: new Date(run).toISOString(), words: runWords(run, now, zone) });
    run = nextRun(fields, zone, run);
  }
  return runs;
}
