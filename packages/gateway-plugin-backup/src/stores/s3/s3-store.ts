import { BackupError } from "../../errors.js";
import type { PartLimits, S3StoreSettings } from "../settings.js";
import { baseUnusable } from "../copy-base.js";
import type { ObjectLock, WantedLock } from "../object-lock.js";
import type {
  CreateOptions,
  Leftover,
  ObjectInfo,
  StoreAbilities,
  ReadOptions,
  Store,
  TailRead,
  Upload,
} from "../store.js";
import { Abilities } from "./abilities.js";
import { Bucket, S3Error, type BucketOptions } from "./bucket.js";
import { findBase, type CopySource } from "./copy-part.js";
import { partLimits } from "./known-limits.js";
import { lockObject } from "./lock-object.js";
import { abortMultipart, listParts } from "./multipart.js";
import { inspect, listObjects, removeIfSame, removeObject } from "./objects.js";
import { isProbe, OverwriteGuardProbe } from "./overwrite-guards.js";
import { readObject, readTail } from "./read.js";
import { abortAll, abortUnused } from "./unfinished.js";
import { archiveExists, S3Upload, type ResumedUpload } from "./upload.js";

/** Archives in a bucket of Amazon S3 or of a store that speaks its protocol. */
export class S3Store implements Store {
  readonly kind = "s3";
  readonly #bucket: Bucket;
  readonly #abilities: Abilities;
  readonly #guards: OverwriteGuardProbe;
  readonly #partLimits: PartLimits | undefined;

  /** `options` stand in for time, chance and patience in tests. */
  constructor(settings: S3StoreSettings, options?: BucketOptions) {
    this.#bucket = new Bucket(settings, options);
    this.#abilities = new Abilities(settings.abilities);
    this.#partLimits = settings.partLimits;
    this.#guards = new OverwriteGuardProbe(this.#bucket, this.#abilities);
  }

  locate(key: string): string {
    return this.#bucket.locate(key);
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    return inspect(this.#bucket, key, { signal });
  }

  read(key: string, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return readObject(this.#bucket, key, options);
  }

  async readTail(key: string, length: number, signal?: AbortSignal): Promise<TailRead> {
    return readTail(this.#bucket, key, length, signal);
  }

  async create(key: string, options: CreateOptions): Promise<Upload> {
    const existing = await this.#lookFirst(key, options.signal);
    if (existing !== undefined && !options.overwrite) throw archiveExists(this.#bucket, key);
    const source = await this.#findBase(options);
    const resumed = await this.#findUpload(key, options);
    const { equalParts } = this.#abilities.known;
    const found = equalParts === undefined ? {} : { equalParts };
    const limits = partLimits(await this.#bucket.host(), { ...this.#partLimits, ...found });
    const means = { abilities: this.#abilities, guards: this.#guards, limits, source, resumed };
    return new S3Upload(this.#bucket, key, options, means);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo, void, undefined> {
    for await (const object of listObjects(this.#bucket, prefix, { signal })) {
      if (!isProbe(object.key)) yield object;
    }
  }

  async remove(key: string, signal?: AbortSignal): Promise<void> {
    await removeObject(this.#bucket, key, { signal });
  }

  async removeIfSame(object: ObjectInfo, signal?: AbortSignal): Promise<boolean> {
    return removeIfSame(this.#bucket, object, { signal });
  }

  async lock(object: ObjectInfo, wanted: WantedLock, signal?: AbortSignal): Promise<ObjectLock | undefined> {
    await lockObject(this.#bucket, object, wanted, { signal });
    return (await inspect(this.#bucket, object.key, { signal }))?.lock;
  }

  async discard(leftover: Leftover, signal?: AbortSignal): Promise<void> {
    switch (leftover.kind) {
      case "multipart":
        return abortMultipart(this.#bucket, leftover.key, leftover.uploadId, { signal });
      case "begun":
        return abortUnused(this.#bucket, leftover.key, { signal });
      case "probe":
        await abortAll(this.#bucket, leftover.key, { signal });
        return removeObject(this.#bucket, leftover.key, { signal });
      case "partial-file":
        throw new BackupError("REQUEST_INVALID", "An S3 store has no partial files");
    }
  }

  abilities(): StoreAbilities {
    return this.#abilities.known;
  }

  close(): void {
    this.#bucket.close();
  }

  async #findBase({ base, signal }: CreateOptions): Promise<CopySource | undefined> {
    if (base === undefined) return undefined;
    if (this.#abilities.known.copy === false)
      throw baseUnusable(this.#bucket.locate(base.key), "the store cannot copy");
    return findBase(this.#bucket, base, { signal });
  }

  /** The upload that is to be resumed; undefined when there is none (any more). */
  async #findUpload(
    key: string,
    { resume, base, onGone, signal }: CreateOptions,
  ): Promise<ResumedUpload | undefined> {
    if (base !== undefined || resume?.kind !== "multipart" || resume.mark === undefined || resume.key !== key)
      return undefined;
    const { uploadId, mark, sizeHint } = resume;
    const parts = await listParts(this.#bucket, key, uploadId, { signal });
    if (parts !== undefined) return { uploadId, mark, sizeHint, parts };
    onGone?.(resume);
    return undefined;
  }

  /**
   * Finds a wrong address, wrong credentials, a missing bucket and an archive that is there already before a tenant is
   * read for an hour.
   */
  async #lookFirst(key: string, signal: AbortSignal | undefined): Promise<ObjectInfo | undefined> {
    try {
      return await inspect(this.#bucket, key, { signal });
    } catch (error) {
      // AWS says so, instead of "not found", to credentials that may not list the bucket. They may well be able to write.
      if (error instanceof S3Error && error.fault.name === "AccessDenied") return undefined;
      throw error;
    }
  }
}
