import type { StoreSettings } from "../stores/settings.js";
import type { StoreAbilities } from "../stores/store.js";

/**
 * What jobs have found out that stores can do, by endpoint and bucket. Each job opens its store anew; this saves all but
 * the first since the gateway's start from finding it out.
 */
export class KnownAbilities {
  readonly #known = new Map<string, StoreAbilities>();

  /** The settings, with what is known of their store. */
  apply(settings: StoreSettings): StoreSettings {
    if (settings.kind === "local") return settings;
    const abilities = this.#known.get(keyOf(settings));
    return abilities === undefined ? settings : { ...settings, abilities };
  }

  learn(settings: StoreSettings, abilities: StoreAbilities): void {
    if (settings.kind === "local") return;
    const key = keyOf(settings);
    this.#known.set(key, { ...this.#known.get(key), ...abilities });
  }
}

function keyOf({ endpoint, bucket }: { readonly endpoint?: string; readonly bucket: string }): string {
  return `${endpoint ?? ""} ${bucket}`;
}
