import type { Readable } from "node:stream";
import type * as Sdk from "@aws-sdk/client-s3";
import { BackupError } from "../../errors.js";
import type { ByteRange, ReadOptions, TailRead } from "../store.js";
import { isRefusal, type Bucket } from "./bucket.js";
import { faultOf } from "./fault.js";
import { inspect, streamOf, withoutQuotes } from "./objects.js";

/** A transfer that breaks so often in a row, without one byte between, is given up. */
const BREAKS_WITHOUT_PROGRESS = 5;

interface Body {
  readonly stream: Readable;
  readonly etag: string;
  /** Bytes that the body must have. */
  readonly length: number;
}

/** A long range of an object whose ETag is known is read in windows of this size, if that is quicker. */
const WINDOW_BYTES = 8 * 1024 * 1024;
/** Windows that are on their way, or here, behind the one that is being consumed: what is held in memory. */
const WINDOWS_AHEAD = 3;
/**
 * A connection that brings 100 MB/s is not what its reader waits for, and more of them only cost time: with Ceph on loopback,
 * reading in windows took 1.5 times the processor time of one request, and no less time. Over a line with a delay, or from
 * a store that limits each connection, a few at once are so many times as fast.
 */
const FAST_BYTES_PER_MS = 100_000;

/** Reads in order. */
export async function* readObject(
  bucket: Bucket,
  key: string,
  options: ReadOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { range, etag } = options;
  const isLong = range !== undefined && range.end - range.start > WINDOW_BYTES;
  if (!isLong || etag === undefined || bucket.limits.download !== undefined) {
    yield* readInOne(bucket, key, options);
    return;
  }
  const firstEnd = range.start + WINDOW_BYTES;
  let waitedMs = 0;
  let askedAt = bucket.now();
  for await (const chunk of readInOne(bucket, key, { ...options, range: { ...range, end: firstEnd } })) {
    waitedMs += bucket.now() - askedAt;
    yield chunk;
    askedAt = bucket.now();
  }
  const rest = { ...options, etag, range: { start: firstEnd, end: range.end } };
  yield* waitedMs * FAST_BYTES_PER_MS < WINDOW_BYTES
    ? readInOne(bucket, key, rest)
    : readInWindows(bucket, key, rest);
}

async function* readInWindows(
  bucket: Bucket,
  key: string,
  options: ReadOptions & { readonly range: ByteRange },
): AsyncGenerator<Uint8Array, void, undefined> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const windows = windowsOf(options.range);
  const ahead: Promise<readonly Uint8Array[]>[] = [];
  const readAhead = (): void => {
    for (const range of windows.splice(0, WINDOWS_AHEAD - ahead.length))
      ahead.push(inMemory(readInOne(bucket, key, { ...options, range, signal })));
  };
  try {
    readAhead();
    for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) {
      readAhead();
      yield* await next;
    }
  } finally {
    stop.abort();
  }
}

function windowsOf({ start, end }: ByteRange): ByteRange[] {
  const count = Math.ceil((end - start) / WINDOW_BYTES);
  return Array.from({ length: count }, (_, i) => ({
    start: start + i * WINDOW_BYTES,
    end: Math.min(end, start + (i + 1) * WINDOW_BYTES),
  }));
}

function inMemory(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const collecting = (async () => {
    const collected: Uint8Array[] = [];
    for await (const chunk of chunks) collected.push(chunk);
    return collected;
  })();
  // It is thrown when its turn comes; the reader may have stopped before.
  collecting.catch(() => undefined);
  return collecting;
}

/** By one request; a transfer that breaks is resumed at the byte where it broke, as long as the object is the same. */
async function* readInOne(
  bucket: Bucket,
  key: string,
  options: ReadOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal } = options;
  let { etag } = options;
  let position = options.range?.start ?? 0;
  let end = options.range?.end;
  let breaks = 0;
  while (end === undefined || position < end) {
    const range = end === undefined ? undefined : { start: position, end };
    const body = await openBody(bucket, key, range, etag, signal);
    etag = body.etag;
    end ??= body.length;
    let breakage: unknown;
    try {
      for await (const chunk of body.stream as AsyncIterable<Buffer>) {
        if (position + chunk.length > end) throw wrongLength(bucket, key, "more");
        position += chunk.length;
        breaks = 0;
        await bucket.limits.download?.take(chunk.length, signal);
        yield chunk;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof BackupError) throw error;
      breakage = error;
    }
    if (position === end) return;
    if (++breaks === BREAKS_WITHOUT_PROGRESS) throw broken(bucket, key, breakage, breaks);
    await bucket.retrier.backOff(breaks, signal);
  }
}

