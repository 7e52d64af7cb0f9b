import type { Clock, PluginLogger } from "@openclaw/gateway-core";
import { toBackupError } from "../errors.js";
import type { Ledger } from "./ledger/ledger.js";
import { JobFeed } from "./progress.js";
import type { Timer } from "./timer.js";
import {
  isTerminal,
  type JobContext,
  type JobLeftover,
  type JobLogLine,
  type JobProgress,
  type JobRecord,
  type JobSubmission,
  type JobWarning,
} from "./types.js";

/** Most warnings that one job notes; a tenant can have millions of unreadable files, and a ledger row must stay small. */
const MAX_WARNINGS = 1000;

/** Most lines of a job's log: one that waits for a store again and again says so again and again. */
const MAX_LOG_LINES = 200;

export interface LiveJobOptions {
  readonly ledger: Pick<Ledger, "leftovers">;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly log: PluginLogger;
}

/** A job that has not ended: what the ledger does not know of it, and what its work may do. */
export class LiveJob {
  readonly submission: JobSubmission;
  readonly abort = new AbortController();
  readonly feed: JobFeed;
  readonly log: PluginLogger;
  /** Handed over by the job for its starter alone. */
  secret: string | undefined;
  /** True once the job has said that it will run to its end. */
  uncancellable = false;
  readonly #options: LiveJobOptions;
  readonly #warnings: JobWarning[] = [];
  #unlistedWarnings = 0;
  readonly #logLines: JobLogLine[] = [];
  #record: JobRecord;

  constructor(record: JobRecord, submission: JobSubmission, options: LiveJobOptions) {
    this.submission = submission;
    this.#record = record;
    this.#options = options;
    this.log = withFields(options.log, { jobId: record.id, tenant: record.tenant });
    this.feed = new JobFeed({
      clock: options.clock,
      timer: options.timer,
      read: () => this.record,
      onListenerFailed: (error) => this.log.error({ error: String(error) }, "A listener of a job failed."),
    });
  }

  get id(): string {
    return this.#record.id;
  }

  /** The job as it is now. */
  get record(): JobRecord {
    const log = this.#logLines.length === 0 ? {} : { log: [...this.#logLines] };
    return { ...this.#record, warnings: this.#listedWarnings(), ...log };
  }

  /** Takes over what has changed; listeners hear of it through the feed only. */
  update(changes: Partial<JobRecord>): void {
    this.#record = { ...this.#record, ...changes };
  }

  /** What the job's work gets. */
  context(): JobContext {
    const { id, tenant } = this.#record;
    const { leftovers } = this.#options.ledger;
    return {
      jobId: id,
      tenant,
      signal: this.abort.signal,
      log: this.log,
      progress: (progress) => this.#progressed(progress),
      warn: (warning) => this.warn(warning),
      leftovers: {
        add: (leftover: JobLeftover) => leftovers.add(id, leftover, this.#options.clock.now()),
        remove: (leftover: JobLeftover) => this.#forget(leftover),
      },
      secret: (value) => {
        this.secret = value;
      },
      uncancellable: () => {
        this.abort.signal.throwIfAborted();
        this.uncancellable = true;
      },
    };
  }

  #forget(leftover: JobLeftover): void {
    try {
      this.#options.ledger.leftovers.remove(this.id, leftover);
    } catch (error) {
      // No reason to fail for a job whose work is done: what stays noted is looked at again when the job has ended.
      const problem = toBackupError(error, "forget what was taken away").message;
      this.log.warn({ problem }, "What a job has taken away stays noted as left behind for now.");
    }
  }

  #progressed(progress: JobProgress): void {
    // Threads report on for a moment after a job was given up.
    if (isTerminal(this.#record.state)) return;
    this.#note(progress);
    this.update({ progress });
    this.feed.progressed();
  }

  #note({ phase, message }: JobProgress): void {
    const last = this.#logLines.at(-1);
    if (last?.phase === phase && last.message === message) return;
    if (this.#logLines.length === MAX_LOG_LINES) return;
    const at = this.#options.clock.now();
    this.#logLines.push({ at, phase, ...(message === undefined ? {} : { message }) });
  }

  /** Notes a warning, up to a limit. */
  warn(warning: JobWarning): void {
    if (this.#warnings.length < MAX_WARNINGS) this.#warnings.push(warning);
    else this.#unlistedWarnings += 1;
  }

  #listedWarnings(): JobWarning[] {
    if (this.#unlistedWarnings === 0) return [...this.#warnings];
    const message = `${this.#unlistedWarnings} more warnings are not listed.`;
    return [...this.#warnings, { code: "MORE_WARNINGS", message }];
  }
}

function withFields(log: PluginLogger, fields: object): PluginLogger {
  return {
    debug: (more, message) => log.debug({ ...fields, ...more }, message),
    info: (more, message) => log.info({ ...fields, ...more }, message),
    warn: (more, message) => log.warn({ ...fields, ...more }, message),
    error: (more, message) => log.error({ ...fields, ...more }, message),
  };
}
