/** Runs schedules when their time has come. */
import { setImmediate } from "node:timers/promises";
import { GatewayError, isCodedError } from "../errors.js";
import type { Hooks } from "../plugin/hook-bus.js";
import { withTimeLimit } from "../plugin/hook-bus.js";
import type { Clock, JobTrigger, JobType, PluginLogger, ScheduleRun } from "../plugin/host.js";
import { errorText } from "../system-error.js";
import type { Approvals } from "./approvals.js";
import type { Book, Books, Entry, Found } from "./books.js";
import { jitterRoom, lastRun, nextRun } from "./next-run.js";
import { ownerText, tenantOf } from "./owner.js";
import { parametersAt } from "./parameters.js";
import { rightOf } from "./rights.js";

/** A run that is later than this was missed: the gateway was down, or its machine asleep. */
const LATE_MS = 60_000;

/** A clock that was set back by more than this makes every schedule look again when it is to run. */
const SET_BACK_MS = 3_600_000;

/** Queuing a job takes milliseconds; a plugin that hangs must not keep the other schedules from running. */
const START_TIMEOUT_MS = 30_000;

export interface SchedulerOptions {
  readonly books: Books;
  readonly approvals: Approvals;
  readonly jobTypes: ReadonlyMap<string, JobType>;
  readonly hooks: Hooks;
  readonly clock: Clock;
  readonly log: PluginLogger;
  /** From 0 to less than 1, for jitter. */
  readonly random: () => number;
}

/** Who runs a schedule by hand. */
export interface RunBy {
  readonly actor: string;
  readonly trigger: JobTrigger;
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  #lastTick = 0;
  #ticking: Promise<void> | undefined;
  #stopping = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Sets when an entry runs next, from what the log says of it. A schedule that is new here has missed nothing. */
  plan({ log }: Book, entry: Entry): void {
    const { schedule, timing } = entry;
    const { name, enabled } = schedule;
    const now = this.#options.clock.now();
    const known = log.get(name)?.handledUntil;
    if (known === undefined) log.note(name, now);
    if (!enabled) {
      entry.next = undefined;
      return;
    }
    const missed = lastRun(timing.fields, timing.zone, Math.min(known ?? now, now), now);
    if (missed === undefined) {
      this.#planAfter(entry, now);
      return;
    }
    const late = now - missed > LATE_MS + timing.jitterMs;
    entry.next = { due: missed, at: now, state: late ? "missed" : "ahead" };
  }

  /** Runs what is due. Ticks do not overlap: one that comes while another works is left out. */
  tick(): Promise<void> {
    this.#ticking ??= this.#tick().finally(() => (this.#ticking = undefined));
    return this.#ticking;
  }

  /** Resolves when no tick works any more; what is due and has not begun does not begin. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#ticking;
  }

  /** Runs a schedule by hand, whatever its times, its overlap policy and whether it is enabled. */
  async runNow(book: Book, entry: Entry, { actor, trigger }: RunBy): Promise<ScheduleRun> {
    const moment = this.#moment(undefined, actor);
    const run: ScheduleRun = {
      ...moment,
      outcome: "started",
      jobId: await this.#start(book, entry, trigger, actor),
    };
    await this.#note(book, entry, book.log.get(entry.schedule.name)?.handledUntil ?? Date.parse(run.at), run);
    return run;
  }

  async #tick(): Promise<void> {
    const { books, clock } = this.#options;
    const setBack = clock.now() < this.#lastTick - SET_BACK_MS;
    this.#lastTick = clock.now();
    const due: Found[][] = [];
    for (const book of books.each()) {
      const ofOwner: Found[] = [];
      for (const entry of book.entries.values()) {
        if (setBack) this.plan(book, entry);
        if (entry.next !== undefined && entry.next.at <= clock.now()) ofOwner.push({ book, entry });
      }
      if (ofOwner.length > 0) due.push(ofOwner);
    }
    for (const found of inTurns(due)) {
      if (this.#stopping) return;
      if (books.isCurrent(found)) await this.#comeTo(found.book, found.entry);
      // Starting a job writes to a ledger, at once. Between two of them others have their turn.
      await setImmediate();
    }
  }

