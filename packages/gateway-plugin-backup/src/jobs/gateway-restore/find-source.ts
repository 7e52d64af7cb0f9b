/** What a gateway is restored from: a person names a set, an archive, a prefix with sets, or loose files. */
import { LayoutFinder, type StateLayout } from "../../archive/state-layout.js";
import { rawPath } from "../../archive/raw-path.js";
import { BackupError } from "../../errors.js";
import type { ObjectInfo, Store } from "../../stores/store.js";
import type { ResolvedObject } from "../destinations.js";
import { parseManifest, type SetManifest, type SetPart } from "../gateway/set-manifest.js";
import { MANIFEST_BYTES_MAX, MANIFEST_NAME, setObjectName } from "../gateway/set-names.js";

export type GatewaySource =
  /** A set of ours, with the objects of its parts. */
  | {
      readonly kind: "set";
      readonly location: string;
      readonly manifest: SetManifest;
      readonly parts: readonly FoundPart[];
    }
  | { readonly kind: "archive"; readonly location: string; readonly key: string }
  /** Files as they are, one object each. */
  | {
      readonly kind: "files";
      readonly location: string;
      readonly prefix: string;
      readonly files: readonly ObjectInfo[];
      readonly layout: StateLayout;
    };

export interface FoundPart extends SetPart {
  /** Of the object, in the store. */
  readonly objectKey: string;
}

/**
 * Looks what there is at a place. Of a prefix with several sets the newest complete one is taken. Throws `ARCHIVE_NOT_FOUND`,
 * `ARCHIVE_DAMAGED`, `NO_STATE_IN_ARCHIVE`, and what the store throws.
 *
 * @param place Its key names an object, or a prefix, with a slash at its end or without.
 */
export async function findGatewaySource(
  store: Store,
  { key }: Pick<ResolvedObject, "key">,
  signal: AbortSignal,
): Promise<GatewaySource> {
  const name = key.slice(key.lastIndexOf("/") + 1);
  if (name === MANIFEST_NAME) return setAt(store, key, signal);
  if (name !== "" && (await isObject(store, key, signal)))
    return { kind: "archive", location: store.locate(key), key };
  const prefix = key === "" || key.endsWith("/") ? key : `${key}/`;
  if ((await store.head(`${prefix}${MANIFEST_NAME}`, signal)) !== undefined)
    return setAt(store, `${prefix}${MANIFEST_NAME}`, signal);
  const files: ObjectInfo[] = [];
  for await (const file of store.list(prefix, signal)) files.push(file);
  const newest = await newestSet(store, prefix, files, signal);
  if (newest !== undefined) return newest;
  return looseFiles(store, prefix, files);
}

async function isObject(store: Store, key: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await store.head(key, signal)) !== undefined;
  } catch (error) {
    // A directory, or a local root, which lies under none itself.
    const isDirectory =
      error instanceof BackupError && ["LOCATION_INVALID", "PATH_NOT_ALLOWED"].includes(error.code);
    if (isDirectory) return false;
    throw error;
  }
}

async function newestSet(
  store: Store,
  prefix: string,
  files: readonly ObjectInfo[],
  signal: AbortSignal,
): Promise<GatewaySource | undefined> {
  const sets: { readonly key: string; readonly createdAt: string }[] = [];
  for (const { key } of files) {
    const name = setObjectName(key);
    if (name?.isManifest !== true || parentOf(name.directory) !== prefix) continue;
    const named = namedAt(name.directory);
    const createdAt = named ?? (await readManifest(store, key, signal)).createdAt;
    sets.push({ key, createdAt });
  }
  const newest = sets.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1)).at(-1);
  return newest && setAt(store, newest.key, signal);
}

/** `…/2026-03-07T02-00-00Z/` → `2026-03-07T02:00:00Z`; undefined for a directory that is not named after a time. */
function namedAt(directory: string): string | undefined {
  const [, day, hours, minutes, seconds] =
    /(?:^|\/)(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z\/$/.exec(directory) ?? [];
  return day && `${day}T${hours}:${minutes}:${seconds}Z`;
}

/** Of a directory's key, which ends with a slash. */
function parentOf(directory: string): string {
  return directory.slice(0, directory.lastIndexOf("/", directory.length - 2) + 1);
}

async function setAt(store: Store, key: string, signal: AbortSignal): Promise<GatewaySource> {
  const manifest = await readManifest(store, key, signal);
  const directory = key.slice(0, -MANIFEST_NAME.length);
  const parts: FoundPart[] = [];
  for (const part of manifest.parts) {
    const objectKey = directory + part.key;
    const found = await store.head(objectKey, signal);
    if (found?.size !== part.size) {
      const what = found === undefined ? "is not there" : `has ${found.size} bytes, not ${part.size}`;
      throw new BackupError("ARCHIVE_DAMAGED", `${store.locate(key)} names ${part.key}, which ${what}.`, {
        hint: "The set is damaged. Restore an older one: `openclaw gateway backups`, or list the prefix with the store's own tools.",
        details: { rule: "manifest" },
      });
    }
    parts.push({ ...part, objectKey });
  }
  return { kind: "set", location: store.locate(directory), manifest, parts };
}

async function readManifest(store: Store, key: string, signal: AbortSignal): Promise<SetManifest> {
  const location = store.locate(key);
  const found = await store.head(key, signal);
  if (found === undefined) throw new BackupError("ARCHIVE_NOT_FOUND", `There is no ${location}.`);
  const { size, etag } = found;
  const range = { start: 0, end: Math.min(size, MANIFEST_BYTES_MAX + 1) };
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(key, { range, etag, signal })) chunks.push(Buffer.from(chunk));
  return parseManifest(Buffer.concat(chunks).toString(), location);
}

function looseFiles(store: Store, prefix: string, files: readonly ObjectInfo[]): GatewaySource {
  const location = store.locate(prefix);
  if (files.length === 0)
    throw new BackupError("ARCHIVE_NOT_FOUND", `There is nothing at ${location}.`, {
      hint: "`openclaw gateway backups --to PLACE` lists the sets in a place; a set's name ends with a slash.",
    });
  const incomplete = files.find(({ key }) => setObjectName(key) !== undefined);
  const finder = new LayoutFinder(`What lies in ${location}`);
  for (const { key } of files) {
    const path = rawPath(key.slice(prefix.length));
    finder.entry({ path, type: "file", mode: 0, size: 0, mtimeNs: 0n, target: rawPath("") });
    finder.entryEnd();
  }
  try {
    return { kind: "files", location, prefix, files, layout: finder.end() };
  } catch (error) {
    if (incomplete === undefined) throw error;
    throw new BackupError(
      "ARCHIVE_NOT_FOUND",
      `${location} has no complete set: ${store.locate(incomplete.key)} has no backup.json beside it.`,
      {
        hint: "That backup was cut off. Name its archive itself, if you want to restore what there is of it.",
      },
    );
  }
}
