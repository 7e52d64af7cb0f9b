/** Verifications and drills, as far as they read stores and trees. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { checkRestoredTree } from "../../archive/check/restored-tree.js";
import {
  extractWhole,
  fullVerification,
  quickVerification,
  sampleVerification,
  uncheckable,
  type Verification,
  type VerificationRequest,
} from "../../archive/check/verification.js";
import type { IdentifiedArchive } from "../../archive/identify.js";
import { syncTree } from "../../archive/sync-tree.js";
import { checkObjectHash, withExpectedArchive, type CountedSource } from "./expected-archive.js";
import { extractProgress } from "./extract-progress.js";
import type { OperationContext } from "./operation-context.js";
import type {
  ArchiveToCheck,
  CheckedObject,
  DrillOperation,
  DrillOutcome,
  VerifyOperation,
  VerifyOutcome,
} from "./protocol.js";
import { spaceFor } from "./space-for.js";
import { objectHash } from "./stored-index.js";
import { verifySealed } from "./verify-sealed.js";

export function verify(request: VerifyOperation, context: OperationContext): Promise<VerifyOutcome> {
  const { expected, opener } = request;
  if (expected?.sealedSize !== undefined && opener === undefined)
    return verifySealed(request, { ...expected, sealedSize: expected.sealedSize }, context);
  return withExpectedArchive(request, context, async (source, archive) => {
    const verification = await verifyAt(request, {
      ...checkRequest(request, source, archive, context.signal),
      onProgress: (progress) => context.progress(extractProgress(progress, "verify")),
    });
    const { objectSha256: read, ...verified } = verification;
    const objectSha256 = read && (await storedHash(source, read));
    if (objectSha256 !== undefined) checkObjectHash(source, objectSha256, request.expected);
    return {
      ...verified,
      ...(objectSha256 === undefined ? {} : { objectSha256 }),
      ...checkedObject(source, archive),
      signedBy: archive.index?.signedBy,
    };
  });
}

function verifyAt(
  { level, sample }: VerifyOperation,
  request: VerificationRequest,
): Verification | Promise<Verification> {
  switch (level) {
    case "quick":
      return quickVerification(request.archive);
    case "sample":
      return sampleVerification(request, sample);
    case "full":
      return fullVerification(request);
  }
}

/** Restores as a restore does, and looks at what has come of it. The directory's removal is the caller's. */
export function drill(request: DrillOperation, context: OperationContext): Promise<DrillOutcome> {
  return withExpectedArchive(request, context, async (source, archive) => {
    const { directory, subject, expected, limits } = request;
    const { signal } = context;
    const [tree, temporaryDirectory] = [join(directory, "tree"), join(directory, "copies")];
    for (const made of [tree, temporaryDirectory]) mkdirSync(made, { mode: 0o700 });

    const startedAt = performance.now();
    const extracted = await extractWhole({
      ...checkRequest(request, source, archive, signal),
      into: tree,
      space: spaceFor({ quotaBytes: undefined, fileSystem: directory }),
      onProgress: (progress) => context.progress(extractProgress(progress)),
    });
    await syncTree(tree);
    const restoreMs = Math.round(performance.now() - startedAt);
    const objectSha256 = await storedHash(source, extracted.objectSha256);
    checkObjectHash(source, objectSha256, expected);

    const { totals } = extracted;
    const report = await checkRestoredTree({
      tree,
      temporaryDirectory,
      index: archive.index,
      limits,
      subject,
      signal,
      onProgress: ({ files, contentBytes }) =>
        context.progress({
          phase: "check",
          doneBytes: contentBytes,
          totalBytes: totals.contentBytes,
          files,
          totalFiles: totals.files,
          storedBytes: source.size,
        }),
    });
    return {
      ...checkedObject(source, archive),
      signedBy: archive.index?.signedBy,
      restoreMs,
      objectSha256,
      totals,
      tenantJson: extracted.tenantRecordJson,
      report,
      notChecked: uncheckable(archive),
    };
  });
}

/** Of the object's bytes: of an archive that was opened, they are not those that were read. */
function storedHash({ stored }: CountedSource, read: string): Promise<string> {
  return stored === undefined ? Promise.resolve(read) : objectHash(stored);
}

function checkRequest(
  { as, limits }: ArchiveToCheck,
  source: CountedSource,
  archive: IdentifiedArchive,
  signal: AbortSignal,
): Omit<VerificationRequest, "onProgress"> {
  return { source, archive, limits, as, signal };
}

function checkedObject(source: CountedSource, { index }: IdentifiedArchive): CheckedObject {
  const { size, etag } = source.object;
  return { size, etag, hadIndex: index !== undefined, bytesRead: source.bytesRead() };
}
