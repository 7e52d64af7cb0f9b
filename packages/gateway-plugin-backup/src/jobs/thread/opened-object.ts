/** An encrypted archive in a store, as the archive readers want it: the plain one. */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DETECT_BYTES, detectFormat } from "../../archive/detect.js";
import type { ArchiveLimits } from "../../archive/format.js";
import { identifyTenant } from "../../archive/identify.js";
import { readFully } from "../../archive/opened-file.js";
import { archiveSubject, readRange, type ArchiveSource } from "../../archive/source.js";
import { BackupError, toBackupError } from "../../errors.js";
import type { Opener } from "./encryption.js";
import { withStored, type ObjectSource } from "./object-source.js";
import type { OperationContext } from "./operation-context.js";
import { throughPipe, type PipeRun } from "./pipe.js";
import type { ObjectToRead } from "./protocol.js";

/**
 * Opens the object's store, and the object if it is encrypted, runs `work`, and closes the store. Throws
 * `ARCHIVE_NOT_FOUND`, what the store throws, and what {@link withOpened} throws.
 */
export function withObject<T>(
  { opener, ...object }: ObjectToRead,
  context: Pick<OperationContext, "openStore" | "signal">,
  work: (source: ObjectSource) => Promise<T>,
): Promise<T> {
  return withStored(object, context, (source) => withOpened(source, opener, context.signal, work));
}

/**
 * Runs `work` with what the archive holds behind its encryption; without an opener, with the archive as it is. Throws
 * ARCHIVE_NOT_ENCRYPTED, AGE_KEY_WRONG, PIPE_FAILED, ARCHIVE_DAMAGED, and what the source throws.
 */
export async function withOpened<T>(
  source: ObjectSource,
  opener: Opener | undefined,
  signal: AbortSignal,
  work: (source: ObjectSource) => Promise<T>,
): Promise<T> {
  if (opener === undefined) return work(source);
  if (opener.kind === "pipe") return withUnpiped(source, { ...opener, signal }, work);
  if (await isAge(source)) {
    // Most threads never decrypt: its libraries would take a good part of each start.
    const { openEncrypted } = await import("../../archive/age/open-encrypted.js");
    return work(plainSource(source, await openEncrypted(source, opener.secret)));
  }
  if (opener.orPlain === true) return work(source);
  throw new BackupError("ARCHIVE_NOT_ENCRYPTED", `${archiveSubject(source)} is not encrypted with age.`);
}

async function isAge(source: ObjectSource): Promise<boolean> {
  const first = await readRange(source, 0, Math.min(DETECT_BYTES, source.size));
  return detectFormat(first) === "age";
}

/** The store's object, with other bytes. */
function plainSource(stored: ObjectSource, plain: ArchiveSource): ObjectSource {
  const { object } = stored;
  return {
    object,
    stored,
    size: plain.size,
    describe: plain.describe,
    read: (start, end) => plain.read(start, end),
    tail: async (length) => {
      const bytes = await readRange(plain, Math.max(plain.size - length, 0), plain.size);
      return { bytes, object };
    },
  };
}

/**
 * Which tenant's archive the program gives: it is ended as soon as that is known. Throws ARCHIVE_UNKNOWN_FORMAT and what
 * {@link identifyTenant} throws.
 */
export async function identifyPiped(
  source: ObjectSource,
  run: PipeRun,
  limits: ArchiveLimits,
): Promise<string | undefined> {
  const given = throughPipe(source.read(0, source.size), run);
  try {
    const first: Uint8Array[] = [];
    let bytes = 0;
    while (bytes < DETECT_BYTES) {
      const next = await given.next();
      if (next.done === true) break;
      first.push(next.value);
      bytes += next.value.length;
    }
    const format = detectFormat(Buffer.concat(first));
    if (format === undefined || format === "age") throw noArchive(source, run);
    async function* all(): AsyncGenerator<Uint8Array, void, void> {
      yield* first;
      yield* given;
    }
    return await identifyTenant({ ...source, read: all }, { format, index: undefined }, limits);
  } finally {
    await given.return();
  }
}

function noArchive(source: ObjectSource, { command }: PipeRun): BackupError {
  return new BackupError(
    "ARCHIVE_UNKNOWN_FORMAT",
    `What ${command.name} makes of ${source.describe} is no archive that can be read.`,
    { details: { rule: "first bytes" } },
  );
}

/** All of what the program gives goes into a file, because archives are read from their end. */
async function withUnpiped<T>(
  source: ObjectSource,
  run: PipeRun,
  work: (source: ObjectSource) => Promise<T>,
): Promise<T> {
  const { directory: parent } = run;
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const directory = mkdtempSync(join(parent, "plain-"));
  let handle: number | undefined;
  try {
    handle = openSync(join(directory, "archive"), "wx+", 0o600);
    const size = await store(handle, throughPipe(source.read(0, source.size), run));
    return await work(plainSource(source, fileSource(source.describe, handle, size)));
  } finally {
    if (handle !== undefined) closeSync(handle);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function store(handle: number, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const chunk of chunks) {
    let written = 0;
    try {
      while (written < chunk.length) written += writeSync(handle, chunk, written);
    } catch (error) {
      throw toBackupError(error, "keep what the program gives, in the state's backup/tmp");
    }
    size += written;
  }
  return size;
}

/** What is read of the file at a time. */
const CHUNK_BYTES = 1024 * 1024;

function fileSource(describe: string, handle: number, size: number): ArchiveSource {
  return {
    size,
    describe,
    async *read(start, end) {
      for (let at = start; at < end; at += CHUNK_BYTES) {
        const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - at));
        readFully(handle, chunk, at);
        yield await Promise.resolve(chunk);
      }
    },
  };
}
