/**
 * Tells encrypted pages from other content. An extension that encrypts databases (SQLCipher and its like) leaves no
 * header: the first page begins with a random salt, and what follows cannot be told from random bytes either.
 */

/**
 * Pearson's chi-square of the byte values. For random bytes it has a mean of 255 and a standard deviation of 22.6; this is
 * six deviations above. Text, pictures and executables come to thousands in their first 512 bytes; what is compressed
 * without a header to speak of passes, and is then copied with the same care as an encrypted database.
 */
const CHI_SQUARE_LIMIT = 400;
const BYTE_VALUES = 256;

/** @param bytes The first 512 bytes of the file. */
export function looksRandom(bytes: Uint8Array): boolean {
  const counts = new Map<number, number>();
  for (const byte of bytes) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  const expected = bytes.length / BYTE_VALUES;
  // The sum of (count - expected)² / expected over all values, multiplied out: those that do not occur add nothing.
  let squares = 0;
  for (const count of counts.values()) squares += count ** 2;
  return squares / expected - bytes.length < CHI_SQUARE_LIMIT;
}
