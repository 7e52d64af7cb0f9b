/**
 * The gateway's cron primitive: what the routes and the plugins see of schedules. See docs/schedules.md for what it
 * promises; the parts beside this file do the work.
 */
import path from "node:path";
import { GatewayError } from "../errors.js";
import type { Hooks } from "../plugin/hook-bus.js";
import type {
  Clock,
  JobTrigger,
  JobType,
  PluginLogger,
  ScheduleAccess,
  ScheduleInfo,
  ScheduleRun,
} from "../plugin/host.js";
import type { GatewayPaths } from "../state/directory.js";
import { errorText } from "../system-error.js";
import type { Tenants } from "../tenants/tenants.js";
import { Approvals } from "./approvals.js";
import { Books, type Book, type Entry, type Found } from "./books.js";
import { parseCommand } from "./command.js";
import { Definitions, MAX_SCHEDULES } from "./definitions.js";
import { longestInterval } from "./interval.js";
import { jitterRoom, nextRun } from "./next-run.js";
import { GATEWAY, ownerText, tenantOf, type Owner } from "./owner.js";
import { checkStoredParameters } from "./parameters.js";
import { rightOf, tenantRefusal } from "./rights.js";
import { approvalHash, timingOf, type Schedule } from "./schedule.js";
import { Scheduler } from "./scheduler.js";
import { removeRunsOfTheGone } from "./runs-of-the-gone.js";
import type { JsonFiles } from "./json-file.js";
import type { Ticker } from "./ticker.js";
import { WriteQueue } from "./write-queue.js";

const DAY_MS = 86_400_000;

export interface CronOptions {
  readonly paths: GatewayPaths;
  readonly tenants: Tenants;
  /** Complete before `start`. */
  readonly jobTypes: ReadonlyMap<string, JobType>;
  readonly hooks: Hooks;
  readonly clock: Clock;
  readonly log: PluginLogger;
  readonly ticker: Ticker;
  readonly random: () => number;
  /** For {@link Cron.inspect}: see {@link JsonFiles}. */
  readonly onDamaged?: JsonFiles["onDamaged"];
}

/** Who asks for a change. */
export interface CronCaller {
  readonly scope: "admin" | "tenant";
  /** `admin`, or `tenant:<id>`. */
  readonly actor: string;
  readonly trigger: JobTrigger;
}

/** A new schedule; either `cmd`, or `job` and its parameters. */
export interface NewSchedule extends Pick<
  Schedule,
  "name" | "schedule" | "tz" | "jitter" | "overlap" | "missed" | "grace"
