import { randomUUID } from "node:crypto";
import { BackupError, toBackupError } from "../../errors.js";
import { withoutBase } from "../copy-base.js";
import type { ByteRange, CreateOptions, ObjectInfo, StoredObject, Upload } from "../store.js";
import { isRefusal, S3Error, type Bucket } from "./bucket.js";
import {
  abortMultipart,
  beginMultipart,
  completeMultipart,
  sendPart,
  type SentPart,
  type StoredPart,
} from "./multipart.js";
import { inspect, putObject, removeIfSame, type WriteOptions, type Written } from "./objects.js";
import type { GuardedWrite, OverwriteGuardProbe } from "./overwrite-guards.js";
import { PartBuffers, type PartBuffer } from "./part-buffers.js";
import { checkPartNumber, partsInFlight, partSize } from "./part-size.js";

type Guard = StoredObject["overwriteGuard"];

export function archiveExists(bucket: Bucket, key: string): BackupError {
  return new BackupError("ARCHIVE_EXISTS", `There is already an object ${bucket.locate(key)}`);
}

/** An unfinished upload that goes on. */
export interface ResumedUpload {
  readonly uploadId: string;
  readonly mark: string;
  readonly sizeHint: number | undefined;
  /** What it has, by part number. */
  readonly parts: ReadonlyMap<number, StoredPart>;
}

/**
 * Makes one object: by a single request when everything fits into the first part, else by a multipart upload whose
 * parts are sent while later bytes are collected. Memory: one part being filled and those on their way.
 *
 * The object carries a mark of its own, which answers the question that a lost answer leaves open: was it this upload
 * that made what is there now?
 */
export class S3Upload implements Upload {
  readonly #bucket: Bucket;
  readonly #key: string;
  readonly #options: CreateOptions;
  readonly #guards: OverwriteGuardProbe;
  readonly mark: string;
  readonly #resumed: ResumedUpload | undefined;
  readonly #sizeHint: number | undefined;
  readonly #kept = { resumedParts: 0, resumedBytes: 0 };
  readonly #tally = { retries: 0 };
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #buffers = new PartBuffers();
  readonly #sent: SentPart[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #part: PartBuffer;
  #parts = 0;
  #size = 0;
  #fetched = 0;
  #uploadId: string | undefined;
  #failure: Error | undefined;
  /** Set before the request that makes the object visible: from then on it may be there, whatever was answered. */
  #mayBeVisible = false;
  #completed = false;

