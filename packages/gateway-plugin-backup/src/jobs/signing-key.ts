/**
 * The gateway's key: an Ed25519 private key in PKCS#8 PEM, `backup/keys/signing-key.pem`, mode 0600. It is made once, and never
 * written over: what it has signed is told from a stranger's by it alone.
 */
import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { dirname, join } from "node:path";
import { keyIdOf } from "../archive/signature.js";
import { BackupError, toBackupError } from "../errors.js";
import { makeDirectory } from "./make-directory.js";

/** Such a file has 119 bytes; a person may have put a line or two beside the key. */
const MAX_FILE_BYTES = 4096;

/** Bits of a mode that let others than the owner in. */
const OTHERS = 0o077;

/** @param backup The plugin's own directory in the state. */
export function signingKeyFile(backup: string): string {
  return join(backup, "keys", "signing-key.pem");
}

export class SigningKeyFile {
  readonly path: string;
  /** Resolves when nobody makes a key. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** The key; it is made where there is none. Rejects with `SIGNING_KEY_UNUSABLE`, `DISK_FULL`, `READ_ONLY`, `IO_FAILED`. */
  readOrMake(): Promise<KeyObject> {
    const key = this.#turn.then(async () => (await this.read()) ?? (await this.#make()));
    this.#turn = key.catch(() => undefined);
    return key;
  }

  /** As the file is now; undefined: it is not there. Rejects as {@link readOrMake} does. */
  async read(): Promise<KeyObject | undefined> {
    const text = await this.#text();
    if (text === undefined) return undefined;
    let key: KeyObject;
    try {
      key = createPrivateKey(text);
      keyIdOf(key);
    } catch (cause) {
      throw this.#unusable("holds no Ed25519 private key in PEM without a passphrase", { cause });
    }
    return key;
  }

  async #text(): Promise<string | undefined> {
    try {
      const handle = await open(this.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        const { size, mode } = await handle.stat();
        const isRegular = (mode & constants.S_IFMT) === constants.S_IFREG;
        if (!isRegular || size > MAX_FILE_BYTES) throw this.#unusable("is no small regular file");
        if ((mode & OTHERS) !== 0)
          throw this.#unusable(
            `can be read or written by others: its mode is ${(mode & 0o777).toString(8)}`,
            {
              hint: `If nobody else had it, \`chmod 600 ${this.path}\`; else replace the key: see docs/operations.md.`,
            },
          );
        return await handle.readFile("utf8");
      } finally {
        await handle.close();
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      if (code === "ELOOP") throw this.#unusable("is a symbolic link");
      throw toBackupError(error, `read the signing key ${this.path}`);
    }
  }

  /** Whole or not at all; nobody else makes one, because a gateway has its state directory to itself. */
  async #make(): Promise<KeyObject> {
    const temporary = `${this.path}.new`;
    const key = generateKeyPairSync("ed25519").privateKey;
    try {
      await makeDirectory(dirname(this.path));
      // What a crash has left.
      await rm(temporary, { force: true });
      const handle = await open(temporary, "wx", 0o600);
      try {
        await handle.writeFile(key.export({ format: "pem", type: "pkcs8" }));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, this.path);
      await syncDirectory(dirname(this.path));
    } catch (error) {
      throw toBackupError(error, `make the signing key ${this.path}`);
    }
    return key;
  }

  #unusable(how: string, options: { readonly hint?: string; readonly cause?: unknown } = {}): BackupError {
    return new BackupError("SIGNING_KEY_UNUSABLE", `The gateway's signing key ${this.path} ${how}.`, options);
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
