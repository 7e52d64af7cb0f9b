/** The rebuild job: makes the catalogue agree with what the stores hold. The catalogue is a cache; the archives tell it all but pins. */
import { isDeepStrictEqual } from "node:util";
import { archiveLimits } from "../../config.js";
import { BackupError, serializeError, toBackupError } from "../../errors.js";
import { noteDamage } from "../damage.js";
import { publicOptions } from "../public-request.js";
import type { StoreSettings } from "../../stores/settings.js";
import { storeColumns, type ResolvedObject, type S3Options } from "../destinations.js";
import { identityOf, type ArchiveRecord, type NewArchive } from "../ledger/archives.js";
import type { Caller, Services } from "../services.js";
import type { Signer } from "../signatures.js";
import type { FindOperation, FindOutcome } from "../thread/protocol.js";
import { withRates } from "../transfer-rates.js";
import { NO_TENANT, type JobContext, type JobOutcome, type JobSubmission } from "../types.js";
import { findSets, listSets } from "./rebuilt-sets.js";
import { inOrder, reconcile, type Changes, type PlacedArchive, type SearchedPlace } from "./reconcile.js";

export interface RebuildRequest {
  /** A destination's name, or a location; without it every place where archives of this gateway may stand. */
  readonly dest?: string;
  /** Pins what is added, because nobody knows any more what was pinned. */
  readonly pin?: boolean;
  /** Only say what would change. */
  readonly dryRun?: boolean;
  readonly s3?: S3Options;
}

/** Lines of each kind in the result; the figures beside them count all. */
const MOST_LISTED = 1000;

type RebuildServices = Pick<
  Services,
  "alerts" | "destinations" | "threads" | "config" | "ids" | "signatures"
> & {
  readonly host: Pick<Services["host"], "clock" | "log">;
  readonly ledger: Pick<Services["ledger"], "archives" | "rebuilt" | "sets">;
};

/** A place that was looked at, or why it was not. */
interface PlaceReport {
  readonly location: string;
  readonly objects: number;
  readonly archives: number;
  /** Absent: all of it was looked at. */
  readonly problem?: string;
}

/** Describes the rebuild to the engine. Throws at once `LOCATION_INVALID`, `DESTINATION_UNKNOWN`, `CREDENTIALS_MISSING` for `dest`. */
export function rebuildSubmission(
  services: RebuildServices,
  request: RebuildRequest,
  caller: Caller,
): JobSubmission {
  const { dest, pin = false, dryRun = false, s3 } = request;
  if (dest !== undefined) placeOf(services, dest, s3);
  const described = {
    ...(dest === undefined ? {} : { dest }),
    ...(pin ? { pin } : {}),
    ...(dryRun ? { dryRun } : {}),
    ...publicOptions(s3),
  };
  return {
    type: "rebuild",
    tenant: NO_TENANT,
    ...caller,
    request: described,
    run: (context) => new Rebuild(services, { ...request, pin, dryRun }, context).run(),
  };
}

/** What the text of a request names: a destination's name may stand alone. */
export function placeOf(
  { destinations }: Pick<Services, "destinations">,
  text: string | undefined,
  s3: S3Options | undefined,
): ResolvedObject {
  const isName = text !== undefined && !text.includes(":") && !text.startsWith("/");
  return destinations.directory(isName ? `dest:${text}` : text, s3);
}

class Rebuild {
  readonly #services: RebuildServices;
  readonly #request: RebuildRequest;
  readonly #context: JobContext;
  readonly #reports: PlaceReport[] = [];
  readonly #failures: BackupError[] = [];
  /** Store and prefix of those that were searched to their end. */
  readonly #whole: string[] = [];
  /** Those that were searched, in full or in part. */
  readonly #searched: (SearchedPlace & { readonly settings: StoreSettings })[] = [];

  constructor(services: RebuildServices, request: RebuildRequest, context: JobContext) {
    this.#services = services;
    this.#request = request;
    this.#context = context;
  }

