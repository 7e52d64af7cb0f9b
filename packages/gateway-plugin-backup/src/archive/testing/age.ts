/** Age files for tests. */
import { encryptTo } from "../age/encrypt.js";

/** An age file of `plain`, which is given to the encryption in pieces of these sizes, one after the other and again. */
export async function encrypted(
  recipients: readonly string[],
  plain: Uint8Array,
  pieces: readonly number[] = [100_000],
): Promise<Buffer> {
  const encryption = await encryptTo(recipients);
  const parts = [encryption.header];
  for (let position = 0, index = 0; position < plain.length; index++) {
    const size = pieces[index % pieces.length] ?? plain.length;
    // The memory is used again, as callers may.
    const piece = Buffer.from(plain.subarray(position, position + size));
    parts.push(...encryption.update(piece));
    piece.fill(0xee);
    position += size;
  }
  parts.push(encryption.final());
  return Buffer.concat(parts);
}

/** Bytes that differ everywhere, and are the same in every run. */
export function patterned(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let position = 0, state = 1; position < length; position++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[position] = state >>> 24;
  }
  return bytes;
}
