/** The small objects of gateways' backups: reading and writing backup.json, and removing what belongs to no set any more. */
import { createHash } from "node:crypto";
import { damaged } from "../../archive/damage.js";
import { serializeError, toBackupError } from "../../errors.js";
import { whyLocked } from "../../stores/object-lock.js";
import type { Store } from "../../stores/store.js";
import { MANIFEST_BYTES_MAX } from "../gateway/set-names.js";
import { mapFewAtOnce } from "./few-at-once.js";
import { withStore } from "./object-source.js";
import type { OperationContext } from "./operation-context.js";
import type {
  ManifestOutcome,
  ReadManifestOperation,
  RemoveManifestOperation,
  RemoveObjectsOperation,
  RemoveOutcome,
  WriteManifestOperation,
} from "./protocol.js";

/** Rejects with ARCHIVE_DAMAGED for an object that is far too large to be one. */
export function readManifest(
  { store: settings, key }: ReadManifestOperation,
  context: OperationContext,
): Promise<ManifestOutcome | undefined> {
  return withStore(settings, context, (store) => read(store, key, context.signal));
}

/** The store has it when this resolves: it was read back. */
export function writeManifest(
  { store: settings, key, text, overwrite }: WriteManifestOperation,
  context: OperationContext,
): Promise<ManifestOutcome> {
  const { signal } = context;
  return withStore(settings, context, async (store) => {
    const bytes = Buffer.from(text);
    const upload = await store.create(key, {
      overwrite,
      sizeHint: bytes.length,
      onLeftover: (leftover) => context.leftover(leftover),
      onGone: (leftover) => context.gone(leftover),
      signal,
    });
    try {
      await upload.write(bytes);
      await upload.complete();
    } catch (error) {
      await upload.abort();
      throw error;
    }
    const stored = await read(store, key, signal);
    if (stored?.text === text) return stored;
    throw damaged("manifest", `${store.locate(key)} was stored, but the store gives back something else.`);
  });
}

/** Removes exactly the manifest that was written, and no other: false where another one has taken its place. */
export function removeManifest(
  { store: settings, key, sha256 }: RemoveManifestOperation,
  context: OperationContext,
): Promise<boolean> {
  const { signal } = context;
  return withStore(settings, context, async (store) => {
    const object = await store.head(key, signal);
    if (object === undefined) return true;
    const found = await read(store, key, signal);
    if (found === undefined) return true;
    if (createHash("sha256").update(found.text).digest("hex") !== sha256) return false;
    return store.removeIfSame(object, signal);
  });
}

/** Rejects only when the store cannot be opened; what becomes of each object is in the result. */
export function removeObjects(
  { store: settings, keys }: RemoveObjectsOperation,
  context: OperationContext,
): Promise<RemoveOutcome[]> {
  return withStore(settings, context, (store) =>
    mapFewAtOnce(keys, (key) => removeOne(store, key, context.signal)),
  );
}

async function removeOne(store: Store, key: string, signal: AbortSignal): Promise<RemoveOutcome> {
  try {
    const object = await store.head(key, signal);
    if (object === undefined) return { outcome: "gone" };
    const reason = whyLocked(object.lock, Date.now());
    if (reason !== undefined) return { outcome: "locked", reason };
    const isRemoved = await store.removeIfSame(object, signal);
    return isRemoved ? { outcome: "removed" } : { outcome: "other", reason: "it was replaced just now" };
  } catch (error) {
    const failure = toBackupError(error, `remove ${store.locate(key)}`);
    return { outcome: "failed", error: serializeError(failure), asked: true };
  }
}

async function read(store: Store, key: string, signal: AbortSignal): Promise<ManifestOutcome | undefined> {
  const object = await store.head(key, signal);
  if (object === undefined) return undefined;
  const { size, etag } = object;
  if (size > MANIFEST_BYTES_MAX)
    throw damaged("manifest", `${store.locate(key)} has ${size} bytes, and is no backup.json of a gateway.`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(key, { etag, signal })) chunks.push(Buffer.from(chunk));
  return { text: Buffer.concat(chunks).toString(), size, etag };
}
