/** Which backups of the whole gateway the catalogue knows. */
import type { ArchiveRecord } from "../ledger/archives.js";
import type { Ledger } from "../ledger/ledger.js";
import type { SetRecord } from "../ledger/sets.js";
import { MANIFEST_NAME, type SetKind } from "./set-names.js";

/**
 * - `complete`: its backup.json is there, and as far as is known its archives are.
 * - `incomplete`: it has no backup.json; it is being written, or was cut off.
 * - `removing`: a removal has begun.
 * - `damaged`: a check found an archive of it damaged or gone, or its backup.json cannot be read.
 */
export type ShownSetState = "complete" | "incomplete" | "removing" | "damaged";

export interface ShownSet {
  /** In the catalogue; absent where that does not know it. */
  readonly id?: string;
  readonly kind: SetKind;
  readonly state: ShownSetState;
  /** The directory of a scheduled set; the backup.json of a pre-delete one, or its archives where there is none. */
  readonly location: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Bytes of its archives. */
  readonly size: number;
  readonly parts: readonly ShownPart[];
  readonly pinned: boolean;
  /** When all of it was last read and found good; absent where some of it never was. */
  readonly verifiedAt?: number;
  /** Why it could not be settled, or read. */
  readonly problem?: string;
}

export interface ShownPart {
  readonly name: string;
  readonly archiveId?: string;
  readonly location: string;
  readonly size: number;
  readonly encryption?: string;
}

interface LedgerOfSets {
  readonly ledger: Pick<Ledger, "sets" | "archives">;
}

/** What the catalogue knows, newest first. */
export function knownSets({ ledger }: LedgerOfSets): ShownSet[] {
  return ledger.sets.list().map((set) => shown(set, ledger.archives.ofSet(set.id)));
}

/** The newest set of the catalogue that is complete and good. */
export function newestGoodSet(services: LedgerOfSets): ShownSet | undefined {
  return knownSets(services).find(({ state }) => state === "complete");
}

function shown(set: SetRecord, archives: readonly ArchiveRecord[]): ShownSet {
  const { id, kind, createdAt, location, problem } = set;
  const parts = archives.length > 0 ? archives : set.parts.map(({ archive }) => archive);
  const verified = archives.map(({ verifiedAt }) => verifiedAt).filter((at) => at !== undefined);
  return {
    id,
    kind,
    state: stateOf(set, archives),
    location: kind === "scheduled" ? location.slice(0, -MANIFEST_NAME.length) : location,
    createdAt,
    size: parts.reduce((sum, { size }) => sum + size, 0),
    parts: parts.map(({ tenant, location: at, size, encryption, ...archive }) => ({
      name: tenant.slice(1),
      ...(archives.length > 0 ? { archiveId: archive.id } : {}),
      location: at,
      size,
      ...(encryption === undefined ? {} : { encryption }),
    })),
    pinned: archives.some(({ pinnedAt }) => pinnedAt !== undefined),
    ...(archives.length > 0 && verified.length === archives.length
      ? { verifiedAt: Math.min(...verified) }
      : {}),
    ...(problem === undefined ? {} : { problem }),
  };
}

function stateOf({ state }: SetRecord, archives: readonly ArchiveRecord[]): ShownSetState {
  if (state === "removing") return "removing";
  if (state === "writing") return "incomplete";
  const isGood = archives.every((archive) => archive.state === "good" && archive.lostAt === undefined);
  return isGood && archives.length > 0 ? "complete" : "damaged";
}
