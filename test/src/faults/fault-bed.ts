/** A gateway with the fault agent in it, and a tenant beside the one that the faults strike. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Test } from "tap";
import { ADMIN_TOKEN, Bed, temporaryDirectory } from "../support/bed.js";
import type { BedOptions } from "../support/bed.js";
import type { Job } from "../support/answers.js";
import { ConsistencyChecker, describeDisagreements } from "../support/consistency.js";
import type { CheckedStore, Disagreement } from "../support/consistency.js";
import { ORDER_FILE, SETTINGS_VARIABLE, struckFile, traceFile } from "./agent/settings.js";
import type { AgentSettings, Order } from "./agent/settings.js";

const AGENT = new URL("./agent/agent.js", import.meta.url).href;
/** A store that hangs is given up after a few seconds instead of a minute. */
const HASTE = 10;
/** No job of these tests takes so long, on the slowest machine. */
const JOB_TIMEOUT_MS = 120_000;
const POLL_MS = 10;

/** How a request for a job went. */
export type Ended =
  | { readonly kind: "job"; readonly job: Job<Record<string, unknown>> }
  /** Answered with a problem document. */
  | { readonly kind: "refused"; readonly problem: Problem }
  /** The gateway is gone; what it had begun, it knows after its next start. */
  | { readonly kind: "gateway gone" };

export interface Problem {
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
}

export class FaultBed {
  readonly bed: Bed;
  /** By tenant. */
  readonly tokens = new Map<string, string>();
  readonly #control: string;
  readonly #stores: readonly CheckedStore[];
  readonly #checker = new ConsistencyChecker();
  readonly #reported: Disagreement[] = [];
  #orders = 0;

  private constructor(bed: Bed, control: string, stores: readonly CheckedStore[]) {
    this.bed = bed;
    this.#control = control;
    this.#stores = [{ kind: "local", root: bed.archives }, ...stores];
  }

  /** @param stores Beside the local root. */
  static async start(
    t: Test,
    options: BedOptions = {},
    stores: readonly CheckedStore[] = [],
  ): Promise<FaultBed> {
    const directory = options.directory ?? temporaryDirectory(t);
    const control = join(directory, "control");
    mkdirSync(control);
    const settings: AgentSettings = {
      stateDirectory: join(directory, "state"),
      archives: join(directory, "archives"),
      control,
      haste: HASTE,
    };
    const env = { NODE_OPTIONS: `--import=${AGENT}`, [SETTINGS_VARIABLE]: JSON.stringify(settings) };
    const bed = await Bed.start(t, { ...options, directory, env: { ...options.env, ...env } });
    const faultBed = new FaultBed(bed, control, stores);
    faultBed.tokens.set("bystander", await bed.createTenant("bystander"));
    return faultBed;
  }

  /** What a clean run passes, in order. */
  async trace(run: () => Promise<unknown>): Promise<string[]> {
    const id = this.#newId();
    this.#order({ kind: "trace", id });
    await run();
    this.#withdraw();
    return readFileSync(traceFile(this.#control, id), "utf8").trimEnd().split("\n");
  }

  /** Runs with a fault ordered; says whether it was made. */
  async strike<T>(
    order: Omit<Order & { kind: "strike" }, "kind" | "id">,
    run: () => Promise<T>,
  ): Promise<{ result: T; struck: boolean }> {
    const id = this.#newId();
    this.#order({ kind: "strike", id, ...order });
    const result = await run();
    this.#withdraw();
    return { result, struck: existsSync(struckFile(this.#control, id)) };
  }

  #newId(): string {
    this.#orders++;
    return String(this.#orders);
  }

  #order(order: Order): void {
    const file = join(this.#control, ORDER_FILE);
    writeFileSync(`${file}.new`, JSON.stringify(order));
    renameSync(`${file}.new`, file);
  }

  #withdraw(): void {
    rmSync(join(this.#control, ORDER_FILE));
  }

  /** Asks for a job and waits for its end. */
  async run(path: string, body?: object, method = "POST"): Promise<Ended> {
    const answer = await this.call(method, path, body);
    if (answer === undefined) return this.#gone();
    if (answer.status !== 202) return { kind: "refused", problem: answer.body as Problem };
    const { job } = answer.body as { job: Job<Record<string, unknown>> };
    return this.#end(job.id);
  }

  async #end(id: string): Promise<Ended> {
    const deadline = Date.now() + JOB_TIMEOUT_MS;
    for (;;) {
      const answer = await this.call("GET", `/api/admin/jobs/${id}`);
      if (answer === undefined) return this.#gone();
      const job = answer.body as Job<Record<string, unknown>>;
      if (job.state !== "queued" && job.state !== "running") return { kind: "job", job };
      if (Date.now() > deadline) throw new Error(`job ${id} does not end`);
      await delay(POLL_MS);
    }
  }

  async #gone(): Promise<Ended> {
    await this.bed.gateway.exit;
    return { kind: "gateway gone" };
  }

  /** Undefined when the gateway is gone. */
  async call(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: unknown } | undefined> {
    try {
      const answer = await fetch(`${this.bed.gateway.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${ADMIN_TOKEN}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: await answer.json() };
    } catch {
      return undefined;
    }
  }

  /** The jobs that were begun after one of them, oldest first; `undefined`: all that are recent. */
  async jobsSince(id: string | undefined): Promise<readonly Job<Record<string, unknown>>[]> {
    const answer = await this.call("GET", "/api/admin/jobs?limit=20");
    const { jobs } = answer?.body as { jobs: readonly Job<Record<string, unknown>>[] };
    // Their ids sort by time of creation.
    return jobs.filter((job) => id === undefined || job.id > id).toReversed();
  }

  /** Waits until the gateway has settled, at most so long; what still disagrees then. */
  disagreements(patienceMs: number): Promise<Disagreement[]> {
    const { gateway } = this.bed;
    const { stateDirectory } = gateway;
    return this.#checker.settled(
      { stateDirectory, stores: this.#stores, gateway, tokens: this.tokens, known: this.#reported },
      patienceMs,
    );
  }

  /** Says what disagrees, once: the combinations that follow have not made it. */
  report(disagreements: readonly Disagreement[]): string[] {
    this.#reported.push(...disagreements);
    return disagreements.length === 0 ? [] : [describeDisagreements(disagreements)];
  }
}
