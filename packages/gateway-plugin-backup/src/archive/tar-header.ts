/**
 * The canonical tar headers of format version 1: pure, and the same bytes for the same entry, so that a reader may check
 * a header by making it again from the index.
 *
 * Layout of the ustar block: POSIX.1-2017, `pax`, "ustar Interchange Format"; extended headers: the same page, "pax
 * Extended Header". What ustar can say stands in ustar alone, because every tool reads that.
 */
import { paxRecords } from "./pax.js";
import type { EntryType } from "./format.js";
import type { RawPath } from "./raw-path.js";

export const BLOCK_BYTES = 512;

/** What a tar header says of an entry. The path has passed the entry policy: no NUL, no trailing slash, not empty. */
export interface TarEntry {
  /** Full path in the tar, without a trailing slash. */
  readonly path: RawPath;
  readonly type: EntryType;
  /** Permission bits; what lies outside 0777 is dropped. */
  readonly mode: number;
  /** Content bytes; counts for files only. */
  readonly size: number;
  /** Nanoseconds since the epoch. The header keeps whole seconds, clamped to what 11 octal digits can say. */
  readonly mtimeNs: bigint;
  /** Of a symlink, and of nothing else. */
  readonly target?: RawPath;
}

/** The two zero blocks that end a tar stream. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK_BYTES);

const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
/** 8 GiB - 1, and the year 2242: the most that 11 octal digits can say. */
const MAX_OCTAL_11 = 8 ** 11 - 1;

const TYPE_FLAGS: Readonly<Record<EntryType, string>> = { file: "0", symlink: "2", directory: "5" };
const PAX_TYPE_FLAG = "x";
const PAX_MODE = 0o644;
const PAX_DIRECTORY = "PaxHeaders/";

/** The entry's header: a ustar block, with a PAX extended header before it only where ustar cannot say it. */
export function encodeTarHeader(entry: TarEntry): Buffer {
  const header = Buffer.alloc(tarHeaderBytes(entry));
  writeTarHeader(entry, header, 0);
  return header;
}

/** Writes what {@link encodeTarHeader} gives into `target` from `at` on, whatever stood there; returns its length. */
export function writeTarHeader(entry: TarEntry, target: Buffer, at: number): number {
  const plan = planHeader(entry);
  let end = at;
  if (plan.pax !== "") {
    writeUstarBlock(target, end, {
      name: paxHeaderName(entry.path),
      prefix: "",
      mode: PAX_MODE,
      size: plan.pax.length,
      seconds: 0,
      typeFlag: PAX_TYPE_FLAG,
      target: "",
    });
    end += paxBytes(plan.pax);
    const written = at + BLOCK_BYTES + target.write(plan.pax, at + BLOCK_BYTES, "latin1");
    target.fill(0, written, end);
  }
  writeUstarBlock(target, end, {
    name: plan.name,
    prefix: plan.prefix,
    mode: entry.mode & 0o777,
    size: plan.size,
    seconds: headerSeconds(entry.mtimeNs),
    typeFlag: TYPE_FLAGS[entry.type],
    target: plan.target,
  });
  return end + BLOCK_BYTES - at;
}

/** Length of {@link encodeTarHeader}'s result in bytes, without building it. */
export function tarHeaderBytes(entry: TarEntry): number {
  const { path, target = "", size } = entry;
  // Nearly every entry; a directory's slash has room as well.
  if (path.length < NAME_BYTES && target.length <= NAME_BYTES && size <= MAX_OCTAL_11) return BLOCK_BYTES;
  const { pax } = planHeader(entry);
  return pax === "" ? BLOCK_BYTES : paxBytes(pax) + BLOCK_BYTES;
}

