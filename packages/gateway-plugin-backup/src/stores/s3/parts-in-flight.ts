import { toBackupError, type BackupError } from "../../errors.js";
import type { SentPart } from "./multipart.js";

/** A store copies within itself: a few requests at once keep it busy. */
const COPIES_AT_ONCE = 4;

interface PartRequest {
  /** Follows "could not". */
  readonly doing: string;
  readonly run: () => Promise<SentPart>;
}

/**
 * The parts of one upload that are on their way. Those that are sent hold memory, so whoever has the next one waits for
 * room; those that the store copies wait in a queue, while other work goes on.
 */
export class PartsInFlight {
  readonly #onFailure: (error: BackupError) => void;
  readonly #sending = new Set<Promise<void>>();
  readonly #copying = new Set<Promise<void>>();
  #copiesToStart: PartRequest[] = [];
  readonly #arrived: SentPart[] = [];

  /** `onFailure` is told of every part that failed; the others go on until it stops them. */
  constructor(onFailure: (error: BackupError) => void) {
    this.#onFailure = onFailure;
  }

  /** Those that the store has, in order. */
  get arrived(): readonly SentPart[] {
    return this.#arrived.sort((one, other) => one.PartNumber - other.PartNumber);
  }

  /** Resolves when fewer than `most` parts are being sent. */
  async room(most: number): Promise<void> {
    while (this.#sending.size >= most) await Promise.race(this.#sending);
  }

  send(request: PartRequest): void {
    this.#start(this.#sending, request);
  }

  copy(request: PartRequest): void {
    this.#copiesToStart.push(request);
    this.#startCopies();
  }

  /** Resolves when nothing is on its way any more, however it ended. */
  async settled(): Promise<void> {
    while (this.#sending.size + this.#copying.size > 0)
      await Promise.all([...this.#sending, ...this.#copying]);
  }

  #startCopies(): void {
    while (this.#copying.size < COPIES_AT_ONCE) {
      const request = this.#copiesToStart.shift();
      if (request === undefined) return;
      this.#start(this.#copying, request);
    }
  }

  #start(lane: Set<Promise<void>>, request: PartRequest): void {
    const task = this.#finish(request).finally(() => {
      lane.delete(task);
      this.#startCopies();
    });
    lane.add(task);
  }

  async #finish({ doing, run }: PartRequest): Promise<void> {
    try {
      this.#arrived.push(await run());
    } catch (error) {
      this.#copiesToStart = [];
      this.#onFailure(toBackupError(error, doing));
    }
  }
}
