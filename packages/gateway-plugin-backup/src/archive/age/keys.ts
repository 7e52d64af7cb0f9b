/**
 * Keys of age: whom an archive is encrypted to, and what opens it again. Nothing of a secret is ever part of an error: the
 * library's own errors repeat what they were given, so none of them is passed on, not even as a cause.
 */
import { Decrypter, Encrypter } from "age-encryption";
import { BackupError } from "../../errors.js";
import { shownPath } from "../entry-name.js";
import { rawPath } from "../raw-path.js";

/** What opens an archive: identities (`AGE-SECRET-KEY-…`), one of which must fit, or a passphrase. */
export type AgeSecret = { readonly identities: readonly string[] } | { readonly passphrase: string };

/** Of a recipient in a message: a post-quantum one has 1,959 characters. */
const SHOWN_CHARACTERS = 70;
const SECRET_KEY = /AGE-(SECRET-KEY|PLUGIN)-|PRIVATE KEY/i;
const POST_QUANTUM = "age1pq1";
/** Bech32 writes the key without a 1: between age1 and the last 1 stands the kind, or the name of a plugin. */
const AGE_RECIPIENT = /^age1(?:(?<kind>[a-z0-9+._-]+)1)?/;
const AGE_FILE = /^(age-encryption\.org\/|-----BEGIN AGE ENCRYPTED FILE-----)/;

/**
 * Whether an archive can be encrypted to this recipient: `age1…` (X25519) or `age1pq1…` (post-quantum). Throws
 * RECIPIENT_INVALID, which names the recipient unless it looks like a secret, or like nothing.
 */
export function checkRecipient(text: string): void {
  if (SECRET_KEY.test(text))
    throw recipientInvalid("A secret key was given as a recipient.", {
      hint: "A recipient is the public half, age1…: `age-keygen -y key.txt` prints it. Make a new key if this one was seen by others.",
    });
  if (text.startsWith("ssh-"))
    throw recipientInvalid(`The recipient ${shown(text)} is an ssh key.`, {
      hint: "Native encryption takes age1… recipients; for ssh keys use --pipe \"age -r 'ssh-…'\".",
    });
  const recipient = AGE_RECIPIENT.exec(text);
  if (recipient === null)
    throw recipientInvalid(`A recipient of ${text.length} characters that does not begin with age1 is none.`);
  const kind = recipient.groups?.["kind"];
  if (kind !== undefined && kind !== "pq")
    throw recipientInvalid(
      `The recipient ${shown(text)} is of the kind ${shown(kind)}, which takes a plugin.`,
      {
        hint: 'Native encryption takes age1… recipients; for those of plugins use --pipe "age -r …".',
      },
    );
  if (!isAccepted(() => new Encrypter().addRecipient(text)))
    throw recipientInvalid(`The recipient ${shown(text)} is mistyped or not complete.`);
}

/** Whether it is one that a quantum computer does not break. */
export function isPostQuantum(recipient: string): boolean {
  return recipient.startsWith(POST_QUANTUM);
}

/**
 * The identities of an identity file: one a line, with blank lines and `#` comments between. Throws IDENTITY_INVALID, which
 * tells a line by its number.
 */
export function parseIdentities(text: string): readonly string[] {
  if (AGE_FILE.test(text))
    throw identityInvalid("The identity file is itself encrypted.", {
      hint: "Decrypt it first, where only you can read it: `age -d -o key.txt key.age`.",
    });
  const identities = text.split("\n").flatMap((line, index) => {
    const identity = line.trim();
    if (identity === "" || identity.startsWith("#")) return [];
    checkIdentity(identity, index + 1);
    return [identity];
  });
  if (identities.length === 0) throw identityInvalid("The identity file holds no identity.");
  return identities;
}

function checkIdentity(identity: string, line: number): void {
  const where = `Line ${line} of the identity file`;
  if (identity.startsWith("AGE-PLUGIN-")) throw identityInvalid(`${where} is an identity of a plugin.`);
  if (identity.includes("PRIVATE KEY")) throw identityInvalid(`${where} begins an ssh key.`);
  if (identity.startsWith("age1"))
    throw identityInvalid(`${where} is a recipient: it encrypts, and opens nothing.`);
  if (!identity.startsWith("AGE-SECRET-KEY-")) throw identityInvalid(`${where} is no identity.`);
  if (!isAccepted(() => new Decrypter().addIdentity(identity)))
    throw identityInvalid(`${where} is mistyped or not complete.`);
}

function isAccepted(action: () => void): boolean {
  try {
    action();
  } catch {
    return false;
  }
  return true;
}

function shown(text: string): string {
  const start = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return `"${shownPath(rawPath(start))}"`;
}

interface WayOut {
  readonly hint?: string;
}

/** A RECIPIENT_INVALID. `message` is a whole sentence. */
export function recipientInvalid(message: string, wayOut: WayOut = {}): BackupError {
  return new BackupError("RECIPIENT_INVALID", message, wayOut);
}

function identityInvalid(message: string, wayOut: WayOut = {}): BackupError {
  return new BackupError("IDENTITY_INVALID", message, wayOut);
}
