/** What a prune does when it is its turn: looks at the archives in their stores, plans, removes, and accounts for each. */
import { isDeepStrictEqual } from "node:util";
import { BackupError, serializeError, toBackupError } from "../errors.js";
import type { StoreSettings } from "../stores/settings.js";
import { whyLocked } from "../stores/object-lock.js";
import { isAutomaticName, isPreDelete } from "./archive-name.js";
import { moveToTrash, trashMs } from "./archive-trash.js";
import { storeColumns, type ResolvedObject, type S3Options } from "./destinations.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import {
  BATCH,
  removeArchives,
  settleRemovals,
  storeOf,
  type Removal,
  type RemovalServices,
} from "./removal.js";
import { isAhead, planRetention, type RetainedArchive, type RetentionDecision } from "./retention/plan.js";
import type { CheckedPolicy } from "./retention/policy.js";
import type { SeenObject } from "./thread/protocol.js";
import type { JobContext, JobOutcome } from "./types.js";

export interface PruneOptions {
  readonly tenant: string;
  readonly tenantUid: string;
  /** Undefined: nothing is removed where the archive lies. */
  readonly policyFor: (archive: ArchiveRecord) => CheckedPolicy | undefined;
  /** Only archives of this store whose keys start with its key. */
  readonly place: ResolvedObject | undefined;
  readonly includeNamed: boolean;
  readonly dryRun: boolean;
  /** At once, not by way of the trash. */
  readonly now: boolean;
  readonly s3: S3Options;
}

/** What stands in the result for each archive: by destination, the newest first. */
export interface PrunedArchive {
  readonly id: string;
  readonly location: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly size: number;
  readonly keep: boolean;
  readonly reasons: readonly string[];
}

interface Candidate extends RetainedArchive {
  readonly record: ArchiveRecord;
}

/** What stands in the result for each directory of each store. */
interface PrunedPlace {
  readonly location: string;
  /** Absent: none applies, and nothing is removed. */
  readonly policy?: CheckedPolicy;
}

/** What is to become of a tenant's archives in one directory of one store. */
interface Plan {
  readonly store: StoreSettings;
  readonly decisions: readonly RetentionDecision<Candidate>[];
}

export class Prune {
  readonly #services: RemovalServices;
  readonly #options: PruneOptions;
  readonly #context: JobContext;
  readonly #accounts: PrunedArchive[] = [];
  readonly #lost: { readonly id: string; readonly location: string }[] = [];
  readonly #places: PrunedPlace[] = [];
  readonly #failures: BackupError[] = [];
  #removed = 0;
  #trashed = 0;
  #trashedBytes = 0;
  #trashUntil: number | undefined;
  #freedBytes = 0;
  #doneBytes = 0;

  constructor(services: RemovalServices, options: PruneOptions, context: JobContext) {
    this.#services = services;
    this.#options = options;
    this.#context = context;
  }

  async run(): Promise<JobOutcome> {
    const { clock } = this.#services.host;
    const startedAt = clock.now();
    const plans = await this.#plans(await this.#archives(), startedAt);
    const [failure] = this.#failures;
    if (failure !== undefined && plans.length === 0) throw failure;
    const totalBytes = plans.flatMap(doomed).reduce((sum, { size }) => sum + size, 0);
    for (const plan of plans) await this.#carryOut(plan, totalBytes);
    const { tenant, dryRun } = this.#options;
    const until = this.#trashUntil;
    return {
      result: {
        tenant,
        places: this.#places,
        ...(dryRun ? { dryRun } : {}),
        archives: this.#accounts,
        lost: this.#lost,
        kept: this.#accounts.filter(({ keep }) => keep).length,
        removed: this.#removed,
        freedBytes: this.#freedBytes,
        trashed: this.#trashed,
        trashedBytes: this.#trashedBytes,
        ...(until === undefined ? {} : { trashUntil: new Date(until).toISOString() }),
        durationMs: clock.now() - startedAt,
      },
    };
  }

  /** The tenant's archives in question, once removals that were cut off are settled as far as they can be. */
  async #archives(): Promise<readonly ArchiveRecord[]> {
    const list = (): ArchiveRecord[] => {
      const { tenant, tenantUid } = this.#options;
      return this.#services.ledger.archives.ofTenant(tenant, tenantUid).filter((it) => this.#isInPlace(it));
    };
    if (!this.#options.dryRun) {
      await settleRemovals(this.#services, list(), this.#context.signal, this.#options.s3);
    }
    const standing = list().filter(({ trash }) => trash === undefined);
    return standing.filter((archive) => {
      if (archive.removingAt === undefined) return true;
      this.#account(archive, false, ["its removal has begun, and has not ended yet"]);
      return false;
    });
  }

