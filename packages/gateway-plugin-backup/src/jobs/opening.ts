/** What a request gives to open an encrypted archive with. Keys stay in memory: they are in no ledger, log or error. */
import { parseIdentities } from "../archive/age/keys.js";
import { BackupError } from "../errors.js";
import type { Pipes } from "./pipes.js";
import { pipeDirectory } from "./sealing-of.js";
import type { Services } from "./services.js";
import type { Opener } from "./thread/encryption.js";

/** One of them. */
export interface DecryptOptions {
  /** The text of an age identity file. */
  readonly identity?: string;
  readonly passphrase?: string;
  /** A command of the gateway's machine, such as `age -d -i /path/key.txt`; see `Pipes`. */
  readonly pipe?: string;
}

/** For a request to a job's thread. */
export interface Opening {
  readonly opener?: Opener;
}

/** Throws `REQUEST_INVALID` where more than one is given, `IDENTITY_INVALID`, `PIPE_NOT_ALLOWED`, `PIPE_UNAVAILABLE`. */
export function openerOf(
  services: Pick<Services, "host" | "pipes">,
  decrypt: DecryptOptions | undefined,
): Opening {
  return openerWith(services.pipes, pipeDirectory(services), decrypt);
}

/** @param directory Where a program works, and what it gives lies for a while. */
export function openerWith(
  pipes: Pick<Pipes, "command">,
  directory: string,
  decrypt: DecryptOptions | undefined,
): Opening {
  if (decrypt === undefined) return {};
  const { identity, passphrase, pipe } = decrypt;
  if (Object.values(decrypt).filter((value) => value !== undefined).length !== 1)
    throw new BackupError(
      "REQUEST_INVALID",
      "An archive is opened with an identity, a passphrase, or a pipe: give one.",
    );
  if (pipe !== undefined) return { opener: { kind: "pipe", command: pipes.command(pipe), directory } };
  // One of the two is given.
  const secret =
    passphrase === undefined ? { identities: parseIdentities(String(identity)) } : { passphrase };
  return { opener: { kind: "age", secret } };
}

/** The part that may stand in the ledger. */
export function publicDecrypt(decrypt: DecryptOptions | undefined): {
  readonly decrypt?: { readonly with: string };
} {
  if (decrypt === undefined) return {};
  const { passphrase, pipe } = decrypt;
  return { decrypt: { with: pipe ?? (passphrase === undefined ? "identity" : "passphrase") } };
}
