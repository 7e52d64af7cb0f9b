/** Compares a gateway, once it has settled, with the model of what it must be. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Bed } from "../bed.js";
import { ConsistencyChecker, describeDisagreements } from "../consistency.js";
import type { CheckedStore } from "../consistency.js";
import { getAll } from "./client.js";
import type { Answer, JobView } from "./client.js";
import { readRecord, readTenant } from "./model.js";
import type { Model, TenantState } from "./model.js";
import type { Operation } from "./operations.js";

/** How an operation ended, as far as was seen before the kill. */
export interface Run {
  readonly operation: Operation;
  readonly answer: Answer | undefined;
  /** Its job, if its end was reported. */
  readonly reported: JobView | undefined;
}

/** With the jobs that are its own, as they are on record after the next start: an upload that is resumed has another one. */
export interface SettledRun extends Run {
  readonly jobs: readonly JobView[];
}

export class Judge {
  readonly #bed: Bed;
  readonly #model: Model;
  readonly #stores: readonly CheckedStore[];
  readonly #checker = new ConsistencyChecker();
  readonly #knownJobs = new Set<string>();

  constructor(bed: Bed, model: Model, stores: readonly CheckedStore[]) {
    this.#bed = bed;
    this.#model = model;
    this.#stores = stores;
  }

  /**
   * Waits until the gateway has done what a start has to do, and brings the model to what must be after these runs. Throws
   * everything that disagrees.
   */
  async settle(runs: readonly Run[]): Promise<SettledRun[]> {
    const { stateDirectory } = this.#bed.gateway;
    const state = { stateDirectory, stores: this.#stores, gateway: this.#bed.gateway };
    const disagreements = describeDisagreements(await this.#checker.settled(state));
    if (disagreements !== "") throw new Error(disagreements);
    const jobs = await this.#newJobs();
    const archives = await this.#goodArchives();
    const settled = runs.map((run) => {
      const { name, slot } = run.operation;
      const own = jobs.filter(({ type, tenant }) => type === jobType(name) && tenant === slot);
      return { ...run, jobs: own };
    });
    const explained = new Set(settled.flatMap((run) => run.jobs));
    const problems = [
      ...settled.flatMap((run) => this.#settleRun(run, archives)),
      ...jobs.filter((job) => !explained.has(job)).map((job) => `nobody asked for ${describeJob(job)}`),
      ...this.#settleOthers(new Set(runs.map(({ operation }) => operation.slot))),
      ...this.#compareCatalogue(archives),
      ...(await this.#checkTokens()),
    ];
    if (problems.length > 0) throw new Error(problems.join("\n"));
    return settled;
  }

  /** What stands in a slot. */
  look(slot: string): TenantState | undefined {
    return readTenant(join(this.#bed.gateway.tenantsDirectory, slot));
  }

  #settleRun(
    { operation, answer, reported, jobs }: SettledRun,
    archives: ReadonlyMap<string, string>,
  ): string[] {
    const done = answer?.status === 200 ? answer.body : undefined;
    const refused = answer !== undefined && answer.status >= 300;
    const recorded = jobs.find(({ id }) => id === reported?.id);
    return [
      ...(refused ? [`it was refused: ${JSON.stringify(answer.body)}`] : []),
      ...jobs.filter(({ state }) => state === "failed").map((job) => describeJob(job)),
      ...(reported?.state === recorded?.state
        ? []
        : [`its job was reported as ${String(reported?.state)}, and is ${String(recorded?.state)}`]),
      ...operation.settle(
        { jobs, answer: done },
        { slot: this.look(operation.slot), archives, keptToken: (jobId) => this.#keptToken(jobId) },
      ),
    ].map((problem) => `after ${describeOperation(operation)}: ${problem}`);
  }

  #keptToken(jobId: string): string {
    return readRecord(join(this.#bed.gateway.tenantsDirectory, ".trash", jobId, "tree")).tokenSha256;
  }

  /** Nothing else may have changed. */
  #settleOthers(touched: ReadonlySet<string>): string[] {
    const standing = readdirSync(this.#bed.gateway.tenantsDirectory).filter((name) => !name.startsWith("."));
    const slots = new Set([...standing, ...this.#model.slots.keys()]);
    return [...slots]
      .filter((slot) => !touched.has(slot))
      .flatMap((slot) => this.#model.settleUnchanged(slot, this.look(slot)));
  }

  /** The oldest first. */
  async #newJobs(): Promise<JobView[]> {
    const { jobs } = await getAll<{ jobs: JobView[] }>(this.#bed.gateway, "/jobs?limit=1000");
    const fresh = jobs.filter(({ id }) => !this.#knownJobs.has(id)).reverse();
    for (const { id } of fresh) this.#knownJobs.add(id);
    return fresh;
  }

  async #goodArchives(): Promise<Map<string, string>> {
    const { archives } = await getAll<{ archives: { id: string; location: string; state: string }[] }>(
      this.#bed.gateway,
      "/backups?limit=10000",
    );
    return new Map(
      archives.filter(({ state }) => state === "good").map(({ id, location }) => [id, location]),
    );
  }

  #compareCatalogue(found: ReadonlyMap<string, string>): string[] {
    const { archives } = this.#model;
    return [
      ...[...archives.values()]
        .filter(({ id }) => !found.has(id))
        .map(({ location }) => `${location} is not listed any more`),
      ...[...found]
        .filter(([id]) => !archives.has(id))
        .map(([, location]) => `nobody has stored ${location}`),
    ];
  }

  async #checkTokens(): Promise<string[]> {
    const problems: string[] = [];
    for (const [hash, token] of this.#model.tokens) {
      const holder = this.#model.holder(hash);
      const answer = await this.#bed.whoami(token);
      // 429 says the same as 401, to somebody who has tried many tokens that nobody has.
      const isRight = holder === undefined ? answer === 401 || answer === 429 : answer === holder;
      if (!isRight) problems.push(`a token of ${holder ?? "nobody"} is answered with ${String(answer)}`);
    }
    return problems;
  }
}

function jobType(name: Operation["name"]): string {
  return name.includes("restore") ? "restore" : name;
}

export function describeOperation({ name, slot, request }: Operation): string {
  return `${name} of ${slot} (${request.method} ${request.path} ${JSON.stringify(request.body ?? {})})`;
}

function describeJob({ id, type, tenant, state, error }: JobView): string {
  return `job ${id} (${type} of ${tenant}): ${state} ${error === undefined ? "" : `${error.code} ${error.message}`}`;
}
