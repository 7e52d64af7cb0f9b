/**
 * The job engine: takes submissions, gives each tenant's lane its claim, runs a bounded number of jobs at once and
 * fairly, and sees to it that every job ends in the ledger, in one of the terminal states.
 *
 * Shutdown is graceful, then forceful. `drain` takes no more jobs, ends the waiting ones as interrupted (what a request
 * brought along, such as credentials, is not kept, so they cannot be started again later) and waits for the running
 * ones. `stop` aborts those; a job in the middle of its swap is left alone, and should it not end in time the next start
 * settles it.
 */
import type { Claim, Clock, PluginLogger, TenantAccess } from "@openclaw/gateway-core";
import { BackupError, serializeError, toBackupError } from "../errors.js";
import { admit, holder, laneOf, tenantBusy } from "./admission.js";
import { IdMaker } from "./ids.js";
import { isUnfinished, LeftoverKeeper, type LeftoverKeeperOptions } from "./leftovers.js";
import type { JobFilter, StartedBy } from "./ledger/jobs.js";
import type { LeftoverRecord } from "./ledger/leftovers.js";
import type { Ledger } from "./ledger/ledger.js";
import { LiveJob } from "./live-job.js";
import type { JobListener } from "./progress.js";
import { FairQueue } from "./queue.js";
import { OneTimeSecrets } from "./secrets.js";
import type { Timer } from "./timer.js";
import {
  isTerminal,
  NO_TENANT,
  type JobOutcome,
  type JobRecord,
  type JobSubmission,
  type TerminalJobState,
} from "./types.js";

/** How long `stop` waits for aborted jobs to take away what they began. */
const STOP_GRACE_MS = 5_000;

export interface EngineOptions {
  readonly ledger: Pick<Ledger, "jobs" | "leftovers" | "transaction">;
  readonly tenants: Pick<TenantAccess, "claim" | "get">;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly log: PluginLogger;
  /** Most jobs that run at once over all tenants. */
  readonly concurrency: number;
  readonly discardUpload: LeftoverKeeperOptions["discardUpload"];
}

/** How a job's work ended. */
type Ending =
  | { readonly state: "succeeded"; readonly outcome: JobOutcome }
  | { readonly state: Exclude<TerminalJobState, "succeeded">; readonly error: BackupError };

/** What its end changes in a job's record. */
type JobChanges = Pick<JobRecord, "tenantUid" | "warnings" | "log" | "result" | "error"> & {
  readonly state: TerminalJobState;
  readonly finishedAt: number;
};

