/** How a schedule stands, and how its runs went: a word for the eye, and a sentence that says more. */
import type { RunView, ScheduleView } from "./schedule-view.js";

export interface State {
  readonly word: string;
  /** Class of a badge; empty: nothing to say about it. */
  readonly kind: "good" | "warning" | "bad" | "";
  readonly sentence?: string;
}

export function scheduleState({ enabled, problem }: Pick<ScheduleView, "enabled" | "problem">): State {
  if (!enabled) return { word: "Disabled", kind: "" };
  if (problem === undefined) return { word: "Enabled", kind: "good" };
  return {
    word: problem.includes("waits for an admin's approval") ? "Waits for approval" : "Cannot run",
    kind: "warning",
    sentence: problem,
  };
}

const JOB_STATES: Readonly<Record<string, State>> = {
  queued: { word: "Waiting", kind: "" },
  running: { word: "Running", kind: "" },
  succeeded: { word: "Succeeded", kind: "good" },
  failed: { word: "Failed", kind: "bad" },
  cancelled: { word: "Cancelled", kind: "warning" },
  interrupted: { word: "Interrupted", kind: "bad" },
};

const OUTCOMES: Readonly<Record<string, State>> = {
  started: { word: "Started", kind: "" },
  skipped: { word: "Left out", kind: "" },
  refused: { word: "Refused", kind: "bad" },
  failed: { word: "Not started", kind: "bad" },
};

/** What has become of a run: of its job, where it has started one. */
export function runState({ outcome, reason, job }: RunView): State {
  const state = job === undefined ? undefined : JOB_STATES[job.state];
  const sentence = job?.error?.message ?? reason;
  return {
    ...(state ?? OUTCOMES[outcome] ?? { word: outcome, kind: "" }),
    ...(sentence === undefined ? {} : { sentence }),
  };
}

/** Whether the run's job has yet to end. */
export function isGoingOn(run: RunView | undefined): boolean {
  return run?.job?.state === "queued" || run?.job?.state === "running";
}

/** Schedules that somebody should look at. */
export function needsAttention(schedule: ScheduleView): boolean {
  const last = schedule.lastRun;
  return (
    (schedule.enabled && schedule.problem !== undefined) ||
    (last !== undefined && runState(last).kind === "bad")
  );
}

export type Show = "all" | "attention" | "enabled" | "disabled";

/** Those that are looked for, what needs attention first, then by tenant (the gateway's first) and name. */
export function shownSchedules(
  schedules: readonly ScheduleView[],
  search: string,
  show: Show,
): ScheduleView[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const isShown = (schedule: ScheduleView): boolean => {
    if (show === "attention" && !needsAttention(schedule)) return false;
    if (show === "enabled" && !schedule.enabled) return false;
    if (show === "disabled" && schedule.enabled) return false;
    const text = `${schedule.tenant ?? "gateway"} ${schedule.name} ${schedule.job}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  return schedules
    .filter(isShown)
    .map((schedule) => ({
      schedule,
      key: `${needsAttention(schedule) ? 0 : 1} ${schedule.tenant ?? ""} ${schedule.name}`,
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ schedule }) => schedule);
}
