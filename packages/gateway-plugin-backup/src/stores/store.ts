/**
 * Where archives live. One interface, two backends (local directories and S3), one conformance suite that both pass.
 *
 * A store is used from a job's worker thread, or briefly from the gateway's main thread (`head`, `list`). The local
 * backend makes synchronous calls only, because libuv's pool of four threads is shared with the gateway.
 */

import type { ObjectLock, WantedLock } from "./object-lock.js";

export interface ObjectInfo {
  /** Within the store: an S3 key, or an absolute path. */
  readonly key: string;
  readonly size: number;
  /** S3: the ETag without quotes. Local: made of device, inode, size, mtime and ctime, so it changes when the file does. */
  readonly etag: string;
  readonly modifiedAt: Date;
  /** S3: which version of the object this is, where the bucket keeps versions and was asked about this object. */
  readonly version?: string;
  /** The mark of the upload that made it (see {@link Upload}), where the store keeps marks; only `head` finds it out. */
  readonly mark?: string;
  /** Absent: it is not locked, or the store does not say; only `head` finds it out. */
  readonly lock?: ObjectLock;
}

/** Half-open: bytes `start` to `end - 1`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface Store {
  readonly kind: "local" | "s3";
  /** The object's URL or path as a person would write it; never holds a secret. */
  locate(key: string): string;
  /** Undefined when there is no such object. Throws `BUCKET_NOT_FOUND`, `STORE_DENIED`, `STORE_UNREACHABLE`, … */
  head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined>;
  /**
   * Reads the object, or a range of it, in order. Throws `ARCHIVE_NOT_FOUND` when it is not there, `STORE_FAILED` when
   * the store delivers more or fewer bytes than asked for. Broken transfers resume where they broke, with the ETag as
   * condition; a changed object is `STORE_FAILED`, never a mixture.
   */
  read(key: string, options?: ReadOptions): AsyncIterable<Uint8Array>;
  /** The last `length` bytes (fewer when the object is smaller), in one request where the store can. */
  readTail(key: string, length: number, signal?: AbortSignal): Promise<TailRead>;
  /**
   * Begins a new object. Nothing is visible under `key` before `complete`. Throws `ARCHIVE_EXISTS` early where that is
   * known already.
   */
  create(key: string, options: CreateOptions): Promise<Upload>;
  /** Objects whose key starts with `prefix` (a string prefix, as in S3), in no order; leftovers are not shown. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectInfo>;
  /** Fine when it is not there. */
  remove(key: string, signal?: AbortSignal): Promise<void>;
  /**
   * Removes the object that `head` described, and no other: false when another one has taken its place.
   * True also when it is gone already. Where the bucket keeps versions, exactly that version is removed for good.
   */
  removeIfSame(object: ObjectInfo, signal?: AbortSignal): Promise<boolean>;
  /**
   * Locks the object that `head` described against removal, and reads back the lock that it has then, if any. Throws `UNSUPPORTED`
   * where objects cannot be locked, and what the store's refusal is.
   */
  lock(object: ObjectInfo, wanted: WantedLock, signal?: AbortSignal): Promise<ObjectLock | undefined>;
  /** Removes what an upload left behind that did not end; fine when it is gone already. */
  discard(leftover: Leftover, signal?: AbortSignal): Promise<void>;
  /** What was found out so far; see {@link StoreAbilities}. */
  abilities(): StoreAbilities;
  close(): void;
}

/**
 * What a store can do. A member that is missing is not known yet. Serializable: give it to the settings of the next store
 * of the same endpoint and bucket, and it need not be found out again.
 */
export interface StoreAbilities {
  /** The store itself refuses to overwrite by one request. */
  readonly put?: boolean;
  /** The store itself refuses to overwrite by an object that is made of parts. */
  readonly complete?: boolean;
  /** A part of an object can be a range of another object, which the store copies. */
  readonly copy?: boolean;
  /** It has refused parts of different sizes: all but the last are to have one size. */
  readonly equalParts?: boolean;
}

