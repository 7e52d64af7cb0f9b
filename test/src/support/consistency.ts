/**
 * Does everything that a gateway keeps agree? Walks its ledger, its stores and its tenants' directory, with or without
 * the gateway running, and lists the disagreements: none, if all is well. It reads; it never changes anything.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { checkLedger, readLedger } from "./consistency/ledger.js";
import { isIn, StoreChecker } from "./consistency/stores.js";
import type { CheckedStore } from "./consistency/stores.js";
import { checkDirectories, checkServed, checkTrash } from "./consistency/tenants.js";
import type { RunningGateway } from "./consistency/tenants.js";
import type { Disagreement } from "./consistency/disagreement.js";

export { describeDisagreements } from "./consistency/disagreement.js";
export type { Disagreement, DisagreementKind } from "./consistency/disagreement.js";
export type { CheckedStore } from "./consistency/stores.js";

export interface CheckedState {
  readonly stateDirectory: string;
  /** All stores that archives went to, beside the state's own `backups/`. */
  readonly stores: readonly CheckedStore[];
  /** Absent: no gateway runs on the state. */
  readonly gateway?: RunningGateway;
  /** Tokens that tenants are known to have, by tenant: the gateway must serve each. */
  readonly tokens?: ReadonlyMap<string, string>;
  /** Keys of objects in the stores that the gateway did not make. */
  readonly foreign?: ReadonlySet<string>;
  /** Found before and reported: not to be waited for, nor listed again. */
  readonly known?: readonly Disagreement[];
  /** Leftovers that may stand in the ledger, because their store is out of reach. Default: none. */
  readonly allowLeftover?: (json: string) => boolean;
}

/** A start takes away in the background what a crash left, and carries interrupted uploads on; this is ample for it. */
const PATIENCE_MS = 60_000;
const POLL_MS = 25;

/** Keep one for a whole test: an archive that was read whole once is not read again while it stays the same. */
export class ConsistencyChecker {
  readonly #stores = new StoreChecker();

  /** What disagrees now. */
  async check(state: CheckedState): Promise<Disagreement[]> {
    return without(state.known, await this.#checkAll(state));
  }

  async #checkAll(state: CheckedState): Promise<Disagreement[]> {
    const archives = readLedger(state.stateDirectory)?.archives ?? [];
    const embedded: CheckedStore = { kind: "local", root: join(state.stateDirectory, "backups") };
    const stores = [embedded, ...state.stores];
    const problems = this.#checkLocally(state);
    for (const store of stores)
      problems.push(...(await this.#stores.check(store, archives, state.foreign ?? new Set())));
    for (const archive of archives.filter((one) => !stores.some((store) => isIn(store, one))))
      problems.push({ kind: "archive", what: `${archive.location} is in none of the stores` });
    if (state.gateway !== undefined)
      problems.push(...(await checkServed(state.stateDirectory, state.gateway, state.tokens ?? new Map())));
    return problems;
  }

  /**
   * What disagrees once the gateway, which runs, has settled: checks until nothing does, or until patience ends. The
   * ledger and the directories are asked first, because that costs little.
   */
  async settled(state: CheckedState, patienceMs = PATIENCE_MS): Promise<Disagreement[]> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const local = without(state.known, this.#checkLocally(state));
      const problems = local.length > 0 ? local : await this.check(state);
      if (problems.length === 0) return [];
      if (Date.now() > deadline) return this.check(state);
      await delay(POLL_MS);
    }
  }

  #checkLocally({ stateDirectory, allowLeftover }: CheckedState): Disagreement[] {
    const rows = readLedger(stateDirectory);
    return [
      ...(rows === undefined ? [] : checkLedger(rows, allowLeftover ?? (() => false))),
      ...(rows === undefined ? [] : checkTrash(stateDirectory, rows)),
      ...checkDirectories(stateDirectory),
    ];
  }
}

function without(known: readonly Disagreement[] = [], found: readonly Disagreement[]): Disagreement[] {
  return found.filter(({ kind, what }) => !known.some((one) => one.kind === kind && one.what === what));
}
