/**
 * Reads the tar streams of other tools: synchronous, fed with chunks of any size.
 *
 * tar-stream, the usual library, is not enough here: it decodes pax names as UTF-8, so that a name of other bytes comes
 * out changed without an error; it drops malformed pax records; and it passes over zero blocks wherever they stand, so
 * that a tar that was cut off, or that has something behind its end, cannot be told from a whole one.
 */
import { BackupError } from "../errors.js";
import {
  decodePaxRecords,
  decodePaxSize,
  decodePaxTime,
  decodeTarBlock,
  type TarBlock,
  TarHeaderError,
} from "./foreign-tar-header.js";
import { displayPath, type RawPath, rawPathFromBytes } from "./raw-path.js";
import { BLOCK_BYTES, tarPadding } from "./tar-header.js";

export interface ForeignEntry {
  /** As it stands in the tar: may begin with "./" and end with "/". */
  readonly path: RawPath;
  /** "file", "directory", "symlink", "hardlink", or what else it is, in words that can follow "is a". */
  readonly type: string;
  readonly mode: number;
  /** Bytes of content that follow. */
  readonly size: number;
  readonly mtimeNs: bigint;
  /** Of links. */
  readonly target: RawPath;
}

export interface TarEvents {
  entry(entry: ForeignEntry): void;
  /** A part of the entry's content; the bytes are only valid during the call. */
  content(bytes: Uint8Array): void;
  /** The entry's content is complete. */
  entryEnd(): void;
}

const TYPES: Readonly<Record<string, string>> = {
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character device",
  "4": "block device",
  "5": "directory",
  "6": "FIFO",
  "7": "file",
  S: "sparse file",
};
const GNU_LONG_NAME = "L";
const GNU_LONG_TARGET = "K";
const GNU_LABEL = "V";
const PAX = "x";
const PAX_GLOBAL = "g";

/** Names are at most 4096 bytes; what makes extended headers long is extended attributes (64 KiB each on Linux). */
const EXTENSION_BYTES_MAX = 1024 * 1024;

export class TarReader {
  readonly #subject: string;
  readonly #events: TarEvents;
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #blockLength = 0;
  /** Bytes of the stream so far. */
  #position = 0;
  #zeroBlocks = 0;
  #extension: Extension | undefined;
  #globalPax: ReadonlyMap<string, RawPath> = new Map();
  #pax: ReadonlyMap<string, RawPath> | undefined;
  #longName: RawPath | undefined;
  #longTarget: RawPath | undefined;
  #inEntry = false;
  /** Content of the current entry that is still to come, and the padding behind it. */
  #content = 0;
  #padding = 0;
  /** Bytes to pass over before anything else. */
  #skip = 0;

  /** `subject` names the archive in errors. */
  constructor(subject: string, events: TarEvents) {
    this.#subject = subject;
    this.#events = events;
  }

  /** Takes the next bytes. Throws ARCHIVE_DAMAGED, and whatever the events throw. */
  write(chunk: Uint8Array): void {
    for (let rest = chunk; rest.length > 0;) {
      const taken = this.#take(rest);
      this.#position += taken;
      rest = rest.subarray(taken);
    }
  }

