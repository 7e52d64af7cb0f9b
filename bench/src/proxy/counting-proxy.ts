/**
 * Stands between every tool and the store and counts what passes. It forwards sockets, not requests, in a thread of its
 * own: it costs every tool the same, and little.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { ProxyThreadData } from "./counting-proxy-thread.js";
import { newCounts, readTraffic } from "./traffic.js";
import type { Traffic } from "./traffic.js";

export class CountingProxy {
  /** `http://127.0.0.1:PORT`, the same until the end. */
  readonly endpoint: string;
  readonly #worker: Worker;
  readonly #counts: BigInt64Array;

  private constructor(endpoint: string, worker: Worker, counts: BigInt64Array) {
    this.endpoint = endpoint;
    this.#worker = worker;
    this.#counts = counts;
  }

  /** @param target the store: `http://host:port` */
  static async start(target: string): Promise<CountingProxy> {
    const { hostname, port } = new URL(target);
    const data: ProxyThreadData = { host: hostname, port: Number(port || 80), counts: newCounts() };
    const worker = new Worker(new URL("./counting-proxy-thread.js", import.meta.url), { workerData: data });
    const [listening] = (await once(worker, "message")) as [number];
    // It must not keep the program alive.
    worker.unref();
    return new CountingProxy(`http://127.0.0.1:${listening}`, worker, data.counts);
  }

  /** All that has passed since the start. */
  get traffic(): Traffic {
    return readTraffic(this.#counts);
  }

  async stop(): Promise<void> {
    // Whoever waits for this must not be ended by an empty event loop.
    this.#worker.ref();
    await this.#worker.terminate();
  }
}
