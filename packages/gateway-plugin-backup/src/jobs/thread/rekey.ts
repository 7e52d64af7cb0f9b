/** An archive is opened and sealed anew, on its way from one object to another. Nothing of it is written down in between. */
import { damaged } from "../../archive/damage.js";
import { openForAccess } from "../../archive/access/open-for-access.js";
import { type OpenIndex, TAIL_BYTES } from "../../archive/open.js";
import { archiveSubject } from "../../archive/source.js";
import type { Upload } from "../../stores/store.js";
import { withStore, type ObjectSource } from "./object-source.js";
import { withObject } from "./opened-object.js";
import type { OperationContext } from "./operation-context.js";
import type { ArchiveFacts, RekeyOperation, RekeyOutcome } from "./protocol.js";
import { seal } from "./sealing.js";

/** Throws what opening the source throws, ARCHIVE_DAMAGED where it is another archive than the one that is known, PIPE_FAILED, and what the stores throw. */
export function rekey(request: RekeyOperation, context: OperationContext): Promise<RekeyOutcome> {
  return withObject(request.source, context, async (source) => {
    const { header, sha256: indexSha256 } = await openChecked(source, request);
    const facts = { totals: header.totals, indexSha256, warnings: [] };
    return withStore(request.store, context, async (store) => {
      const { key, overwrite } = request;
      const upload = await store.create(key, {
        overwrite,
        onLeftover: (leftover) => context.leftover(leftover),
        onGone: (leftover) => context.gone(leftover),
        signal: context.signal,
      });
      try {
        return await sealInto(upload, source, facts, request, context);
      } catch (error) {
        await upload.abort();
        throw error;
      }
    });
  });
}

/** Who gives the wrong key, or the wrong archive, is told before anything is replaced. */
async function openChecked(
  source: ObjectSource,
  { limits, indexSha256 }: RekeyOperation,
): Promise<OpenIndex> {
  const { bytes } = await source.tail(TAIL_BYTES);
  const index = await openForAccess(source, limits, bytes);
  if (indexSha256 === undefined || index.sha256 === indexSha256) return index;
  throw damaged("index hash", `${archiveSubject(source)} is not the archive that was stored there.`);
}

async function sealInto(
  upload: Upload,
  source: ObjectSource,
  facts: Pick<ArchiveFacts, "totals" | "indexSha256" | "warnings">,
  { sealing }: RekeyOperation,
  context: OperationContext,
): Promise<RekeyOutcome> {
  const sealed = seal(source.read(0, source.size), sealing, context.signal);
  for await (const chunk of sealed.chunks) {
    await upload.write(chunk);
    const storedBytes = sealed.size();
    const doneBytes = Math.min(storedBytes, source.size);
    context.progress({ phase: "write", doneBytes, totalBytes: source.size, files: 0, storedBytes });
  }
  const sealedFacts = { ...facts, encryption: sealing.kind, objectSha256: sealed.sha256() };
  await context.completing({ ...sealedFacts, size: sealed.size(), mark: upload.mark });
  const { key, size, etag, overwriteGuard, retries } = await upload.complete();
  return { ...sealedFacts, object: { key, size, etag, overwriteGuard, retries } };
}