  /** After the last byte: a tar that does not end as a tar ends is refused. */
  end(): void {
    if (this.#zeroBlocks < 2)
      throw this.#damaged("ends before the two zero blocks that end a tar: it was cut off");
  }

  #take(bytes: Uint8Array): number {
    if (this.#skip > 0) {
      const length = Math.min(this.#skip, bytes.length);
      this.#skip -= length;
      return length;
    }
    if (this.#inEntry) return this.#takeContent(bytes);
    if (this.#extension !== undefined) return this.#takeExtension(bytes, this.#extension);
    if (this.#zeroBlocks === 2) return this.#takeTrailer(bytes);
    if (this.#blockLength === 0 && bytes.length >= BLOCK_BYTES) {
      this.#header(bytes.subarray(0, BLOCK_BYTES));
      return BLOCK_BYTES;
    }
    const length = Math.min(BLOCK_BYTES - this.#blockLength, bytes.length);
    this.#block.set(bytes.subarray(0, length), this.#blockLength);
    this.#blockLength += length;
    if (this.#blockLength === BLOCK_BYTES) {
      this.#blockLength = 0;
      this.#header(this.#block);
    }
    return length;
  }

  #takeContent(bytes: Uint8Array): number {
    const length = Math.min(this.#content, bytes.length);
    this.#events.content(bytes.subarray(0, length));
    this.#content -= length;
    if (this.#content === 0) this.#endEntry();
    return length;
  }

  #endEntry(): void {
    this.#inEntry = false;
    this.#skip = this.#padding;
    this.#events.entryEnd();
  }

  /** Tapes are written in records of 20 blocks, so zeros behind the end are usual; anything else is not ours to guess. */
  #takeTrailer(bytes: Uint8Array): number {
    if (!isZero(bytes))
      throw this.#damaged(`has something behind the end of its tar, at byte ${this.#position}`);
    return bytes.length;
  }

  #header(bytes: Uint8Array): void {
    if (isZero(bytes)) {
      this.#zeroBlocks++;
      if (this.#pax !== undefined || this.#longName !== undefined || this.#longTarget !== undefined)
        throw this.#damaged(
          `ends after a header that belongs to a following entry, at byte ${this.#position}`,
        );
      return;
    }
    if (this.#zeroBlocks > 0) throw this.#damaged(`goes on after a zero block, at byte ${this.#position}`);
    const block = this.#decode(() => decodeTarBlock(bytes));
    switch (block.typeFlag) {
      case PAX:
      case PAX_GLOBAL:
      case GNU_LONG_NAME:
      case GNU_LONG_TARGET:
        this.#beginExtension(block);
        return;
      case GNU_LABEL:
        this.#skip = block.size + tarPadding(block.size);
        return;
      default:
        this.#entry(block);
    }
  }

  #beginExtension(block: TarBlock): void {
    if (block.size > EXTENSION_BYTES_MAX)
      throw this.#damaged(`has an extended header of ${block.size} bytes, at byte ${this.#position}`);
    this.#extension = { block, content: Buffer.alloc(block.size), length: 0 };
    if (block.size === 0) this.#endExtension(this.#extension);
  }

  #takeExtension(bytes: Uint8Array, extension: Extension): number {
    const length = Math.min(extension.content.length - extension.length, bytes.length);
    extension.content.set(bytes.subarray(0, length), extension.length);
    extension.length += length;
    if (extension.length === extension.content.length) this.#endExtension(extension);
    return length;
  }

  #endExtension({ block, content }: Extension): void {
    this.#extension = undefined;
    this.#skip = tarPadding(content.length);
    switch (block.typeFlag) {
      case PAX:
        this.#pax = this.#decode(() => decodePaxRecords(content));
        break;
      case PAX_GLOBAL:
        this.#globalPax = new Map([...this.#globalPax, ...this.#decode(() => decodePaxRecords(content))]);
        break;
      case GNU_LONG_NAME:
        this.#longName = cutAtNul(content);
        break;
      default:
        this.#longTarget = cutAtNul(content);
    }
  }

  #entry(block: TarBlock): void {
    const entry = this.#decode(() => this.#merge(block));
    this.#pax = undefined;
    this.#longName = undefined;
    this.#longTarget = undefined;
    this.#events.entry(entry);
    this.#inEntry = true;
    this.#content = entry.size;
    this.#padding = tarPadding(entry.size);
    if (entry.size === 0) this.#endEntry();
  }

  /** What the header block, GNU's long names and the pax records say together; pax wins, the entry's own over global ones. */
  #merge(block: TarBlock): ForeignEntry {
    const records = new Map([...this.#globalPax, ...(this.#pax ?? [])]);
    // "A zero-length value deletes": POSIX.1-2017, pax, "pax Extended Header".
    const record = (key: string): RawPath | undefined => records.get(key) || undefined;
    const size = record("size");
    const mtime = record("mtime");
    const sparse = [...records.keys()].some((key) => key.startsWith("GNU.sparse."));
    return {
      path: record("path") ?? this.#longName ?? block.path,
      type: sparse
        ? "sparse file"
        : (TYPES[block.typeFlag] ?? `entry of type ${JSON.stringify(block.typeFlag)}`),
      mode: block.mode,
      size: size === undefined ? block.size : decodePaxSize(size),
      mtimeNs: mtime === undefined ? block.mtimeNs : decodePaxTime(mtime),
      target: record("linkpath") ?? this.#longTarget ?? block.target,
    };
  }

  #decode<T>(decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof TarHeaderError)) throw error;
      const entry = this.#longName === undefined ? "" : ` (${displayPath(this.#longName)})`;
      throw this.#damaged(
        `has a tar header that cannot be read${entry}, at byte ${this.#position}: ${error.message}`,
      );
    }
  }

  #damaged(how: string): BackupError {
    return new BackupError("ARCHIVE_DAMAGED", `${this.#subject} ${how}.`);
  }
}

/** An extended header (pax, GNU long name), and what has come of its content. */
interface Extension {
  readonly block: TarBlock;
  readonly content: Buffer;
  length: number;
}

function cutAtNul(bytes: Buffer): RawPath {
  const nul = bytes.indexOf(0);
  return rawPathFromBytes(nul < 0 ? bytes : bytes.subarray(0, nul));
}

function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}
