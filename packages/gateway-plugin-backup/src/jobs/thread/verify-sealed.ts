/** Checking an encrypted archive without its key: its bytes are those that were stored, and nobody looks into them. */
import { damaged } from "../../archive/damage.js";
import { archiveSubject } from "../../archive/source.js";
import { checkObjectHash } from "./expected-archive.js";
import { withStored } from "./object-source.js";
import type { OperationContext } from "./operation-context.js";
import type { ExpectedArchive, VerifyOperation, VerifyOutcome } from "./protocol.js";
import { requireSignature } from "./required-signature.js";
import { objectHash } from "./stored-index.js";

const NO_KEY = "it is encrypted, and no key was given";

/** `full` reads all bytes; the other levels only see that an object of the right size is there. Throws ARCHIVE_DAMAGED. */
export function verifySealed(
  { level, signatures, ...object }: VerifyOperation,
  expected: ExpectedArchive & { readonly sealedSize: number },
  context: OperationContext,
): Promise<VerifyOutcome> {
  const { sealedSize, signedBy } = expected;
  return withStored(object, context, async (source) => {
    const { size, etag } = source.object;
    if (size !== sealedSize)
      throw damaged("object hash", `${archiveSubject(source)} has ${size} bytes instead of ${sealedSize}.`);
    // Nobody sees the signature; it is as the catalogue noted it, if the bytes are the same.
    requireSignature(source, { signedBy }, signatures);
    const found = { size, etag, hadIndex: true, segments: 0, segmentsChecked: 0, signedBy };
    if (level !== "full") return { ...found, bytesRead: 0, notChecked: [`anything but its size: ${NO_KEY}`] };
    const objectSha256 = await objectHash(source, (doneBytes) =>
      context.progress({ phase: "verify", doneBytes, totalBytes: size, files: 0, storedBytes: size }),
    );
    checkObjectHash(source, objectSha256, expected);
    return { ...found, bytesRead: size, objectSha256, notChecked: [`what its bytes say: ${NO_KEY}`] };
  });
}
