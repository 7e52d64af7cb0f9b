/**
 * Reads the tar streams of other tools: synchronous, fed with chunks of any size.
 *
 * tar-stream, the usual library, is not enough here: it decodes pax names as UTF-8, so that a name of other bytes comes
 * out changed without an error; it drops malformed pax records; and it passes over zero blocks wherever they stand, so
 * that a tar that was cut off, or that has something behind its end, cannot be told from a whole one.
 */
import type { BackupError } from "../errors.js";
import { damaged, type TarRule } from "./damage.js";
import { shownPath } from "./entry-name.js";
import { decodePaxRecords, decodePaxSize, decodePaxTime, type PaxRecords } from "./foreign-pax.js";
import { decodeTarBlock, OCTAL_SIZE_MAX, type TarBlock, TarHeaderError } from "./foreign-tar-header.js";
import { displayPath, type RawPath, rawPathFromBytes } from "./raw-path.js";
import { BLOCK_BYTES, tarPadding } from "./tar-header.js";

export interface ForeignEntry {
  /** As it stands in the tar: may begin with "./" and end with "/". */
  readonly path: RawPath;
  /** "file", "directory", "symlink", "hardlink"; else what it is, which the entry policy refuses by this name. */
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

/**
 * Tools disagree about archives that say a thing twice, or say it to the wrong entry; what one of them shows as harmless
 * another unpacks as something else. So whatever could be read in two ways is refused: two extended headers of a kind
 * before one entry, a name or size that they contradict, one with no entry behind it, a global one that sets names or
 * sizes, a label with content.
 */
export class TarReader {
  readonly #subject: string;
  readonly #events: TarEvents;
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #blockLength = 0;
  /** Bytes of the stream so far. */
  #position = 0;
  #zeroBlocks = 0;
  #extension: Extension | undefined;
  #globalPax: PaxRecords = {};
  /** Extended headers for the entry that follows. */
  #pending: Pending = {};
  #lastPath: RawPath | undefined;
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

  /** The path of the entry that was begun last. */
  get lastPath(): RawPath | undefined {
    return this.#lastPath;
  }

  /** Takes the next bytes. Throws ARCHIVE_DAMAGED with `details.rule`, and whatever the events throw. */
  write(chunk: Uint8Array): void {
    try {
      for (let rest = chunk; rest.length > 0;) {
        const taken = this.#take(rest);
        this.#position += taken;
        rest = rest.subarray(taken);
      }
    } catch (error) {
      throw error instanceof TarHeaderError ? this.#untrusted(error) : error;
    }
  }

  /** After the last byte: a tar that does not end as a tar ends is refused. */
  end(): void {
    if (this.#zeroBlocks < 2)
      throw this.#damaged("cut off", "ends before the two zero blocks that end a tar: it was cut off");
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
      throw this.#damaged(
        "data behind the end",
        `has something behind the end of its tar, at byte ${this.#position}`,
      );
    return bytes.length;
  }

  #header(bytes: Uint8Array): void {
    if (isZero(bytes)) {
      this.#zeroBlocks++;
      this.#refusePending();
      return;
    }
    if (this.#zeroBlocks > 0)
      throw this.#damaged("data behind the end", `goes on after a zero block, at byte ${this.#position}`);
    const block = decodeTarBlock(bytes);
    switch (block.typeFlag) {
      case PAX_GLOBAL:
        this.#refusePending();
        this.#beginExtension(block);
        return;
      case PAX:
      case GNU_LONG_NAME:
      case GNU_LONG_TARGET:
        this.#beginExtension(block);
        return;
      case GNU_LABEL:
        this.#refusePending();
        if (block.size > 0) throw this.#damaged("label with content", "has a volume label with content");
        return;
      default:
        this.#entry(block);
    }
  }

  #refusePending(): void {
    if (Object.keys(this.#pending).length > 0)
      throw this.#damaged(
        "extended header without an entry",
        `has an extended header that no entry follows, at byte ${this.#position}`,
      );
  }

