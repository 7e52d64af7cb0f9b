import type { StoreSettings } from "../../stores/settings.js";
import type { Leftover, Store } from "../../stores/store.js";
import type { JobProgress } from "../types.js";
import type { CompletingArchive } from "./protocol.js";

/** What a job thread gives to each of its operations. */
export interface OperationContext {
  readonly signal: AbortSignal;
  openStore(settings: StoreSettings): Store;
  progress(progress: JobProgress): void;
  /** Resolves when the leftover stands in the ledger. */
  leftover(leftover: Leftover): Promise<void>;
  /** See `CreateOptions.onGone`. */
  gone(leftover: Leftover): void;
  /** Resolves when the ledger knows what is about to become visible. */
  completing(archive: CompletingArchive): Promise<void>;
}
