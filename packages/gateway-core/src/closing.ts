import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { Shutdown } from "./plugin/host.js";
import { withTimeLimit } from "./plugin/hook-bus.js";
import { errorText } from "./system-error.js";

/** Stopping is not working: what takes longer hangs, and the process must end. */
const STOP_TIMEOUT_MS = 10_000;

/**
 * How a gateway ends: graceful first, then forceful. New calls are refused, the plugins drain while the calls that run
 * go on, the plugins stop, connections that are still open are cut, and last the state directory is given free.
 */
export class Closing {
  readonly #log: FastifyBaseLogger;
  readonly #hurry = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #deadline = Infinity;
  #shutdowns: readonly Shutdown[] = [];
  #app: FastifyInstance | undefined;
  #released: () => Promise<void> | void = () => undefined;
  #closed: Promise<void> | undefined;

  constructor(log: FastifyBaseLogger) {
    this.#log = log;
  }

  /** True from the first call of `close` on. */
  get begun(): boolean {
    return this.#closed !== undefined;
  }

  /** The list may still grow. */
  stops(shutdowns: readonly Shutdown[]): void {
    this.#shutdowns = shutdowns;
  }

  serves(app: FastifyInstance): void {
    this.#app = app;
  }

  /** Called last, always; replaces what was to be called before. */
  onReleased(released: () => Promise<void> | void): void {
    this.#released = released;
  }

  /** Never rejects. Called again, it shortens the time that is left, and never adds to it. */
  close(graceMs: number): Promise<void> {
    const deadline = performance.now() + graceMs;
    if (deadline < this.#deadline) {
      this.#deadline = deadline;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#hurry.abort(), graceMs);
    }
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#log.info({}, "gateway stops");
    await this.#withinGrace(this.#each("drain"));
    await this.#each("stop");
    await this.#closeServer();
    clearTimeout(this.#timer);
    await this.#released();
  }

  async #each(step: keyof Shutdown): Promise<void> {
    await Promise.all(
      this.#shutdowns.map(async (shutdown) => {
        try {
          if (step === "drain") await shutdown.drain();
          else await withTimeLimit(() => shutdown.stop(), STOP_TIMEOUT_MS);
        } catch (error) {
          this.#log.error({ step, error: errorText(error) }, "a plugin did not shut down as it should");
        }
      }),
    );
  }

  async #closeServer(): Promise<void> {
    const app = this.#app;
    if (app === undefined) return;
    // Idle connections are closed at once; calls that run have what is left of the time.
    const closed = Promise.resolve(app.close()).catch((error: unknown) =>
      this.#log.error({ error: errorText(error) }, "the server did not close as it should"),
    );
    await this.#withinGrace(closed);
    app.server.closeAllConnections();
    await closed;
  }

  /** Waits for `work`, but no longer than until the time is up. */
  async #withinGrace(work: Promise<void>): Promise<void> {
    const { signal } = this.#hurry;
    if (signal.aborted) return;
    let timeIsUp: () => void = () => undefined;
    const limit = new Promise<void>((resolve) => (timeIsUp = resolve));
    signal.addEventListener("abort", timeIsUp, { once: true });
    await Promise.race([work, limit]);
    signal.removeEventListener("abort", timeIsUp);
  }
}
