/** Which operations come next: drawn from those that the model allows. */
import type { SeededRandom } from "../seeded.js";
import type { KnownArchive, Model } from "./model.js";
import { backup, deletion, prune, removal, restore, tokenRotation, undo } from "./operations.js";
import type { Operation } from "./operations.js";

export interface Choices {
  /** The tenants that are backed up. */
  readonly tenants: readonly string[];
  /** Names for copies. */
  readonly copies: readonly string[];
  /** Where backups go; undefined: the default destination. */
  readonly places: readonly (string | undefined)[];
}

export class OperationChoice {
  readonly #model: Model;
  readonly #random: SeededRandom;
  readonly #choices: Choices;
  readonly #drawn = new Map<string, number>();

  constructor(model: Model, random: SeededRandom, choices: Choices) {
    this.#model = model;
    this.#random = random;
    this.#choices = choices;
  }

  /** One operation, or two that have nothing to do with each other. */
  next(): Operation[] {
    const first = this.#draw(candidates(this.#model, this.#random, this.#choices));
    if (this.#random.next() < 0.6) return [first];
    const others = candidates(this.#model, this.#random, this.#choices).filter(({ operation }) =>
      isApart(operation, first),
    );
    return others.length === 0 ? [first] : [first, this.#draw(others)];
  }

  /** What was drawn often gives way to what was not: each kind of operation has its turn, also in a short run. */
  #draw(candidates: readonly Candidate[]): Operation {
    const weights = candidates.map(
      ({ weight, operation }) => weight / (weight + (this.#drawn.get(operation.name) ?? 0)),
    );
    let left = this.#random.next() * weights.reduce((sum, weight) => sum + weight, 0);
    const index = weights.findIndex((weight) => (left -= weight) < 0);
    const operation = candidates[Math.max(index, 0)]?.operation;
    if (operation === undefined) throw new Error("there is no operation to choose from");
    this.#drawn.set(operation.name, (this.#drawn.get(operation.name) ?? 0) + 1);
    return operation;
  }
}

interface Candidate {
  readonly weight: number;
  readonly operation: Operation;
}

function candidates(model: Model, random: SeededRandom, { tenants, copies, places }: Choices): Candidate[] {
  const standing = [...model.slots.keys()];
  const archives = [...model.archives.values()];
  const archive = pick(random, archives);
  const undoable = pick(random, model.undoable());
  const source = pick(
    random,
    tenants.filter((slot) => model.slots.has(slot)),
  );
  const pruned = pick(
    random,
    standing.filter((slot) => model.prunable(slot, 1).length > 0),
  );
  const removed = archives.length > tenants.length ? pick(random, archives) : undefined;
  const rotated = pick(random, standing);
  return [
    ...candidate(5, source, (slot) => backup(model, slot, pick(random, places))),
    ...candidate(3, undoable, (trash) => undo(model, trash)),
    ...candidate(3, pruned, (slot) => prune(model, slot, random.integer(1, 2))),
    ...candidate(1, removed, (one) => removal(model, one)),
    ...candidate(0.5, rotated, (slot) => tokenRotation(model, slot)),
    ...(archive === undefined ? [] : restores(model, random, archive, copies)),
    ...deletions(model, random, copies),
  ];
}

/** None where there is nothing to do it with. */
function candidate<T>(weight: number, subject: T | undefined, make: (subject: T) => Operation): Candidate[] {
  return subject === undefined ? [] : [{ weight, operation: make(subject) }];
}

function restores(
  model: Model,
  random: SeededRandom,
  archive: KnownArchive,
  copies: readonly string[],
): Candidate[] {
  const { tenant } = archive;
  const free = pick(
    random,
    copies.filter((slot) => !model.slots.has(slot)),
  );
  const taken = pick(
    random,
    copies.filter((slot) => model.slots.has(slot)),
  );
  const body = model.slots.has(tenant) ? { force: true } : {};
  return [
    { weight: 4, operation: restore(model, archive, tenant, body) },
    ...candidate(2, free, (slot) => restore(model, archive, slot, { as: slot })),
    ...candidate(1, taken, (slot) => restore(model, archive, slot, { as: slot, force: true })),
  ];
}

/** A tenant that has an archive can go, too: it comes back. */
function deletions(model: Model, random: SeededRandom, copies: readonly string[]): Candidate[] {
  const archived = new Set([...model.archives.values()].map(({ tenant }) => tenant));
  const slot = pick(
    random,
    [...model.slots.keys()].filter((one) => copies.includes(one) || archived.has(one)),
  );
  return candidate(1, slot, (one) => deletion(model, one));
}

function isApart(one: Operation, other: Operation): boolean {
  return one.slot !== other.slot && !one.archives.some((id) => other.archives.includes(id));
}

function pick<T>(random: SeededRandom, items: readonly T[]): T | undefined {
  return items[random.integer(0, items.length - 1)];
}
