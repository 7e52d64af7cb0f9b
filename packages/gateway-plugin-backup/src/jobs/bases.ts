/** Which earlier archive a backup takes bytes over from, and what happens when that turns out to be of no use. */
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { FORMAT_VERSION } from "../archive/format.js";
import { LEAST_RUN_BYTES } from "../archive/base/survivors.js";
import { BackupError } from "../errors.js";
import type { UnusableReason } from "../stores/copy-base.js";
import { storeColumns, type ResolvedObject } from "./destinations.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import type { Services } from "./services.js";
import type { TrustedSigners } from "./thread/protocol.js";

/** Copied damage would live for ever: after so long a time every byte is sent anew. */
const CHECKED_FOR_MS = 30 * 24 * 3_600_000;

/** As the store itself says it. */
const STORE_CANNOT: UnusableReason = "the store cannot copy";
const PARTS_REFUSED: UnusableReason = "the store refused the parts";

/** `fullReason` follows "because". */
export type BaseChoice =
  | { readonly base: ArchiveRecord; readonly fullReason?: undefined }
  | { readonly base?: undefined; readonly fullReason: string };

/** What choosing a base needs of the {@link Services}. */
export interface BaseServices {
  readonly ledger: { readonly archives: Pick<Services["ledger"]["archives"], "goodIn"> };
  readonly signatures: Pick<Services["signatures"], "required">;
  readonly knownAbilities: Pick<Services["knownAbilities"], "apply" | "learn">;
  readonly archivesInUse: Pick<Services["archivesInUse"], "use">;
  readonly host: { readonly clock: Services["host"]["clock"] };
}

export interface BaseRequest {
  readonly tenant: string;
  readonly tenantUid: string;
  readonly target: ResolvedObject;
}

/** The newest good archive, by the order of the ledger, in the store that the new one goes to; or why there is none. */
export async function chooseBase(services: BaseServices, request: BaseRequest): Promise<BaseChoice> {
  const { settings } = request.target;
  const abilities = services.knownAbilities.apply(settings);
  if (abilities.kind === "s3" && abilities.abilities?.copy === false) return { fullReason: STORE_CANNOT };
  const { tenant, tenantUid } = request;
  const candidates = services.ledger.archives.goodIn({ tenant, tenantUid, ...storeColumns(settings) });
  const base = settings.kind === "s3" ? candidates[0] : await firstBeside(candidates, request.target.key);
  if (base === undefined) return { fullReason: "there is no earlier archive in this store" };
  const fullReason =
    flawOf(base, services.host.clock.now()) ?? flawOfSignature(base, await services.signatures.required());
  return fullReason === undefined ? { base } : { fullReason };
}

/** When the last of an archive's bytes were checked. */
export function lastChecked({ checkedAt, verifiedAt = checkedAt }: ArchiveRecord): number {
  return Math.max(checkedAt, verifiedAt);
}

function flawOf(base: ArchiveRecord, now: number): string | undefined {
  const { formatVersion, size } = base;
  if (formatVersion !== FORMAT_VERSION) return "the earlier archive has another format version";
  if (size < LEAST_RUN_BYTES) return "the earlier archive is smaller than the least that can be copied";
  // A clock that was set back says nothing about what came before.
  if (Math.abs(now - lastChecked(base)) > CHECKED_FOR_MS)
    return "the oldest bytes of the earlier archive were last checked more than 30 days ago";
  return undefined;
}

/** Where archives have to be signed, nothing is taken over from one that is not: the new one would be signed all the same. */
function flawOfSignature(
  { signedBy }: ArchiveRecord,
  required: TrustedSigners | undefined,
): string | undefined {
  if (required === undefined || (signedBy !== undefined && required.trusted.includes(signedBy)))
    return undefined;
  return "the earlier archive is not signed by a trusted key";
}

/** The first that lies on the file system where `key` is to lie. */
async function firstBeside(
  candidates: readonly ArchiveRecord[],
  key: string,
): Promise<ArchiveRecord | undefined> {
  const wanted = await fileSystemOf(dirname(key));
  const known = new Map<string, number | undefined>();
  for (const candidate of candidates) {
    const directory = dirname(candidate.key);
    if (!known.has(directory)) known.set(directory, await deviceOf(directory));
    if (known.get(directory) === wanted) return candidate;
  }
  return undefined;
}

/** Of a directory that may not be made yet: that of the nearest one above it that is there. */
async function fileSystemOf(directory: string): Promise<number> {
  return (await deviceOf(directory)) ?? fileSystemOf(dirname(directory));
}

function deviceOf(directory: string): Promise<number | undefined> {
  return stat(directory).then(
    ({ dev }) => dev,
    () => undefined,
  );
}

/**
 * Runs `work` with the base, which is not removed meanwhile, and, when the base is of no use after all, once more without
 * one. Rejects with what `work` rejects with, except for BASE_UNUSABLE.
 */
export async function withBase<T>(
  { archivesInUse, knownAbilities }: Pick<BaseServices, "archivesInUse" | "knownAbilities">,
  { choice, target }: { readonly choice: BaseChoice; readonly target: ResolvedObject },
  work: (choice: BaseChoice) => Promise<T>,
): Promise<T> {
  const { base } = choice;
  if (base === undefined) return work(choice);
  const { key, location } = base;
  let isHeld = false as boolean;
  try {
    return await archivesInUse.use({ settings: target.settings, key, location }, () => {
      isHeld = true;
      return work(choice);
    });
  } catch (error) {
    if (!isHeld) return work({ fullReason: "the earlier archive is just being removed" });
    if (!(error instanceof BackupError) || error.code !== "BASE_UNUSABLE") throw error;
    const fullReason = String(error.details?.["reason"]);
    if (fullReason === STORE_CANNOT) knownAbilities.learn(target.settings, { copy: false });
    if (fullReason === PARTS_REFUSED) {
      // The next time they have one size; where they had already, it was not that.
      const known = knownAbilities.apply(target.settings);
      const hadOneSize = known.kind === "s3" && known.abilities?.equalParts === true;
      knownAbilities.learn(target.settings, hadOneSize ? { copy: false } : { equalParts: true });
    }
    return work({ fullReason });
  }
}