  #isInPlace({ storeKind, bucket, endpoint, key }: ArchiveRecord): boolean {
    const { place } = this.#options;
    if (place === undefined) return true;
    const isSameStore = isDeepStrictEqual(storeColumns(place.settings), { storeKind, endpoint, bucket });
    return isSameStore && key.startsWith(place.key);
  }

  /** A policy is applied to each directory of each store by itself. */
  async #plans(archives: readonly ArchiveRecord[], now: number): Promise<Plan[]> {
    const { policyFor, includeNamed, s3 } = this.#options;
    const plans: Plan[] = [];
    for (const together of byDirectory(archives)) {
      const [first] = together;
      const policy = policyFor(first);
      const location = first.location.slice(0, first.location.lastIndexOf("/") + 1);
      this.#places.push({ location, ...(policy === undefined ? {} : { policy }) });
      if (policy === undefined) {
        for (const archive of together) this.#account(archive, true, ["no retention policy applies"]);
        continue;
      }
      try {
        const store = storeOf(this.#services, first, s3);
        const candidates = await this.#candidates(store, together, now);
        this.#warnOfFutureDates(candidates, now);
        plans.push({ store, decisions: planRetention(candidates, { policy, now, includeNamed }) });
      } catch (error) {
        this.#context.signal.throwIfAborted();
        this.#leaveAlone(together, toBackupError(error, `look at the archives beside ${first.location}`));
      }
    }
    return plans;
  }

  #leaveAlone(archives: readonly ArchiveRecord[], failure: BackupError): void {
    this.#failures.push(failure);
    this.#context.warn({ code: failure.code, message: failure.message });
    for (const archive of archives) this.#account(archive, true, ["its store could not be looked at"]);
  }

  #warnOfFutureDates(candidates: readonly Candidate[], now: number): void {
    for (const { record } of candidates) {
      if (!isAhead(record.createdAt, now)) continue;
      const date = new Date(record.createdAt).toISOString();
      const message = `${record.location} is dated ${date}, ahead of the gateway's clock: it stays, and takes no other's place.`;
      this.#context.warn({ code: "ARCHIVE_AHEAD", message });
    }
  }

  /** Those that are where they were put. The others are reported, and count for nothing. */
  async #candidates(
    store: StoreSettings,
    archives: readonly ArchiveRecord[],
    now: number,
  ): Promise<Candidate[]> {
    const keys = archives.map(({ key }) => key);
    const seen = await this.#services.threads.run("look", { store, keys }, { signal: this.#context.signal });
    const problems = new Map(archives.map((archive, i) => [archive, whatIsWrong(archive, seen[i])]));
    if (!this.#options.dryRun) this.#noteLost(problems);
    for (const [{ id, location }, problem] of problems) {
      if (problem === undefined) continue;
      this.#lost.push({ id, location });
      this.#context.warn({ code: "ARCHIVE_LOST", message: `${location} does not count: ${problem}.` });
    }
    return archives.flatMap((archive, i) =>
      problems.get(archive) === undefined
        ? [this.#candidate(store, archive, whyLocked(seen[i]?.lock, now))]
        : [],
    );
  }

  #noteLost(problems: ReadonlyMap<ArchiveRecord, string | undefined>): void {
    const { ledger, host } = this.#services;
    ledger.transaction(() => {
      for (const [{ id, lostAt }, problem] of problems) {
        if ((problem !== undefined) === (lostAt !== undefined)) continue;
        ledger.archives.setLost(id, problem === undefined ? undefined : host.clock.now());
      }
    });
  }

  #candidate(settings: StoreSettings, record: ArchiveRecord, locked: string | undefined): Candidate {
    const { id, createdAt, state, pinnedAt, verifiedAt, key, location } = record;
    return {
      record,
      id,
      createdAt,
      damaged: state === "damaged",
      pinned: pinnedAt !== undefined,
      ...(verifiedAt === undefined ? {} : { verifiedAt }),
      automaticName: isAutomaticName(key, this.#options.tenant),
      preDelete: isPreDelete(key),
      ...(locked === undefined ? {} : { locked }),
      beingRead: this.#services.archivesInUse.isUsed({ settings, key, location }),
    };
  }

  async #carryOut(plan: Plan, totalBytes: number): Promise<void> {
    const removals = new Map<ArchiveRecord, Removal>();
    const archives = this.#options.dryRun ? [] : doomed(plan);
    for (let at = 0; at < archives.length; at += BATCH) {
      for (const removal of await this.#removeBatch(plan.store, archives.slice(at, at + BATCH))) {
        removals.set(removal.archive, removal);
      }
      const doneBytes = this.#doneBytes;
      this.#context.progress({ phase: "remove", doneBytes, totalBytes, files: 0, storedBytes: 0 });
    }
    for (const { archive, keep, reasons } of plan.decisions) {
      const notRemoved = whyNotRemoved(removals.get(archive.record));
      if (notRemoved === undefined) this.#account(archive.record, keep, reasons);
      else this.#account(archive.record, true, [notRemoved]);
    }
  }

  async #removeBatch(store: StoreSettings, archives: readonly ArchiveRecord[]): Promise<Removal[]> {
    const removals = await this.#removeOrTrash(store, archives);
    for (const removal of removals) this.#noteRemoval(removal);
    this.#context.signal.throwIfAborted();
    const failed = removals.find((removal) => removal.outcome === "failed");
    if (failed !== undefined) throw this.#stopped(failed.error);
    return removals;
  }

  async #removeOrTrash(store: StoreSettings, archives: readonly ArchiveRecord[]): Promise<Removal[]> {
    const { config } = this.#services;
    const { jobId, signal } = this.#context;
    // Those in one directory have one destination.
    const forMs = Math.max(0, ...archives.slice(0, 1).map((first) => trashMs(config, first, this.#options)));
    return forMs === 0
      ? removeArchives(this.#services, store, archives, signal)
      : moveToTrash(this.#services, store, archives, { forMs, jobId });
  }

  #noteRemoval(removal: Removal): void {
    const { size, location } = removal.archive;
    this.#doneBytes += size;
    if (removal.outcome === "removed") {
      this.#removed += 1;
      this.#freedBytes += size;
    }
    if (removal.outcome === "trashed") {
      this.#trashed += 1;
      this.#trashedBytes += size;
      this.#trashUntil = Math.max(removal.until, this.#trashUntil ?? 0);
    }
    if (removal.outcome === "other") {
      this.#context.warn({
        code: "ARCHIVE_LOST",
        message: `${location} was not removed: what stands there is not the archive that was stored, ${removal.reason}.`,
      });
    }
  }

  #stopped(failure: BackupError): BackupError {
    if (this.#removed === 0) return failure;
    const message = `After ${this.#removed} archives had been removed: ${failure.message}`;
    return new BackupError(failure.code, message, { ...serializeError(failure), cause: failure });
  }

  #account(archive: ArchiveRecord, keep: boolean, reasons: readonly string[]): void {
    const { id, location, createdAt, size } = archive;
    this.#accounts.push({ id, location, createdAt: new Date(createdAt).toISOString(), size, keep, reasons });
  }
}