/** Bytes from the end of a content of `size` bytes to the next block boundary. */
export function tarPadding(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

interface HeaderPlan {
  readonly name: string;
  readonly prefix: string;
  readonly target: string;
  readonly size: number;
  /** PAX records, or "" when ustar says everything. One character is one byte. */
  readonly pax: string;
}

function planHeader(entry: TarEntry): HeaderPlan {
  const { target = "" } = entry;
  const path = entry.type === "directory" ? `${entry.path}/` : entry.path;
  const size = entry.type === "file" ? entry.size : 0;
  const split = splitPath(path);
  const longTarget = target.length > NAME_BYTES;
  const longSize = size > MAX_OCTAL_11;
  return {
    // A reader that knows no PAX still gets a name of some use.
    name: split?.name ?? path.slice(0, NAME_BYTES),
    prefix: split?.prefix ?? "",
    target: target.slice(0, NAME_BYTES),
    size: longSize ? 0 : size,
    pax:
      split === undefined || longTarget || longSize
        ? paxRecords({
            ...(split === undefined && { path }),
            ...(longTarget && { linkpath: target }),
            ...(longSize && { size: String(size) }),
          })
        : "",
  };
}

/**
 * The path as ustar's name and prefix, split at the first slash that leaves at most 100 bytes for the name; undefined
 * when no slash does it. The trailing slash of a directory belongs to its name.
 */
function splitPath(path: string): { readonly name: string; readonly prefix: string } | undefined {
  if (path.length <= NAME_BYTES) return { name: path, prefix: "" };
  const slash = path.indexOf("/", path.length - NAME_BYTES - 1);
  if (slash < 1 || slash > PREFIX_BYTES || slash === path.length - 1) return undefined;
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) };
}

function headerSeconds(mtimeNs: bigint): number {
  // Division of bigints truncates towards zero, which is the floor for everything that is not clamped to 0 anyway.
  const seconds = mtimeNs / 1_000_000_000n;
  if (seconds <= 0n) return 0;
  return seconds > BigInt(MAX_OCTAL_11) ? MAX_OCTAL_11 : Number(seconds);
}

/** The extended header's own name: made from the entry's alone, so that it is the same in every run. */
function paxHeaderName(path: RawPath): string {
  return PAX_DIRECTORY + path.slice(path.lastIndexOf("/") + 1).slice(0, NAME_BYTES - PAX_DIRECTORY.length);
}

/** Bytes of an extended header: its ustar block, its records, their padding. */
function paxBytes(records: string): number {
  return BLOCK_BYTES + records.length + tarPadding(records.length);
}

interface UstarFields {
  readonly name: string;
  readonly prefix: string;
  readonly mode: number;
  readonly size: number;
  readonly seconds: number;
  readonly typeFlag: string;
  readonly target: string;
}

/** What is the same in every block: owner and group 0 and nameless, magic, version, device numbers 0, a blank checksum. */
const TEMPLATE = Buffer.alloc(BLOCK_BYTES);
TEMPLATE.write("0000000\x000000000", 108, "latin1");
TEMPLATE.write("        ", 148, "latin1");
TEMPLATE.write("ustar\x0000", 257, "latin1");
TEMPLATE.write("0000000\x000000000", 329, "latin1");

function writeUstarBlock(bytes: Buffer, at: number, fields: UstarFields): void {
  TEMPLATE.copy(bytes, at);
  bytes.write(fields.name, at, "latin1");
  writeOctal(bytes, fields.mode, at + 100, 7);
  writeOctal(bytes, fields.size, at + 124, 11);
  writeOctal(bytes, fields.seconds, at + 136, 11);
  bytes.write(fields.typeFlag, at + 156, "latin1");
  if (fields.target !== "") bytes.write(fields.target, at + 157, "latin1");
  if (fields.prefix !== "") bytes.write(fields.prefix, at + 345, "latin1");
  // Taken over the block with spaces in the checksum's own place; six digits, NUL and one of the spaces.
  writeOctal(bytes, blockSum(bytes, at), at + 148, 6);
  bytes[at + 154] = 0;
}

function blockSum(bytes: Buffer, at: number): number {
  const block = new DataView(bytes.buffer, bytes.byteOffset + at, BLOCK_BYTES);
  let sum = 0;
  for (let i = 0; i < BLOCK_BYTES; i++) sum += block.getUint8(i);
  return sum;
}

/** Zero-padded; a million headers are written and compared, so no strings are made. */
function writeOctal(block: Buffer, value: number, offset: number, digits: number): void {
  let rest = value;
  for (let i = offset + digits - 1; i >= offset; i--) {
    const quotient = Math.floor(rest / 8);
    block[i] = 0x30 + rest - quotient * 8;
    rest = quotient;
  }
}
