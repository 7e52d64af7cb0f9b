/**
 * Settles sets whose job has ended before they were complete, or gone. What decides is backup.json: where it stands in the
 * store and names this very set, the set is complete and is listed, whatever became of the job; where it does not, the
 * set's archives are taken away. So nothing complete is ever removed here, also not by a gateway that was restored from this
 * very set, whose ledger knows only how it was begun.
 */
import { createHash } from "node:crypto";
import { FORMAT_VERSION } from "../../archive/format.js";
import { GATEWAY_PARTS, type GatewayPart } from "../../archive/gateway-parts.js";
import { archiveLimits } from "../../config.js";
import { BackupError, deserializeError, toBackupError } from "../../errors.js";
import type { StoreSettings } from "../../stores/settings.js";
import { LATE_MS } from "../completions.js";
import { storeColumns } from "../destinations.js";
import { identityOf, type NewArchive } from "../ledger/archives.js";
import type { SetRecord, WrittenPart } from "../ledger/sets.js";
import type { Services } from "../services.js";
import type { FoundArchive } from "../thread/protocol.js";
import { finishRemoval } from "./remove-set.js";
import { recordSet } from "./record-set.js";
import { parseManifest, type SetManifest, type SetPart } from "./set-manifest.js";
import { sweep } from "./sweep.js";

export type SettlingServices = Pick<
  Services,
  "archivesInUse" | "config" | "destinations" | "host" | "ids" | "ledger" | "threads"
>;

export interface SettleOptions {
  /** A request that was cut off may still be carried out by the store: then nothing is taken away yet. */
  readonly mayStillCome: boolean;
}

/** Looks after every set whose job has ended; what cannot be settled now stays, with the reason. Never rejects. */
export async function settleSets(services: SettlingServices, signal: AbortSignal): Promise<void> {
  const { host, ledger } = services;
  try {
    for (const set of ledger.sets.unsettled()) {
      if (signal.aborted) return;
      await settleSet(services, set.id, signal, { mayStillCome: mayStillCome(services, set) });
    }
  } catch (error) {
    const problem = toBackupError(error, "settle backups of the gateway").message;
    host.log.error({ problem }, "Backups of the gateway that were cut off could not be looked after.");
  }
}

/** Is there something to look at again in {@link LATE_MS}? */
export function awaitsSets(services: Pick<Services, "ledger" | "host">): boolean {
  return services.ledger.sets
    .unsettled()
    .some((set) => set.problem === undefined && mayStillCome(services, set));
}

/** A file appears at once or never. */
function mayStillCome({ host }: Pick<Services, "host">, { store, touchedAt }: SetRecord): boolean {
  return store.kind !== "local" && host.clock.now() - touchedAt < LATE_MS;
}

/** Never rejects. */
export async function settleSet(
  services: SettlingServices,
  id: string,
  signal: AbortSignal,
  options: SettleOptions,
): Promise<void> {
  const { host, ledger } = services;
  try {
    const set = ledger.sets.get(id);
    if (set === undefined) return;
    const settings = storeOfSet(services, set);
    if (set.state === "removing") await finishRemoval(services, set, settings, signal);
    else if (set.state === "writing") await settleWriting(services, set, settings, signal, options);
  } catch (error) {
    const { code, message } = toBackupError(error, "settle a backup of the gateway");
    host.log.warn({ set: id, code, problem: message }, "A backup of the gateway is not settled yet.");
    // Where the ledger fails, too, the next start tells.
    attempt(() => ledger.sets.setProblem(id, message));
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // The caller says why this may fail.
  }
}

/** Throws `CREDENTIALS_MISSING`. */
export function storeOfSet(
  { destinations }: Pick<Services, "destinations">,
  { store, key, location }: Pick<SetRecord, "store" | "key" | "location">,
): StoreSettings {
  const settings = destinations.remembered(store, key);
  if (settings !== undefined) return settings;
  throw new BackupError(
    "CREDENTIALS_MISSING",
    `The gateway has no settings for the store of ${location} any more.`,
    { hint: "Configure the store as a destination." },
  );
}

async function settleWriting(
  services: SettlingServices,
  set: SetRecord,
  store: StoreSettings,
  signal: AbortSignal,
  options: SettleOptions,
): Promise<void> {
  const { threads, ledger, host } = services;
  const { key, location } = set;
  const found = await threads.run("readManifest", { store, key }, { signal });
  const manifest = found && parseManifest(found.text, location);
  if (found !== undefined && manifest !== undefined && isOf(manifest, set, ledger.sets.uid)) {
    await listSet(services, { set, manifest, text: found.text, store }, signal);
    return;
  }
  if (options.mayStillCome) return;
  for (const part of set.parts) await removePart(services, part, store, signal);
  ledger.sets.endRemoval(set.id);
  host.log.info({ set: set.id, location }, "What there was of an incomplete backup of the gateway is gone.");
}