type Together = [ArchiveRecord, ...ArchiveRecord[]];

function byDirectory(archives: readonly ArchiveRecord[]): Iterable<Readonly<Together>> {
  const groups = new Map<string, Together>();
  for (const archive of archives) {
    const { storeKind, endpoint, bucket, key } = archive;
    const name = JSON.stringify([storeKind, endpoint, bucket, key.slice(0, key.lastIndexOf("/") + 1)]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [archive]);
    else group.push(archive);
  }
  return groups.values();
}

/** Undefined when the object may well be the archive; a removal looks closer. */
function whatIsWrong(archive: ArchiveRecord, seen: SeenObject | undefined): string | undefined {
  if (seen === undefined) return "it is not there any more";
  if (seen.size !== archive.size) return `another object stands there, of ${seen.size} bytes`;
  // A local file's identity also changes when its disk is mounted anew.
  if (archive.storeKind === "s3" && seen.etag !== archive.etag) return "another object stands there";
  return undefined;
}

function doomed({ decisions }: Plan): readonly ArchiveRecord[] {
  return decisions.filter(({ keep }) => !keep).map(({ archive }) => archive.record);
}

/** Undefined for what was removed, or never was to be. */
function whyNotRemoved(removal: Removal | undefined): string | undefined {
  switch (removal?.outcome) {
    case "busy":
      return "being read";
    case "pinned":
      return "pinned";
    case "locked":
      return removal.reason;
    case "other":
      return `not the archive that was stored: ${removal.reason}`;
    default:
      return undefined;
  }
}
