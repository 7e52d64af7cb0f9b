/** Requests to a store on their way at once: enough to hide its distance, too few to be asked to slow down. */
const AT_ONCE = 4;

/**
 * Calls `work` for each item, a few at a time. Items are taken as there is room for them, so that a long list need not be
 * in memory. Rejects with the first failure, of `work` or of the list, once what was begun has ended.
 */
export async function fewAtOnce<T>(
  items: AsyncIterable<T> | Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let failed = false;
  const worker = async (): Promise<void> => {
    try {
      while (!failed) {
        const next = await iterator.next();
        if (next.done === true) return;
        await work(next.value);
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  await iterator.return?.();
  for (const result of workers) if (result.status === "rejected") throw result.reason;
}

/** {@link fewAtOnce}, with a result for each item, in the order of the items. */
export async function mapFewAtOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Map<number, R>();
  await fewAtOnce(items.entries(), async ([number, item]) => {
    results.set(number, await work(item));
  });
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
