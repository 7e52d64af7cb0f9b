/** Which faults can happen at which point, and what a job may say of each. */
import type { AgentFault } from "./agent/settings.js";
import type { Combination } from "./row.js";

export type AgentCombination = Combination & { readonly fault: AgentFault };

/** What the operation of a point may fail with. A disk that is full lets things be removed, for example. */
const errnos: Readonly<Record<string, readonly AgentFault[]>> = {
  open: ["EIO", "EMFILE"],
  read: ["EIO"],
  stat: ["EIO"],
  statfs: ["EIO"],
  readdir: ["EIO", "EMFILE"],
  create: ["EIO", "ENOSPC", "EROFS", "EMFILE"],
  write: ["EIO", "ENOSPC"],
  fsync: ["EIO", "ENOSPC"],
  mkdir: ["EIO", "ENOSPC", "EROFS"],
  rename: ["EIO", "ENOSPC", "EROFS"],
  link: ["EIO", "ENOSPC", "EROFS"],
  symlink: ["EIO", "ENOSPC", "EROFS"],
  unlink: ["EIO", "EROFS"],
  rm: ["EIO", "EROFS"],
  rmdir: ["EIO", "EROFS"],
  chmod: ["EIO", "EROFS"],
  utimes: ["EIO", "EROFS"],
  ledger: ["EIO", "ENOSPC", "EROFS"],
};

/** Points at which something has changed since the last one: where a process dies matters there. */
const CHANGING =
  /^\S+ (create|write|fsync|mkdir|rename|link|symlink|unlink|rm|rmdir|ledger|start|spawn|post) /;

function isChanging(point: string): boolean {
  return CHANGING.test(`${point} `);
}

interface Point {
  readonly name: string;
  /** How often it was passed in a clean run. */
  readonly passed: number;
}

export function pointsOf(trace: readonly string[]): Point[] {
  const passed = new Map<string, number>();
  for (const name of trace) passed.set(name, (passed.get(name) ?? 0) + 1);
  // How often progress is told depends on the time that things take, and a job thread is kept for the next job.
  return [...passed]
    .map(([name, count]) => ({ name, passed: count }))
    .filter(({ name }) => !/post progress$|^job-thread start$/.test(name));
}

/** Takes several times as long, and tells little more. */
export const EVERY_WAY = process.env["OPENCLAW_TEST_LARGE"] === "1";

/**
 * Every call that a run makes, with two of the ways in which it can fail (another second one at each point), the first
 * time; and where it changes something, with one of them, the last time.
 *
 * @param everyWay With all the ways instead of two.
 */
export function failingCalls(
  scenario: string,
  trace: readonly string[],
  everyWay = EVERY_WAY,
): AgentCombination[] {
  return pointsOf(trace).flatMap(({ name: point, passed }, n) => {
    const [usual, ...others] = errnos[operationOf(point)] ?? [];
    const another = others[n % others.length];
    const faults = [usual, ...(everyWay ? others : [another])].filter((fault) => fault !== undefined);
    const first = faults.map((fault) => ({ scenario, point, hit: 1, fault }));
    const last = first.slice(-1).map((combination) => ({ ...combination, hit: passed }));
    return isChanging(point) && passed > 1 ? [...first, ...last] : first;
  });
}

/** Every point of a run at which dying makes a difference, with what can die there. */
export function deaths(scenario: string, trace: readonly string[]): AgentCombination[] {
  return pointsOf(trace)
    .filter(({ name }) => isChanging(name))
    .flatMap((point, n) => {
      const faults: AgentFault[] = ["SIGKILL"];
      if (n % 4 === 0) faults.push("SIGTERM");
      if (/^[a-z-]+-thread /.test(point.name)) faults.push(n % 2 === 0 ? "dies" : "out of memory");
      if (point.name.startsWith("helper ")) faults.push("dies");
      return faults.map((fault) => ({ scenario, point: point.name, hit: 1, fault }));
    });
}

function operationOf(point: string): string {
  return point.split(" ")[1] ?? "";
}

/**
 * What a job may end with after each fault, if it does not succeed in spite of it. The helper process ends where it cannot
 * open the tenant at all; and where it dies with a database in hand, that database may be what it died of.
 */
const plausible: Readonly<Record<string, RegExp>> = {
  EIO: /^(IO_FAILED|JOB_THREAD_FAILED|FILE_UNREADABLE|DATABASE_UNREADABLE|LEDGER_UNUSABLE|STORE_FAILED)$/,
  EMFILE: /^(IO_FAILED|JOB_THREAD_FAILED|FILE_UNREADABLE|DATABASE_UNREADABLE)$/,
  ENOSPC: /^DISK_FULL$/,
  EROFS: /^READ_ONLY$/,
  SIGKILL: /^JOB_INTERRUPTED$/,
  SIGTERM: /^(JOB_INTERRUPTED|SHUTTING_DOWN)$/,
  dies: /^(JOB_THREAD_FAILED|DATABASE_UNREADABLE)$/,
  "out of memory": /^JOB_THREAD_FAILED$/,
};

export function isPlausible(fault: string, code: string): boolean {
  return plausible[fault]?.test(code) ?? false;
}
