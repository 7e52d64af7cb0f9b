/** What differs between two archives, or between an archive and the tenant as it is now. */
import { indexEntries, indexOfBackup, liveEntries } from "../../archive/access/compared-entries.js";
import { Comparison, type ComparedEntry, type Difference } from "../../archive/access/comparison.js";
import { pathView, targetView } from "../../archive/access/entry-view.js";
import { JsonLines } from "./json-lines.js";
import type { OperationContext } from "./operation-context.js";
import { Output } from "./output.js";
import type { ArchiveInStore, DiffOperation, LiveTenant } from "./protocol.js";
import { withArchive } from "./read-parts.js";

export async function diff(
  { before, after, output: port }: DiffOperation,
  context: OperationContext,
): Promise<undefined> {
  const output = new Output(port, context.signal);
  const comparison = new Comparison();
  for (const entry of await archivedEntries(before, context)) comparison.add(entry);
  const entries =
    "key" in after ? await archivedEntries(after, context) : await tenantEntries(after, comparison, context);
  output.begin({});
  const lines = new JsonLines(output);
  for (const entry of entries) {
    const difference = comparison.compare(entry);
    if (difference !== undefined) await lines.add(differenceView(difference));
  }
  for (const difference of comparison.removed()) await lines.add(differenceView(difference));
  await lines.add({ kind: "end", ...comparison.totals });
  await lines.end();
  return undefined;
}

function archivedEntries(
  request: ArchiveInStore,
  context: OperationContext,
): Promise<Iterable<ComparedEntry>> {
  return withArchive(request, context, (_source, { header, payload }) =>
    Promise.resolve(indexEntries(payload, header.root, request.limits)),
  );
}

async function tenantEntries(
  { temporaryDirectory, ...tenant }: LiveTenant,
  comparison: Comparison,
  { signal }: OperationContext,
): Promise<Iterable<ComparedEntry>> {
  const source = { ...tenant, root: `tenants/${tenant.tenant}` };
  if (temporaryDirectory === undefined) return liveEntries(source, (path) => comparison.has(path));
  const payload = await indexOfBackup({
    ...source,
    temporaryDirectory,
    signal,
    uid: "0",
    createdAt: "1970-01-01T00:00:00Z",
    producer: "diff",
    // Nobody keeps what is compressed.
    level: 1,
    compressionThreads: 1,
    onProgress: () => undefined,
  });
  return indexEntries(payload, source.root, tenant.limits);
}

function differenceView(difference: Difference): object {
  if ("entry" in difference)
    return { kind: difference.kind, ...pathView(difference.entry.path), ...factsView(difference.entry) };
  const { kind, changes, before, after } = difference;
  return { kind, ...pathView(after.path), changes, before: factsView(before), after: factsView(after) };
}

function factsView({ type, mode, size, mtimeNs, sha256, target }: ComparedEntry): object {
  return {
    type,
    mode,
    size,
    mtimeNs: String(mtimeNs),
    ...(sha256 !== undefined && { sha256 }),
    ...(target !== undefined && targetView(target)),
  };
}
