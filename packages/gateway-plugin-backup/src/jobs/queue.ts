/**
 * Whose turn it is. Jobs of one tenant form a lane: first come, first served, one at a time. Over the lanes goes a round
 * robin, so that a tenant with many jobs does not hold up the others: a ready lane is overtaken by no lane that has had a
 * turn since it became ready.
 */

interface Lane<T> {
  running: T | undefined;
  readonly waiting: T[];
}

export class FairQueue<T> {
  /** In the order of their turns: a lane whose job has ended goes to the end. */
  readonly #lanes = new Map<string, Lane<T>>();
  readonly #concurrency: number;
  #running = 0;

  /** @param concurrency Most jobs that run at once over all tenants. */
  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  add(tenant: string, job: T): void {
    const lane = this.#lanes.get(tenant);
    if (lane === undefined) this.#lanes.set(tenant, { running: undefined, waiting: [job] });
    else lane.waiting.push(job);
  }

  /** Takes the job whose turn it is; it counts as running until {@link finish}. Undefined when none may start now. */
  start(): T | undefined {
    if (this.#running >= this.#concurrency) return undefined;
    for (const lane of this.#lanes.values()) {
      const job = lane.running === undefined ? lane.waiting.shift() : undefined;
      if (job === undefined) continue;
      lane.running = job;
      this.#running += 1;
      return job;
    }
    return undefined;
  }

  /** The tenant's running job has ended. */
  finish(tenant: string): void {
    const lane = this.#lanes.get(tenant);
    if (lane?.running === undefined) return;
    lane.running = undefined;
    this.#running -= 1;
    this.#lanes.delete(tenant);
    if (lane.waiting.length > 0) this.#lanes.set(tenant, lane);
  }

  /** Takes a waiting job out of its lane; false when it does not wait there. */
  remove(tenant: string, job: T): boolean {
    const lane = this.#lanes.get(tenant);
    const position = lane?.waiting.indexOf(job) ?? -1;
    if (lane === undefined || position === -1) return false;
    lane.waiting.splice(position, 1);
    if (lane.running === undefined && lane.waiting.length === 0) this.#lanes.delete(tenant);
    return true;
  }

  /** The tenant's jobs: the running one, then those that wait, in order. */
  lane(tenant: string): readonly T[] {
    const lane = this.#lanes.get(tenant);
    if (lane === undefined) return [];
    return lane.running === undefined ? lane.waiting : [lane.running, ...lane.waiting];
  }
}
