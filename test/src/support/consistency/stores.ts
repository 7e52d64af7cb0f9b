/** The stores: every archive of the catalogue is there and opens, and nothing else is. */
import { readStoredArchive } from "@openclaw/gateway-plugin-backup/testing";
import type { S3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Disagreement } from "./disagreement.js";
import type { ArchiveRow } from "./ledger.js";

/** A place that belongs to the gateway under test alone. */
export type CheckedStore =
  | { readonly kind: "local"; readonly root: string }
  /** Looked at directly: faults that a proxy makes are not in the way. */
  | { readonly kind: "s3"; readonly server: S3ForTests; readonly bucket: string };

interface FoundObject {
  readonly key: string;
  readonly size: number;
  /** Of objects in S3. */
  readonly etag?: string;
  /** Changes when the object does. */
  readonly version: string;
}

interface Listing {
  readonly objects: readonly FoundObject[];
  readonly unfinished: readonly string[];
}

/** Remembers what it has read whole: an object that has not changed is not read again. */
export class StoreChecker {
  readonly #readable = new Set<string>();

  /** @param foreign Keys of objects that the gateway did not make. */
  async check(
    store: CheckedStore,
    archives: readonly ArchiveRow[],
    foreign: ReadonlySet<string>,
  ): Promise<Disagreement[]> {
    const listed = archives.filter((archive) => isIn(store, archive));
    const { objects, unfinished } = await listObjects(store);
    const problems: Disagreement[] = [
      ...unfinished.map((what) => ({ kind: "upload" as const, what })),
      ...objects
        .filter(({ key }) => !foreign.has(key) && !listed.some((archive) => archive.key === key))
        .map(({ key }) => ({ kind: "unlisted" as const, what: key })),
    ];
    for (const archive of listed) {
      const what = await this.#checkArchive(store, archive, objects, listed);
      if (what !== undefined) problems.push({ kind: "archive", what: `${archive.location} ${what}` });
    }
    return problems;
  }

  async #checkArchive(
    store: CheckedStore,
    archive: ArchiveRow,
    objects: readonly FoundObject[],
    listed: readonly ArchiveRow[],
  ): Promise<string | undefined> {
    const { key, size, etag } = archive;
    const found = objects.find((object) => object.key === key);
    if (found === undefined) return "is not there";
    if (listed.some((other) => other.key === key && other.id !== archive.id))
      return "is listed as two good archives";
    if (found.size !== size) return `has ${found.size} bytes, the catalogue says ${size}`;
    if (found.etag !== undefined && found.etag !== etag)
      return `has ETag ${found.etag}, the catalogue says ${etag}`;
    const identity = `${archive.index_sha256} ${etag} ${key} ${found.version}`;
    if (this.#readable.has(identity)) return undefined;
    try {
      const read = await readStoredArchive(settingsOf(store), key);
      if (read.etag !== etag) return `has ETag ${read.etag}, the catalogue says ${etag}`;
      if (read.indexSha256 !== archive.index_sha256) return "has another index than the one that was written";
    } catch (error) {
      return `cannot be restored: ${String(error)}`;
    }
    this.#readable.add(identity);
    return undefined;
  }
}

/** Does the catalogue say that an archive is in this store? By which endpoint it was reached does not matter. */
export function isIn(store: CheckedStore, { store_kind, bucket, key }: ArchiveRow): boolean {
  if (store_kind !== store.kind) return false;
  return store.kind === "s3" ? bucket === store.bucket : key.startsWith(`${store.root}/`);
}

function settingsOf(store: CheckedStore): Parameters<typeof readStoredArchive>[0] {
  return store.kind === "s3" ? store.server.settings(store.bucket) : { kind: "local", roots: [store.root] };
}

async function listObjects(store: CheckedStore): Promise<Listing> {
  if (store.kind === "local") return listFiles(store.root);
  const { server, bucket } = store;
  return {
    objects: (await server.objects(bucket)).map((object) => ({ ...object, version: object.etag })),
    unfinished: (await server.unfinishedUploads(bucket)).map((id) => `multipart upload ${id} in ${bucket}`),
  };
}

function listFiles(root: string): Listing {
  const objects: FoundObject[] = [];
  const unfinished: string[] = [];
  const names = existsSync(root) ? readdirSync(root, { recursive: true, encoding: "utf8" }) : [];
  for (const name of names) {
    const key = join(root, name);
    const stats = lstatSync(key, { bigint: true, throwIfNoEntry: false });
    if (stats?.isFile() !== true) continue;
    if (name.endsWith(".partial")) unfinished.push(key);
    else objects.push({ key, size: Number(stats.size), version: `${stats.ino} ${stats.ctimeNs}` });
  }
  return { objects, unfinished };
}