  async run(): Promise<JobOutcome> {
    const { clock } = this.#services.host;
    const startedAt = clock.now();
    for (const place of this.#places()) await this.#search(place);
    const [failure] = this.#failures;
    if (failure !== undefined && this.#searched.every(({ found }) => found.objects === 0)) throw failure;
    const changes = reconcile(this.#searched, this.#gone());
    this.#warn(changes);
    const signatures = await this.#signatures(changes);
    const { dryRun = false } = this.#request;
    const sets = await findSets(this.#services, this.#context, this.#located(changes));
    const result = {
      ...(dryRun ? { dryRun } : {}),
      places: this.#reports,
      ...this.#figures(changes),
      signatures,
      sets: sets.length,
      durationMs: clock.now() - startedAt,
    };
    const record = (): void => {
      this.#apply(changes);
      listSets(this.#services, sets);
    };
    return dryRun ? { result } : { result, record };
  }

  /** What was found, with the way to its store. */
  #located({ added }: Changes): { readonly found: PlacedArchive; readonly settings: StoreSettings }[] {
    return this.#searched.flatMap(({ columns, prefix, settings }) =>
      added
        .filter(
          ({ key, storeKind, endpoint, bucket }) =>
            key.startsWith(prefix) && isDeepStrictEqual({ storeKind, endpoint, bucket }, columns),
        )
        .map((found) => ({ found, settings })),
    );
  }

  /** Wide places first: what lies in one that was searched whole is not searched again. */
  #places(): ResolvedObject[] {
    const { dest, s3 } = this.#request;
    if (dest !== undefined) return [placeOf(this.#services, dest, s3)];
    const places = new Map<string, ResolvedObject>();
    for (const { to, shown } of this.#services.destinations.places) {
      try {
        const place = placeOf(this.#services, to, s3);
        places.set(JSON.stringify([storeColumns(place.settings), place.key]), place);
      } catch (error) {
        this.#fail(shown, toBackupError(error, "open a destination"));
      }
    }
    return [...places.values()].sort((a, b) => a.key.length - b.key.length);
  }

  async #search(place: ResolvedObject): Promise<void> {
    const { ledger, threads, config } = this.#services;
    const columns = storeColumns(place.settings);
    const prefix = place.key;
    const id = JSON.stringify(columns) + prefix;
    if (this.#whole.some((wide) => id.startsWith(wide))) return;
    const records = this.#records(ledger.rebuilt.inStore(columns)).filter(
      ({ key, removingAt }) => key.startsWith(prefix) && removingAt === undefined,
    );
    const request = {
      store: withRates(place.settings, {}, config),
      key: prefix,
      limits: archiveLimits(config),
      known: records.map(knownObject),
    };
    const before = this.#searched.reduce((sum, { found }) => sum + found.objects, 0);
    let found: FindOutcome;
    try {
      found = await threads.run("findArchives", request, {
        signal: this.#context.signal,
        onProgress: (progress) =>
          this.#context.progress({ ...progress, files: before + progress.files, message: place.location }),
      });
    } catch (error) {
      this.#context.signal.throwIfAborted();
      this.#fail(place.location, toBackupError(error, `look at ${place.location}`));
      return;
    }
    const start = place.location.slice(0, place.location.length - prefix.length);
    this.#searched.push({ columns, start, prefix, records, found, settings: request.store });
    const { archives, known, objects, failure } = found;
    if (failure === undefined) this.#whole.push(id);
    else this.#failures.push(new BackupError(failure.code, failure.message, failure));
    this.#reports.push({
      location: place.location,
      objects,
      archives: archives.length + known.length,
      ...(failure === undefined ? {} : { problem: failure.message }),
    });
  }

  #fail(location: string, failure: BackupError): void {
    this.#failures.push(failure);
    this.#reports.push({ location, objects: 0, archives: 0, problem: failure.message });
  }

  /** Archives that are known to be lost, wherever they were put: one of them may have been found. */
  #gone(): readonly ArchiveRecord[] {
    return this.#records(this.#services.ledger.rebuilt.lost());
  }

  #records(ids: readonly string[]): ArchiveRecord[] {
    return ids.map((id) => this.#services.ledger.archives.get(id)).filter((record) => record !== undefined);
  }

  #warn({ added, damaged, lost }: Changes): void {
    for (const { message, code } of this.#failures.map(serializeError)) this.#context.warn({ code, message });
    for (const { location, reason } of damaged)
      this.#context.warn({ code: "ARCHIVE_DAMAGED", message: `${location}: ${reason}` });
    for (const { location } of lost)
      this.#context.warn({ code: "ARCHIVE_LOST", message: `${location} is not there any more.` });
    if (added.length > 0 && this.#request.pin !== true) {
      const message = "Pins do not outlive the ledger: pin again what was pinned before the next prune.";
      this.#context.warn({ code: "PINS_UNKNOWN", message });
    }
  }

