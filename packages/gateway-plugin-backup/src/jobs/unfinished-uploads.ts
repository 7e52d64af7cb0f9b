import { backup } from "./backup.js";
import { awaitsItsStore, LATE_MS, settleCompletions } from "./completions.js";
import { isPartialFile } from "./leftovers.js";
import { awaitsSets, settleSets } from "./gateway/settle-sets.js";
import { resumeUploads } from "./resume.js";
import type { Services } from "./services.js";
import type { Timer } from "./timer.js";

/**
 * Looks after what uploads of ended jobs have left in stores: lists what is complete, goes on with what can be continued, and
 * takes the rest away. One thing after the other, so that none meets itself.
 */
export class UnfinishedUploads {
  readonly #services: Services;
  readonly #timer: Timer;
  readonly #stopped = new AbortController();
  #work: Promise<void> = Promise.resolve();
  #cancelLateLook: () => void = () => undefined;

  constructor(services: Services, timer: Timer) {
    this.#services = services;
    this.#timer = timer;
    const { completions } = services.ledger;
    services.onEnded(({ state }) => {
      // What a stop has cut off is the next start's.
      if (state !== "interrupted" && completions.ofEndedJobs().length > 0)
        void this.#then(() => this.#settle());
    });
  }

  /** At start, and from time to time. Never rejects. */
  lookAfter(): Promise<void> {
    return this.#then(async () => {
      const { engine } = this.#services;
      // Before anything else: a file that has its name already is not the same any more when its first name goes.
      await engine.retryLeftovers(({ leftover }) => isPartialFile(leftover));
      await this.#settle();
      if (this.#stopped.signal.aborted) return;
      const later = this.#resume();
      await engine.retryLeftovers(({ id }) => !later.has(id));
      // Of an upload that is gone now, it is certain what became of it.
      await this.#settle();
    });
  }

  /** Resolves when what is at work has ended. */
  async stop(reason: Error): Promise<void> {
    this.#stopped.abort(reason);
    this.#cancelLateLook();
    await this.#work;
  }

  #then(step: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(step);
    return this.#work;
  }

  async #settle(): Promise<void> {
    await settleCompletions(this.#services, this.#stopped.signal);
    await settleSets(this.#services, this.#stopped.signal);
    this.#cancelLateLook();
    const awaits = awaitsItsStore(this.#services) || awaitsSets(this.#services);
    if (this.#stopped.signal.aborted || !awaits) return;
    this.#cancelLateLook = this.#timer(LATE_MS, () => void this.#then(() => this.#settle()));
  }

  #resume(): ReadonlySet<number> {
    const services = this.#services;
    return resumeUploads({
      ...services,
      submit: (submission, request, resumed) => {
        const run = (context: Parameters<typeof backup>[2]) => backup(services, request, context, resumed);
        return services.start({ ...submission, run }).job.id;
      },
    });
  }
}
