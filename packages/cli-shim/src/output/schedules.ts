/** Schedules and their runs as people read them. */
import type { ScheduleRunView, ScheduleView } from "../views.js";
import { formatTime } from "./format.js";
import { formatFacts, formatTable } from "./table.js";

const SHOWN_HASH_DIGITS = 16;

/** Whose schedule it is, as lines begin. */
export function whose({ tenant }: ScheduleView): string {
  return tenant ?? "the gateway";
}

export function schedulesTable(schedules: readonly ScheduleView[]): string[] {
  if (schedules.length === 0) return ["no schedules"];
  const table = formatTable(schedules, [
    { title: "TENANT", cell: ({ tenant }) => tenant ?? "(gateway)" },
    { title: "NAME", cell: ({ name }) => name },
    { title: "SCHEDULE", cell: ({ schedule }) => schedule },
    { title: "ZONE", cell: ({ tz }) => tz },
    { title: "JOB", cell: ({ job }) => job },
    { title: "STATE", cell: state },
    { title: "NEXT", cell: ({ nextRuns }) => (nextRuns[0] === undefined ? "" : formatTime(nextRuns[0].at)) },
    { title: "LAST", cell: ({ lastRun }) => (lastRun === undefined ? "" : ending(lastRun)) },
  ]);
  return [...table, ...schedules.flatMap(({ problem }) => (problem === undefined ? [] : ["", problem]))];
}

export function scheduleFacts(schedule: ScheduleView): string[] {
  const { nextRuns, lastRun } = schedule;
  return [
    ...formatFacts([
      ["tenant", schedule.tenant],
      ["name", schedule.name],
      ["state", state(schedule)],
      ["schedule", `${schedule.schedule} (${schedule.tz})`],
      ["job", schedule.job],
      ["parameters", JSON.stringify(schedule.parameters)],
      ["jitter", schedule.jitter],
      ["overlap", schedule.overlap],
      ["missed", schedule.missed === "run" ? `run, up to ${schedule.grace} later` : schedule.missed],
      ["approved", schedule.approved ? "yes" : "no: it has the tenant's own rights"],
      // As much as tells schedules apart; an approval takes it so.
      ["hash", schedule.hash.slice(0, SHOWN_HASH_DIGITS)],
      ["added", `${formatTime(schedule.createdAt)} by ${schedule.createdBy}`],
      ["last run", lastRun === undefined ? undefined : `${formatTime(lastRun.at)}, ${ending(lastRun)}`],
      ["problem", schedule.problem],
    ]),
    ...(nextRuns.length === 0 ? [] : [""]),
    ...nextRuns.map(({ words }, index) => `${index === 0 ? "runs" : "    "} ${words}`),
  ];
}

export function runsTable(runs: readonly ScheduleRunView[], none: string): string[] {
  if (runs.length === 0) return [none];
  return formatTable(runs, [
    { title: "AT", cell: ({ at }) => formatTime(at) },
    { title: "DUE", cell: ({ due }) => (due === undefined ? "" : formatTime(due)) },
    { title: "BY", cell: ({ by }) => by },
    { title: "ENDED", cell: ending },
    { title: "JOB", cell: ({ jobId }) => jobId ?? "" },
    { title: "REASON", cell: ({ job, reason }) => reason ?? job?.error?.message ?? "" },
  ]);
}

function state({ enabled, problem }: ScheduleView): string {
  if (!enabled) return "off";
  return problem === undefined ? "on" : "blocked";
}

/** How a run ended: as its job did, or without one. */
function ending({ outcome, job }: ScheduleRunView): string {
  return job?.state ?? outcome;
}
