/**
 * Kills a gateway at random moments of random operations, starts it again, and compares what it then is with a model of
 * what it must be. Everything random comes from one seed; the moments of a machine are its own, so that a seed gives the
 * same operations and intentions, and nearly the same kills.
 */
import type { FaultProxy } from "@openclaw/gateway-plugin-backup/testing";
import { setTimeout as delay } from "node:timers/promises";
import type { Test } from "tap";
import type { Bed } from "../bed.js";
import type { CheckedStore } from "../consistency.js";
import { SeededRandom } from "../seeded.js";
import { OperationChoice } from "./choice.js";
import type { Choices } from "./choice.js";
import { followJob, tryCall } from "./client.js";
import type { Answer, JobView } from "./client.js";
import { describeOperation, Judge } from "./judge.js";
import type { Run, SettledRun } from "./judge.js";
import { Model } from "./model.js";
import { chooseMoment } from "./moments.js";
import type { Moment } from "./moments.js";
import type { Operation } from "./operations.js";
import { backup, deletion, restore } from "./operations.js";
import { changeTenant, fillTenant } from "./tenant-content.js";

export interface RandomKillOptions {
  readonly bed: Bed;
  readonly seed: number;
  readonly kills: number;
  readonly stores: readonly CheckedStore[];
  /** Where backups go; undefined: the default destination. */
  readonly places: Choices["places"];
  /** Directories that archives go to. */
  readonly directories: readonly string[];
  /** What stands before the S3 store, if one is used. */
  readonly proxy?: FaultProxy;
  /** Tenants to make, with how many bytes of noise each holds. */
  readonly tenants: ReadonlyMap<string, number>;
}

const COPIES = ["copy-1", "copy-2"];
/** Until an operation has once run to its end. */
const FIRST_GUESS_MS = 600;
const RECOVERY_KILL_SHARE = 0.3;

export class RandomKill {
  readonly #t: Test;
  readonly #options: RandomKillOptions;
  readonly #random: SeededRandom;
  readonly #model = new Model();
  readonly #judge: Judge;
  readonly #choice: OperationChoice;
  /** Of operations that were left alone, in milliseconds, by name and slot. */
  readonly #durations = new Map<string, number>();
  /** How often each operation was killed with which end. */
  readonly #outcomes = new Map<string, number>();
  #startMs = 1000;
  #kills = 0;
  #generation = 0;
  /** What is at work, for the message of a failure. */
  #doing = "making the tenants";

  constructor(t: Test, options: RandomKillOptions) {
    this.#t = t;
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#judge = new Judge(options.bed, this.#model, options.stores);
    const choices = { tenants: [...options.tenants.keys()], copies: COPIES, places: options.places };
    this.#choice = new OperationChoice(this.#model, this.#random, choices);
  }