  /** Who has signed what is added. All of it is listed; where signatures are required, what will be refused is warned of. */
  async #signatures({ added }: Changes): Promise<Record<Signer["trust"], number>> {
    const { signatures } = this.#services;
    const counts = { own: 0, trusted: 0, stranger: 0, unsigned: 0 };
    for (const { archive } of added) counts[(await signatures.signer(archive.signedBy)).trust]++;
    const refused = counts.stranger + counts.unsigned;
    if (signatures.isRequired && refused > 0) {
      const message = `${refused} of the archives found are not signed by a trusted key: restores refuse them, and no backup builds on them.`;
      this.#context.warn({ code: "SIGNATURE_REQUIRED", message });
    }
    return counts;
  }

  #figures(changes: Changes): JobOutcome["result"] {
    const { added, moved, seenAgain, replaced, lost, damaged, foreign, unread } = changes;
    const unlisted = this.#searched.reduce((sum, { found }) => sum + found.moreUnusable, 0);
    return {
      tenants: perTenant(added),
      added: added.length,
      known: this.#searched.reduce((sum, { found }) => sum + found.known.length, 0),
      refreshed: seenAgain.length,
      moved: listed(moved, ({ record, to }) => ({ id: record.id, from: record.location, to: to.location })),
      lost: listed([...lost, ...replaced], ({ id, location }) => ({ id, location })),
      damaged: listed(damaged, (object) => object),
      foreign: { ...listed(foreign, (object) => object), count: foreign.length + unlisted },
      unread: listed(unread, (object) => object),
    };
  }

  /** In one transaction with the job's end. What has changed in the ledger since it was looked at is left alone. */
  #apply({ added, moved, seenAgain, replaced, lost, damaged }: Changes): void {
    const { ledger, host } = this.#services;
    const now = host.clock.now();
    for (const { id } of replaced) ledger.archives.endRemoval(id);
    for (const { record, to } of moved) ledger.rebuilt.setFound(record.id, to);
    for (const { record, at } of seenAgain) ledger.rebuilt.setFound(record.id, at);
    for (const { id } of lost) ledger.archives.setLost(id, now);
    for (const { id = "", reason } of damaged) {
      const record = ledger.archives.get(id);
      if (record?.state !== "good") continue;
      const message = `${record.location}: ${reason}`;
      noteDamage(this.#services, record, now, { code: "ARCHIVE_DAMAGED", message });
    }
    const had = ledger.rebuilt.order();
    const records = added.filter((found) => !this.#isListed(found)).map((found) => this.#record(found));
    for (const record of records) ledger.archives.add(record);
    if (this.#request.pin === true) for (const { id } of records) ledger.archives.setPinned(id, now);
    if (records.length > 0) ledger.rebuilt.setOrder(inOrder(had, records).map(({ id }) => id));
  }

  /** A backup that ended meanwhile has listed it itself. */
  #isListed({ location, archive, storeKind, endpoint }: PlacedArchive): boolean {
    return this.#services.ledger.archives
      .atLocation(location)
      .some(
        (known) =>
          known.storeKind === storeKind &&
          known.endpoint === endpoint &&
          known.indexSha256 === archive.indexSha256,
      );
  }

  #record({ archive, ...place }: PlacedArchive): NewArchive {
    const { tenant, uid, createdAt, totals, indexSha256, formatVersion, signedBy } = archive;
    return {
      ...place,
      id: this.#services.ids.next("a"),
      jobId: this.#context.jobId,
      tenant,
      tenantUid: uid,
      createdAt,
      totals,
      indexSha256,
      formatVersion,
      ...(signedBy === undefined ? {} : { signedBy }),
      state: "good",
      // An archive does not tell whether bytes of it were copied from an older one.
      checkedAt: createdAt,
    };
  }
}

/** What a search may take for known; a sealed archive is told from others by what the catalogue knows of it alone. */
function knownObject(record: ArchiveRecord): FindOperation["known"][number] {
  const { key, size, etag, tenant, tenantUid: uid, createdAt, totals, formatVersion } = record;
  const { indexSha256, sealedSha256 } = identityOf(record);
  if (sealedSha256 === undefined) return { key, size, etag };
  const sealed = { tenant, uid, createdAt, totals, formatVersion, indexSha256 };
  return { key, size, etag, sealed: { ...sealed, sealedSha256 } };
}

function perTenant(
  added: readonly PlacedArchive[],
): readonly { readonly tenant: string; readonly uid: string; readonly archives: number }[] {
  const counts = new Map<string, { tenant: string; uid: string; archives: number }>();
  for (const { archive } of added) {
    const { tenant, uid } = archive;
    const count = counts.get(`${tenant} ${uid}`) ?? { tenant, uid, archives: 0 };
    counts.set(`${tenant} ${uid}`, { ...count, archives: count.archives + 1 });
  }
  return [...counts.values()].sort((a, b) => a.tenant.localeCompare(b.tenant, "en"));
}

function listed<T, R>(
  items: readonly T[],
  describe: (item: T) => R,
): { readonly count: number; readonly first: readonly R[] } {
  return { count: items.length, first: items.slice(0, MOST_LISTED).map(describe) };
}
