/** The job that removes backups of the whole gateway that a retention policy does not keep: whole sets, or none of a set. */
import { isDeepStrictEqual } from "node:util";
import { toBackupError, type BackupError } from "../../errors.js";
import { whyLocked } from "../../stores/object-lock.js";
import { destinationOf } from "../destination-of.js";
import { storeColumns, type ResolvedObject, type S3Options } from "../destinations.js";
import type { ArchiveRecord } from "../ledger/archives.js";
import type { SetRecord } from "../ledger/sets.js";
import { publicOptions } from "../public-request.js";
import { requestedPolicy } from "../prune.js";
import { planRetention, type RetainedArchive } from "../retention/plan.js";
import {
  configuredPolicy,
  findPolicy,
  type CheckedPolicy,
  type RetentionPolicy,
} from "../retention/policy.js";
import { storeOf } from "../removal.js";
import type { Caller, Services } from "../services.js";
import { NO_TENANT, type JobContext, type JobOutcome, type JobSubmission } from "../types.js";
import { removeSet } from "./remove-set.js";
import { isAutomaticDirectory } from "./set-names.js";
import { settleSets } from "./settle-sets.js";

/** The rules are those of the policy; without one, the configured policies apply, each to what lies at its destination. */
export interface GatewayPruneRequest extends RetentionPolicy {
  /** Only the sets in this place. */
  readonly to?: string;
  /** Sets whose places a person chose count, too. */
  readonly includeNamed?: boolean;
  /** Only say what would be removed. */
  readonly dryRun?: boolean;
  readonly s3?: S3Options;
}

/** By this name config is asked; what it says of single tenants is of no account. */
const OWNER = "@state";

/** Throws at once what can be known at once: `REQUEST_INVALID` for an empty policy, `LOCATION_INVALID`, `DESTINATION_UNKNOWN`. */
export function gatewayPruneSubmission(
  services: Services,
  request: GatewayPruneRequest,
  caller: Caller,
): JobSubmission {
  const { to, s3 = {}, includeNamed = false, dryRun = false, ...requested } = request;
  const { config } = services;
  const policy = requestedPolicy(services, OWNER, requested);
  const place = to === undefined ? undefined : services.destinations.directory(to, s3);
  const policyFor = (archive: ArchiveRecord): CheckedPolicy | undefined =>
    policy ??
    findPolicy(requested, configuredPolicy(config, OWNER, destinationOf(config.destinations, archive)?.name));
  return {
    type: "gateway-prune",
    tenant: NO_TENANT,
    ...caller,
    request: {
      ...(policy === undefined ? {} : { policy }),
      ...(to === undefined ? {} : { to }),
      ...(includeNamed ? { includeNamed } : {}),
      ...(dryRun ? { dryRun } : {}),
      ...publicOptions(request.s3),
    },
    run: (context) => new SetPrune(services, { policyFor, place, includeNamed, dryRun, s3 }, context).run(),
  };
}

interface SetPruneOptions {
  /** Undefined: nothing is removed where the archive lies. */
  readonly policyFor: (archive: ArchiveRecord) => CheckedPolicy | undefined;
  /** Only sets of this store whose keys start with its key. */
  readonly place: ResolvedObject | undefined;
  readonly includeNamed: boolean;
  readonly dryRun: boolean;
  readonly s3: S3Options;
}

type Archives = readonly [ArchiveRecord, ...ArchiveRecord[]];

interface KnownSet {
  readonly set: SetRecord;
  readonly archives: Archives;
}

interface Candidate extends RetainedArchive, KnownSet {}

/** What stands in the result for each set: by place, the newest first. */
interface PrunedSet {
  readonly id: string;
  readonly location: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly size: number;
  readonly keep: boolean;
  readonly reasons: readonly string[];
}

class SetPrune {
  readonly #services: Services;
  readonly #options: SetPruneOptions;
  readonly #context: JobContext;
  readonly #accounts: PrunedSet[] = [];
  #removed = 0;
  #freedBytes = 0;

  constructor(services: Services, options: SetPruneOptions, context: JobContext) {
    this.#services = services;
    this.#options = options;
    this.#context = context;
  }

