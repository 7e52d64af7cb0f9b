import type { StoreSettings } from "../stores/settings.js";
import type { OverwriteGuards } from "../stores/store.js";

/**
 * What jobs have found out about the stores' conditional writes, by endpoint and bucket. Each job opens its store anew;
 * this saves all but the first since the gateway's start from probing it.
 */
export class KnownGuards {
  readonly #known = new Map<string, OverwriteGuards>();

  /** The settings, with what is known of their store. */
  apply(settings: StoreSettings): StoreSettings {
    if (settings.kind === "local") return settings;
    const overwriteGuards = this.#known.get(keyOf(settings));
    return overwriteGuards === undefined ? settings : { ...settings, overwriteGuards };
  }

  learn(settings: StoreSettings, guards: OverwriteGuards): void {
    if (settings.kind === "s3") this.#known.set(keyOf(settings), guards);
  }
}

function keyOf({ endpoint, bucket }: { readonly endpoint?: string; readonly bucket: string }): string {
  return `${endpoint ?? ""} ${bucket}`;
}