> {
  readonly cmd?: string;
  readonly job?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export class Cron implements ScheduleAccess {
  readonly #options: CronOptions;
  readonly #approvals: Approvals;
  readonly #books: Books;
  readonly #scheduler: Scheduler;
  readonly #writes: WriteQueue;
  readonly #runsDirectory: string;
  #forgottenAt = 0;
  #stopTicks: () => void = () => undefined;

  constructor(options: CronOptions) {
    const { paths, tenants, clock, log, onDamaged } = options;
    const directory = path.join(paths.root, "cron");
    const files = { clock, log, onDamaged };
    this.#options = options;
    this.#runsDirectory = path.join(directory, "runs");
    this.#approvals = new Approvals(path.join(directory, "approvals.json"), files);
    this.#writes = new WriteQueue(log);
    this.#books = new Books({
      definitions: new Definitions({ root: paths.root, tenant: (id) => tenants.directory(id) }, files),
      runsDirectory: this.#runsDirectory,
      files,
      writes: this.#writes,
      tenants,
      log,
    });
    this.#scheduler = new Scheduler({ ...options, books: this.#books, approvals: this.#approvals });
  }

  /** Reads all schedules and begins to run them: first, at once, what was missed. Job types are complete by now. */
  async start(): Promise<void> {
    await this.#approvals.load();
    await this.#books.load((book, entry) => this.#scheduler.plan(book, entry));
    await this.#forgetTheGone();
    this.#options.hooks.forPlugin("gateway").on("tenantResumed", ({ tenant }) => this.#books.reload(tenant));
    this.#stopTicks = this.#options.ticker(() => this.#beat());
  }

  /** Reads all schedules, in the place of {@link start}: runs none, and writes nothing. */
  async inspect(): Promise<void> {
    await this.#approvals.load();
    await this.#books.load(() => undefined);
  }

  async #beat(): Promise<void> {
    await this.#scheduler.tick();
    if (this.now() - this.#forgottenAt >= DAY_MS) await this.#forgetTheGone();
  }

  /** Removes what is known of the runs of tenants that no undo can bring back. */
  async #forgetTheGone(): Promise<void> {
    this.#forgottenAt = this.now();
    const { paths, tenants, log } = this.#options;
    // A write that waits would bring a file back.
    await this.#writes.settled();
    try {
      for (const key of await removeRunsOfTheGone(this.#runsDirectory, paths.trash, tenants)) {
        this.#books.forgetRuns(key);
      }
    } catch (error) {
      log.warn({ error: errorText(error) }, "runs of tenants that are gone could not be removed");
    }
  }

  /** From when this resolves on, no schedule starts a job, and what has run is on disk. */
  async drain(): Promise<void> {
    this.#stopTicks();
    await this.#scheduler.stop();
    await this.#writes.settled();
  }

  /** Does not wait for what still starts: nothing is written about it any more, and the next start makes up for it. */
  async stop(): Promise<void> {
    await this.#writes.close();
  }

  /** Throws `TENANT_NOT_FOUND`. Without an id: the gateway. */
  owner(tenant: string | undefined): Owner {
    return tenant === undefined ? GATEWAY : this.#books.owner(tenant);
  }

  list(): readonly ScheduleInfo[] {
    return this.all().map((found) => this.#info(found));
  }

  /** The gateway, and every tenant. */
  owners(): readonly Owner[] {
    return this.#books.owners();
  }

  /** Owners whose schedules cannot be read, and why. */
  unreadable(): ReturnType<Books["unreadable"]> {
    return this.#books.unreadable();
  }

  /** What stands in files of schedules and is none to this gateway. */
  unknown(): readonly Pick<Book, "owner" | "unknown">[] {
    return this.#books.all();
  }

  all(): readonly Found[] {
    return this.#books.all().flatMap(sortedEntries);
  }

  async of(owner: Owner): Promise<readonly Found[]> {
    return sortedEntries(await this.#books.open(owner));
  }

  /** Throws `SCHEDULE_NOT_FOUND`. */
  async find(owner: Owner, name: string): Promise<Found> {
    const book = await this.#books.open(owner);
    const entry = book.entries.get(name);
    if (entry !== undefined) return { book, entry };
    throw new GatewayError("SCHEDULE_NOT_FOUND", `There is no schedule ${name} of ${ownerText(owner)}`, {
      details: { ...tenantOf(owner), schedule: name },
    });
  }

  /**
   * Adds a schedule, enabled. An admin's is approved with it. Throws `SCHEDULE_INVALID`, `SCHEDULE_EXISTS`,
   * `COMMAND_REFUSED`, `REQUEST_INVALID`, `NOT_FOUND` for an unknown job type, `QUOTA_EXCEEDED`, and `FORBIDDEN` for what
   * a tenant may not have.
   */
  async add(owner: Owner, request: NewSchedule, caller: CronCaller): Promise<Found> {
    const { cmd, job: _job, parameters: _parameters, ...choice } = request;
    const { type, parameters } = this.#jobOf(owner, request);
    const schedule: Schedule = {
      ...choice,
      enabled: true,
      job: type.name,
      parameters,
      createdAt: new Date(this.#options.clock.now()).toISOString(),
      createdBy: caller.actor,
    };
    const timing = timingOf(owner, schedule);
    checkStoredParameters(type, parameters);
    if (caller.scope === "tenant" && owner.kind === "tenant") {
      const refusal = tenantRefusal(owner.id, { schedule, timing }, type);
      if (refusal !== undefined) {
        throw new GatewayError("FORBIDDEN", `Tenant ${owner.id} cannot have this schedule: ${refusal}`, {
          hint: "An admin can add it.",
        });
      }
    }
    await this.#books.change(owner, ({ schedules, unknown }) => {
      if ([...schedules, ...unknown].some(({ name }) => name === schedule.name)) {
        throw new GatewayError(
          "SCHEDULE_EXISTS",
          `There is a schedule ${schedule.name} of ${ownerText(owner)} already`,
        );
      }
      if (schedules.length >= MAX_SCHEDULES) {
        throw new GatewayError(
          "QUOTA_EXCEEDED",
          `${ownerText(owner)} has ${MAX_SCHEDULES} schedules, as many as there may be`,
        );
      }
      return { schedules: [...schedules, schedule], unknown };
    });
    if (caller.scope === "admin" && owner.kind === "tenant") await this.#approvals.approve(owner, schedule);
    this.#options.log.info({ owner: ownerText(owner), schedule: schedule.name }, "schedule added");
    return this.find(owner, schedule.name);
  }

  /**
   * Removes a schedule, or what stands under its name and is none to this gateway. Throws `SCHEDULE_NOT_FOUND`, and
   * `FORBIDDEN` for a tenant whose schedule an admin has approved.
   */
  async remove(owner: Owner, name: string, caller: CronCaller): Promise<void> {
    const { unknown, log } = await this.#books.open(owner);
    if (!unknown.some((one) => one.name === name)) {
      const { entry } = await this.find(owner, name);
      this.#checkMayChange(owner, entry, caller);
    }
    const isOther = (one: { readonly name: string | undefined }): boolean => one.name !== name;
    await this.#books.change(owner, (defined) => ({
      schedules: defined.schedules.filter(isOther),
      unknown: defined.unknown.filter(isOther),
    }));
    await this.#approvals.withdraw(owner, name);
    log.remove(name);
    this.#options.log.info({ owner: ownerText(owner), schedule: name }, "schedule removed");
  }

  /** What would have run while a schedule was off is not made up for. Throws as {@link remove} does. */
  async setEnabled(owner: Owner, name: string, enabled: boolean, caller: CronCaller): Promise<Found> {
    const { book, entry } = await this.find(owner, name);
    this.#checkMayChange(owner, entry, caller);
    await this.#approvals.setOff(owner, entry.schedule, !enabled);
    if (entry.schedule.enabled !== enabled) {
      book.log.note(name, this.#options.clock.now());
      await this.#books.change(owner, ({ schedules, unknown }) => ({
        schedules: schedules.map((schedule) =>
          schedule.name === name ? { ...schedule, enabled } : schedule,
        ),
        unknown,
      }));
    }
    return this.find(owner, name);
  }

  /**
   * An admin lets a tenant's schedule run, as it stands, with an admin's rights. Throws `SCHEDULE_NOT_FOUND`.
   *
   * @param hash Of what the admin has looked at, or how it begins: a schedule that is another one by now is
   *   `SCHEDULE_CHANGED`.
   */
  async approve(owner: Owner, name: string, hash = ""): Promise<Found> {
    const found = await this.find(owner, name);
    if (!approvalHash(owner, found.entry.schedule).startsWith(hash)) {
      throw new GatewayError(
        "SCHEDULE_CHANGED",
        `Schedule ${name} of ${ownerText(owner)} is not the one that was looked at.`,
      );
    }
    if (owner.kind === "tenant") await this.#approvals.approve(owner, found.entry.schedule);
    return found;
  }

  /** Throws as {@link remove} does, `SCHEDULE_UNAPPROVED`, `REQUEST_INVALID`, and what the job type throws. */
  async runNow(owner: Owner, name: string, caller: CronCaller): Promise<ScheduleRun> {
    const { book, entry } = await this.find(owner, name);
    this.#checkMayChange(owner, entry, caller);
    return this.#scheduler.runNow(book, entry, caller);
  }

  /** Whether an admin has approved it as it stands. The gateway's own need no approval. */
  isApproved({ book, entry }: Found): boolean {
    return this.#approvals.has(book.owner, entry.schedule);
  }

  /** Why it does not run though its times come: one sentence. */
  problem({ book, entry }: Found): string | undefined {
    const { schedule } = entry;
    const type = this.#options.jobTypes.get(schedule.job);
    if (type === undefined) return `No plugin offers ${schedule.job} jobs.`;
    const right = rightOf(book.owner, entry, type, this.#approvals);
    return right.allowed ? undefined : `${right.reason}.`;
  }

  /** The job of a run, as its plugin reports it. */
  jobReport({ entry }: Found, jobId: string) {
    return this.#options.jobTypes.get(entry.schedule.job)?.report?.(jobId);
  }

  now(): number {
    return this.#options.clock.now();
  }

  #jobOf(
    owner: Owner,
    { cmd, job, parameters = {} }: NewSchedule,
  ): { readonly type: JobType; readonly parameters: Schedule["parameters"] } {
    const { jobTypes } = this.#options;
    if ((cmd === undefined) === (job === undefined)) {
      throw new GatewayError("REQUEST_INVALID", "A schedule needs either cmd or job, and not both");
    }
    const parsed =
      cmd === undefined
        ? { job: job ?? "", parameters }
        : parseCommand(cmd, tenantOf(owner).tenant, jobTypes.values());
    const type = jobTypes.get(parsed.job);
    if (type === undefined) {
      throw new GatewayError("NOT_FOUND", `There is no job type ${parsed.job}`, {
        hint: `Job types: ${[...jobTypes.keys()].join(", ")}.`,
      });
    }
    if (type.scope !== owner.kind) {
      throw new GatewayError(
        "REQUEST_INVALID",
        type.scope === "tenant"
          ? `A ${type.name} job is a tenant's: the schedule must be, too`
          : `A ${type.name} job is the gateway's: the schedule must be, too`,
      );
    }
    return { type, parameters: { ...parsed.parameters } };
  }

  #checkMayChange(owner: Owner, entry: Entry, caller: CronCaller): void {
    if (caller.scope === "admin" || !this.#approvals.has(owner, entry.schedule)) return;
    throw new GatewayError(
      "FORBIDDEN",
      `Schedule ${entry.schedule.name} of ${ownerText(owner)} is the admin's: an admin has added or approved it`,
      { hint: "Ask an admin, or add a schedule of another name." },
    );
  }

  #info(found: Found): ScheduleInfo {
    const { book, entry } = found;
    const { name, job, parameters, enabled, createdAt } = entry.schedule;
    const { fields, zone, jitterMs } = entry.timing;
    const problem = this.problem(found);
    return {
      ...tenantOf(book.owner),
      name,
      job,
      parameters,
      enabled,
      createdAt,
      ...(problem === undefined ? {} : { problem }),
      runs: book.log.get(name)?.runs ?? [],
      nextRun: (after) => nextRun(fields, zone, after),
      startsBy: (after) => {
        const due = nextRun(fields, zone, after);
        return due === undefined ? undefined : due + jitterRoom(fields, zone, due, jitterMs);
      },
      longestInterval: () => longestInterval(fields, zone.toLocal(this.now())),
    };
  }
}

function sortedEntries(book: Book): Found[] {
  return [...book.entries.values()]
    .sort((a, b) => (a.schedule.name < b.schedule.name ? -1 : 1))
    .map((entry) => ({ book, entry }));
}
