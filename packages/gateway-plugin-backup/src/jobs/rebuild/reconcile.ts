/**
 * What the catalogue has to change to agree with the stores. A pure function over what it knows and what was found.
 *
 * An archive is known by the hash of its index, and its tenant by id and uid. Objects decide over records: nothing is
 * listed that was not seen, and nothing is called lost where the store did not say so.
 */
import { isSealedName, tenantOfName } from "../archive-name.js";
import type { ArchiveRecord } from "../ledger/archives.js";
import type { ArchiveInOrder, FoundPlace } from "../ledger/rebuilt-archives.js";
import type { FindOutcome, FoundArchive, UnusableObject } from "../thread/protocol.js";

type StoreColumns = Pick<ArchiveRecord, "storeKind" | "endpoint" | "bucket">;

/** A place that was looked at. */
export interface SearchedPlace {
  readonly columns: StoreColumns;
  /** What stands before a key in a location: `s3://bucket/`, or nothing. */
  readonly start: string;
  /** All keys start with it. */
  readonly prefix: string;
  /** What the catalogue had there before the search began. */
  readonly records: readonly ArchiveRecord[];
  readonly found: FindOutcome;
}

/** An archive of ours, where it was found. */
export interface PlacedArchive extends FoundPlace {
  readonly archive: FoundArchive;
}

export interface DamagedObject {
  readonly location: string;
  readonly reason: string;
  /** By its automatic name, where it has one. */
  readonly tenant?: string;
  /** In the catalogue. */
  readonly id?: string;
}

export interface Changes {
  /** Not known before; the oldest first. */
  readonly added: readonly PlacedArchive[];
  /** At another place than before, or there again, or told otherwise by its store. */
  readonly moved: readonly { readonly record: ArchiveRecord; readonly to: PlacedArchive }[];
  readonly seenAgain: readonly { readonly record: ArchiveRecord; readonly at: FoundPlace }[];
  /** Another archive of ours has taken its place. */
  readonly replaced: readonly ArchiveRecord[];
  /** Not where it was put, and nowhere else. */
  readonly lost: readonly ArchiveRecord[];
  readonly damaged: readonly DamagedObject[];
  readonly foreign: readonly { readonly location: string; readonly reason: string }[];
  readonly unread: readonly { readonly location: string; readonly reason: string }[];
}

/** `gone`: records in places that were not looked at, which are known to be lost. */
export function reconcile(places: readonly SearchedPlace[], gone: readonly ArchiveRecord[]): Changes {
  const newcomers: PlacedArchive[] = [];
  const missing = new Map<string, { readonly record: ArchiveRecord; readonly isReplaced: boolean }>();
  const seenAgain: { record: ArchiveRecord; at: FoundPlace }[] = [];
  const damaged: DamagedObject[] = [];
  const foreign: { location: string; reason: string }[] = [];
  const unread: { location: string; reason: string }[] = [];
  for (const place of places) {
    const found = new Map(place.found.archives.map((archive) => [archive.key, archive]));
    const unusable = new Map(place.found.unusable.map((object) => [object.key, object]));
    const known = new Set(place.found.known);
    const recordAt = new Map(place.records.map((record) => [record.key, record]));
    for (const archive of place.found.archives) {
      const record = recordAt.get(archive.key);
      const at = placed(place, archive);
      if (record !== undefined && isSame(record, archive)) seenAgain.push({ record, at });
      else newcomers.push(at);
    }
    for (const record of place.records) {
      const { key } = record;
      if (known.has(key)) {
        if (record.lostAt !== undefined) seenAgain.push({ record, at: record });
        continue;
      }
      const other = found.get(key);
      if (other !== undefined && isSame(record, other)) continue;
      const object = unusable.get(key);
      const isTaken = other !== undefined || (object !== undefined && kindOf(object) === "foreign");
      // A search that broke off says nothing of what it did not see.
      const isComplete = place.found.failure === undefined;
      if (isTaken || (isComplete && object === undefined))
        missing.set(record.id, { record, isReplaced: other !== undefined });
    }
    for (const object of place.found.unusable) {
      const location = place.start + object.key;
      switch (kindOf(object)) {
        case "damaged":
          damaged.push(damagedObject(location, object, recordAt.get(object.key)));
          break;
        case "foreign":
          foreign.push({ location, reason: object.reason });
          break;
        case "unread":
          unread.push({ location, reason: object.reason });
      }
    }
  }
  const again = new Set(seenAgain.map(({ record }) => record.id));
  for (const record of gone)
    if (!missing.has(record.id) && !again.has(record.id))
      missing.set(record.id, { record, isReplaced: false });
  const moved: { record: ArchiveRecord; to: PlacedArchive }[] = [];
  const added: PlacedArchive[] = [];
  const movers = new Map([...missing.values()].map(({ record }) => [record.indexSha256, record]));
  for (const to of newcomers) {
    const record = movers.get(to.archive.indexSha256);
    // A second copy of it is an archive of its own.
    if (record !== undefined && isSame(record, to.archive) && missing.delete(record.id))
      moved.push({ record, to });
    else added.push(to);
  }
  const left = [...missing.values()];
  return {
    added: added.sort(byAge),
    moved,
    seenAgain,
    replaced: left.filter(({ isReplaced }) => isReplaced).map(({ record }) => record),
    lost: left
      .filter(({ isReplaced, record }) => !isReplaced && record.lostAt === undefined)
      .map(({ record }) => record),
    damaged,
    foreign,
    unread,
  };
}

/**
 * The order of the ledger with archives that were found: what it had keeps its order, and each of the others stands before
 * the first that was made after it; where two were made at once, by key. Both lists have the oldest first.
 */
export function inOrder(
  had: readonly ArchiveInOrder[],
  found: readonly ArchiveInOrder[],
): readonly ArchiveInOrder[] {
  const merged: ArchiveInOrder[] = [];
  let next = 0;
  for (const archive of had) {
    const older = found.slice(next).filter(({ createdAt }) => createdAt < archive.createdAt);
    next += older.length;
    merged.push(...older, archive);
  }
  return [...merged, ...found.slice(next)];
}

function isSame(record: ArchiveRecord, { tenant, uid, indexSha256 }: FoundArchive): boolean {
  return record.indexSha256 === indexSha256 && record.tenant === tenant && record.tenantUid === uid;
}

function byAge(a: PlacedArchive, b: PlacedArchive): number {
  return a.archive.createdAt - b.archive.createdAt || a.location.localeCompare(b.location, "en");
}

function placed({ columns, start }: SearchedPlace, archive: FoundArchive): PlacedArchive {
  const { key, size, etag } = archive;
  return { ...columns, location: start + key, key, size, etag, archive };
}

/** An archive's automatic name on what has no index: its end is lost, or it was overwritten. Encrypted ones have none to be read. */
function kindOf({ key, kind }: UnusableObject): UnusableObject["kind"] {
  return kind === "foreign" && tenantOfName(key) !== undefined && !isSealedName(key) ? "damaged" : kind;
}

function damagedObject(
  location: string,
  { key, reason }: UnusableObject,
  record: ArchiveRecord | undefined,
): DamagedObject {
  const tenant = record?.tenant ?? tenantOfName(key);
  return {
    location,
    reason,
    ...(tenant === undefined ? {} : { tenant }),
    ...(record === undefined ? {} : { id: record.id }),
  };
}