  #beginExtension(block: TarBlock): void {
    if (block.size > EXTENSION_BYTES_MAX)
      throw this.#damaged(
        "extended header too long",
        `has an extended header of ${block.size} bytes, at byte ${this.#position}`,
      );
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
        this.#addPending({ pax: decodePaxRecords(content) });
        break;
      case PAX_GLOBAL:
        this.#addGlobal(decodePaxRecords(content));
        break;
      case GNU_LONG_NAME:
        this.#addPending({ longName: cutAtNul(content) });
        break;
      default:
        this.#addPending({ longTarget: cutAtNul(content) });
    }
  }

  #addPending(added: Pending): void {
    if (Object.keys(added).some((key) => Object.hasOwn(this.#pending, key)))
      throw this.#damaged(
        "extended header twice",
        `has two extended headers of a kind before one entry, at byte ${this.#position}`,
      );
    this.#pending = { ...this.#pending, ...added };
  }

  #addGlobal(records: PaxRecords): void {
    const { path, linkpath, size } = records;
    if ((path ?? linkpath ?? size) !== undefined)
      throw this.#damaged(
        "global header with a name or size",
        `has a global pax header that sets a name or a size for all entries, at byte ${this.#position}`,
      );
    this.#globalPax = { ...this.#globalPax, ...records };
  }

  #entry(block: TarBlock): void {
    const pending = this.#pending;
    this.#pending = {};
    // As far as it is known, for what the headers are refused for.
    this.#lastPath = pending.pax?.path || (pending.longName ?? block.path);
    const entry = merge(block, pending, this.#globalPax);
    this.#events.entry(entry);
    this.#inEntry = true;
    this.#content = entry.size;
    this.#padding = tarPadding(entry.size);
    if (entry.size === 0) this.#endEntry();
  }

  #untrusted({ rule, path, message }: TarHeaderError): BackupError {
    this.#lastPath = path ?? this.#lastPath;
    return this.#damaged(
      rule,
      `has a tar header that cannot be trusted, at byte ${this.#position}: ${message}`,
    );
  }

  #damaged(rule: TarRule, how: string): BackupError {
    if (this.#lastPath === undefined) return damaged(rule, `${this.#subject} ${how}.`);
    const entry = shownPath(this.#lastPath);
    return damaged(rule, `${this.#subject} ${how} (the last entry begun: "${entry}").`, { entry });
  }
}

/** What the header block, GNU's long names and the pax records say together; the entry's own records before global ones. */
function merge(
  block: TarBlock,
  { pax = {}, longName, longTarget }: Pending,
  global: PaxRecords,
): ForeignEntry {
  const path = oneName("path", pax.path, longName) ?? block.path;
  // "A zero-length value deletes", the global record too: POSIX.1-2017, pax, "pax Extended Header".
  const mtime = (pax.mtime ?? global.mtime) || undefined;
  return {
    path,
    type: pax.sparse === true || global.sparse === true ? "sparse file" : typeOf(block.typeFlag, path),
    mode: block.mode,
    size: pax.size ? sizeOf(block, pax.size) : block.size,
    mtimeNs: mtime === undefined ? block.mtimeNs : decodePaxTime(mtime),
    target: oneName("linkpath", pax.linkpath, longTarget) ?? block.target,
  };
}

function oneName(key: string, pax: RawPath | undefined, gnu: RawPath | undefined): RawPath | undefined {
  if (pax && gnu !== undefined && pax !== gnu)
    throw new TarHeaderError("names disagree", `pax and GNU headers give it a different ${key}`);
  return pax || gnu;
}

/** A pax size is there for what the header cannot say. CVE-2025-62518: with two sizes, tools go on at two places. */
function sizeOf(block: TarBlock, paxSize: RawPath): number {
  const size = decodePaxSize(paxSize);
  if (size !== block.size && size <= OCTAL_SIZE_MAX)
    throw new TarHeaderError("sizes disagree", `its size is ${size} by pax and ${block.size} by its header`);
  return size;
}

function typeOf(typeFlag: string, path: RawPath): string {
  // Tars before POSIX have no type for directories, only the slash; it counts in the full name, not in a cut one.
  if (typeFlag === "0" && path.endsWith("/")) return "directory";
  return TYPES[typeFlag] ?? `"${displayPath(typeFlag as RawPath)}"`;
}

interface Pending {
  readonly pax?: PaxRecords;
  readonly longName?: RawPath;
  readonly longTarget?: RawPath;
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