function isOf({ uid, createdAt }: SetManifest, set: SetRecord, ownUid: string): boolean {
  return uid === ownUid && Date.parse(createdAt) === set.createdAt;
}

interface FoundSet {
  readonly set: SetRecord;
  readonly manifest: SetManifest;
  readonly text: string;
  readonly store: StoreSettings;
}

/** Puts a set into the catalogue that was completed, and not noted. */
async function listSet(
  services: SettlingServices,
  { set, manifest, text, store }: FoundSet,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, host } = services;
  const archives = await archivesOf(services, { set, manifest, text, store }, signal);
  if (archives === undefined) {
    // Encrypted archives, of which this ledger, an older copy, knows nothing: they are good where they are.
    ledger.sets.endRemoval(set.id);
    host.log.warn({ location: set.location }, "A backup of the gateway is complete, and cannot be listed.");
    return;
  }
  const warn = ({ message }: { readonly message: string }): void =>
    host.log.warn({ problem: message }, "Beside a backup of the gateway.");
  await sweep(services, { signal, warn }, { settings: store, set });
  const manifestSha256 = createHash("sha256").update(text).digest("hex");
  const message = `The gateway could not note that ${set.location} was stored; it was found to be there.`;
  ledger.transaction(() => {
    recordSet(services, set, { archives, manifestSha256 });
    ledger.jobs.end({
      id: set.jobId,
      state: "succeeded",
      finishedAt: host.clock.now(),
      result: { setId: set.id, kind: set.kind, location: set.location },
      warnings: [{ code: "RECOVERED", message }],
    });
  });
  host.log.warn({ location: set.location }, "A backup of the gateway was found to be complete after all.");
}

/** Undefined where one of them is not there, or cannot be described. */
async function archivesOf(
  services: SettlingServices,
  { set, manifest, store }: FoundSet,
  signal: AbortSignal,
): Promise<readonly NewArchive[] | undefined> {
  const directory = set.key.slice(0, set.key.lastIndexOf("/") + 1);
  const keys = manifest.parts.map(({ key }) => directory + key);
  const seen = await services.threads.run("look", { store, keys }, { signal });
  const request = { store, key: directory, limits: archiveLimits(services.config), known: [] };
  const { archives } = await services.threads.run("findArchives", request, { signal });
  const described = manifest.parts.map((part, i): NewArchive | undefined => {
    const key = directory + part.key;
    const noted = set.parts.find(({ archive }) => archive.key === key)?.archive;
    const object = seen[i];
    if (object?.size !== part.size) return undefined;
    if (noted?.indexSha256 === part.indexSha256) return { ...noted, etag: object.etag };
    const found = archives.find((archive) => archive.key === key && archive.indexSha256 === part.indexSha256);
    return found && archiveOf(services, { set, store, part, found });
  });
  const complete = described.filter((archive) => archive !== undefined);
  return complete.length === described.length ? complete : undefined;
}

interface FoundPart extends Pick<FoundSet, "set" | "store"> {
  readonly part: SetPart;
  readonly found: FoundArchive;
}

function archiveOf({ ids }: SettlingServices, { set, store, part, found }: FoundPart): NewArchive {
  const { key, size, etag, uid, createdAt, totals, indexSha256, signedBy } = found;
  return {
    ...storeColumns(store),
    id: ids.next("a"),
    jobId: set.jobId,
    setId: set.id,
    tenant: partNamed(part.name),
    tenantUid: uid,
    location: set.location.slice(0, set.location.lastIndexOf("/") + 1) + part.key,
    key,
    size,
    etag,
    createdAt,
    totals,
    indexSha256,
    formatVersion: FORMAT_VERSION,
    signedBy,
    state: "good",
    checkedAt: createdAt,
  };
}

function partNamed(name: SetPart["name"]): GatewayPart {
  return name === GATEWAY_PARTS["@state"] ? "@state" : "@workspace";
}

/** Takes away an archive that is a part of nothing: only if it is the one that was written. */
async function removePart(
  { threads, config }: SettlingServices,
  { archive, mark }: WrittenPart,
  store: StoreSettings,
  signal: AbortSignal,
): Promise<void> {
  const { key, size } = archive;
  const limits = archiveLimits(config);
  const identity = identityOf(archive);
  const settled = await threads.run("settle", { store, key, mark, size, ...identity, limits }, { signal });
  if (settled.found !== "archive") return;
  const { etag } = settled;
  const archives = [{ key, size, etag, ...identity, damaged: false }];
  const [removal] = await threads.run("remove", { store, limits, archives }, { signal });
  if (removal?.outcome === "failed") throw deserializeError(removal.error);
  if (removal?.outcome === "locked")
    throw new BackupError("ARCHIVE_PROTECTED", `${archive.location} is ${removal.reason}.`);
}
