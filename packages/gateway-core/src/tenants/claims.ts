import type { Claim, ClaimRefused } from "../plugin/host.js";

/** Who works on which slot. A claim lives in memory: after a crash nothing is held. */
export class Claims {
  readonly #holders = new Map<string, string>();

  /** `holder` is shown to whoever is refused: `backup 01J…`, `tenants delete`. */
  take(id: string, holder: string): Claim | ClaimRefused {
    const heldBy = this.#holders.get(id);
    if (heldBy !== undefined) return { ok: false, heldBy };
    this.#holders.set(id, holder);
    let released = false;
    return {
      ok: true,
      release: () => {
        // A second release must not free the claim of whoever came next.
        if (released) return;
        released = true;
        this.#holders.delete(id);
      },
    };
  }

  isHeld(id: string): boolean {
    return this.#holders.has(id);
  }
}
