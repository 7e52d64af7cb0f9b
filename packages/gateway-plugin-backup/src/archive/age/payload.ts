/**
 * What follows the header of an age file (C2SP, age.md, "Payload"): the plain bytes in chunks of 64 KiB, each sealed with
 * ChaCha20-Poly1305 under its number, and the last one marked as such. By the platform's ciphers, which do 18 times as
 * many bytes a second as those of the library.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";

export const CHUNK_BYTES = 64 * 1024;
export const TAG_BYTES = 16;
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
/** It stands between header and chunks, and gives every payload a key of its own. */
export const PAYLOAD_NONCE_BYTES = 16;

const CIPHER = "chacha20-poly1305";
const KEY_BYTES = 32;
const CHUNK_NONCE_BYTES = 12;
/** The number takes the 11 bytes before the mark of the last chunk; what fits into 6 of them is enough for 16 EiB. */
const NUMBER_OFFSET = 5;
const NUMBER_BYTES = 6;
const LAST_OFFSET = 11;

export function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync("sha256", fileKey, nonce, "payload", KEY_BYTES));
}

export interface ChunkPlace {
  /** From 0. */
  readonly number: number;
  readonly isLast: boolean;
}

/** Seals a chunk, into the beginning of `into`; as many bytes of it are used as are returned. */
export function sealChunk(key: Uint8Array, place: ChunkPlace, plain: Uint8Array, into: Buffer): number {
  const cipher = createCipheriv(CIPHER, key, chunkNonce(place), { authTagLength: TAG_BYTES });
  into.set(cipher.update(plain));
  cipher.final();
  into.set(cipher.getAuthTag(), plain.length);
  return plain.length + TAG_BYTES;
}

/** The plain bytes; undefined when it is not the chunk that was sealed for this place with this key. */
export function openChunk(key: Uint8Array, place: ChunkPlace, sealed: Uint8Array): Buffer | undefined {
  const tagStart = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, chunkNonce(place), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(tagStart));
  const plain = decipher.update(sealed.subarray(0, tagStart));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plain;
}

function chunkNonce({ number, isLast }: ChunkPlace): Buffer {
  const nonce = Buffer.alloc(CHUNK_NONCE_BYTES);
  nonce.writeUIntBE(number, NUMBER_OFFSET, NUMBER_BYTES);
  nonce[LAST_OFFSET] = isLast ? 1 : 0;
  return nonce;
}

export interface PayloadLayout {
  readonly chunks: number;
  readonly plainBytes: number;
}

/**
 * How `sealedBytes` fall into chunks. Undefined where they cannot: the last chunk has no room for its tag, or is empty
 * behind others.
 */
export function payloadLayout(sealedBytes: number): PayloadLayout | undefined {
  const chunks = Math.ceil(sealedBytes / SEALED_CHUNK_BYTES);
  const lastBytes = sealedBytes - (chunks - 1) * SEALED_CHUNK_BYTES - TAG_BYTES;
  if (chunks === 0 || lastBytes < 0 || (lastBytes === 0 && chunks > 1)) return undefined;
  return { chunks, plainBytes: sealedBytes - chunks * TAG_BYTES };
}
