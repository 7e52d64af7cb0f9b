/** Which signatures count: the gateway's own key, those that its config trusts, and whether an archive has to have one. */
import type { KeyObject } from "node:crypto";
import { isKeyId, keyIdOf } from "../archive/signature.js";
import type { BackupConfig } from "../config.js";
import { BackupError } from "../errors.js";
import type { SigningKeyFile } from "./signing-key.js";
import type { TrustedSigners } from "./thread/protocol.js";

/** Who has signed an archive, as results tell it. `keyId`: `ed25519:` and the public key in base64. */
export type Signer =
  | { readonly trust: "own" | "trusted" | "stranger"; readonly keyId: string }
  /** It has no signature. */
  | { readonly trust: "unsigned" };

/** What a request may ask for. */
export interface SignatureRequest {
  /** Refuse an archive that no trusted key has signed, also where the config does not. */
  readonly requireSignature?: boolean;
}

export class Signatures {
  readonly #file: SigningKeyFile;
  readonly #config: BackupConfig["signatures"];

  /** Throws `REQUEST_INVALID` for a trusted key whose id is none. */
  constructor(file: SigningKeyFile, config: BackupConfig["signatures"]) {
    for (const id of config.trusted)
      if (!isKeyId(id))
        throw new BackupError(
          "REQUEST_INVALID",
          `plugins.backup.signatures.trusted: "${id}" is no id of a key: the public key may be cut off or mistyped.`,
          { hint: "`openclaw status` of the gateway whose archives are to be trusted shows its key's id." },
        );
    this.#file = file;
    this.#config = config;
  }

  /** Whether every archive that is restored or checked has to be signed by a trusted key. */
  get isRequired(): boolean {
    return this.#config.require;
  }

  get trusted(): readonly string[] {
    return this.#config.trusted;
  }

  /** The private key that signs archives; made at first need. Rejects with `SIGNING_KEY_UNUSABLE`, `DISK_FULL`, … */
  key(): Promise<KeyObject> {
    return this.#file.readOrMake();
  }

  /** Id of that key; rejects as {@link key} does. */
  async ownId(): Promise<string> {
    return keyIdOf(await this.key());
  }

  /** As {@link ownId}, and makes none; undefined: there is no key. */
  async existingId(): Promise<string | undefined> {
    const key = await this.#file.read();
    return key === undefined ? undefined : keyIdOf(key);
  }

  /** The keys by one of which an archive has to be signed; undefined: anybody's archive will do. Rejects as {@link key} does. */
  async required({ requireSignature = false }: SignatureRequest = {}): Promise<TrustedSigners | undefined> {
    if (!this.isRequired && !requireSignature) return undefined;
    return { trusted: [await this.ownId(), ...this.#config.trusted] };
  }

  /** Who that is. A key of its own that cannot be read is as good as a stranger's: it does not keep a restore from being told. */
  async signer(keyId: string | undefined): Promise<Signer> {
    if (keyId === undefined) return { trust: "unsigned" };
    if (this.#config.trusted.includes(keyId)) return { trust: "trusted", keyId };
    const own = await this.#file.read().catch(() => undefined);
    return { trust: own !== undefined && keyIdOf(own) === keyId ? "own" : "stranger", keyId };
  }
}