async function openBody(
  bucket: Bucket,
  key: string,
  range: ByteRange | undefined,
  etag: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Body> {
  let response: Sdk.GetObjectCommandOutput;
  try {
    response = await bucket.call({ key, doing: "read", signal }, (client, sdk, http) =>
      client.send(
        new sdk.GetObjectCommand({
          Bucket: bucket.name,
          Key: key,
          ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` }),
          ...(etag === undefined ? {} : { IfMatch: `"${etag}"` }),
        }),
        http,
      ),
    );
  } catch (error) {
    if (isRefusal(error, 412)) throw changed(bucket, key);
    if (isRefusal(error, 416)) throw wrongLength(bucket, key, "less");
    throw error;
  }
  const stream = streamOf(response);
  const found = withoutQuotes(response.ETag);
  try {
    // A store may ignore the condition.
    if (etag !== undefined && found !== etag) throw changed(bucket, key);
    return { stream, etag: found, length: expectedLength(bucket, key, range, response) };
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

function expectedLength(
  bucket: Bucket,
  key: string,
  range: ByteRange | undefined,
  response: Sdk.GetObjectCommandOutput,
): number {
  if (range === undefined) {
    if (response.ContentLength === undefined)
      throw new BackupError("STORE_FAILED", `The store gave no length for ${bucket.locate(key)}`);
    return response.ContentLength;
  }
  const sent = parseContentRange(response.ContentRange);
  if (sent?.start !== range.start)
    throw new BackupError(
      "STORE_FAILED",
      `The store sends another range of ${bucket.locate(key)} than was asked for`,
    );
  // What Content-Length says besides is the transfer's affair: one that breaks is resumed.
  if (sent.end !== range.end) throw wrongLength(bucket, key, sent.end > range.end ? "more" : "less");
  return range.end - range.start;
}

/** The last bytes by one suffix range; where the store does not know those, by HEAD and an ordinary range. */
export async function readTail(
  bucket: Bucket,
  key: string,
  length: number,
  signal: AbortSignal | undefined,
): Promise<TailRead> {
  if (length > 0) {
    const tail = await readSuffix(bucket, key, length, signal);
    if (tail !== undefined) return tail;
  }
  const found = await inspect(bucket, key, { signal });
  if (found === undefined)
    throw new BackupError("ARCHIVE_NOT_FOUND", `There is no object ${bucket.locate(key)}`);
  const range = { start: Math.max(0, found.size - length), end: found.size };
  const chunks: Uint8Array[] = [];
  for await (const chunk of readObject(bucket, key, { range, etag: found.etag, signal })) chunks.push(chunk);
  return { bytes: Buffer.concat(chunks), object: found };
}

/** Undefined when the store gave something else than the object's end. */
async function readSuffix(
  bucket: Bucket,
  key: string,
  length: number,
  signal: AbortSignal | undefined,
): Promise<TailRead | undefined> {
  try {
    return await bucket.call({ key, doing: "read the end of", signal }, async (client, sdk, http) => {
      const command = new sdk.GetObjectCommand({ Bucket: bucket.name, Key: key, Range: `bytes=-${length}` });
      const response = await client.send(command, http);
      const range = parseContentRange(response.ContentRange);
      if (
        range === undefined ||
        range.end !== range.total ||
        range.start !== Math.max(0, range.total - length)
      ) {
        streamOf(response).destroy();
        return undefined;
      }
      await bucket.limits.download?.take(range.end - range.start, signal);
      const bytes = await collect(streamOf(response), range.end - range.start);
      return {
        bytes,
        object: {
          key,
          size: range.total,
          etag: withoutQuotes(response.ETag),
          modifiedAt: response.LastModified ?? new Date(0),
        },
      };
    });
  } catch (error) {
    // 416 for an empty object; the others from stores that take no suffix.
    if (isRefusal(error, 400, 416, 501)) return undefined;
    throw error;
  }
}

async function collect(stream: Readable, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    received += chunk.length;
    if (received > length) break;
  }
  // As if the connection had broken, which is what an ending too early means.
  if (received !== length)
    throw Object.assign(new Error("The body has another length than was said"), { code: "EPIPE" });
  return Buffer.concat(chunks);
}

interface ContentRange {
  readonly start: number;
  readonly end: number;
  readonly total: number;
}

/** `bytes FIRST-LAST/TOTAL` (RFC 9110, 14.4), with a half-open end. */
function parseContentRange(header: string | undefined): ContentRange | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header ?? "");
  if (match === null) return undefined;
  return { start: Number(match[1]), end: Number(match[2]) + 1, total: Number(match[3]) };
}

function wrongLength(bucket: Bucket, key: string, what: "more" | "less"): BackupError {
  return new BackupError(
    "STORE_FAILED",
    `The store sends ${what} of ${bucket.locate(key)} than was asked for`,
  );
}

function changed(bucket: Bucket, key: string): BackupError {
  return new BackupError(
    "STORE_FAILED",
    `${bucket.locate(key)} was changed or replaced while it was being read`,
  );
}

function broken(bucket: Bucket, key: string, error: unknown, times: number): BackupError {
  const reason = error === undefined ? "it ended too early" : faultOf(error).reason;
  const message = `Reading ${bucket.locate(key)} at ${bucket.endpoint} broke ${times} times in a row: ${reason}`;
  return new BackupError("STORE_UNREACHABLE", message);
}
