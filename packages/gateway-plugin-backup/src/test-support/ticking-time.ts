/** A clock that moves only when a test says so, and the host's ticks that go with it. */
export class TickingTime {
  #now: number;
  #tick: () => Promise<void> = () => Promise.resolve();

  constructor(now: string) {
    this.#now = Date.parse(now);
  }

  readonly clock = { now: (): number => this.#now };

  readonly ticker = (tick: () => Promise<void>) => {
    this.#tick = tick;
    return () => {
      this.#tick = () => Promise.resolve();
    };
  };

  /** Goes on by this much, and ticks once. */
  async pass(ms: number): Promise<void> {
    this.#now += ms;
    await this.#tick();
  }
}
