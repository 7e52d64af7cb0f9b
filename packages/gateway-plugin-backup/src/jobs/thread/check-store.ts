import type { CheckedThing, CheckOptions, StoreCheck } from "../../stores/check/report.js";
import { checkDirectory } from "../../stores/local/check.js";
import { checkBucket } from "../../stores/s3/check.js";
import type { OperationContext } from "./operation-context.js";
import type { CheckOperation } from "./protocol.js";

/** Finds out what a store can do. Throws what keeps anything from being found out. */
export function checkStore(
  { store, key, state }: CheckOperation,
  context: Pick<OperationContext, "signal" | "leftover" | "gone" | "progress">,
): Promise<StoreCheck> {
  const options: CheckOptions = {
    signal: context.signal,
    onLeftover: (leftover) => context.leftover(leftover),
    onGone: (leftover) => context.gone(leftover),
    onStep: (what: CheckedThing) =>
      context.progress({ phase: "check", doneBytes: 0, files: 0, storedBytes: 0, message: what }),
    now: () => Date.now(),
  };
  return store.kind === "local"
    ? checkDirectory(store, { path: key.replace(/(?<=.)\/+$/, ""), state }, options)
    : checkBucket(store, key, options);
}
