import type { StoreAbilities } from "../store.js";

/** What a store is known to be able to do. Grows while the store is used. */
export class Abilities {
  #known: StoreAbilities;

  constructor(known: StoreAbilities = {}) {
    this.#known = known;
  }

  get known(): StoreAbilities {
    return this.#known;
  }

  learn(found: StoreAbilities): void {
    this.#known = { ...this.#known, ...found };
  }
}
