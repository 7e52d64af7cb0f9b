import { LocalStore } from "./local/local-store.js";
import { S3Store } from "./s3/s3-store.js";
import type { StoreSettings } from "./settings.js";
import type { Store } from "./store.js";

/**
 * Opens a store. Nothing is contacted yet; an endpoint that is no address throws `REQUEST_INVALID`. To be closed when
 * it is no longer needed.
 */
export function openStore(settings: StoreSettings): Store {
  return settings.kind === "local" ? new LocalStore(settings) : new S3Store(settings);
}