  /** Throws, with the seed and the gateway's last words, at the first disagreement. */
  async run(): Promise<void> {
    try {
      await this.#fill();
      while (this.#kills < this.#options.kills) await this.#killOnce();
      await this.#restoreAll();
    } catch (error) {
      const { seed, bed } = this.#options;
      const reason = error instanceof Error ? error.message : String(error);
      const where = `seed ${seed}, kill ${this.#kills}: ${this.#doing}`;
      throw new Error(`${where}\n${reason}\nthe gateway's last words:\n${bed.gateway.output.slice(-4000)}`, {
        cause: error,
      });
    }
    for (const [what, count] of [...this.#outcomes].sort()) this.#t.comment(`${count} × ${what}`);
    this.#t.pass(`${this.#kills} kills`);
  }

  async #killOnce(): Promise<void> {
    this.#change();
    await this.#stockUp();
    const operations = this.#choice.next();
    const target = this.#random.integer(0, operations.length - 1);
    const moment = this.#moment(operations[target]);
    this.#doing = `${operations.map(describeOperation).join(" and ")}, killed ${moment.name}`;
    const times = [performance.now()];
    const runs = await this.#killDuring(operations, target, moment);
    times.push(performance.now());
    await this.#restart();
    times.push(performance.now());
    for (const run of await this.#judge.settle(runs)) this.#countEnd(run);
    times.push(performance.now());
    const [ran, started, settled] = times.slice(1).map((time, n) => Math.round(time - (times[n] ?? 0)));
    const parts = `ran ${ran} ms, started in ${started} ms, settled in ${settled} ms`;
    this.#t.comment(`kill ${this.#kills}: ${this.#doing}: ${parts}`);
  }

  /** Makes the tenants, and backs each up once at each place. */
  async #fill(): Promise<void> {
    const { bed, tenants, places } = this.#options;
    for (const [slot, noise] of tenants) {
      const token = await bed.createTenant(slot);
      this.#model.learnToken(token);
      fillTenant(bed.gateway.tenantDirectory(slot), this.#random.integer(1, 1e6), noise);
      this.#model.adopt(slot, this.#judge.look(slot));
      for (const to of places) await this.#leftAlone(backup(this.#model, slot, to));
    }
  }

  /** Some tenants go on living between two kills. */
  #change(): void {
    for (const slot of this.#model.slots.keys()) {
      if (this.#random.next() < 0.5)
        changeTenant(this.#options.bed.gateway.tenantDirectory(slot), ++this.#generation);
      this.#model.adopt(slot, this.#judge.look(slot));
    }
  }

  /** Backups that are killed leave nothing to be pruned. */
  async #stockUp(): Promise<void> {
    const { tenants, places } = this.#options;
    const standing = [...tenants.keys()].filter((slot) => this.#model.slots.has(slot));
    if (standing.length === 0 || standing.some((slot) => this.#model.prunable(slot, 1).length > 0)) return;
    const slot = standing[this.#random.integer(0, standing.length - 1)] ?? "";
    await this.#leftAlone(backup(this.#model, slot, places[this.#random.integer(0, places.length - 1)]));
  }

  #moment(operation: Operation | undefined): Moment {
    const { bed, directories, proxy } = this.#options;
    const duration = operation && this.#durations.get(durationKey(operation));
    const watched = { stateDirectory: bed.gateway.stateDirectory, directories, proxy };
    return chooseMoment(this.#random, duration ?? FIRST_GUESS_MS, watched);
  }

  async #killDuring(operations: readonly Operation[], target: number, moment: Moment): Promise<Run[]> {
    const { bed } = this.#options;
    const over = new AbortController();
    const early = moment.from === "request" ? moment.reached(over.signal) : undefined;
    const begun = operations.map((operation) => this.#begin(operation));
    const reached = early ?? begun[target]?.accepted.then(() => moment.reached(over.signal));
    const runs = Promise.all(begun.map(({ ended }) => ended));
    // What has ended is killed, too: it may have cleaning up to do.
    await Promise.race([reached, runs]);
    over.abort();
    await bed.gateway.kill();
    this.#kills++;
    return runs;
  }

  #begin(operation: Operation): { readonly accepted: Promise<void>; readonly ended: Promise<Run> } {
    const answered = tryCall(this.#options.bed.gateway, operation.request);
    const accepted = operation.atOnce === true ? Promise.resolve() : answered.then(() => undefined);
    return { accepted, ended: this.#follow(operation, answered) };
  }

  async #follow(operation: Operation, answered: Promise<Answer | undefined>): Promise<Run> {
    const startedAt = performance.now();
    const { gateway } = this.#options.bed;
    const answer = await answered;
    const acceptedAt = performance.now();
    const job = answer?.status === 202 ? (answer.body["job"] as JobView) : undefined;
    const ended = job === undefined ? undefined : await followJob(gateway, job.id);
    const token = ended?.result?.["newToken"] ?? answer?.body["token"];
    if (typeof token === "string") this.#model.learnToken(token);
    const endedAt = performance.now();
    if (ended?.state === "succeeded") this.#durations.set(durationKey(operation), endedAt - acceptedAt);
    if (answer?.status === 200) this.#durations.set(durationKey(operation), endedAt - startedAt);
    return { operation, answer, reported: ended };
  }

  /** Starts the gateway, and kills it in its start a few times more, or not. */
  async #restart(): Promise<void> {
    const { bed } = this.#options;
    while (this.#random.next() < RECOVERY_KILL_SHARE) {
      const early = this.#random.next() < 0.5;
      const ms = early ? this.#startMs * (0.4 + 0.6 * this.#random.next()) : 300 * this.#random.next();
      if (early) await this.#killStarting(ms);
      else {
        await bed.restart();
        await delay(ms);
        await bed.gateway.kill();
      }
      this.#kills++;
      this.#count(`start, killed ${early ? "before it serves" : "soon after"}`);
    }
    const startedAt = performance.now();
    await bed.restart();
    this.#startMs = performance.now() - startedAt;
  }

  async #killStarting(ms: number): Promise<void> {
    const { bed } = this.#options;
    let killed: Promise<void> | undefined;
    try {
      await bed.restart((kill) => {
        killed = delay(ms).then(kill);
      });
    } catch {
      // It did not come to answer.
    }
    await killed;
    await bed.gateway.exit;
  }

  /** At the end, every archive must give back what went into it. */
  async #restoreAll(): Promise<void> {
    for (const archive of this.#model.archives.values()) {
      const slot = "check";
      await this.#leftAlone(restore(this.#model, archive, slot, { as: slot }));
      await this.#leftAlone(deletion(this.#model, slot));
    }
  }

  async #leftAlone(operation: Operation): Promise<void> {
    this.#doing = `${describeOperation(operation)}, left alone`;
    const [run] = await this.#judge.settle([await this.#begin(operation).ended]);
    const states = run?.jobs.map(({ state }) => state) ?? [];
    if (operation.atOnce !== true && states.join() !== "succeeded")
      throw new Error(`its jobs ended as [${states.join(", ")}]`);
  }

  #countEnd({ operation: { name }, answer, jobs }: SettledRun): void {
    for (const { state, warnings, result } of jobs) {
      const isRecovered = warnings.some(({ code }) => code === "RECOVERED");
      const mode = typeof result?.["mode"] === "string" ? `${result["mode"]} ` : "";
      this.#count(`${mode}${name}: ${state}${isRecovered ? " by the next start" : ""}`);
    }
    if (jobs.length === 0)
      this.#count(`${name}: ${answer === undefined ? "no answer" : `answered ${answer.status}`}`);
  }

  #count(what: string): void {
    this.#outcomes.set(what, (this.#outcomes.get(what) ?? 0) + 1);
  }
}

function durationKey({ name, slot }: Operation): string {
  return `${name} ${slot}`;
}
