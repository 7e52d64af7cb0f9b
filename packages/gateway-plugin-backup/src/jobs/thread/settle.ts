/** What became of an archive that was about to become visible when the gateway died or lost sight of its store. */
import { withStore } from "./object-source.js";
import type { OperationContext } from "./operation-context.js";
import type { SettleOperation, SettleOutcome } from "./protocol.js";
import { isArchive } from "./stored-index.js";

export function settle(request: SettleOperation, context: OperationContext): Promise<SettleOutcome> {
  const { store: settings, key, mark, size, limits } = request;
  const { signal } = context;
  return withStore(settings, context, async (store) => {
    const object = await store.head(key, signal);
    if (object === undefined) return { found: "nothing" };
    const marked = object.mark !== undefined && mark !== undefined;
    if (marked && object.mark !== mark) return { found: "nothing" };
    if (object.size === size && (await isArchive(store, object, request, { limits, signal }))) {
      return { found: "archive", etag: object.etag };
    }
    // Without a mark, what is not the archive may be anybody's.
    if (!marked) return { found: "nothing" };
    return { found: (await store.removeIfSame(object, signal)) ? "damaged" : "nothing" };
  });
}
