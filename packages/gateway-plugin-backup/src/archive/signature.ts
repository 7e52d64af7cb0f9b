/**
 * Who made an archive: an Ed25519 signature (RFC 8032, without a prehash) over the bytes of the index frame, which holds the
 * hash of everything else. The key's id is the public key itself, so that anybody can check a signature with the archive
 * alone; whether that key is one to be trusted is not known here.
 */
import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { damaged } from "./damage.js";
import { SIGNATURE_FRAME_MAGIC } from "./format.js";
import { readSkippableFrame, SKIPPABLE_HEADER_BYTES, skippableFrame } from "./frames.js";

const ALGORITHM = "ed25519";
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** What stands before the key in its DER form, a SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_BEGINNING = Buffer.from("302a300506032b6570032100", "hex");

/**
 * Public keys, apart from their highest bit, with which signatures can be made that fit anything: the points of small order
 * and their other encodings (C. Cremers, D. Jackson, "Prime, Order Please!", 2019; the list that libsodium refuses).
 */
const SMALL_ORDER = new Set([
  `00${"00".repeat(31)}`,
  `01${"00".repeat(31)}`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
]);

const BASE64 = "[A-Za-z0-9+/]+={0,2}";
const KEY_ID = new RegExp(`^${ALGORITHM}:(${BASE64})$`);
/** The one form of the frame's JSON: these three members, in this order, written as ECMAScript's `JSON.stringify` does. */
const PAYLOAD = new RegExp(
  `^\\{"algorithm":"${ALGORITHM}","keyId":"(${ALGORITHM}:${BASE64})","signature":"(${BASE64})"\\}$`,
);

/** Every signature frame is as long as this. */
export const SIGNATURE_FRAME_BYTES =
  SKIPPABLE_HEADER_BYTES +
  encode(keyId(Buffer.alloc(PUBLIC_KEY_BYTES)), Buffer.alloc(SIGNATURE_BYTES)).length;

/** The id of a pair of Ed25519 keys, from either: `ed25519:` and the public key in base64. Throws for a key of another kind. */
export function keyIdOf(key: KeyObject): string {
  if (key.asymmetricKeyType !== ALGORITHM) throw new Error(`is no ${ALGORITHM} key`);
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return keyId(publicKey.export({ format: "der", type: "spki" }).subarray(SPKI_BEGINNING.length));
}

/** Whether a text is the id of a key, written the one way that counts. */
export function isKeyId(text: string): boolean {
  return publicKeyOf(text) !== undefined;
}

/** The frame that stands behind an index frame. `key`: the private one. */
export function signatureFrame(indexFrame: Uint8Array, key: KeyObject): Buffer {
  return skippableFrame(SIGNATURE_FRAME_MAGIC, encode(keyIdOf(key), sign(null, indexFrame, key)));
}

/** Signs an index frame that comes in pieces: in memory as a whole, because Ed25519 goes over it twice. */
export class IndexSigner {
  readonly #key: KeyObject;
  readonly #indexFrame: Buffer;
  #length = 0;

  constructor(key: KeyObject, frameBytes: number) {
    this.#key = key;
    this.#indexFrame = Buffer.allocUnsafeSlow(frameBytes);
  }

  update(piece: Uint8Array): void {
    this.#indexFrame.set(piece, this.#length);
    this.#length += piece.length;
  }

  /** After the last piece. */
  frame(): Buffer {
    return signatureFrame(this.#indexFrame, this.#key);
  }
}

/** The id of the key that has signed an index. Throws ARCHIVE_DAMAGED: another form, or not this index's signature. */
export function readSignature(frame: Uint8Array, indexFrame: Uint8Array): string {
  const payload = Buffer.from(readSkippableFrame(frame, SIGNATURE_FRAME_MAGIC)).toString("latin1");
  const [, signer = "", text = ""] = PAYLOAD.exec(payload) ?? [];
  const key = publicKeyOf(signer);
  const signature = fromBase64(text, SIGNATURE_BYTES);
  if (key === undefined || signature === undefined)
    throw damaged("signature", "The archive's signature has another form than signatures have.");
  if (!isSignature(signature, indexFrame, key))
    throw damaged("signature", `The archive's index is not what ${signer} has signed.`);
  return signer;
}

function isSignature(signature: Uint8Array, indexFrame: Uint8Array, publicKey: Uint8Array): boolean {
  const key = Buffer.concat([SPKI_BEGINNING, publicKey]);
  return verify(null, indexFrame, { key, format: "der", type: "spki" }, signature);
}

function encode(signer: string, signature: Buffer): Buffer {
  const text = { algorithm: ALGORITHM, keyId: signer, signature: signature.toString("base64") };
  return Buffer.from(JSON.stringify(text));
}

function keyId(publicKey: Buffer): string {
  return `${ALGORITHM}:${publicKey.toString("base64")}`;
}

function publicKeyOf(id: string): Buffer | undefined {
  const key = fromBase64(KEY_ID.exec(id)?.[1] ?? "", PUBLIC_KEY_BYTES);
  return key !== undefined && isOfSmallOrder(key) ? undefined : key;
}

function isOfSmallOrder(publicKey: Buffer): boolean {
  const masked = Buffer.from(publicKey);
  masked.writeUInt8(masked.readUInt8(PUBLIC_KEY_BYTES - 1) & 0x7f, PUBLIC_KEY_BYTES - 1);
  return SMALL_ORDER.has(masked.toString("hex"));
}

/** Undefined for anything but so many bytes in their one form (RFC 4648, sections 3.5 and 4). */
function fromBase64(text: string, length: number): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.length === length && bytes.toString("base64") === text ? bytes : undefined;
}
