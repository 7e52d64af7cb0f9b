/** Finding out what stands in a store: archives of ours, told by their indexes, and what is not. */
import { identifyArchive } from "../../archive/identify.js";
import { FORMAT_VERSION, type ArchiveLimits } from "../../archive/format.js";
import { serializeError, toBackupError, type BackupError, type BackupErrorCode } from "../../errors.js";
import type { ObjectInfo, Store } from "../../stores/store.js";
import { fewAtOnce } from "./few-at-once.js";
import { objectSource, withStore } from "./object-source.js";
import type { OperationContext } from "./operation-context.js";
import type {
  FindOperation,
  FindOutcome,
  FoundArchive,
  KnownObject,
  ObjectInStore,
  UnusableObject,
} from "./protocol.js";
import { isArchive } from "./stored-index.js";

/**
 * What is read of an object before it is known to be an archive: the index of a tenant of a thousand files, and little
 * enough to be read of everything that somebody else keeps in the same place. More is read where the index is longer.
 */
const FIRST_TAIL_BYTES = 64 * 1024;

/** Most objects of which more is given than that they are there, so that somebody else's millions do not fill the memory. */
const MOST_LISTED = 1000;

/** After these, the next object would fare no better. */
const HOPELESS: readonly BackupErrorCode[] = [
  "STORE_UNREACHABLE",
  "STORE_CLOCK_SKEW",
  "BUCKET_NOT_FOUND",
  "CREDENTIALS_MISSING",
];

/**
 * Looks at every object below a prefix; of those that are not `known`, at the end as well. Rejects only when the
 * operation is aborted, or the store cannot be opened: where a store fails midway, what was found stays.
 */
export function findArchives(request: FindOperation, context: OperationContext): Promise<FindOutcome> {
  return withStore(request.store, context, async (store) => {
    const search = new Search(store, request, context);
    const failure = await search.run();
    return { ...search.found, ...(failure === undefined ? {} : { failure }) };
  });
}

class Search {
  readonly found = {
    archives: [] as FoundArchive[],
    known: [] as string[],
    unusable: [] as UnusableObject[],
    moreUnusable: 0,
    objects: 0,
  };
  readonly #store: Store;
  readonly #limits: ArchiveLimits;
  readonly #prefix: string;
  readonly #known: ReadonlyMap<string, FindOperation["known"][number]>;
  readonly #context: OperationContext;

  constructor(store: Store, { key, limits, known }: FindOperation, context: OperationContext) {
    this.#store = store;
    this.#limits = limits;
    this.#prefix = key;
    this.#known = new Map(known.map((object) => [object.key, object]));
    this.#context = context;
  }

  async run(): Promise<FindOutcome["failure"]> {
    const { signal } = this.#context;
    try {
      await fewAtOnce(this.#store.list(this.#prefix, signal), (object) => this.#look(object));
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      return serializeError(toBackupError(error, `look at ${this.#store.locate(this.#prefix)}`));
    }
  }

  async #look(object: ObjectInfo): Promise<void> {
    const { key, size, etag } = object;
    const known = this.#known.get(key);
    if (known?.size === size && known.etag === etag) this.found.known.push(key);
    else if (known?.size === size && known.sealed !== undefined) await this.#recognise(object, known.sealed);
    else await this.#identify(object);
    this.found.objects++;
    this.#context.progress({ phase: "look", doneBytes: 0, files: this.found.objects, storedBytes: 0 });
  }

  /** A sealed archive that its store tells otherwise than before, or another object in its place. */
  async #recognise(object: ObjectInfo, sealed: NonNullable<KnownObject["sealed"]>): Promise<void> {
    const { key, size, etag } = object;
    const { signal } = this.#context;
    const { sealedSha256, ...facts } = sealed;
    if (await isArchive(this.#store, object, sealed, { limits: this.#limits, signal }))
      this.found.archives.push({ key, size, etag, ...facts });
    else await this.#identify(object);
  }

  async #identify(object: ObjectInfo): Promise<void> {
    const { key, size, etag } = object;
    const { signal } = this.#context;
    try {
      const source = objectSource(this.#store, object, signal);
      const { bytes, object: seen } = await source.tail(FIRST_TAIL_BYTES);
      if (seen.etag !== etag) {
        this.#addUnusable(key, "unread", "it was replaced just now");
        return;
      }
      const { index, format } = await identifyArchive(source, this.#limits, bytes);
      if (index === undefined) {
        this.#addUnusable(key, "foreign", `it is ${FORMATS[format]}`);
        return;
      }
      const { tenant, uid, createdAt, totals } = index.header;
      const facts = { tenant, uid, createdAt: Date.parse(createdAt), totals };
      this.found.archives.push({
        key,
        size,
        etag,
        ...facts,
        indexSha256: index.sha256,
        formatVersion: FORMAT_VERSION,
        ...(index.signedBy === undefined ? {} : { signedBy: index.signedBy }),
      });
    } catch (error) {
      signal.throwIfAborted();
      const failure = toBackupError(error, `look at ${this.#store.locate(key)}`);
      if (failure.code === "ARCHIVE_NOT_FOUND") return;
      if (HOPELESS.includes(failure.code)) throw failure;
      this.#addUnusable(key, kindOf(failure), failure.message);
    }
  }

  #addUnusable(key: string, kind: UnusableObject["kind"], reason: string): void {
    // What the catalogue has an archive at is always told.
    if (this.found.unusable.length < MOST_LISTED || this.#known.has(key))
      this.found.unusable.push({ key, kind, reason });
    else this.found.moreUnusable++;
  }
}

const FORMATS = {
  tar: "a tar archive without an index of ours",
  gzip: "a gzip file",
  zstd: "a zstd file without an index of ours",
} as const;

/** What the object itself causes has exit code 7; anything else is the store's trouble. */
function kindOf({ code, exitCode }: BackupError): UnusableObject["kind"] {
  if (exitCode !== 7) return "unread";
  const isOurs = code === "ARCHIVE_DAMAGED" || code === "UNSAFE_ENTRY" || code === "LIMIT_EXCEEDED";
  return isOurs ? "damaged" : "foreign";
}

/** Objects of which a glance takes note. */
const GLANCE = 1000;

/** Some keys below a prefix. */
export function glance(
  { store: settings, key: prefix }: ObjectInStore,
  { openStore, signal }: Pick<OperationContext, "openStore" | "signal">,
): Promise<readonly string[]> {
  return withStore(settings, { openStore }, async (store) => {
    const keys: string[] = [];
    for await (const { key } of store.list(prefix, signal)) {
      keys.push(key);
      if (keys.length === GLANCE) break;
    }
    return keys;
  });
}
