/**
 * Tar headers as other tools write them: v7, POSIX ustar and pax (POSIX.1-2017, `pax`), GNU tar ("Basic Tar Format" in
 * its manual). Pure decoding; {@link ./foreign-tar.ts} puts the pieces together. Names stay bytes.
 */
import { type RawPath, rawPathFromBytes } from "./raw-path.js";

export interface TarBlock {
  readonly path: RawPath;
  /** The type flag as a character; "0" for the NUL of old tars. */
  readonly typeFlag: string;
  /** Permission bits. */
  readonly mode: number;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly target: RawPath;
}

/** A header that cannot be understood; the reader adds which archive and where. */
export class TarHeaderError extends Error {}

const CHECKSUM = { start: 148, end: 156 };
const NS_PER_SECOND = 1_000_000_000n;

/** Whether a block's checksum is right; a block of zeros has none. */
export function hasTarChecksum(block: Uint8Array): boolean {
  let sum = 0;
  for (const byte of block) sum += byte;
  if (sum === 0) return false;
  for (const byte of block.subarray(CHECKSUM.start, CHECKSUM.end)) sum += 0x20 - byte;
  const field = text(block, CHECKSUM.start, CHECKSUM.end).trim();
  return /^[0-7]+$/.test(field) && parseInt(field, 8) === sum;
}

/** Decodes one header block of 512 bytes. Throws {@link TarHeaderError}. */
export function decodeTarBlock(block: Uint8Array): TarBlock {
  if (!hasTarChecksum(block)) throw new TarHeaderError("its checksum is wrong");
  const name = text(block, 0, 100);
  // Old GNU headers ("ustar  ") keep times in the place of POSIX's prefix.
  const prefix = text(block, 257, 263, false) === "ustar\0" ? text(block, 345, 500) : "";
  const flag = text(block, 156, 157, false);
  const typeFlag = flag === "\0" ? "0" : flag;
  return {
    path: (prefix === "" ? name : `${prefix}/${name}`) as RawPath,
    // Tars before POSIX have no type for directories, only the slash.
    typeFlag: typeFlag === "0" && name.endsWith("/") ? "5" : typeFlag,
    mode: Number(numeric(block, 100, 108, "mode") & 0o777n),
    size: sizeOf(numeric(block, 124, 136, "size")),
    mtimeNs: numeric(block, 136, 148, "mtime") * NS_PER_SECOND,
    target: text(block, 157, 257) as RawPath,
  };
}

/** The records of a pax extended header, by key; values stay bytes. Throws {@link TarHeaderError}. */
export function decodePaxRecords(bytes: Uint8Array): Map<string, RawPath> {
  const records = new Map<string, RawPath>();
  const all: string = rawPathFromBytes(bytes);
  for (let position = 0; position < all.length;) {
    const space = all.indexOf(" ", position);
    const digits = all.slice(position, space);
    const end = position + Number(digits);
    const equals = all.indexOf("=", space);
    if (
      !/^[0-9]{1,10}$/.test(digits) ||
      end > all.length ||
      equals < 0 ||
      equals >= end ||
      all[end - 1] !== "\n"
    )
      throw new TarHeaderError("its pax records are malformed");
    records.set(all.slice(space + 1, equals), all.slice(equals + 1, end - 1) as RawPath);
    position = end;
  }
  return records;
}

/** A pax time: decimal seconds, with or without a fraction. Throws {@link TarHeaderError}. */
export function decodePaxTime(value: string): bigint {
  const match = /^(-?)([0-9]{1,18})(?:\.([0-9]*))?$/.exec(value);
  if (match === null) throw new TarHeaderError("its pax mtime is malformed");
  const [, sign, seconds = "", fraction = ""] = match;
  const ns = BigInt(seconds) * NS_PER_SECOND + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return sign === "-" ? -ns : ns;
}

/** A pax size: decimal bytes. Throws {@link TarHeaderError}. */
export function decodePaxSize(value: string): number {
  if (!/^[0-9]{1,20}$/.test(value)) throw new TarHeaderError("its pax size is malformed");
  return sizeOf(BigInt(value));
}

function sizeOf(value: bigint): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new TarHeaderError("its size is impossible");
  return Number(value);
}

/** A field as one character per byte, up to its first NUL unless `terminated` is false. */
function text(block: Uint8Array, start: number, end: number, terminated = true): string {
  const field: string = rawPathFromBytes(block.subarray(start, end));
  const nul = terminated ? field.indexOf("\0") : -1;
  return nul < 0 ? field : field.slice(0, nul);
}

/** Octal digits, or GNU's base 256 (high bit of the first byte set, two's complement). */
function numeric(block: Uint8Array, start: number, end: number, name: string): bigint {
  const field = block.subarray(start, end);
  const first = field[0] ?? 0;
  if ((first & 0x80) !== 0) {
    const bits = BigInt(field.length * 8);
    let value = 0n;
    for (const byte of field) value = (value << 8n) | BigInt(byte);
    // A positive number has only the marker bit set on top, which is no part of it.
    return (first & 0x40) === 0 ? value & ~(1n << (bits - 1n)) : value - (1n << bits);
  }
  const digits = text(block, start, end).trim();
  if (digits === "") return 0n;
  if (!/^[0-7]+$/.test(digits)) throw new TarHeaderError(`its ${name} is no number`);
  return BigInt(`0o${digits}`);
}
