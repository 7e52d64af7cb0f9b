/** Writes a set: one archive after the other, then backup.json. The ledger knows at every moment what there is to take away. */
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { GATEWAY_PARTS, type GatewayPart } from "../../archive/gateway-parts.js";
import { keyIdOf } from "../../archive/signature.js";
import { archiveLimits } from "../../config.js";
import type { WantedLock } from "../../stores/object-lock.js";
import { chooseBase, withBase, type BaseChoice } from "../bases.js";
import { addressOf, type ResolvedObject } from "../destinations.js";
import { factsFile, removeSuperseded } from "../facts-files.js";
import { isInterruption } from "../interruption.js";
import type { NewArchive } from "../ledger/archives.js";
import type { NewSet, WrittenPart } from "../ledger/sets.js";
import { lockArchive } from "../lock-archive.js";
import { baseFigures, baseObject, newArchive } from "../new-archive.js";
import { nameSuffix, sealingOf } from "../sealing-of.js";
import type { Services } from "../services.js";
import type { BackedUpTenant, BackupOutcome } from "../thread/protocol.js";
import { withRates } from "../transfer-rates.js";
import type { JobContext, JobOutcome, JsonObject } from "../types.js";
import { uploadArchive } from "../upload-archive.js";
import type { SetPlace } from "./free-place.js";
import { recordSet } from "./record-set.js";
import type { GatewayBackupRequest } from "./request.js";
import { encodeManifest, type SetPart } from "./set-manifest.js";
import { MANIFEST_NAME, partKey, type SetKind } from "./set-names.js";
import { settleSet } from "./settle-sets.js";

export interface SetToWrite {
  readonly request: GatewayBackupRequest;
  readonly kind: SetKind;
  readonly place: SetPlace;
  /** For copies of databases. */
  readonly temporaryDirectory: string;
}

interface StoredPart {
  readonly archive: NewArchive;
  readonly lock: WantedLock | undefined;
  readonly manifest: SetPart;
  readonly figures: JsonObject;
}

export class SetWriting {
  readonly set: NewSet;
  readonly #services: Services;
  readonly #context: JobContext;
  readonly #options: SetToWrite;
  readonly #written: WrittenPart[] = [];
  readonly #stored: StoredPart[] = [];
  #signedBy = "";
  #manifest = { text: "", sha256: "" };

  constructor(services: Services, context: JobContext, options: SetToWrite) {
    const { target, namedAt } = options.place;
    this.#services = services;
    this.#context = context;
    this.#options = options;
    const address = addressOf(target.settings);
    const hasKeys = address.kind === "s3" && options.request.s3?.accessKey !== undefined;
    this.set = {
      id: services.ids.next("s"),
      jobId: context.jobId,
      kind: options.kind,
      location: target.location + MANIFEST_NAME,
      store: hasKeys ? { ...address, requestKeys: true } : address,
      key: target.key + MANIFEST_NAME,
      createdAt: namedAt,
    };
  }

  /** Journals the set. Call it before anything else. */
  begin(): void {
    this.#services.ledger.sets.begin(this.set);
  }

