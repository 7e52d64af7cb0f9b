/** Runs one combination against the gateway and checks everything that must hold afterwards. */
import type { Ended, FaultBed } from "./fault-bed.js";
import { isPlausible } from "./faults.js";
import type { AgentCombination } from "./faults.js";
import type { Combination, Row } from "./row.js";
import type { Scenario } from "./scenarios.js";

/** When a job has ended, it has taken away what it had put somewhere; this is for the last call on its way. */
const END_SETTLES_MS = 2_000;
/** A start makes up for what was cut off in the background, and carries uploads on. */
const START_SETTLES_MS = 30_000;

/** How the request for a job, and the job, ended. */
export interface End {
  /** `refused`: the request was answered with an error. `not begun`: the gateway was gone before it took the job. */
  readonly ended: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** The job, or the one with which the next start carried it on, did its work. */
  readonly succeeded: boolean;
}

/** @returns Undefined where the point was not reached as often as in the clean run, so that nothing was tried. */
export function runRow(
  faultBed: FaultBed,
  scenario: Scenario,
  combination: AgentCombination,
): Promise<Row | undefined> {
  const { point, hit, fault } = combination;
  return runAndCheck(faultBed, scenario, combination, {
    run: async () => {
      const { result: ended, struck } = await faultBed.strike({ point, hit, fault }, () => scenario.run());
      return { ended, struck, restart: struck && (fault === "SIGTERM" || fault === "SIGKILL") };
    },
    judge: (end) => judgeEnd(end, (code) => isPlausible(fault, code), fault),
  });
}

export interface Attempt {
  /** Runs the scenario with its fault; all is well again when it resolves. */
  readonly run: () => Promise<{
    readonly ended: Ended;
    /** Was the fault made? */
    readonly struck: boolean;
    /** Is the gateway gone, or to be stopped, so that it starts again? */
    readonly restart: boolean;
  }>;
  /** What is wrong with how the job ended. */
  readonly judge: (end: End) => readonly string[];
  /** Makes the next start one that happens later; undone when that has settled. */
  readonly later?: { begin(): void; end(): void };
}

export async function runAndCheck(
  faultBed: FaultBed,
  scenario: Scenario,
  { scenario: name, point, hit, fault }: Combination,
  attempt: Attempt,
): Promise<Row | undefined> {
  const newestBefore = (await faultBed.jobsSince(undefined)).at(-1)?.id;
  const { ended, struck, restart } = await attempt.run();
  let isNew = restart || ended.kind === "gateway gone";
  if (isNew) await startAgain(faultBed, attempt);
  let disagreements = await faultBed.disagreements(isNew ? START_SETTLES_MS : END_SETTLES_MS);
  if (disagreements.length > 0 && !isNew) {
    // What could not be taken away or noted because of the fault is the next start's work.
    isNew = true;
    await startAgain(faultBed, attempt);
    disagreements = await faultBed.disagreements(START_SETTLES_MS);
  }
  attempt.later?.end();
  const end = await endOf(faultBed, ended, newestBefore);
  const violations = [
    ...attempt.judge(end),
    ...faultBed.report(disagreements),
    ...(await scenario.judge(end.succeeded)),
  ];
  if (!struck) return undefined;
  const checked = ["error", isNew ? "state after a start" : "state", "tenants", "trees"];
  return { scenario: name, point, hit, fault, ended: end.ended, code: end.code, checked, violations };
}

async function startAgain({ bed }: FaultBed, { later }: Attempt): Promise<void> {
  await bed.gateway.stop();
  later?.begin();
  await bed.restart();
}

/** As the gateway has it now: after a restart it may know better than what was answered before. */
async function endOf(faultBed: FaultBed, result: Ended, newestBefore: string | undefined): Promise<End> {
  if (result.kind === "refused") {
    const { code = "", detail = "", hint = "" } = result.problem;
    return { ended: "refused", code, message: detail, hint, succeeded: false };
  }
  const [job, ...resumed] = await faultBed.jobsSince(newestBefore);
  if (job === undefined) return { ended: "not begun", code: "", message: "", hint: "", succeeded: false };
  const { code = "", message = "", hint = "" } = job.error ?? {};
  const states = [job, ...resumed].map(({ state }) => state);
  return { ended: states.join(", resumed: "), code, message, hint, succeeded: states.includes("succeeded") };
}

/** A job that did not succeed says why, in the words that fit its fault, and what to do. */
export function judgeEnd(
  { code, message, hint }: End,
  isPlausibleCode: (code: string) => boolean,
  fault: string,
): string[] {
  if (code === "") return [];
  const violations: string[] = [];
  if (!isPlausibleCode(code)) violations.push(`${code} is not what ${fault} means: ${message}`);
  if (hint === "") violations.push(`no hint: ${message}`);
  return violations;
}
