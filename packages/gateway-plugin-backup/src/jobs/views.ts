/** Looking into archives is no job, and nothing queues it: here it waits its turn. */

/** Each has a thread of its own; a few keep a fast store busy, and leave the machine to the gateway and its jobs. */
const VIEWS_AT_ONCE = 4;

/** Few views at once, in the order in which they were asked for. */
export class Views {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** Runs `work` when it is its turn, and gives what it gives. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running === VIEWS_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
