/**
 * Results in the order in which their work was begun, whatever order it ends in. {@link add}, {@link end} and
 * {@link fail} are for the producer; the consumer iterates, and gets a failure at once, before what was still waiting.
 */
export class Turns<T> implements AsyncIterable<T> {
  readonly #waiting: Promise<T>[] = [];
  #ended = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  add(result: Promise<T>): void {
    // The consumer may never come to it; if it does, it still gets the error.
    result.catch(() => undefined);
    this.#waiting.push(result);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The first failure counts. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const next = this.#waiting.shift();
      if (next !== undefined) yield await next;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
