/** An archive that is to be checked: opened, and known to be the one that the catalogue has at its place. */
import { damaged } from "../../archive/damage.js";
import { identifyArchive, type IdentifiedArchive } from "../../archive/identify.js";
import { TAIL_BYTES } from "../../archive/open.js";
import { archiveSubject } from "../../archive/source.js";
import { BackupError } from "../../errors.js";
import type { ObjectSource } from "./object-source.js";
import { withObject } from "./opened-object.js";
import type { OperationContext } from "./operation-context.js";
import { requireSignature } from "./required-signature.js";
import type { ArchiveToCheck, ExpectedArchive } from "./protocol.js";

/** An object whose reads are counted. */
export interface CountedSource extends ObjectSource {
  /** Bytes of the object that were read so far. */
  readonly bytesRead: () => number;
}

/**
 * Opens the archive, with the entry policy applied to its index, and compares it with what the catalogue knows. Throws
 * ARCHIVE_NOT_FOUND, ARCHIVE_DAMAGED, also where another archive has taken its place (`details.replaced`), and what
 * `identifyArchive` throws.
 */
export function withExpectedArchive<T>(
  request: ArchiveToCheck,
  context: OperationContext,
  work: (source: CountedSource, archive: IdentifiedArchive) => Promise<T>,
): Promise<T> {
  return withObject(request, context, async (object) => {
    const source = counted(object);
    const { bytes } = await source.tail(TAIL_BYTES);
    const archive = await identifyArchive(source, request.limits, bytes);
    requireSignature(source, archive.index, request.signatures);
    if (request.expected !== undefined) checkExpected(source, archive, request.expected);
    return work(source, archive);
  });
}

/** Throws ARCHIVE_DAMAGED when the bytes of an object, all of them, are not those that an earlier check saw. */
export function checkObjectHash(
  source: ObjectSource,
  sha256: string,
  expected: ExpectedArchive | undefined,
): void {
  if (expected?.objectSha256 === undefined || expected.objectSha256 === sha256) return;
  throw damaged(
    "object hash",
    `${archiveSubject(source)} has other bytes than when it was first checked, though they still mean the same.`,
  );
}

function checkExpected(source: ObjectSource, { index }: IdentifiedArchive, expected: ExpectedArchive): void {
  const subject = archiveSubject(source);
  if (index === undefined)
    throw damaged("lost end", `${subject} has lost its index: its end was cut off or altered.`);
  if (index.sha256 === expected.indexSha256) {
    if (expected.signedBy === undefined || expected.signedBy === index.signedBy) return;
    const now =
      index.signedBy === undefined ? "has lost its signature" : `is now signed by ${index.signedBy}`;
    throw damaged("signature", `${subject} was signed by ${expected.signedBy}, and ${now}.`);
  }
  const { uid, createdAt } = index.header;
  if (uid === expected.uid && Date.parse(createdAt) === expected.createdAt)
    throw damaged("index hash", `${subject} has another index than the one that was stored.`);
  throw new BackupError("ARCHIVE_DAMAGED", `${subject} is not the archive that was stored there.`, {
    hint: "Another archive has taken its place. `openclaw backups show` tells which; list and restore that one by its location.",
    details: { rule: "index hash", replaced: true },
  });
}

function counted(source: ObjectSource): CountedSource {
  let bytesRead = 0;
  return {
    ...source,
    bytesRead: () => bytesRead,
    async *read(start, end) {
      for await (const chunk of source.read(start, end)) {
        bytesRead += chunk.length;
        yield chunk;
      }
    },
    tail: async (length) => {
      const tail = await source.tail(length);
      bytesRead += tail.bytes.length;
      return tail;
    },
  };
}
