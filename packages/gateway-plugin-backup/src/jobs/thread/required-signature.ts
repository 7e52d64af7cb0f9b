/** Refusing what no trusted key has signed. */
import type { OpenIndex } from "../../archive/open.js";
import { type ArchiveSource, archiveSubject } from "../../archive/source.js";
import { BackupError } from "../../errors.js";
import type { TrustedSigners } from "./protocol.js";

/**
 * Throws `SIGNATURE_REQUIRED` for an archive without a signature, another tool's among them, and for a stranger's.
 *
 * @param required Undefined: everything may pass.
 */
export function requireSignature(
  source: ArchiveSource,
  index: Pick<OpenIndex, "signedBy"> | undefined,
  required: TrustedSigners | undefined,
): void {
  const signer = index?.signedBy;
  if (required === undefined || (signer !== undefined && required.trusted.includes(signer))) return;
  const subject = archiveSubject(source);
  if (signer === undefined)
    throw new BackupError("SIGNATURE_REQUIRED", `${subject} is not signed, and a signature is required.`, {
      details: { rule: "unsigned" },
    });
  throw new BackupError(
    "SIGNATURE_REQUIRED",
    `${subject} is signed by a stranger, ${signer}, and the signature of a trusted key is required.`,
    {
      hint: "If that is the key of a gateway of yours (`openclaw status` there shows it), add it to plugins.backup.signatures.trusted.",
      details: { rule: "stranger", signedBy: signer },
    },
  );
}
