/**
 * Deterministic sources of content: the same seed gives the same numbers, text and noise on every machine.
 */
import { createCipheriv, createHash } from "node:crypto";

/** A small generator of numbers (mulberry32): fast, and good enough to spread content. Not for secrets. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** From `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.integer(0, items.length - 1)] ?? items[0];
  }

  /** Sizes of real files lie like this: many near the median, a few far above. */
  logNormal(median: number, sigma: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
    return median * Math.exp(sigma * normal);
  }

  hex(digits: number): string {
    let text = "";
    while (text.length < digits) text += this.integer(0, 0xffff).toString(16).padStart(4, "0");
    return text.slice(0, digits);
  }
}

/** Bytes that no compressor makes smaller: AES-CTR's key stream. */
export class Noise {
  readonly #cipher;

  constructor(seed: number) {
    const key = createHash("sha256").update(`noise ${seed}`).digest();
    this.#cipher = createCipheriv("aes-128-ctr", key.subarray(0, 16), key.subarray(16, 32));
  }

  read(bytes: number): Buffer {
    return this.#cipher.update(Buffer.alloc(bytes));
  }
}

const SYLLABLES = [
  "an",
  "ter",
  "ri",
  "co",
  "me",
  "lo",
  "ga",
  "te",
  "way",
  "si",
  "on",
  "ar",
  "chi",
  "ve",
  "pro",
  "mpt",
  "to",
  "ken",
  "u",
  "ser",
] as const;

/** A stock of lines of text, from which files are cut: making every byte afresh would take most of a test's time. */
export class TextPool {
  readonly #bytes: Buffer;
  readonly #random: SeededRandom;

  /** @param bytes size of the stock; longer texts repeat it */
  constructor(
    random: SeededRandom,
    bytes: number,
    line: (random: SeededRandom, words: WordSource) => string,
  ) {
    this.#random = random;
    const words = wordSource(random);
    const lines: string[] = [];
    for (let length = 0; length < bytes;) {
      const text = `${line(random, words)}\n`;
      lines.push(text);
      length += text.length;
    }
    this.#bytes = Buffer.from(lines.join(""));
  }

  /** Whole lines, about `bytes` of them, from a random place. */
  read(bytes: number): Buffer {
    const parts: Buffer[] = [];
    for (let left = bytes; left > 0;) {
      const begin = this.#lineStart(this.#random.integer(0, this.#bytes.length - 1));
      const end = this.#lineEnd(Math.min(begin + left, this.#bytes.length));
      parts.push(this.#bytes.subarray(begin, end));
      left -= end - begin;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  #lineStart(offset: number): number {
    return this.#bytes.lastIndexOf(0x0a, offset - 1) + 1;
  }

  #lineEnd(offset: number): number {
    const newline = this.#bytes.indexOf(0x0a, offset - 1);
    return newline === -1 ? this.#bytes.length : newline + 1;
  }
}

/** Gives a sentence of so many words. */
export type WordSource = (count: number) => string;

function wordSource(random: SeededRandom): WordSource {
  const vocabulary = Array.from({ length: 3000 }, () =>
    Array.from({ length: random.integer(1, 4) }, () => random.pick(SYLLABLES)).join(""),
  );
  // Squaring prefers the first words, as language does.
  const word = () => vocabulary[Math.floor(random.next() ** 2 * vocabulary.length)] ?? "gateway";
  return (count) => Array.from({ length: count }, word).join(" ");
}
