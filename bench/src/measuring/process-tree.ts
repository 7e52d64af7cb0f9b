/** Peak memory of processes with all their children, from /proc (proc(5)). */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Between two looks. Shorter ones would take time from what is measured. */
const INTERVAL_MS = 50;

/**
 * Looks at a tree of processes again and again. Its peak is the largest sum, over the processes that lived at one moment, of each
 * one's own highest resident set so far (VmHWM): what a tree needs at most, and rather a little too much than too little.
 * A child that has not started its program yet is a mere image of its parent, and counts nothing.
 */
export class PeakMemory {
  readonly #roots = new Set<number>();
  readonly #timer: NodeJS.Timeout;
  #peak = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), INTERVAL_MS);
  }

  /** Watches a process and its children from now on. */
  watch(pid: number): void {
    this.#roots.add(pid);
  }

  /** As {@link watch}; what they needed before is forgotten. */
  watchAnew(pid: number): void {
    this.#roots.add(pid);
    for (const member of treeOf(this.#roots)) forget(member);
  }

  /** Ends the watch; bytes. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#peak;
  }

  #look(): void {
    let sum = 0;
    for (const pid of treeOf(this.#roots))
      if (this.#roots.has(pid) || !isImage(pid)) sum += highWaterMark(pid);
    this.#peak = Math.max(this.#peak, sum);
  }
}

function treeOf(roots: ReadonlySet<number>): Set<number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (Number.isInteger(pid)) parents.set(pid, parentOf(pid));
  }
  const members = new Set(roots);
  // Parents are usually older, but numbers wrap: until nothing is added.
  for (let before = 0; before !== members.size;) {
    before = members.size;
    for (const [pid, parent] of parents) if (members.has(parent)) members.add(pid);
  }
  return members;
}

function parentOf(pid: number): number {
  // The name, in parentheses, may hold anything; state and parent follow it.
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
}

/** Whether a process shares its parent's memory: between fork(2) and execve(2) it has its parent's arguments. */
function isImage(pid: number): boolean {
  return read(`/proc/${pid}/cmdline`) === read(`/proc/${parentOf(pid)}/cmdline`);
}

function highWaterMark(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

function forget(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
  } catch {
    // It has ended, or is another user's (a helper that gave its rights up): its whole life counts then.
  }
}

/** Empty when the process has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
