/** The header of an age file: the file's key, sealed for each recipient. All of it is the library's work. */
import { Decrypter, Encrypter, type Stanza } from "age-encryption";
import { BackupError } from "../../errors.js";
import { damaged } from "../damage.js";
import { type AgeSecret, recipientInvalid } from "./keys.js";
import { PAYLOAD_NONCE_BYTES, TAG_BYTES } from "./payload.js";

/** Room for some 500 recipients, or 40 post-quantum ones. A longer header is neither written nor read. */
export const HEADER_BYTES_MAX = 64 * 1024;
/** The line with the header's authentication begins so, and no line before it does. */
const LAST_LINE = "\n---";
/**
 * A passphrase costs 2^n times 1 KiB of memory and some 10 µs. `age` itself asks for 2^18; this much, 512 MiB and a few
 * seconds, is what an archive may cost its reader.
 */
const SCRYPT_WORK_MAX = 19;
const EMPTY_PAYLOAD_BYTES = PAYLOAD_NONCE_BYTES + TAG_BYTES;

export interface AgeHeader {
  readonly bytes: Buffer;
  readonly fileKey: Uint8Array;
}

/** A new file's header; the recipients have been checked. Throws RECIPIENT_INVALID. */
export async function makeHeader(recipients: readonly string[]): Promise<AgeHeader> {
  let fileKey = new Uint8Array();
  const encrypter = new Encrypter();
  // The library has no call for a header alone: a recipient that adds nothing learns the key of an empty file.
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = key.slice();
      return [];
    },
  });
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  const file = await encrypter.encrypt(new Uint8Array()).catch(() => {
    throw recipientInvalid("One of the recipients is well-formed, but no key that can be encrypted to.");
  });
  const bytes = Buffer.from(file.subarray(0, file.length - EMPTY_PAYLOAD_BYTES));
  if (bytes.length > HEADER_BYTES_MAX)
    throw recipientInvalid(
      `${recipients.length} recipients are too many: the header would have ${bytes.length} bytes.`,
      {
        hint: `A header has at most ${HEADER_BYTES_MAX} bytes: some 500 recipients, or 40 post-quantum ones.`,
      },
    );
  return { bytes, fileKey };
}

/**
 * Finds a file's header in its first bytes and opens it.
 *
 * @param first {@link HEADER_BYTES_MAX} bytes, or the whole file.
 * @param subject The archive, as it begins a message.
 *
 * Throws AGE_KEY_WRONG, ARCHIVE_DAMAGED, LIMIT_EXCEEDED.
 */
export async function openHeader(first: Buffer, secret: AgeSecret, subject: string): Promise<AgeHeader> {
  const bytes = headerOf(first, subject);
  const decrypter = new Decrypter();
  // It is asked first, so what is too costly is not tried.
  decrypter.addIdentity({
    unwrapFileKey: (stanzas: Stanza[]) => {
      checkPassphraseCost(stanzas, subject);
      return null;
    },
  });
  if ("passphrase" in secret) decrypter.addPassphrase(secret.passphrase);
  else for (const identity of secret.identities) decrypter.addIdentity(identity);
  // It is asked last, when nothing else has fit.
  decrypter.addIdentity({
    unwrapFileKey: (stanzas: Stanza[]) => {
      throw keyWrong(stanzas, secret, subject);
    },
  });
  const fileKey = await decrypter.decryptHeader(bytes).catch((error: unknown) => {
    // The library's own errors repeat bytes of the header.
    throw error instanceof BackupError
      ? error
      : damaged("age header", `${subject} has an age header that is damaged or was altered.`);
  });
  return { bytes, fileKey };
}

function headerOf(first: Buffer, subject: string): Buffer {
  const lastLine = first.indexOf(LAST_LINE);
  const end = lastLine < 0 ? -1 : first.indexOf("\n", lastLine + LAST_LINE.length);
  if (end >= 0) return first.subarray(0, end + 1);
  if (first.length < HEADER_BYTES_MAX)
    throw damaged("age header", `${subject} has an age header without an end.`);
  throw new BackupError("LIMIT_EXCEEDED", `${subject} has an age header of over ${HEADER_BYTES_MAX} bytes.`, {
    hint: "If the archive is honest, decrypt it with `age -d`, or with --pipe.",
    details: { rule: "age header", limit: HEADER_BYTES_MAX },
  });
}

/** Throws where the header asks for a passphrase and something else, or for too much work. */
function checkPassphraseCost(stanzas: readonly Stanza[], subject: string): void {
  const passphrase = stanzas.find(isForPassphrase);
  if (passphrase === undefined) return;
  if (stanzas.length > 1)
    throw damaged("age header", `${subject} has an age header with a passphrase and other keys.`);
  // What is no number is the library's to refuse.
  if (Number(passphrase.args[2]) > SCRYPT_WORK_MAX)
    throw new BackupError(
      "LIMIT_EXCEEDED",
      `${subject} has a passphrase that costs more to try than 2^${SCRYPT_WORK_MAX} rounds.`,
      {
        hint: "If the archive is honest, decrypt it with `age -d`, and restore the result.",
        details: { rule: "age work factor", limit: SCRYPT_WORK_MAX },
      },
    );
}

function keyWrong(stanzas: readonly Stanza[], secret: AgeSecret, subject: string): BackupError {
  const hasPassphrase = "passphrase" in secret;
  if (stanzas.some(isForPassphrase) === hasPassphrase)
    return new BackupError(
      "AGE_KEY_WRONG",
      `${subject} is not opened by ${hasPassphrase ? "the passphrase that was given" : "any identity that was given"}.`,
    );
  return hasPassphrase
    ? new BackupError("AGE_KEY_WRONG", `${subject} is encrypted to recipients: no passphrase opens it.`, {
        hint: "Give the identity file of one of the recipients.",
      })
    : new BackupError("AGE_KEY_WRONG", `${subject} is encrypted with a passphrase: no identity opens it.`, {
        hint: "Give the passphrase.",
      });
}

function isForPassphrase({ args: [type] }: Stanza): boolean {
  return type === "scrypt";
}
