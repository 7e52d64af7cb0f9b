import { randomUUID } from "node:crypto";
import { BackupError } from "../../errors.js";
import { baseUnusable, checkRange, isUnusable, withoutBase, type UnusableReason } from "../copy-base.js";
import type { PartLimits } from "../settings.js";
import type { ByteRange, CreateOptions, ObjectInfo, StoredObject, Upload } from "../store.js";
import type { Abilities } from "./abilities.js";
import { beginNoted } from "./begin-upload.js";
import { isRefusal, type Bucket } from "./bucket.js";
import { checkUnchanged, copyPart, type CopySource } from "./copy-part.js";
import { FreshBytes } from "./fresh-bytes.js";
import { abortMultipart, completeMultipart, sendPart, type SentPart, type StoredPart } from "./multipart.js";
import { inspect, putObject, removeIfSame, type WriteOptions, type Written } from "./objects.js";
import type { GuardedWrite, OverwriteGuardProbe } from "./overwrite-guards.js";
import { PartBuffers, type PartBuffer } from "./part-buffers.js";
import {
  largestSent,
  planParts,
  type PartPlan,
  type PartSource,
  type PlannedPart,
  type PlannedSend,
  type PlanOptions,
} from "./part-plan.js";
import { checkPartNumber, partsInFlight, partSize } from "./part-size.js";
import { PartsInFlight } from "./parts-in-flight.js";

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

/** What an upload works with, besides what its caller asks for. */
export interface UploadMeans {
  readonly abilities: Abilities;
  readonly guards: OverwriteGuardProbe;
  readonly limits: Required<PartLimits>;
  /** The base of the options, as it was found. */
  readonly source: CopySource | undefined;
  readonly resumed: ResumedUpload | undefined;
}

/**
 * Makes one object: by a single request when everything fits into the first part, else by a multipart upload whose
 * parts are sent while later bytes are collected, or are copied by the store. Memory: the bytes of one part, and the parts
 * that are being sent.
 *
 * The object carries a mark of its own, which answers the question that a lost answer leaves open: was it this upload
 * that made what is there now?
 */
export class S3Upload implements Upload {
  readonly mark: string;
  readonly #bucket: Bucket;
  readonly #key: string;
  readonly #options: CreateOptions;
  readonly #means: UploadMeans;
  readonly #planned: PlanOptions;
  readonly #plan: PartPlan;
  readonly #tally = { retries: 0 };
  readonly #bytes = { all: 0, copied: 0, fetched: 0 };
  readonly #kept = { resumedParts: 0, resumedBytes: 0 };
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #fresh = new FreshBytes();
  readonly #buffers = new PartBuffers();
  readonly #inFlight = new PartsInFlight((error) => this.#fail(error));
  #parts = 0;
  #uploadId: string | undefined;
  #failure: BackupError | undefined;
  /** Set before the request that makes the object visible: from then on it may be there, whatever was answered. */
  #mayBeVisible = false;
  #completed = false;

  constructor(bucket: Bucket, key: string, options: CreateOptions, means: UploadMeans) {
    const { limits, source, resumed } = means;
    this.#bucket = bucket;
    this.#key = key;
    this.#options = options;
    this.#means = means;
    this.#uploadId = resumed?.uploadId;
    this.mark = resumed?.mark ?? randomUUID();
    // Equal sizes make equal parts: those of the upload that goes on, whatever is expected now.
    const sizeHint = resumed === undefined ? (options.sizeHint ?? source?.size) : resumed.sizeHint;
    this.#planned = { limits, sizeHint, hasBase: source !== undefined };
    this.#plan = planParts(this.#planned);
    this.#signal =
      options.signal === undefined ? this.#stop.signal : AbortSignal.any([options.signal, this.#stop.signal]);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#throwFailure();
    this.#bytes.all += chunk.length;
    this.#fresh.add(chunk);
    await this.#startParts(this.#plan.fresh(chunk.length));
    this.#fresh.keep();
  }

  async copy(range: ByteRange): Promise<void> {
    this.#throwFailure();
    checkRange(range, this.#base);
    this.#bytes.all += range.end - range.start;
    await this.#startParts(this.#plan.copy(range));
  }

  async complete(): Promise<StoredObject> {
    this.#throwFailure();
    const last = this.#plan.end();
    const [only] = last;
    const overwriteGuard =
      this.#uploadId === undefined && last.length === 1 && only !== undefined && "send" in only
        ? await this.#putWhole(only)
        : await this.#completeParts(last);
    const object = await this.#readBack();
    this.#completed = true;
    const { all, copied, fetched } = this.#bytes;
    return {
      ...object,
      overwriteGuard,
      retries: this.#tally.retries,
      ...(this.#means.resumed === undefined ? {} : this.#kept),
      sentBytes: all - copied - this.#kept.resumedBytes,
      ...(this.#means.source === undefined ? {} : { copiedBytes: copied, fetchedBytes: fetched }),
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
    await this.#inFlight.settled();
  }

  async #startParts(parts: readonly PlannedPart[]): Promise<void> {
    for (const part of parts) {
      const uploadId = await this.#begun();
      const number = ++this.#parts;
      checkPartNumber(number, this.#planned.limits, this.#bucket.locate(this.#key));
      if ("copy" in part) this.#copyPart(uploadId, number, part.copy);
      else await this.#sendPart(uploadId, number, part);
    }
  }

  async #begun(): Promise<string> {
    return (this.#uploadId ??= await this.#begin());
  }

  #begin(): Promise<string> {
    const { sizeHint, hasBase } = this.#planned;
    const upload = {
      key: this.#key,
      mark: this.mark,
      ...(sizeHint === undefined ? {} : { sizeHint }),
      // What can be copied may be another base's next time.
      ...(hasBase ? { resumable: false as const } : {}),
    };
    return beginNoted(this.#bucket, upload, this.#options, this.#request);
  }

  #copyPart(uploadId: string, number: number, range: ByteRange): void {
    const source = this.#base;
    this.#bytes.copied += range.end - range.start;
    const upload = { key: this.#key, uploadId };
    this.#inFlight.copy({
      doing: `copy part ${number} of ${this.#bucket.locate(this.#key)}`,
      run: () => copyPart(this.#bucket, upload, { number, source, range }, this.#request),
    });
  }

  async #sendPart(uploadId: string, number: number, { send }: PlannedSend): Promise<void> {
    const { sizeHint, limits } = this.#planned;
    await this.#inFlight.room(partsInFlight(partSize(number, sizeHint, limits)));
    this.#throwFailure();
    const part = await this.#collect(largestSent(number, this.#planned), send);
    this.#inFlight.send({
      doing: `send part ${number} of ${this.#bucket.locate(this.#key)}`,
      run: async () => {
        const sent = await this.#sendUnlessThere(uploadId, number, part);
        this.#buffers.giveBack(part);
        return sent;
      },
    });
  }

