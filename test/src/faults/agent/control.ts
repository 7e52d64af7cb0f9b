/** The test's orders, as every thread and process of the gateway sees them. Uses node:fs as it was before any patch. */
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hitFile, ORDER_FILE, struckFile, traceFile } from "./settings.js";
import type { AgentFault, Order } from "./settings.js";

const original = { appendFileSync, readFileSync, statSync, writeFileSync };

export class Control {
  readonly #directory: string;
  readonly #place: string;
  #version = "";
  #order: Order | undefined;
  #hits = 0;

  /** @param place Which thread or process this is. */
  constructor(directory: string, place: string) {
    this.#directory = directory;
    this.#place = place;
  }

  /** To be called when a point is passed: says which fault is to be made there, if any. */
  pass(what: string): AgentFault | undefined {
    const order = this.#current();
    if (order === undefined) return undefined;
    const point = `${this.#place} ${what}`;
    if (order.kind === "trace") {
      original.appendFileSync(traceFile(this.#directory, order.id), `${point}\n`);
      return undefined;
    }
    if (order.point !== point || this.#count(order.id) !== order.hit) return undefined;
    original.writeFileSync(struckFile(this.#directory, order.id), "");
    return order.fault;
  }

  #current(): Order | undefined {
    const file = join(this.#directory, ORDER_FILE);
    const stats = original.statSync(file, { bigint: true, throwIfNoEntry: false });
    const version = stats === undefined ? "" : `${stats.ino} ${stats.ctimeNs}`;
    if (version !== this.#version) {
      this.#version = version;
      this.#hits = 0;
      this.#order = version === "" ? undefined : (JSON.parse(original.readFileSync(file, "utf8")) as Order);
    }
    return this.#order;
  }

  /** Which time this is, over all threads and processes: each takes the first number that nobody has taken. */
  #count(id: string): number {
    for (;;) {
      this.#hits++;
      try {
        original.writeFileSync(hitFile(this.#directory, id, this.#hits), "", { flag: "wx" });
        return this.#hits;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
  }
}