  /** Rejects with the first failure of a store, after what could be done elsewhere. */
  async run(): Promise<JobOutcome> {
    const { clock } = this.#services.host;
    const startedAt = clock.now();
    const { dryRun } = this.#options;
    if (!dryRun) await settleSets(this.#services, this.#context.signal);
    const failures: BackupError[] = [];
    for (const together of byPlace(this.#sets())) {
      try {
        await this.#prunePlace(together, startedAt);
      } catch (error) {
        this.#context.signal.throwIfAborted();
        const failure = toBackupError(error, `prune beside ${together[0].set.location}`);
        failures.push(failure);
        this.#context.warn({ code: failure.code, message: failure.message });
      }
    }
    const [failure] = failures;
    if (failure !== undefined) throw failure;
    return {
      result: {
        ...(dryRun ? { dryRun } : {}),
        sets: this.#accounts,
        kept: this.#accounts.filter(({ keep }) => keep).length,
        removed: this.#removed,
        freedBytes: this.#freedBytes,
        durationMs: clock.now() - startedAt,
      },
    };
  }

  /** Those that are complete, and whose archives are where they were put. */
  #sets(): readonly KnownSet[] {
    const { ledger } = this.#services;
    return ledger.sets.list().flatMap((set) => {
      const [first, ...others] = ledger.archives.ofSet(set.id);
      if (set.state !== "complete" || first === undefined) return [];
      return this.#isInPlace(first) ? [{ set, archives: [first, ...others] }] : [];
    });
  }

  #isInPlace({ storeKind, endpoint, bucket, key }: ArchiveRecord): boolean {
    const { place } = this.#options;
    if (place === undefined) return true;
    const isSameStore = isDeepStrictEqual(storeColumns(place.settings), { storeKind, endpoint, bucket });
    return isSameStore && key.startsWith(place.key);
  }

  async #prunePlace(together: readonly [KnownSet, ...KnownSet[]], now: number): Promise<void> {
    const { policyFor, includeNamed, dryRun, s3 } = this.#options;
    const { signal } = this.#context;
    const [{ archives }] = together;
    const policy = policyFor(archives[0]);
    if (policy === undefined) {
      for (const known of together) this.#account(known, true, ["no retention policy applies"]);
      return;
    }
    const settings = storeOf(this.#services, archives[0], s3);
    const candidates: Candidate[] = [];
    for (const known of together) candidates.push(await this.#candidate(known, settings, now));
    for (const { archive, keep, reasons } of planRetention(candidates, { policy, now, includeNamed })) {
      if (!keep && !dryRun) {
        await removeSet(this.#services, archive.set, settings, signal);
        this.#removed += 1;
        this.#freedBytes += sizeOf(archive.archives);
        signal.throwIfAborted();
      }
      this.#account(archive, keep, reasons);
    }
  }

  async #candidate(known: KnownSet, store: ResolvedObject["settings"], now: number): Promise<Candidate> {
    const { archivesInUse, threads } = this.#services;
    const { set, archives } = known;
    const keys = archives.map(({ key }) => key);
    const seen = await threads.run("look", { store, keys }, { signal: this.#context.signal });
    const isLost = archives.some(({ size }, i) => seen[i]?.size !== size);
    if (isLost)
      this.#context.warn({
        code: "ARCHIVE_LOST",
        message: `${set.location} names archives that are not there any more.`,
      });
    const verified = archives.map(({ verifiedAt }) => verifiedAt).filter((at) => at !== undefined);
    const [locked] = seen.map((object) => whyLocked(object?.lock, now)).filter((why) => why !== undefined);
    return {
      ...known,
      id: set.id,
      createdAt: set.createdAt,
      damaged: isLost || archives.some(({ state }) => state === "damaged"),
      pinned: archives.some(({ pinnedAt }) => pinnedAt !== undefined),
      ...(verified.length === archives.length ? { verifiedAt: Math.min(...verified) } : {}),
      automaticName: set.kind === "pre-delete" || isAutomaticDirectory(directoryOf(set)),
      preDelete: set.kind === "pre-delete",
      beingRead: archives.some(({ key, location }) =>
        archivesInUse.isUsed({ settings: store, key, location }),
      ),
      ...(locked === undefined ? {} : { locked }),
    };
  }

  #account({ set, archives }: KnownSet, keep: boolean, reasons: readonly string[]): void {
    const { id, location, createdAt } = set;
    const size = sizeOf(archives);
    this.#accounts.push({
      id,
      location,
      createdAt: new Date(createdAt).toISOString(),
      size,
      keep,
      reasons,
    });
  }
}

function sizeOf(archives: readonly ArchiveRecord[]): number {
  return archives.reduce((sum, { size }) => sum + size, 0);
}

function directoryOf({ key }: SetRecord): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/** A policy is applied to each prefix of each store by itself. */
function byPlace(sets: readonly KnownSet[]): Iterable<readonly [KnownSet, ...KnownSet[]]> {
  const groups = new Map<string, [KnownSet, ...KnownSet[]]>();
  for (const known of sets) {
    const { storeKind, endpoint, bucket } = known.archives[0];
    const directory = directoryOf(known.set);
    const prefix = directory.slice(0, directory.lastIndexOf("/", directory.length - 2) + 1);
    const name = JSON.stringify([storeKind, endpoint, bucket, prefix]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [known]);
    else group.push(known);
  }
  return groups.values();
}
