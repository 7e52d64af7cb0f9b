/** The files of the audit log: `audit-<number of the first line>.jsonl`, in the order of these numbers. */
import { constants } from "node:fs";
import { open, readdir, type FileHandle } from "node:fs/promises";
import { isSystemError } from "../system-error.js";
import { MAX_LINE_BYTES } from "./line.js";

/** Read at a time: a few hundred lines, whose hashes take about a millisecond. */
const CHUNK_BYTES = 64 * 1024;

const NAME = /^audit-(\d{12,15})\.jsonl$/;

export interface AuditFile {
  readonly name: string;
  /** What its first line must have, by its name. */
  readonly firstSeq: number;
}

export function fileName(firstSeq: number): string {
  return `audit-${String(firstSeq).padStart(12, "0")}.jsonl`;
}

/** Oldest first; none where the directory is gone. Files with other names are not the log's. */
export async function listFiles(directory: string): Promise<readonly AuditFile[]> {
  return (await namesIn(directory))
    .flatMap((name) => {
      const digits = NAME.exec(name)?.[1];
      return digits === undefined ? [] : [{ name, firstSeq: Number(digits) }];
    })
    .sort((a, b) => a.firstSeq - b.firstSeq);
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw error;
  }
}

/** A link in a file's place is not followed, and a FIFO does not block. */
export function openToRead(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

/** A line of a file, or a part of one that is too long to be any of ours. */
export interface Piece {
  /** Of the line, from 1. */
  readonly number: number;
  /** Without the line break. */
  readonly bytes: Buffer;
  /** It begins where its line begins. */
  readonly begins: boolean;
  /** A line break follows. */
  readonly ends: boolean;
}

/** The first `size` bytes of a file, in order, in bounded memory; some lines at a time, and others have their turn between. */
export async function* pieces(path: string, size: number): AsyncGenerator<readonly Piece[]> {
  const handle = await openToRead(path);
  try {
    let rest: Buffer = Buffer.alloc(0);
    let number = 1;
    let begins = true;
    let position = 0;
    while (position < size) {
      const chunk = await readAt(handle, position, Math.min(CHUNK_BYTES, size - position));
      if (chunk.length === 0) break;
      position += chunk.length;
      let data: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const found: Piece[] = [];
      for (let at = data.indexOf("\n"); at !== -1; at = data.indexOf("\n")) {
        found.push({ number, bytes: data.subarray(0, at), begins, ends: true });
        number += 1;
        begins = true;
        data = data.subarray(at + 1);
      }
      if (data.length > MAX_LINE_BYTES) {
        found.push({ number, bytes: data, begins, ends: false });
        begins = false;
        data = Buffer.alloc(0);
      }
      rest = data;
      yield found;
    }
    if (rest.length > 0) yield [{ number, bytes: rest, begins, ends: false }];
  } finally {
    await handle.close();
  }
}

/** The lines of the first `size` bytes of a file, the last one first, as {@link pieces}. */
export async function* linesBackwards(path: string, size: number): AsyncGenerator<readonly Buffer[]> {
  const handle = await openToRead(path);
  try {
    let rest: Buffer = Buffer.alloc(0);
    let position = size;
    while (position > 0) {
      const length = Math.min(CHUNK_BYTES, position);
      position -= length;
      let data: Buffer = Buffer.concat([await readAt(handle, position, length), rest]);
      const found: Buffer[] = [];
      for (let at = data.lastIndexOf("\n"); at !== -1; at = data.lastIndexOf("\n")) {
        found.push(data.subarray(at + 1));
        data = data.subarray(0, at);
      }
      // Too long to be a line of ours: how it begins is none by itself.
      rest = data.length > MAX_LINE_BYTES ? Buffer.alloc(0) : data;
      yield found;
    }
    yield [rest];
  } finally {
    await handle.close();
  }
}

/**
 * A place in a file, at a line's beginning, behind which lines with this number or higher ones stand; a few more of them may
 * stand before it. Found by halving: a page of a list must not cost the reading of those before.
 */
export async function placeBefore(path: string, size: number, seq: number): Promise<number> {
  const handle = await openToRead(path);
  try {
    let [low, high] = [0, size];
    while (high - low > CHUNK_BYTES) {
      const middle = Math.floor((low + high) / 2);
      const text = (await readAt(handle, middle, CHUNK_BYTES)).toString("latin1");
      const [before = "", digits] = /^[^\n]*\n(?=\{"seq":(\d{1,15}),)/.exec(text) ?? [];
      const begin = middle + before.length;
      if (digits === undefined || begin >= high) break;
      if (Number(digits) >= seq) high = begin;
      else low = begin;
    }
    return high;
  } finally {
    await handle.close();
  }
}

/** Fewer bytes only where the file ends. */
async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