  async #comeTo(book: Book, entry: Entry): Promise<void> {
    const { schedule, timing, next } = entry;
    const now = this.#options.clock.now();
    // By hand it may have been switched off and on meanwhile.
    if (next === undefined || next.at > now) return;
    const missed = next.state === "missed" || (next.state === "ahead" && now - next.at > LATE_MS);
    // Of several times that have gone by, the last one stands for all.
    const due =
      missed || next.state === "waiting"
        ? (lastRun(timing.fields, timing.zone, next.due, now) ?? next.due)
        : next.due;
    const moment = this.#moment(due, missed ? "missed" : "schedule");
    const active = schedule.overlap === "allow" ? undefined : this.#activeJob(book, entry);
    let run: ScheduleRun | undefined;
    const skipped = missed ? reasonToSkip(entry, now - due) : undefined;
    if (skipped !== undefined) {
      run = { ...moment, outcome: "skipped", reason: skipped };
    } else if (active === undefined) {
      run = await this.#startOnTime(book, entry, moment);
      if (run === undefined) return;
    } else if (schedule.overlap === "wait") {
      entry.next = { due, at: now, state: "waiting" };
      return;
    } else {
      run = { ...moment, outcome: "skipped", reason: `Job ${active} of the run before has not ended.` };
    }
    this.#planAfter(entry, due);
    await this.#note(book, entry, due, run);
  }

  /** Undefined: the gateway stops, and the run is one to be made up for at its next start. */
  async #startOnTime(book: Book, entry: Entry, moment: Moment): Promise<ScheduleRun | undefined> {
    try {
      return { ...moment, outcome: "started", jobId: await this.#start(book, entry, "cron") };
    } catch (error) {
      const code = isCodedError(error) ? error.code : "INTERNAL";
      if (code === "SHUTTING_DOWN") return undefined;
      const refused = code === "SCHEDULE_UNAPPROVED";
      return { ...moment, outcome: refused ? "refused" : "failed", code, reason: errorText(error) };
    }
  }

  /**
   * Throws `SCHEDULE_UNAPPROVED`, `NOT_FOUND` for a job type that is gone, `REQUEST_INVALID`, and what the job type does.
   *
   * @param actor Who asks; undefined: nobody but the schedule itself.
   */
  async #start(book: Book, entry: Entry, trigger: JobTrigger, actor?: string): Promise<string> {
    const { approvals, clock, jobTypes } = this.#options;
    const { owner } = book;
    const { name, job, parameters } = entry.schedule;
    const type = jobTypes.get(job);
    if (type === undefined) throw noJobType(book, entry);
    const right = rightOf(owner, entry, type, approvals);
    if (!right.allowed) {
      throw new GatewayError("SCHEDULE_UNAPPROVED", right.reason, {
        details: { ...tenantOf(owner), schedule: name },
      });
    }
    const { jobId } = await withTimeLimit(
      async () =>
        type.start({
          ...tenantOf(owner),
          parameters: parametersAt(type, parameters, clock.now(), entry.timing.zone),
          trigger,
          actor: actor ?? right.actor,
        }),
      START_TIMEOUT_MS,
    );
    return jobId;
  }

  /** The job of the last run that started one, while it has not ended. */
  #activeJob({ log }: Book, { schedule }: Entry): string | undefined {
    const { jobId } = log.get(schedule.name)?.runs.find((run) => run.jobId !== undefined) ?? {};
    if (jobId === undefined) return undefined;
    const state = this.#options.jobTypes.get(schedule.job)?.report?.(jobId)?.state;
    return state === "queued" || state === "running" ? jobId : undefined;
  }

  #planAfter(entry: Entry, after: number): void {
    const { fields, zone, jitterMs } = entry.timing;
    const due = nextRun(fields, zone, after);
    if (due === undefined) {
      entry.next = undefined;
      return;
    }
    const jitter = Math.floor(this.#options.random() * jitterRoom(fields, zone, due, jitterMs));
    entry.next = { due, at: due + jitter, state: "ahead" };
  }

  #moment(due: number | undefined, by: string): Moment {
    return {
      at: new Date(this.#options.clock.now()).toISOString(),
      ...(due === undefined ? {} : { due: new Date(due).toISOString() }),
      by,
    };
  }

  async #note(book: Book, entry: Entry, handledUntil: number, run: ScheduleRun): Promise<void> {
    const { hooks, log } = this.#options;
    const { name, job } = entry.schedule;
    const fields = { owner: ownerText(book.owner), schedule: name, ...run };
    if (run.outcome === "failed" || run.outcome === "refused") log.error(fields, "a schedule did not run");
    else log.info(fields, "a schedule came to its time");
    // It may have been removed meanwhile.
    if (book.entries.has(name)) book.log.note(name, handledUntil, run);
    const failures = await hooks.run("scheduleRun", { ...tenantOf(book.owner), schedule: name, job, run });
    for (const { plugin, error } of failures) {
      log.error({ plugin, error: errorText(error) }, "a scheduleRun hook failed");
    }
  }
}

type Moment = Pick<ScheduleRun, "at" | "due" | "by">;

/** Why a run that was missed so long ago, in milliseconds, is not made up for; undefined: it is. */
function reasonToSkip({ schedule, timing }: Entry, lateMs: number): string | undefined {
  if (schedule.missed === "skip") return "The gateway was down, and it does not make up for that.";
  if (lateMs <= timing.graceMs) return undefined;
  return `It was missed longer ago than its grace period of ${schedule.grace}.`;
}

/**
 * Of each owner one, then of each owner the next: many schedules of one do not keep the others waiting. Owners in order,
 * an owner's by how long they have waited.
 */
function* inTurns(due: readonly Found[][]): Iterable<Found> {
  const lists = due
    .map((ofOwner) => ofOwner.sort((a, b) => waitingSince(a) - waitingSince(b)))
    .sort(([a], [b]) => (ownerOrder(a) < ownerOrder(b) ? -1 : 1));
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  for (let turn = 0; turn < longest; turn += 1) {
    for (const list of lists) {
      const one = list[turn];
      if (one !== undefined) yield one;
    }
  }
}

function waitingSince({ entry }: Found): number {
  return entry.next?.at ?? 0;
}

/** Ids of tenants are not empty: the gateway comes first. */
function ownerOrder(found: Found | undefined): string {
  return found?.book.owner.kind === "tenant" ? found.book.owner.id : "";
}

function noJobType({ owner }: Book, { schedule }: Entry): GatewayError {
  return new GatewayError(
    "NOT_FOUND",
    `Schedule ${schedule.name} of ${ownerText(owner)} starts ${schedule.job} jobs, and no plugin offers them`,
    { hint: "Add the plugin that did, or remove the schedule." },
  );
}