  /** Stores an archive of `source`. Rejects with what a backup of a tenant rejects with. */
  async addPart(part: GatewayPart, source: BackedUpTenant): Promise<void> {
    const { target: directory, namedAt } = this.#options.place;
    const { request, kind, temporaryDirectory } = this.#options;
    const services = this.#services;
    const { host, config, ledger } = services;
    const sealing = sealingOf(services, request, directory);
    const key = partKey(directory.key, part, { kind, now: namedAt, suffix: nameSuffix(sealing) });
    const location = directory.location + key.slice(directory.key.length);
    const target = { ...directory, key, location };
    const signingKey = await services.signatures.key();
    this.#signedBy = keyIdOf(signingKey);
    const made = {
      id: services.ids.next("a"),
      jobId: this.#context.jobId,
      tenant: part,
      tenantUid: ledger.sets.uid,
      createdAt: namedAt,
      signedBy: this.#signedBy,
      setId: this.set.id,
    };
    const choice =
      sealing === undefined
        ? await chooseBase(services, { tenant: part, tenantUid: made.tenantUid, target })
        : { fullReason: "what is encrypted is sent in full" };
    const context = this.#announced(part);
    const upload = async (chosen: BaseChoice): Promise<BackupOutcome> => {
      const operation = {
        ...source,
        uid: made.tenantUid,
        createdAt: new Date(namedAt).toISOString(),
        producer: `openclaw-gateway/${host.version}`,
        compressionLevel: request.compressionLevel ?? config.compressionLevel,
        compressionThreads: config.compressionThreads,
        overwrite: false,
        temporaryDirectory: await mkdtemp(join(temporaryDirectory, "attempt-")),
        signingKey,
        factsFile: factsFile(host, made.id),
        ...(sealing === undefined ? {} : { sealing }),
        ...(chosen.base === undefined ? {} : { base: baseObject(services, request, chosen.base) }),
      };
      return uploadArchive(services, context, {
        ...this.#upload(target),
        limits: source.limits,
        run: (place, options) => services.threads.run("backup", { ...operation, ...place }, options),
        note: ({ size, mark, warnings, ...figures }) =>
          this.#note({ archive: newArchive(made, target, { size, ...figures, ...chosen }), mark }),
      });
    };
    const { outcome, chosen } = await withBase(services, { choice, target }, async (chosen) => ({
      chosen,
      outcome: await services.archivesInUse.use(target, () => upload(chosen)),
    }));
    const { object, warnings, abilities, factsProblem, ...figures } = outcome;
    services.knownAbilities.learn(target.settings, abilities);
    if (factsProblem !== undefined)
      context.log.warn({ problem: factsProblem }, `The next backup will read every file of ${part}.`);
    const archive = {
      ...newArchive(made, target, { ...object, ...figures, ...chosen }),
      etag: object.etag,
    };
    const locked = await lockArchive(services, archive, target.settings, context.signal);
    for (const warning of warnings) context.warn(warning);
    if (locked.warning !== undefined) context.warn(locked.warning);
    const { totals, indexSha256, objectSha256, encryption } = archive;
    this.#stored.push({
      archive,
      lock: locked.lock,
      manifest: {
        name: GATEWAY_PARTS[part],
        key: key.slice(directory.key.length),
        size: object.size,
        indexSha256,
        ...(objectSha256 === undefined ? {} : { objectSha256 }),
        ...(encryption === undefined ? {} : { encryption }),
        files: totals.files,
        bytes: totals.contentBytes,
      },
      figures: {
        name: GATEWAY_PARTS[part],
        archiveId: archive.id,
        location,
        ...object,
        ...figures,
        ...baseFigures(figures, chosen),
      },
    });
  }

  /** Writes backup.json: the set is complete when this resolves. From its beginning on the job cannot be cancelled. */
  async complete(): Promise<void> {
    const { host, ledger, threads, config } = this.#services;
    const { place, kind } = this.#options;
    const text = encodeManifest({
      kind,
      uid: ledger.sets.uid,
      createdAt: new Date(place.namedAt).toISOString(),
      producer: `openclaw-gateway/${host.version}`,
      parts: this.#stored.map(({ manifest }) => manifest),
    });
    const sha256 = createHash("sha256").update(text).digest("hex");
    this.#manifest = { text, sha256 };
    this.#context.uncancellable();
    ledger.sets.noteManifest(this.set.id, sha256, host.clock.now());
    const { key, location } = this.set;
    const upload = this.#upload({ ...place.target, key, location });
    try {
      await uploadArchive(this.#services, this.#context, {
        ...upload,
        limits: archiveLimits(config),
        run: ({ store }, options) =>
          threads.run("writeManifest", { store, key, text, overwrite: kind === "pre-delete" }, options),
      });
    } catch (error) {
      // The store may have done it all the same: then the set is complete, and must not be taken for what it is not.
      const { signal } = new AbortController();
      const store = place.target.settings;
      const found = await threads.run("readManifest", { store, key }, { signal }).catch(() => undefined);
      if (found?.text !== text) throw error;
    }
  }

  /** After a failure: takes away what was stored, as far as that can be done now; the rest is settled later. Never rejects. */
  async giveUp(): Promise<void> {
    const { ledger, host } = this.#services;
    if (isInterruption(this.#context.signal)) return;
    const { signal } = new AbortController();
    const mayStillCome = this.set.store.kind !== "local" && this.#manifest.text !== "";
    await settleSet(this.#services, this.set.id, signal, { mayStillCome });
    for (const { archive } of this.#written)
      if (ledger.archives.get(archive.id) === undefined)
        await rm(factsFile(host, archive.id), { force: true }).catch(() => undefined);
  }

  /** What the job reports, once the set is complete. */
  async outcome(): Promise<JobOutcome> {
    const { host } = this.#services;
    const archives = this.#stored.map(({ archive }) => archive);
    for (const archive of archives)
      if (archive.encryption === undefined) await removeSuperseded(this.#services, archive);
    const { id, kind, location, createdAt } = this.set;
    return {
      result: {
        setId: id,
        kind,
        location,
        size: archives.reduce((sum, { size }) => sum + size, 0),
        parts: this.#stored.map(({ figures }) => figures),
        signedBy: { trust: "own", keyId: this.#signedBy },
        durationMs: host.clock.now() - createdAt,
      },
      record: () =>
        recordSet(this.#services, this.set, {
          archives,
          manifestSha256: this.#manifest.sha256,
          locks: new Map(this.#stored.map(({ archive, lock }) => [archive.id, lock])),
        }),
    };
  }

  #upload(target: ResolvedObject) {
    const { request, place } = this.#options;
    const { config } = this.#services;
    return {
      target: { ...target, settings: withRates(target.settings, request, config) },
      namedAt: place.namedAt,
      requestKeys: request.s3?.accessKey !== undefined,
      isResumable: false,
    };
  }

  #note(part: WrittenPart): void {
    const { ledger, host } = this.#services;
    // An attempt with a base that turned out to be of no use may have come so far as well.
    const others = this.#written.filter(({ archive }) => archive.key !== part.archive.key);
    this.#written.splice(0, this.#written.length, ...others, part);
    ledger.sets.noteParts(this.set.id, this.#written, host.clock.now());
  }

  /** Says in its progress which part it is at. */
  #announced(part: GatewayPart): JobContext {
    const context = this.#context;
    return {
      ...context,
      progress: (progress) => context.progress({ ...progress, message: GATEWAY_PARTS[part] }),
    };
  }
}
