/** One tenant out of an archive of a whole gateway's state. */
import { extractArchive } from "../../archive/extract.js";
import { findStateLayout } from "../../archive/find-layout.js";
import type { IdentifiedArchive } from "../../archive/identify.js";
import type { OpenIndex } from "../../archive/open.js";
import { rawPath } from "../../archive/raw-path.js";
import { extractSelection, selectEntries } from "../../archive/access/selected-entries.js";
import { type ArchiveSource, archiveSubject } from "../../archive/source.js";
import { outOfSpace } from "../../archive/space.js";
import { StagingWriter } from "../../archive/staging-writer.js";
import { mappingsBelow } from "../../archive/state-layout.js";
import { TreeReceiver } from "../../archive/tree-receiver.js";
import { discardingSink } from "../../archive/tree-sink.js";
import { BackupError } from "../../errors.js";
import { extractProgress } from "./extract-progress.js";
import type { OperationContext } from "./operation-context.js";
import type { ExtractOperation, ExtractOutcome } from "./protocol.js";
import { spaceFor } from "./space-for.js";

/**
 * Of an archive of ours, no more is read than the segments that hold the tenant; another tool's is read to its end. Throws
 * ENTRY_NOT_FOUND, NO_STATE_IN_ARCHIVE, and what an extraction throws.
 *
 * @param tenant A checked tenant id.
 */
export async function extractTenant(
  source: ArchiveSource,
  archive: IdentifiedArchive,
  tenant: string,
  request: ExtractOperation,
  context: OperationContext,
): Promise<ExtractOutcome> {
  const { index, format } = archive;
  if (index !== undefined) return extractOwn(source, index, tenant, request, context);
  const { limits, into } = request;
  const directory = rawPath(`tenants/${tenant}`);
  const layout = await findStateLayout(source, format, limits);
  const { totals, warnings, tenantRecordJson, leftOutLinks } = await extractArchive({
    ...{
      source,
      format,
      index,
      as: undefined,
      into,
      limits,
      space: spaceFor(request),
      signal: context.signal,
    },
    state: {
      root: directory,
      mappings: mappingsBelow(layout, directory),
      directories: [],
      ignored: [],
      leaveOut: [rawPath("pty")],
      isPart: true,
    },
    onProgress: (progress) => context.progress(extractProgress(progress)),
  });
  const tenantJson = tenantRecordJson;
  return { tenant, totals, warnings, leftOutLinks, tenantJson, hadIndex: false, signedBy: undefined };
}

async function extractOwn(
  source: ArchiveSource,
  index: OpenIndex,
  tenant: string,
  request: ExtractOperation,
  context: OperationContext,
): Promise<ExtractOutcome> {
  const { into, limits } = request;
  const { header, signedBy } = index;
  const subject = archiveSubject(source);
  if (header.root !== "state")
    throw new BackupError("NO_STATE_IN_ARCHIVE", `${subject} is no archive of a gateway's state.`, {
      hint: "Leave --tenant out to restore a tenant's own archive.",
    });
  const part: OpenIndex = { ...index, header: { ...header, root: `state/tenants/${tenant}` } };
  const selection = selectEntries(part, () => true, limits, { withRecord: true });
  const { totals, runs } = selection;
  if (totals.entries === 0)
    throw new BackupError("ENTRY_NOT_FOUND", `${subject} holds no tenant ${tenant}.`, {
      hint: "`openclaw backups files ARCHIVE 'tenants/*/tenant.json'` lists the tenants in it.",
    });
  const space = spaceFor(request);
  const neededBytes = totals.contentBytes;
  if (neededBytes > space.bytes) throw outOfSpace(subject, space, { neededBytes });
  const storedBytes = runs.flat().reduce((sum, { segment }) => sum + segment.stored, 0);
  const sink = into === undefined ? discardingSink : new StagingWriter(into);
  const receiver = new TreeReceiver(sink, { subject, space });
  try {
    await extractSelection(source, part, selection, limits, receiver, () => {
      const { files, contentBytes } = receiver.totals;
      const done = { phase: "extract", doneBytes: contentBytes, files, storedBytes };
      context.progress({ ...done, totalBytes: totals.contentBytes, totalFiles: totals.files });
    });
  } finally {
    sink.close();
  }
  const prefix = `tenants/${tenant}/`;
  const warnings = header.warnings
    .filter(({ path }) => path.startsWith(prefix))
    .map((warning) => ({ ...warning, path: warning.path.slice(prefix.length) }));
  const tenantJson = receiver.tenantRecordJson;
  return {
    tenant,
    totals,
    warnings,
    tenantJson,
    signedBy,
    hadIndex: true,
    leftOutLinks: { count: 0, paths: [] },
  };
}
