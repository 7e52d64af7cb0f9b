import type { Timer } from "./timer.js";

/** How long a secret waits for the one who may see it. */
const KEPT_MS = 10 * 60 * 1000;

interface KeptSecret {
  readonly actor: string;
  readonly value: string;
  readonly cancelTimer: () => void;
}

/** What jobs made that only their starters may see, and only once. In memory, never in the ledger. */
export class OneTimeSecrets {
  readonly #timer: Timer;
  readonly #kept = new Map<string, KeptSecret>();

  constructor(timer: Timer) {
    this.#timer = timer;
  }

  keep(jobId: string, actor: string, value: string): void {
    const cancelTimer = this.#timer(KEPT_MS, () => this.#kept.delete(jobId));
    this.#kept.set(jobId, { actor, value, cancelTimer });
  }

  /** Gives the secret to the one who started the job, and forgets it. Undefined when there is none, or for others. */
  take(jobId: string, actor: string): string | undefined {
    const secret = this.#kept.get(jobId);
    if (secret?.actor !== actor) return undefined;
    secret.cancelTimer();
    this.#kept.delete(jobId);
    return secret.value;
  }
}