  /** Brings the bytes of a part together: new ones, and those that are too few to be copied. */
  async #collect(room: number, sources: readonly PartSource[]): Promise<PartBuffer> {
    const part = this.#buffers.take(room);
    for (const source of sources) {
      if ("fresh" in source) this.#fresh.moveTo(part, source.fresh);
      else await this.#fetchTo(part, source.base);
    }
    return part;
  }

  async #fetchTo(part: PartBuffer, range: ByteRange): Promise<void> {
    const base = this.#base;
    let left = range.end - range.start;
    this.#bytes.fetched += left;
    for await (const chunk of base.fetch(range)) {
      this.#throwFailure();
      left -= chunk.length;
      if (left < 0) break;
      part.append(chunk);
    }
    if (left !== 0) throw this.#unusable("the base is not what it was");
  }

  async #sendUnlessThere(uploadId: string, number: number, part: PartBuffer): Promise<SentPart> {
    const { bytes } = part;
    const md5 = part.md5();
    const there = this.#means.resumed?.parts.get(number);
    // Where a store's ETags are no MD5 sums, which differs by store and encryption, no part is like it, and all are sent.
    if (there?.size === bytes.length && there.etag === md5.toString("hex")) {
      this.#kept.resumedParts++;
      this.#kept.resumedBytes += bytes.length;
      return { PartNumber: number, ETag: `"${there.etag}"` };
    }
    const content = { number, bytes, contentMd5: md5.toString("base64") };
    return sendPart(this.#bucket, this.#key, uploadId, content, this.#request);
  }

  /** A failure stops the other parts, and is thrown at the next call of the upload. */
  #fail(error: BackupError): void {
    this.#failure ??= error;
    this.#stop.abort(this.#failure);
    if (isUnusable(error, "the store cannot copy")) this.#means.abilities.learn({ copy: false });
  }

  async #putWhole({ send, size }: PlannedSend): Promise<Guard> {
    const part = await this.#collect(size, send);
    const guard = await this.#prepareGuard("put");
    const content = {
      bytes: part.bytes,
      contentMd5: part.md5().toString("base64"),
      mark: this.mark,
      onlyNew: guard === "atomic",
    };
    await this.#makeVisible((options) => putObject(this.#bucket, this.#key, content, options));
    return guard;
  }

  async #completeParts(last: readonly PlannedPart[]): Promise<Guard> {
    await this.#startParts(last);
    const uploadId = await this.#begun();
    await this.#inFlight.settled();
    this.#throwFailure();
    const { source } = this.#means;
    if (source !== undefined && this.#bytes.copied > 0)
      await checkUnchanged(this.#bucket, source, this.#request);
    const guard = await this.#prepareGuard("complete");
    const content = { parts: this.#inFlight.arrived, onlyNew: guard === "atomic" };
    try {
      await this.#makeVisible((options) =>
        completeMultipart(this.#bucket, this.#key, uploadId, content, options),
      );
    } catch (error) {
      // Sizes that this store does not want, or a copy that it has not made after all.
      if (this.#bytes.copied > 0 && isRefusal(error, 400))
        throw this.#unusable("the store refused the parts");
      throw error;
    }
    return guard;
  }

  async #prepareGuard(kind: GuardedWrite): Promise<Guard> {
    if (this.#options.overwrite) return "off";
    if (await this.#means.guards.honours(kind, this.#key, this.#options, this.#signal)) return "atomic";
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
    if (found.size !== this.#bytes.all) {
      await this.#removeIfOurs(found);
      if (this.#bytes.copied > 0) throw this.#unusable("the store copied something else");
      throw new BackupError(
        "STORE_FAILED",
        `${where} has ${found.size} bytes in the store, but ${this.#bytes.all} were sent`,
      );
    }
    return found;
  }

  async #removeIfOurs(found: ObjectInfo | undefined): Promise<void> {
    if (found?.mark === this.mark) await removeIfSame(this.#bucket, found, {});
  }

  /** Only asked for when there is something to copy. */
  get #base(): CopySource {
    const { source } = this.#means;
    if (source === undefined) throw withoutBase(this.#bucket.locate(this.#key));
    return source;
  }

  #unusable(reason: UnusableReason): BackupError {
    return baseUnusable(this.#bucket.locate(this.#base.key), reason);
  }

  get #request(): { signal: AbortSignal; tally: { retries: number } } {
    return { signal: this.#signal, tally: this.#tally };
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#signal.throwIfAborted();
  }
}
