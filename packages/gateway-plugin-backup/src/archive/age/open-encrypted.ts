/** An age file as the archive that is in it: any range can be read, and nothing is given that was not authenticated. */
import type { BackupError } from "../../errors.js";
import { damaged } from "../damage.js";
import { TAIL_BYTES } from "../open.js";
import { type ArchiveSource, archiveSubject, readExactly, readRange } from "../source.js";
import { dearmored, isArmored } from "./armor.js";
import { HEADER_BYTES_MAX, openHeader } from "./header.js";
import { type AgeSecret, parseIdentities } from "./keys.js";
import {
  CHUNK_BYTES,
  openChunk,
  PAYLOAD_NONCE_BYTES,
  payloadKey,
  payloadLayout,
  SEALED_CHUNK_BYTES,
} from "./payload.js";
import { inPieces } from "./pieces.js";

/** The last chunks are read at opening, and kept: as many as hold what a reader of an archive asks for next. */
const LAST_CHUNKS = Math.ceil(TAIL_BYTES / CHUNK_BYTES) + 1;

/**
 * Opens an age file, binary or armored, by a request or two (armored: four). `size` of what this resolves to is that of the
 * plain bytes; a range read asks the file for the 64 KiB chunks that hold the range, by one request, and holds one of them
 * at a time. That the file is whole has been seen by its last chunk; each other one is authenticated when it is read.
 *
 * Throws AGE_KEY_WRONG, ARCHIVE_DAMAGED, IDENTITY_INVALID, LIMIT_EXCEEDED, and what the source throws; its ranges throw
 * ARCHIVE_DAMAGED, and what the source throws.
 */
export async function openEncrypted(source: ArchiveSource, secret: AgeSecret): Promise<ArchiveSource> {
  if ("identities" in secret) parseIdentities(secret.identities.join("\n"));
  const first = await readFirst(source);
  if (!isArmored(first)) return openBinary(source, first, secret);
  const binary = await dearmored(source, first);
  return openBinary(binary, await readFirst(binary), secret);
}

function readFirst(source: ArchiveSource): Promise<Buffer> {
  return readRange(source, 0, Math.min(source.size, HEADER_BYTES_MAX));
}

async function openBinary(source: ArchiveSource, first: Buffer, secret: AgeSecret): Promise<ArchiveSource> {
  const header = await openHeader(first, secret, archiveSubject(source));
  const start = header.bytes.length + PAYLOAD_NONCE_BYTES;
  const layout = payloadLayout(source.size - start);
  if (layout === undefined)
    throw damagedPayload(
      source,
      "has a size that no encrypted file has: it was cut off, or something was added",
    );
  const range = (from: number, to: number) =>
    to <= first.length ? first.subarray(from, to) : readRange(source, from, to);
  const key = payloadKey(header.fileKey, await range(header.bytes.length, start));
  const { chunks, plainBytes } = layout;
  const payload: Payload = { source, start, key, chunks };
  const firstKept = Math.max(chunks - LAST_CHUNKS, 0);
  const sealed = await range(start + firstKept * SEALED_CHUNK_BYTES, source.size);
  const kept = Buffer.concat(openInMemory(payload, firstKept, sealed));
  const keptStart = plainBytes - kept.length;
  return {
    size: plainBytes,
    describe: source.describe,
    async *read(from, to) {
      const before = Math.min(to, keptStart);
      if (from < before) yield* openRange(payload, from, before);
      if (to > Math.max(from, keptStart)) yield kept.subarray(Math.max(from - keptStart, 0), to - keptStart);
    },
  };
}

interface Payload {
  readonly source: ArchiveSource;
  /** Where the chunks begin. */
  readonly start: number;
  readonly key: Buffer;
  readonly chunks: number;
}

/** A range of the plain bytes before the last chunk. */
async function* openRange(
  payload: Payload,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { source, start } = payload;
  let number = Math.floor(from / CHUNK_BYTES);
  const sealed = readExactly(
    source,
    start + number * SEALED_CHUNK_BYTES,
    start + Math.ceil(to / CHUNK_BYTES) * SEALED_CHUNK_BYTES,
  );
  for await (const chunk of inPieces(sealed, SEALED_CHUNK_BYTES)) {
    const plain = openOne(payload, number, chunk);
    const plainStart = number++ * CHUNK_BYTES;
    yield plain.subarray(Math.max(from - plainStart, 0), to - plainStart);
  }
}

/** All chunks from one on. */
function openInMemory(payload: Payload, first: number, sealed: Buffer): Buffer[] {
  return Array.from({ length: payload.chunks - first }, (_, index) => {
    const at = index * SEALED_CHUNK_BYTES;
    return openOne(payload, first + index, sealed.subarray(at, at + SEALED_CHUNK_BYTES));
  });
}

function openOne({ source, key, chunks }: Payload, number: number, sealed: Buffer): Buffer {
  const plain = openChunk(key, { number, isLast: number === chunks - 1 }, sealed);
  if (plain !== undefined) return plain;
  const where = `64 KiB block ${number} of ${chunks}`;
  throw damagedPayload(source, `does not authenticate at ${where}: it was altered, cut off, or added to`);
}

function damagedPayload(source: ArchiveSource, how: string): BackupError {
  return damaged("age payload", `${archiveSubject(source)} ${how}.`);
}
