/** Which backups of the whole gateway stand in a place, whether the catalogue knows them or not. */
import type { S3Options } from "../destinations.js";
import type { Services } from "../services.js";
import { messageOf } from "../../system-error.js";
import type { StoreSettings } from "../../stores/settings.js";
import type { ListedObject } from "../thread/protocol.js";
import { knownSets, type ShownSet } from "./known-sets.js";
import { parseManifest, type SetManifest } from "./set-manifest.js";
import { isAutomaticDirectory, MANIFEST_NAME, type SetKind, setObjectName } from "./set-names.js";

/** What stands below a place, whether the catalogue knows it or not; newest first. Rejects with what the store rejects with. */
export async function setsAt(
  services: Pick<Services, "destinations" | "threads" | "ledger">,
  to: string | undefined,
  s3?: S3Options,
): Promise<ShownSet[]> {
  const { destinations, threads } = services;
  const { settings: store, key, location } = destinations.directory(to, s3);
  const { signal } = new AbortController();
  const objects = await threads.run("list", { store, key }, { signal });
  const start = location.slice(0, location.length - key.length);
  const known = new Map(knownSets(services).map((set) => [set.location, set]));
  const found: ShownSet[] = [];
  for (const group of groups(objects)) {
    const manifestKey = group.directory + MANIFEST_NAME;
    const manifest = group.hasManifest
      ? await readManifest(services, { store, key: manifestKey, location: start + manifestKey })
      : undefined;
    // Where a person chose the directory, only a backup.json tells a set from anything else.
    const isNamed = group.kind === "pre-delete" || isAutomaticDirectory(group.directory);
    const isRead = manifest !== undefined && "parts" in manifest;
    if (isNamed || isRead) found.push(...shownGroup(group, manifest, start, known));
  }
  return found.sort((a, b) => b.createdAt - a.createdAt);
}

interface Group {
  readonly kind: SetKind;
  readonly directory: string;
  hasManifest: boolean;
  readonly objects: (ListedObject & { readonly timestamp: string | undefined })[];
}

function groups(objects: readonly ListedObject[]): Iterable<Group> {
  const found = new Map<string, Group>();
  for (const object of objects) {
    const name = setObjectName(object.key);
    if (name === undefined) continue;
    const { kind, directory, timestamp, isManifest } = name;
    const group = found.get(directory) ?? { kind, directory, hasManifest: false, objects: [] };
    found.set(directory, group);
    if (isManifest) group.hasManifest = true;
    else group.objects.push({ ...object, timestamp });
  }
  return found.values();
}

type ReadManifest = SetManifest | { readonly problem: string };

async function readManifest(
  { threads }: Pick<Services, "threads">,
  {
    store,
    key,
    location,
  }: { readonly store: StoreSettings; readonly key: string; readonly location: string },
): Promise<ReadManifest | undefined> {
  const { signal } = new AbortController();
  const found = await threads.run("readManifest", { store, key }, { signal });
  if (found === undefined) return undefined;
  try {
    return parseManifest(found.text, location);
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function shownGroup(
  { kind, directory, objects }: Group,
  manifest: ReadManifest | undefined,
  start: string,
  known: ReadonlyMap<string, ShownSet>,
): ShownSet[] {
  const problem = manifest !== undefined && "problem" in manifest ? manifest.problem : undefined;
  const complete = manifest !== undefined && "parts" in manifest ? manifest : undefined;
  const named = new Set(complete?.parts.map(({ key }) => directory + key));
  const shownComplete =
    complete === undefined ? [] : [completeSet(complete, { directory, objects, start }, known)];
  // In one directory there may be what several pre-delete backups have left.
  const others = new Map<string, ListedObject[]>();
  for (const object of objects) {
    if (named.has(object.key)) continue;
    const { timestamp = "" } = object;
    others.set(timestamp, [...(others.get(timestamp) ?? []), object]);
  }
  const left = [...others].map(([timestamp, parts]): ShownSet => {
    const location = start + directory + (kind === "pre-delete" ? timestamp : "");
    const { id } = known.get(location) ?? {};
    return {
      ...(id === undefined ? {} : { id }),
      kind,
      state: problem === undefined ? "incomplete" : "damaged",
      location,
      createdAt: timeOf(timestamp),
      size: parts.reduce((sum, { size }) => sum + size, 0),
      parts: parts.map(({ key, size }) => ({ name: partNameOf(key), location: start + key, size })),
      pinned: false,
      ...(problem === undefined ? {} : { problem }),
    };
  });
  return [...shownComplete, ...left];
}

function completeSet(
  { kind, createdAt, parts }: SetManifest,
  { directory, objects, start }: Pick<Group, "directory" | "objects"> & { readonly start: string },
  known: ReadonlyMap<string, ShownSet>,
): ShownSet {
  const location = start + directory + (kind === "pre-delete" ? MANIFEST_NAME : "");
  const listed = known.get(location);
  if (listed?.createdAt === Date.parse(createdAt)) return listed;
  const missing = parts.filter(
    ({ key, size }) => !objects.some((object) => object.key === directory + key && object.size === size),
  );
  return {
    kind,
    state: missing.length === 0 ? "complete" : "damaged",
    location,
    createdAt: Date.parse(createdAt),
    size: parts.reduce((sum, { size }) => sum + size, 0),
    parts: parts.map(({ name, key, size, encryption }) => ({
      name,
      location: start + directory + key,
      size,
      ...(encryption === undefined ? {} : { encryption }),
    })),
    pinned: false,
    ...(missing.length === 0
      ? {}
      : { problem: `${missing.map(({ key }) => key).join(", ")}: not there as backup.json has it` }),
  };
}

/** `2026-03-07T02-00-00Z`. */
function timeOf(timestamp: string): number {
  return Date.parse(timestamp.replace(/T(\d\d)-(\d\d)-(\d\d)Z$/, "T$1:$2:$3Z"));
}

function partNameOf(key: string): string {
  return /[/.]workspace\.tar\.zst/.test(key) ? "workspace" : "state";
}
