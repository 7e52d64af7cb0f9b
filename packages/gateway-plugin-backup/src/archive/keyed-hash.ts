/**
 * HalfSipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012; Linux keys hash tables of its own
 * with the same function, include/linux/siphash.h): a short hash that nobody who does not know the key can make collide.
 */
import { randomBytes } from "node:crypto";

export interface HashKey {
  readonly first: number;
  readonly second: number;
}

/** Eight random bytes as a key. */
export function hashKey(bytes: Buffer): HashKey {
  return { first: bytes.readInt32LE(0), second: bytes.readInt32LE(4) };
}

/** Of this process, so that no archive can be made to fit it. */
export const PROCESS_KEY = hashKey(randomBytes(8));

const FINAL_ROUNDS = 3;

/**
 * 32 bits, signed, for a number of 32 bits and the first `length` bytes of `bytes`: at most 255, behind which at least
 * three bytes of 0 stand.
 */
export function keyedHash(
  { first, second }: HashKey,
  number: number,
  bytes: DataView,
  length: number,
): number {
  let v0 = first;
  let v1 = second;
  let v2 = first ^ 0x6c796765;
  let v3 = second ^ 0x74656462;
  const lastWord = length >>> 2;
  for (let i = -1; i <= lastWord + FINAL_ROUNDS; i++) {
    let word = 0;
    if (i < 0) word = number | 0;
    else if (i <= lastWord) word = bytes.getInt32(i * 4, true);
    if (i === lastWord) word |= length << 24;
    if (i === lastWord + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}
