/** The items of highest rank among any number of them, in little memory. */
export class TopList<T> {
  readonly #size: number;
  readonly #rank: (item: T) => number;
  #items: T[] = [];

  constructor(size: number, rank: (item: T) => number) {
    this.#size = size;
    this.#rank = rank;
  }

  add(item: T): void {
    this.#items.push(item);
    // Sorted now and then, not for every item.
    if (this.#items.length > 50 * this.#size) this.#items = this.list();
  }

  /** Highest first; equals in the order in which they were added. */
  list(): T[] {
    return [...this.#items].sort((a, b) => this.#rank(b) - this.#rank(a)).slice(0, this.#size);
  }
}