export class JobEngine {
  readonly #options: EngineOptions;
  readonly #ids: IdMaker;
  readonly #queue: FairQueue<LiveJob>;
  readonly #secrets: OneTimeSecrets;
  readonly #leftovers: LeftoverKeeper;
  /** Jobs that have not ended, and those whose end the ledger could not take. */
  readonly #live = new Map<string, LiveJob>();
  /** By tenant; held for the first job of the lane. */
  readonly #claims = new Map<string, { readonly claim: Claim; readonly jobId: string }>();
  readonly #running = new Map<LiveJob, Promise<void>>();
  #draining = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#ids = new IdMaker(options.clock);
    this.#queue = new FairQueue(options.concurrency);
    this.#secrets = new OneTimeSecrets(options.timer);
    this.#leftovers = new LeftoverKeeper(options);
  }

  /**
   * Queues a job, or joins it to an equal one. Throws `TENANT_BUSY` (see `admission.ts`; also when the host holds the
   * tenant), `SHUTTING_DOWN`, what `mayStart` throws, or what keeps the ledger from taking it.
   */
  submit(submission: JobSubmission): { readonly job: JobRecord; readonly joined: boolean } {
    if (this.#draining)
      throw new BackupError("SHUTTING_DOWN", "The gateway is stopping and takes no more jobs.");
    const { tenant } = submission;
    const lane = laneOf(submission);
    const equal = admit(submission, this.#queue.lane(lane.name));
    if (equal !== undefined) return { job: equal.record, joined: true };
    submission.mayStart?.();
    const job = new LiveJob(this.#newRecord(submission), submission, this.#options);
    const isFree = !lane.claims || this.#claims.has(tenant);
    const heldBy = isFree ? undefined : this.#claim(tenant, job);
    if (heldBy !== undefined) throw tenantBusy(tenant, heldBy);
    try {
      this.#options.ledger.transaction(() => {
        this.#options.ledger.jobs.insert(job.record);
        submission.record?.(job.id);
      });
    } catch (error) {
      this.#handOver(tenant, job);
      throw error;
    }
    this.#live.set(job.id, job);
    this.#queue.add(lane.name, job);
    this.#startReady();
    return { job: job.record, joined: false };
  }

  find(id: string): JobRecord | undefined {
    return this.#live.get(id)?.record ?? this.#options.ledger.jobs.get(id);
  }

  /** Throws `JOB_NOT_FOUND`. */
  get(id: string): JobRecord {
    const record = this.find(id);
    if (record === undefined) throw new BackupError("JOB_NOT_FOUND", `There is no job ${id}.`);
    return record;
  }

  /** Newest first, running ones with their progress. */
  list(filter: JobFilter): JobRecord[] {
    return this.#asTheyAre(this.#options.ledger.jobs.list(filter));
  }

  /** As {@link list}, those that a tenant has started itself. */
  startedBy(starter: StartedBy, limit: number): JobRecord[] {
    return this.#asTheyAre(this.#options.ledger.jobs.startedBy(starter, limit));
  }

  #asTheyAre(records: readonly JobRecord[]): JobRecord[] {
    return records.map((record) => this.#live.get(record.id)?.record ?? record);
  }

  /**
   * Calls the listener with the job as it is, before this returns, and then as it goes on; the call with a terminal state
   * is the last. Returns how to unsubscribe. Throws `JOB_NOT_FOUND`.
   */
  subscribe(id: string, listener: JobListener): () => void {
    const job = this.#live.get(id);
    if (job !== undefined) return job.feed.subscribe(listener);
    listener(this.get(id));
    return () => undefined;
  }

  /**
   * Ends a waiting job at once; asks a running one to end. Throws `JOB_NOT_FOUND`, and `JOB_FINISHED` for a job that has
   * ended or is beyond the point where it can be cancelled.
   */
  cancel(id: string): JobRecord {
    const job = this.#live.get(id);
    if (job === undefined || isTerminal(job.record.state)) {
      throw new BackupError("JOB_FINISHED", `Job ${id} has ended already: it is ${this.get(id).state}.`);
    }
    if (job.uncancellable) {
      throw new BackupError("JOB_FINISHED", `Job ${id} is about to end and cannot be cancelled any more.`);
    }
    const reason = new BackupError("JOB_CANCELLED", `Job ${id} was cancelled.`);
    if (job.record.state === "queued") this.#end(job, { state: "cancelled", error: reason });
    else job.abort.abort(reason);
    return job.record;
  }

  /** What a job made for its starter alone: given once, within ten minutes of its success. */
  takeSecret(id: string, actor: string): string | undefined {
    return this.#secrets.take(id, actor);
  }

  /** See {@link LeftoverKeeper.retry}. */
  retryLeftovers(matches: (record: LeftoverRecord) => boolean): Promise<void> {
    return this.#leftovers.retry(matches);
  }

  async drain(): Promise<void> {
    this.#draining = true;
    for (const job of this.#live.values()) {
      if (job.record.state !== "queued") continue;
      const error = new BackupError("JOB_INTERRUPTED", `The gateway stopped before job ${job.id} had begun.`);
      this.#end(job, { state: "interrupted", error });
    }
    await Promise.all(this.#running.values());
  }

  async stop(): Promise<void> {
    const drained = this.drain();
    for (const job of this.#running.keys()) {
      if (!job.uncancellable) job.abort.abort(interrupted(job));
    }
    await this.#settledInTime(drained);
    this.#leftovers.stop();
    for (const job of this.#running.keys()) {
      if (!job.uncancellable) this.#end(job, { state: "interrupted", error: interrupted(job) });
    }
  }

  #settledInTime(settled: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancelTimer = this.#options.timer(STOP_GRACE_MS, resolve);
      void settled.then(() => {
        cancelTimer();
        resolve();
      });
    });
  }

  #newRecord({ type, tenant, trigger, actor, request }: JobSubmission): JobRecord {
    return {
      id: this.#ids.next("j"),
      type,
      tenant,
      ...this.#tenantUid(tenant),
      trigger,
      actor,
      request,
      state: "queued",
      createdAt: this.#options.clock.now(),
      warnings: [],
    };
  }

  #tenantUid(tenant: string): { tenantUid?: string } {
    const record = this.#options.tenants.get(tenant);
    return record === undefined ? {} : { tenantUid: record.uid };
  }

  /** Takes the tenant's claim for the first job of its lane; returns who has it, if it is refused. */
  #claim(tenant: string, job: LiveJob): string | undefined {
    const claim = this.#options.tenants.claim(tenant, holder(job));
    if (!claim.ok) return claim.heldBy;
    this.#claims.set(tenant, { claim, jobId: job.id });
    return undefined;
  }

  /** Passes a claim that was held for this job on to the next in the lane; nothing can slip in between. */
  #handOver(tenant: string, ended: LiveJob): void {
    const held = this.#claims.get(tenant);
    if (held?.jobId !== ended.id) return;
    this.#claims.delete(tenant);
    held.claim.release();
    for (const next of [...this.#queue.lane(tenant)]) {
      const heldBy = this.#claim(tenant, next);
      if (heldBy === undefined) return;
      this.#end(next, { state: "failed", error: tenantBusy(tenant, heldBy) });
    }
  }

  #startReady(): void {
    while (!this.#draining) {
      const job = this.#queue.start();
      if (job === undefined) return;
      this.#running.set(job, this.#run(job));
    }
  }

  /** Never rejects. */
  async #run(job: LiveJob): Promise<void> {
    const ending = await this.#work(job);
    // Whoever sees that a job has failed finds nothing left behind, unless a store is down. A success is noted first. What
    // the next start can go on with stays when the gateway stops.
    const stays = ending.state === "interrupted" ? isUnfinished : () => false;
    if (ending.state !== "succeeded") {
      await this.#leftovers.discardOfJob(job.id, ({ leftover }) => !stays(leftover));
    }
    this.#end(job, ending);
    if (ending.state === "succeeded") await this.#leftovers.discardOfJob(job.id);
    this.#running.delete(job);
  }

  async #work(job: LiveJob): Promise<Ending> {
    const { type, tenant } = job.submission;
    try {
      const startedAt = this.#options.clock.now();
      const uid = this.#tenantUid(tenant);
      this.#options.ledger.jobs.start(job.id, startedAt, uid.tenantUid);
      job.update({ state: "running", startedAt, ...uid });
      job.feed.stateChanged();
      return { state: "succeeded", outcome: await job.submission.run(job.context()) };
    } catch (error) {
      const failure = toBackupError(
        error,
        tenant === NO_TENANT ? `finish the ${type}` : `finish the ${type} of tenant ${tenant}`,
      );
      if (!job.abort.signal.aborted) return { state: "failed", error: failure };
      job.log.debug({ code: failure.code, problem: failure.message }, "The aborted job ended with this.");
      const reason = toBackupError(job.abort.signal.reason, "go on");
      return { state: reason.code === "JOB_CANCELLED" ? "cancelled" : "interrupted", error: reason };
    }
  }

  /** Does nothing for a job that `stop` has ended already. */
  #end(job: LiveJob, ending: Ending): void {
    if (isTerminal(job.record.state)) return;
    const { tenant, actor, type } = job.submission;
    const changes = this.#note(job, ending);
    const { state, error } = changes;
    job.update(changes);
    job.log.info({ type, state, code: error?.code, problem: error?.message }, "A job ended.");
    if (state === "succeeded" && job.secret !== undefined) this.#secrets.keep(job.id, actor, job.secret);
    const lane = laneOf(job.submission).name;
    if (!this.#queue.remove(lane, job)) this.#queue.finish(lane);
    this.#handOver(tenant, job);
    job.feed.end();
    this.#startReady();
  }

  /**
   * Notes in the ledger how a job ended; a success that cannot be noted is a failure, unless what it did stands and is on
   * record as done: a swap. Where the ledger takes nothing at all, the job stays in memory as it ended, and the next start
   * notes it: by its swap as succeeded, or else as interrupted.
   */
  #note(job: LiveJob, ending: Ending): JobChanges {
    const changes = this.#changes(job, ending);
    try {
      this.#options.ledger.transaction(() => {
        if (ending.state === "succeeded") ending.outcome.record?.();
        this.#options.ledger.jobs.end({ id: job.id, ...changes });
      });
      this.#live.delete(job.id);
      return changes;
    } catch (error) {
      const failure = toBackupError(error, `note the end of job ${job.id}`);
      job.log.error({ code: failure.code, problem: failure.message }, "The end of a job could not be noted.");
      if (ending.state !== "succeeded") return changes;
      if (!job.uncancellable) return this.#note(job, { state: "failed", error: failure });
      const message =
        "The job's end could not be noted in the ledger; the next start of the gateway does it.";
      job.warn({ code: "NOT_NOTED", message });
      return this.#changes(job, ending);
    }
  }

  #changes(job: LiveJob, ending: Ending): JobChanges {
    const { warnings, log } = job.record;
    return {
      state: ending.state,
      finishedAt: this.#options.clock.now(),
      ...this.#tenantUid(job.submission.tenant),
      warnings,
      ...(log === undefined ? {} : { log }),
      ...(ending.state === "succeeded"
        ? { result: ending.outcome.result }
        : { error: serializeError(ending.error) }),
    };
  }
}

function interrupted(job: LiveJob): BackupError {
  return new BackupError("JOB_INTERRUPTED", `The gateway stopped while job ${job.id} ran.`);
}
