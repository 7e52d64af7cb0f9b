/** The earlier archive that a backup takes bytes over from: opened, and known to be what the ledger says. */
import { closeSync, fstatSync, openSync } from "node:fs";
import { checkedRange } from "../../archive/base/base-frames.js";
import { BaseSegments } from "../../archive/base/base-segments.js";
import { decodeFacts } from "../../archive/base/facts.js";
import type { ArchiveLimits } from "../../archive/format.js";
import { openIndex, TAIL_BYTES } from "../../archive/open.js";
import { readFully } from "../../archive/opened-file.js";
import { sharedMemory } from "../../archive/shared-memory.js";
import type { WriteBase } from "../../archive/writer.js";
import { toBackupError } from "../../errors.js";
import { baseUnusable, checkBase } from "../../stores/copy-base.js";
import type { CopyBase, Store } from "../../stores/store.js";
import { objectSource } from "./object-source.js";
import type { BaseObject } from "./protocol.js";

export interface OpenBase {
  readonly copy: CopyBase;
  readonly write: WriteBase;
  /** Throws BASE_UNUSABLE when the object is not what it was any more. */
  check(): Promise<void>;
}

export interface BaseReading {
  readonly limits: ArchiveLimits;
  readonly signal: AbortSignal;
}

/** Throws BASE_UNUSABLE, whatever keeps the base from being read, or the signal's reason. */
export async function openBase(
  store: Store,
  base: BaseObject,
  { limits, signal }: BaseReading,
): Promise<OpenBase> {
  const { key, size, etag, indexSha256 } = base;
  const where = store.locate(key);
  const guard = <T>(work: () => Promise<T>): Promise<T> => work().catch((error: unknown) => refuse(error));
  const refuse = (error: unknown): never => {
    const cause = toBackupError(error, `read ${where}`);
    if (signal.aborted || cause.code === "BASE_UNUSABLE") throw cause;
    if (cause.code === "ARCHIVE_NOT_FOUND") throw baseUnusable(where, "the base is gone");
    throw baseUnusable(where, "the base cannot be read", cause);
  };
  const object = { key, size, etag, modifiedAt: new Date(0) };
  const source = objectSource(store, object, signal);
  async function* fetch(range: { readonly start: number; readonly end: number }): AsyncGenerator<Uint8Array> {
    try {
      yield* checkedRange(source, segments, range);
    } catch (error) {
      refuse(error);
    }
  }
  const copy: CopyBase = { key, size, etag, fetch };

  const index = await guard(async () => {
    const tail = await source.tail(TAIL_BYTES);
    checkBase(copy, tail.object, where);
    return openIndex(source, tail.bytes, limits, { sha256: indexSha256, isRead: true });
  });
  if (index?.sha256 !== indexSha256) throw baseUnusable(where, "the base is not what it was");
  const { payload } = index;
  const segments = new BaseSegments(payload);
  return {
    copy,
    write: { payload, segments, states: readFacts(base) },
    check: () => guard(async () => checkBase(copy, await store.head(key, signal), where)),
  };
}

/** Undefined where there are none of use: then every file is read. */
function readFacts({ factsFile, indexSha256 }: BaseObject): Uint8Array | undefined {
  if (factsFile === undefined) return undefined;
  try {
    return decodeFacts(readShared(factsFile), indexSha256);
  } catch {
    return undefined;
  }
}

/** A file's content, in memory that the reader thread is given, too. */
function readShared(file: string): Uint8Array {
  const handle = openSync(file, "r");
  try {
    const bytes = new Uint8Array(sharedMemory(fstatSync(handle).size));
    readFully(handle, bytes, 0);
    return bytes;
  } finally {
    closeSync(handle);
  }
}
