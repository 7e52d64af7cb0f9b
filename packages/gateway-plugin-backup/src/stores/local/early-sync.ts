/**
 * Bytes that are written before they are brought to the disk: many enough for one long write, few enough that a disk
 * which is slower than the job is noticed long before the end.
 */
export const EARLY_SYNC_BYTES = 32 * 1024 * 1024;

/**
 * Brings a growing file to the disk bit by bit, while more of it is made: the fsync at its end then has little left to
 * wait for, and a disk that takes no more says so early.
 */
export class EarlySync {
  readonly #sync: () => Promise<void>;
  /** Size of the file when it was last brought to the disk. */
  #synced = 0;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param sync Brings to the disk what the file has now. */
  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** To be called with the file's size whenever it has grown. Throws what an earlier one failed with. */
  grown(size: number): void {
    this.#rethrow();
    if (this.#running !== undefined || size - this.#synced < EARLY_SYNC_BYTES) return;
    this.#synced = size;
    this.#running = this.#run();
  }

  /**
   * Waits for the one that is under way; until then the file must not be closed. Throws what it, or an earlier one, failed
   * with: the system reports such an error once only, so an fsync that follows it may well succeed.
   */
  async settle(): Promise<void> {
    await this.#running;
    this.#rethrow();
  }

  async #run(): Promise<void> {
    try {
      await this.#sync();
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#running = undefined;
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
