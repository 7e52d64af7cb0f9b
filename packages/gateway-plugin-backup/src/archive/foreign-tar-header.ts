/**
 * Tar headers as other tools write them: v7, POSIX ustar and pax (POSIX.1-2017, `pax`), GNU tar ("Basic Tar Format" in
 * its manual). Pure decoding; {@link ./foreign-tar.ts} puts the pieces together. Names stay bytes.
 */
import type { TarRule } from "./damage.js";
import { type RawPath, rawPathFromBytes } from "./raw-path.js";

export interface TarBlock {
  readonly path: RawPath;
  /** The type flag as a character; "0" for the NUL of old tars. A directory of those has only the slash behind its name. */
  readonly typeFlag: string;
  /** Permission bits. */
  readonly mode: number;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly target: RawPath;
}

/** A header that cannot be understood, and the rule it breaks; the reader adds which archive and where. */
export class TarHeaderError extends Error {
  readonly rule: TarRule;
  /** The entry's name, where the header has told it. */
  readonly path: RawPath | undefined;

  constructor(rule: TarRule, message: string, path?: RawPath) {
    super(message);
    this.rule = rule;
    this.path = path;
  }
}

/** The largest size that a header's eleven octal digits can say. */
export const OCTAL_SIZE_MAX = 8 ** 11 - 1;

const CHECKSUM = { start: 148, end: 156 };
const NS_PER_SECOND = 1_000_000_000n;

/**
 * Whether a block's checksum is right; a block of zeros has none. POSIX sums unsigned bytes; historic tars summed signed
 * ones, and every reader takes those as well.
 */
export function hasTarChecksum(block: Uint8Array): boolean {
  let sum = 0;
  let above127 = 0;
  for (const byte of block) {
    sum += byte;
    above127 += byte >> 7;
  }
  // The field itself counts as spaces.
  for (const byte of block.subarray(CHECKSUM.start, CHECKSUM.end)) {
    sum += 0x20 - byte;
    above127 -= byte >> 7;
  }
  const field = text(block, CHECKSUM.start, CHECKSUM.end).trim();
  if (!/^[0-7]+$/.test(field)) return false;
  const expected = parseInt(field, 8);
  return expected === sum || expected === sum - 256 * above127;
}

/** Decodes one header block of 512 bytes. Throws {@link TarHeaderError}. */
export function decodeTarBlock(block: Uint8Array): TarBlock {
  if (!hasTarChecksum(block)) throw new TarHeaderError("header checksum", "its checksum is wrong");
  const name = text(block, 0, 100);
  // Old GNU headers ("ustar  ") keep times in the place of POSIX's prefix.
  const prefix = text(block, 257, 263, false) === "ustar\0" ? text(block, 345, 500) : "";
  const path = (prefix === "" ? name : `${prefix}/${name}`) as RawPath;
  const flag = text(block, 156, 157, false);
  const size = numeric(block, 124, 136, "size", path);
  if (size < 0n || size > BigInt(Number.MAX_SAFE_INTEGER))
    throw new TarHeaderError("size out of range", "its size is impossible", path);
  return {
    path,
    typeFlag: flag === "\0" ? "0" : flag,
    mode: Number(numeric(block, 100, 108, "mode", path) & 0o777n),
    size: Number(size),
    mtimeNs: numeric(block, 136, 148, "mtime", path) * NS_PER_SECOND,
    target: text(block, 157, 257) as RawPath,
  };
}

/** A field as one character per byte, up to its first NUL unless `terminated` is false. */
function text(block: Uint8Array, start: number, end: number, terminated = true): string {
  const field: string = rawPathFromBytes(block.subarray(start, end));
  const nul = terminated ? field.indexOf("\0") : -1;
  return nul < 0 ? field : field.slice(0, nul);
}

/** Octal digits, or GNU's base 256 (high bit of the first byte set, two's complement). */
function numeric(
  block: Uint8Array,
  start: number,
  end: number,
  name: "mode" | "size" | "mtime",
  path: RawPath,
): bigint {
  const field = block.subarray(start, end);
  const [first = 0] = field;
  if ((first & 0x80) !== 0) {
    const bits = BigInt(field.length * 8);
    let value = 0n;
    for (const byte of field) value = (value << 8n) | BigInt(byte);
    // A positive number has only the marker bit set on top, which is no part of it.
    return (first & 0x40) === 0 ? value & ~(1n << (bits - 1n)) : value - (1n << bits);
  }
  const digits = text(block, start, end).trim();
  if (digits === "") return 0n;
  if (!/^[0-7]+$/.test(digits)) throw new TarHeaderError(`${name} field`, `its ${name} is no number`, path);
  return BigInt(`0o${digits}`);
}