export interface ReadOptions {
  readonly range?: ByteRange;
  /** Fail unless the object still has this ETag. */
  readonly etag?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface TailRead {
  readonly bytes: Uint8Array;
  readonly object: ObjectInfo;
}

export interface CreateOptions {
  /** False: an existing object stays as it is and `complete` throws `ARCHIVE_EXISTS`. */
  readonly overwrite: boolean;
  /** Bytes that are to be expected, for choosing the part size; the upload may turn out larger or smaller. */
  readonly sizeHint?: number;
  /**
   * Called, and awaited, before anything is stored that a crash would leave behind, so that the next start can discard
   * it. Not called for an object that a single PUT creates.
   */
  readonly onLeftover: (leftover: Leftover) => Promise<void>;
  /** Called when something announced is not there, or has become known by another leftover. */
  readonly onGone?: (leftover: Leftover) => void;
  /**
   * An unfinished upload to the same key that is to be continued: what it has and what is written now in equal parts is
   * not sent again. One that is gone, or of another kind than the store can continue, is no error: a new one is begun. But
   * where it has more parts than there are now, some stores (Ceph) do not complete it: then `complete` throws
   * `STORE_FAILED`, and everything has to be written anew.
   */
  readonly resume?: Leftover;
  /**
   * The object whose bytes `Upload.copy` takes over. With a base an upload cannot be resumed, and `create`, `copy`, `write`
   * and `complete` throw `BASE_UNUSABLE` when the base is not there, is not what it was, or the store cannot copy: then
   * abort, and write the object without a base. `details.reason` says why, in words that can follow "because": "the
   * base is gone".
   */
  readonly base?: CopyBase;
  readonly signal?: AbortSignal;
}

/** An object in the same store, as it was when it was found to be good. */
export interface CopyBase {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  /**
   * The bytes of a range, checked, for what has to be sent because it is too short to be copied. Ranges are asked for in
   * the order in which they stand in the upload, each byte at most once, and one range at a time. What it throws ends the
   * upload: `BASE_UNUSABLE` where the base is at fault.
   */
  readonly fetch: (range: ByteRange) => AsyncIterable<Uint8Array>;
}

export interface Upload {
  /** Tells its object from those of other writers; undefined where the store keeps no marks. */
  readonly mark: string | undefined;

  /** Resolves when there is room for more; only then the caller may use the chunk's memory again. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Appends these bytes of the base to what was written and copied so far, and resolves when there is room for more.
   * Ranges that lie side by side, appended one after the other, are one run: whether the store copies a run, or how much
   * of it, is decided for the whole.
   */
  copy(range: ByteRange): Promise<void>;
  /**
   * Makes the object visible and reads its size back. Throws `ARCHIVE_EXISTS` unless `overwrite`. After a `write`,
   * `copy` or `complete` that threw, the caller calls `abort`.
   */
  complete(): Promise<StoredObject>;
  /** Removes every trace. Never throws; what could not be removed is still a leftover. */
  abort(): Promise<void>;

  /**
   * Instead of `abort`, when the process is about to end: what was announced as a leftover that can be resumed stays.
   * Never throws.
   */
  suspend(): Promise<void>;
}

export interface StoredObject extends ObjectInfo {
  /**
   * How an existing object was protected. `atomic`: the store decided. `checked`: it was looked for just before
   * completing, which a racing writer can slip past. `off`: `overwrite` was set.
   */
  readonly overwriteGuard: "atomic" | "checked" | "off";
  /** Number of requests or write calls that were repeated after a fault. */
  readonly retries: number;
  /** What a resumed upload had already, and was not sent again; absent unless one was resumed, like the next. */
  readonly resumedParts?: number;
  readonly resumedBytes?: number;
  /** Bytes of the object that were written, or sent, by us; repetitions are not counted. */
  readonly sentBytes: number;
  /** Bytes that the store took over from the base by itself (local: from file to file); absent without base, like the next. */
  readonly copiedBytes?: number;
  /** Of `sentBytes`, those that were fetched from the base first. */
  readonly fetchedBytes?: number;
}

/** What an upload leaves in a store when it does not end. Serializable; stands in the ledger until it is gone. */
export type Leftover =
  | MultipartLeftover
  /** An upload to `key` whose id may never become known, because the answer that tells it can be lost. */
  | { readonly kind: "begun"; readonly key: string }
  /** The object, or the unfinished upload, with which a store is asked whether it refuses to overwrite. */
  | { readonly kind: "probe"; readonly key: string }
  | { readonly kind: "partial-file"; readonly path: string };

export interface MultipartLeftover {
  readonly kind: "multipart";
  readonly key: string;
  readonly uploadId: string;
  /** Of the object that it is to become; absent in ledgers of older versions. */
  readonly mark?: string;
  /** From which its part sizes follow; see {@link CreateOptions}. */
  readonly sizeHint?: number;
  /** Where it is false, the upload cannot be continued: parts of it are copies of a base. */
  readonly resumable?: false;
}
