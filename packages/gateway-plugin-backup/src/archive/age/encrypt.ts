/** Makes age files of streams. */
import { randomBytes } from "node:crypto";
import { makeHeader } from "./header.js";
import { checkRecipient, isPostQuantum, recipientInvalid } from "./keys.js";
import { CHUNK_BYTES, PAYLOAD_NONCE_BYTES, payloadKey, sealChunk, SEALED_CHUNK_BYTES } from "./payload.js";

/** An age file in the making: its bytes are `header`, what every `update` gives, and `final`, in this order. */
export interface AgeEncryption {
  /** All that stands before the chunks. */
  readonly header: Buffer;
  /** The sealed chunks that are complete, in buffers of their own; `plain` may be used again afterwards. */
  update(plain: Uint8Array): Buffer[];
  /** The last chunk, once and at the end. */
  final(): Buffer;
}

/**
 * Begins a file that any one of the recipients can open. Throws RECIPIENT_INVALID, also for post-quantum recipients mixed
 * with others, as age does: whoever breaks the others would have it all.
 */
export async function encryptTo(recipients: readonly string[]): Promise<AgeEncryption> {
  if (recipients.length === 0) throw recipientInvalid("An archive is to be encrypted to no recipient.");
  recipients.forEach(checkRecipient);
  if (new Set(recipients.map(isPostQuantum)).size > 1)
    throw recipientInvalid("Post-quantum recipients and others cannot be mixed.", {
      hint: "Give either only age1pq1… recipients, or none.",
    });
  const { bytes, fileKey } = await makeHeader([...new Set(recipients)]);
  const nonce = randomBytes(PAYLOAD_NONCE_BYTES);
  return new PayloadSealer(Buffer.concat([bytes, nonce]), payloadKey(fileKey, nonce));
}

/** A chunk is sealed only when a byte follows it, because the last one is sealed in another way. */
class PayloadSealer implements AgeEncryption {
  readonly header: Buffer;
  readonly #key: Buffer;
  /** The beginning of a chunk. */
  readonly #begun = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #begunBytes = 0;
  #number = 0;

  constructor(header: Buffer, key: Buffer) {
    this.header = header;
    this.#key = key;
  }

  update(plain: Uint8Array): Buffer[] {
    const complete = Math.ceil((this.#begunBytes + plain.length) / CHUNK_BYTES) - 1;
    if (complete <= 0) {
      this.#begin(plain);
      return [];
    }
    const sealed = Buffer.allocUnsafeSlow(complete * SEALED_CHUNK_BYTES);
    let position = CHUNK_BYTES - this.#begunBytes;
    this.#begin(plain.subarray(0, position));
    let length = this.#seal(this.#begun, sealed);
    for (; length < sealed.length; position += CHUNK_BYTES)
      length += this.#seal(plain.subarray(position, position + CHUNK_BYTES), sealed.subarray(length));
    this.#begunBytes = 0;
    this.#begin(plain.subarray(position));
    return [sealed];
  }

  final(): Buffer {
    const sealed = Buffer.allocUnsafeSlow(SEALED_CHUNK_BYTES);
    const place = { number: this.#number, isLast: true };
    return sealed.subarray(0, sealChunk(this.#key, place, this.#begun.subarray(0, this.#begunBytes), sealed));
  }

  #begin(plain: Uint8Array): void {
    this.#begun.set(plain, this.#begunBytes);
    this.#begunBytes += plain.length;
  }

  #seal(chunk: Uint8Array, into: Buffer): number {
    return sealChunk(this.#key, { number: this.#number++, isLast: false }, chunk, into);
  }
}
