/** Restoring single paths: extracting them, and swapping them with what stands in the tenant. */
import { copyFileSync } from "node:fs";
import { dirname } from "node:path";
import { namedPath, pathGlobs } from "../../archive/access/path-globs.js";
import { planPathSwap, planUndo, swapPaths, takePathsBack } from "../../archive/access/path-swap.js";
import { extractSelection, selectEntries, type Selection } from "../../archive/access/selected-entries.js";
import { type ArchiveSource, archiveSubject } from "../../archive/source.js";
import { outOfSpace } from "../../archive/space.js";
import { StagingWriter } from "../../archive/staging-writer.js";
import { syncTree } from "../../archive/sync-tree.js";
import { TreeReceiver } from "../../archive/tree-receiver.js";
import { discardingSink } from "../../archive/tree-sink.js";
import { BackupError } from "../../errors.js";
import type { OperationContext } from "./operation-context.js";
import type {
  ExtractPathsOperation,
  ExtractPathsOutcome,
  MovePathsOperation,
  PlanPathsOperation,
} from "./protocol.js";
import { withArchive } from "./read-parts.js";
import { spaceFor } from "./space-for.js";

export function extractPaths(
  request: ExtractPathsOperation,
  context: OperationContext,
): Promise<ExtractPathsOutcome> {
  const { patterns, into, limits } = request;
  const isMeant = pathGlobs(patterns);
  return withArchive(request, context, async (source, index) => {
    const selection = selectEntries(index, isMeant, limits);
    if (selection.totals.entries === 0) throw nothingMeant(source, patterns, selection);
    const { totals, paths, leftOutRecord, runs } = selection;
    const subject = archiveSubject(source);
    const space = spaceFor(request);
    const neededBytes = totals.contentBytes;
    if (neededBytes > space.bytes) throw outOfSpace(subject, space, { neededBytes });
    const readBytes = runs.flat().reduce((sum, { segment }) => sum + segment.stored, 0);
    const sink = into === undefined ? discardingSink : new StagingWriter(into);
    try {
      const receiver = new TreeReceiver(sink, { subject, space });
      await extractSelection(source, index, selection, limits, receiver, () => {
        const { files, contentBytes } = receiver.totals;
        context.progress({
          phase: "extract",
          doneBytes: contentBytes,
          totalBytes: totals.contentBytes,
          files,
          totalFiles: totals.files,
          storedBytes: readBytes,
        });
      });
    } finally {
      sink.close();
    }
    if (into !== undefined) await syncTree(into);
    const { header, signedBy } = index;
    return { tenant: header.tenant, signedBy, totals, paths, readBytes, leftOutRecord };
  });
}

function nothingMeant(
  source: ArchiveSource,
  patterns: readonly string[],
  { leftOutRecord }: Selection,
): BackupError {
  const what = patterns.map((pattern) => `"${pattern}"`).join(", ");
  if (leftOutRecord)
    return new BackupError(
      "ENTRY_NOT_FOUND",
      `${archiveSubject(source)}: tenant.json is never restored by a path.`,
      {
        hint: "A tenant's identity comes back with the whole tenant: `openclaw tenants restore` without --path.",
      },
    );
  return new BackupError("ENTRY_NOT_FOUND", `${archiveSubject(source)} holds nothing that matches ${what}.`);
}

export function planPaths({ place, plan }: PlanPathsOperation): Promise<number> {
  const paths =
    "undone" in plan
      ? planUndo(place, plan.undone)
      : planPathSwap(plan.staged, place, plan.into === undefined ? undefined : namedPath(plan.into));
  return Promise.resolve(paths.length);
}

export async function movePaths({ place, keep, direction }: MovePathsOperation): Promise<undefined> {
  if (direction === "forward") {
    swapPaths(place);
    copyFileSync(place.journal, keep);
  } else takePathsBack(place);
  await syncTree(dirname(place.live));
  return undefined;
}
