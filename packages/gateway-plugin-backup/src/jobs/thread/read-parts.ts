/** Archives read in parts: what they hold, and single files. Never the whole object. */
import { archiveContents } from "../../archive/access/contents.js";
import { entryView, relativePath } from "../../archive/access/entry-view.js";
import { findFile, readFile } from "../../archive/access/file-in-archive.js";
import { openForAccess } from "../../archive/access/open-for-access.js";
import { namedPath, pathGlobs } from "../../archive/access/path-globs.js";
import { readIndex } from "../../archive/index-codec.js";
import { type OpenIndex, TAIL_BYTES } from "../../archive/open.js";
import { JsonLines } from "./json-lines.js";
import { objectSource, type ObjectSource, withStore } from "./object-source.js";
import { withObject } from "./opened-object.js";
import type { OperationContext } from "./operation-context.js";
import { Output } from "./output.js";
import { requireSignature } from "./required-signature.js";
import type { ArchiveInStore, CatOperation, FileFacts, FilesOperation, ShowOutcome } from "./protocol.js";

/** Opens an archive by its last bytes alone: the object's size and ETag come with them. */
export function withArchive<T>(
  { opener, ...request }: ArchiveInStore,
  context: Pick<OperationContext, "openStore" | "signal">,
  work: (source: ObjectSource, index: OpenIndex) => Promise<T>,
): Promise<T> {
  const { store: settings, key, limits, indexSha256, tailBytes = TAIL_BYTES, signatures } = request;
  const open = async (source: ObjectSource, tail: Uint8Array): Promise<T> => {
    const index = await openForAccess(source, limits, tail, indexSha256);
    requireSignature(source, index, signatures);
    return work(source, index);
  };
  if (opener !== undefined)
    return withObject({ ...request, opener }, context, async (source) =>
      open(source, (await source.tail(tailBytes)).bytes),
    );
  return withStore(settings, context, async (store) => {
    const { bytes, object } = await store.readTail(key, tailBytes, context.signal);
    return open(objectSource(store, object, context.signal), bytes);
  });
}

export function show(request: ArchiveInStore, context: OperationContext): Promise<ShowOutcome> {
  return withArchive(request, context, ({ object, size: plainSize }, index) => {
    const { size, etag, modifiedAt } = object;
    return Promise.resolve({
      ...archiveContents(index, request.limits),
      size,
      etag,
      modifiedAt: modifiedAt.getTime(),
      indexSha256: index.sha256,
      indexBytes: plainSize - index.segmentsEnd,
      signedBy: index.signedBy,
    });
  });
}

export function files(request: FilesOperation, context: OperationContext): Promise<undefined> {
  const isMeant = pathGlobs(request.patterns);
  const output = new Output(request.output, context.signal);
  return withArchive(request, context, async (_source, { header, payload }) => {
    output.begin({});
    const lines = new JsonLines(output);
    let entries = 0;
    let contentBytes = 0;
    for (const line of readIndex(payload, request.limits)) {
      if (line.kind !== "entry" || !isMeant(relativePath(line.entry, header.root))) continue;
      entries++;
      contentBytes += line.entry.size;
      await lines.add({ kind: "entry", ...entryView(line.entry, header.root) });
    }
    await lines.add({ kind: "end", entries, contentBytes });
    await lines.end();
    return undefined;
  });
}

export function cat(request: CatOperation, context: OperationContext): Promise<undefined> {
  const path = namedPath(request.path);
  const output = new Output(request.output, context.signal);
  return withArchive(request, context, async (source, index) => {
    const file = findFile(source, index, path);
    const { size, sha256 = "" } = file.entry;
    let skip = request.skip;
    let begun = false;
    // Not before there is something to give: what is wrong until then is said in the place of an answer.
    const begin = (): void => {
      if (!begun) output.begin({ size, sha256 } satisfies FileFacts);
      begun = true;
    };
    for await (const content of readFile(source, file)) {
      if (skip < content.length) {
        begin();
        await output.write(content.subarray(skip));
      }
      skip = Math.max(skip - content.length, 0);
    }
    begin();
    await output.end();
    return undefined;
  });
}