  constructor(
    bucket: Bucket,
    key: string,
    options: CreateOptions,
    guards: OverwriteGuardProbe,
    resumed?: ResumedUpload,
  ) {
    this.#bucket = bucket;
    this.#key = key;
    this.#options = options;
    this.#guards = guards;
    this.#resumed = resumed;
    this.#uploadId = resumed?.uploadId;
    this.mark = resumed?.mark ?? randomUUID();
    // Equal sizes make equal parts: those of the upload that goes on, whatever is expected now.
    this.#sizeHint = resumed === undefined ? options.sizeHint : resumed.sizeHint;
    this.#signal =
      options.signal === undefined ? this.#stop.signal : AbortSignal.any([options.signal, this.#stop.signal]);
    this.#part = this.#buffers.take(partSize(1, this.#sizeHint));
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#throwFailure();
    for (let rest = chunk; rest.length > 0;) {
      // Not before another byte is there: the last part must not be empty, and a lone one is a single PUT.
      if (this.#part.full) await this.#sendPart();
      const taken = this.#part.append(rest);
      this.#size += taken;
      rest = rest.subarray(taken);
    }
  }

  async copy(range: ByteRange): Promise<void> {
    const { base } = this.#options;
    if (base === undefined) throw withoutBase(this.#bucket.locate(this.#key));
    for await (const chunk of base.fetch(range)) await this.write(chunk);
    this.#fetched += range.end - range.start;
  }

  async complete(): Promise<StoredObject> {
    this.#throwFailure();
    const overwriteGuard =
      this.#uploadId === undefined ? await this.#putWhole() : await this.#completeParts(this.#uploadId);
    const object = await this.#readBack();
    this.#completed = true;
    return {
      ...object,
      overwriteGuard,
      retries: this.#tally.retries,
      ...(this.#resumed === undefined ? {} : this.#kept),
      sentBytes: this.#size - this.#kept.resumedBytes,
      ...(this.#options.base === undefined ? {} : { copiedBytes: 0, fetchedBytes: this.#fetched }),
    };
  }

  async abort(): Promise<void> {
    if (this.#completed) return;
    // A part that arrives after the abort would be kept, and charged for.
    await this.suspend();
    try {
      if (this.#uploadId !== undefined) await abortMultipart(this.#bucket, this.#key, this.#uploadId, {});
      if (this.#mayBeVisible) await this.#removeIfOurs(await inspect(this.#bucket, this.#key, {}));
    } catch {
      // What is left is a leftover that the job has been told of, and the next start discards it.
    }
  }

  async suspend(): Promise<void> {
    this.#stop.abort(
      new BackupError("JOB_CANCELLED", `The upload to ${this.#bucket.locate(this.#key)} was stopped`),
    );
    await Promise.allSettled(this.#inFlight);
  }

  async #sendPart(): Promise<void> {
    const uploadId = (this.#uploadId ??= await this.#begin());
    const part = this.#part;
    const number = ++this.#parts;
    checkPartNumber(number, this.#bucket.locate(this.#key));
    while (this.#inFlight.size >= partsInFlight(part.memory.length)) await Promise.race(this.#inFlight);
    this.#throwFailure();
    const sending = this.#send(uploadId, number, part);
    this.#inFlight.add(sending);
    void sending.finally(() => this.#inFlight.delete(sending));
    this.#part = this.#buffers.take(partSize(number + 1, this.#sizeHint));
  }

  async #begin(): Promise<string> {
    const begun = { kind: "begun", key: this.#key } as const;
    await this.#options.onLeftover(begun);
    const answers = { lost: false };
    let uploadId: string;
    try {
      uploadId = await beginMultipart(this.#bucket, this.#key, this.mark, this.#request, () => {
        answers.lost = true;
      });
    } catch (error) {
      const refused = error instanceof S3Error && !error.fault.uncertain && !answers.lost;
      if (refused) this.#options.onGone?.(begun);
      throw error;
    }
    try {
      await this.#options.onLeftover({
        kind: "multipart",
        key: this.#key,
        uploadId,
        mark: this.mark,
        ...(this.#sizeHint === undefined ? {} : { sizeHint: this.#sizeHint }),
        ...(this.#options.base === undefined ? {} : { resumable: false as const }),
      });
    } catch (error) {
      // Nobody knows of it, so that nobody but us can remove it.
      await abortMultipart(this.#bucket, this.#key, uploadId, {}).catch(() => undefined);
      throw error;
    }
    if (!answers.lost) this.#options.onGone?.(begun);
    return uploadId;
  }

  /** Never rejects: a failure stops the other parts, and is thrown at the next call of the upload. */
  async #send(uploadId: string, number: number, part: PartBuffer): Promise<void> {
    try {
      this.#sent.push(await this.#sendUnlessThere(uploadId, number, part));
      this.#buffers.giveBack(part);
    } catch (error) {
      this.#failure ??= toBackupError(error, `send part ${number} of ${this.#bucket.locate(this.#key)}`);
      this.#stop.abort(this.#failure);
    }
  }

  async #sendUnlessThere(uploadId: string, number: number, part: PartBuffer): Promise<SentPart> {
    const { bytes } = part;
    const md5 = part.md5();
    const there = this.#resumed?.parts.get(number);
    // Where a store's ETags are no MD5 sums, which differs by store and encryption, no part is like it, and all are sent.
    if (there?.size === bytes.length && there.etag === md5.toString("hex")) {
      this.#kept.resumedParts++;
      this.#kept.resumedBytes += bytes.length;
      return { PartNumber: number, ETag: `"${there.etag}"` };
    }
    const content = { number, bytes, contentMd5: md5.toString("base64") };
    return sendPart(this.#bucket, this.#key, uploadId, content, this.#request);
  }

  async #putWhole(): Promise<Guard> {
    const guard = await this.#prepareGuard("put");
    const content = {
      bytes: this.#part.bytes,
      contentMd5: this.#part.md5().toString("base64"),
      mark: this.mark,
      onlyNew: guard === "atomic",
    };
    await this.#makeVisible((options) => putObject(this.#bucket, this.#key, content, options));
    return guard;
  }

  async #completeParts(uploadId: string): Promise<Guard> {
    await this.#sendPart();
    await Promise.all(this.#inFlight);
    this.#throwFailure();
    const guard = await this.#prepareGuard("complete");
    const content = {
      parts: this.#sent.sort((one, other) => one.PartNumber - other.PartNumber),
      onlyNew: guard === "atomic",
    };
    await this.#makeVisible((options) =>
      completeMultipart(this.#bucket, this.#key, uploadId, content, options),
    );
    return guard;
  }

  async #prepareGuard(kind: GuardedWrite): Promise<Guard> {
    if (this.#options.overwrite) return "off";
    if (await this.#guards.honours(kind, this.#key, this.#options, this.#signal)) return "atomic";
    if ((await inspect(this.#bucket, this.#key, this.#request)) !== undefined)
      throw archiveExists(this.#bucket, this.#key);
    return "checked";
  }

  async #makeVisible(write: (options: WriteOptions) => Promise<Written>): Promise<void> {
    this.#mayBeVisible = true;
    try {
      await write({ ...this.#request, settled: () => this.#settled() });
    } catch (error) {
      if (isRefusal(error, 412)) throw archiveExists(this.#bucket, this.#key);
      throw error;
    }
  }

  /** Did an attempt whose answer was lost take effect? */
  async #settled(): Promise<Written | undefined> {
    const found = await inspect(this.#bucket, this.#key, this.#request);
    if (found?.mark === this.mark) return { version: undefined };
    if (found !== undefined && !this.#options.overwrite) throw archiveExists(this.#bucket, this.#key);
    return undefined;
  }

  async #readBack(): Promise<ObjectInfo> {
    const where = this.#bucket.locate(this.#key);
    const found = await inspect(this.#bucket, this.#key, this.#request);
    if (found === undefined)
      throw new BackupError("STORE_FAILED", `The store took ${where}, but does not have it`);
    if (found.mark !== undefined && found.mark !== this.mark) {
      // Where the store cannot decide who is first, this is how the loser learns of it.
      if (!this.#options.overwrite) throw archiveExists(this.#bucket, this.#key);
      throw new BackupError(
        "STORE_FAILED",
        `Another writer has replaced ${where} while it was being completed`,
      );
    }
    if (found.size !== this.#size) {
      await this.#removeIfOurs(found);
      throw new BackupError(
        "STORE_FAILED",
        `${where} has ${found.size} bytes in the store, but ${this.#size} were sent`,
      );
    }
    return found;
  }

  async #removeIfOurs(found: ObjectInfo | undefined): Promise<void> {
    if (found?.mark === this.mark) await removeIfSame(this.#bucket, found, {});
  }

  get #request(): { signal: AbortSignal; tally: { retries: number } } {
    return { signal: this.#signal, tally: this.#tally };
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#signal.throwIfAborted();
  }
}
