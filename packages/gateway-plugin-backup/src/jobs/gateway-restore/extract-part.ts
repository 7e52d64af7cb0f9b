/** One part of a gateway's state, from wherever it lies into the directories that it is staged in. */
import { extractArchive, type ExtractSummary } from "../../archive/extract.js";
import { findStateLayout } from "../../archive/find-layout.js";
import type { ArchiveLimits } from "../../archive/format.js";
import type { StatePlacement } from "../../archive/foreign-state.js";
import { GATEWAY_PARTS, isGatewayPart, ownerName } from "../../archive/gateway-parts.js";
import { identifyArchive, type IdentifiedArchive } from "../../archive/identify.js";
import { TAIL_BYTES } from "../../archive/open.js";
import { rawPath } from "../../archive/raw-path.js";
import type { TreeRoute } from "../../archive/routed-tree.js";
import { type ArchiveSource, archiveSubject } from "../../archive/source.js";
import type { SpaceLimit } from "../../archive/space.js";
import type { StateLayout } from "../../archive/state-layout.js";
import { BackupError } from "../../errors.js";
import type { ObjectSource } from "../thread/object-source.js";
import { requireSignature } from "../thread/required-signature.js";
import type { TrustedSigners } from "../thread/protocol.js";
import type { SetPart } from "../gateway/set-manifest.js";

/** What stands for the state in the entry policy's eyes. */
const STATE_ROOT = rawPath(GATEWAY_PARTS["@state"]);

/** What no archive of ours has either: it is made anew, or of use to a running process only. */
const NEVER_RESTORED = [
  "gateway.lock",
  ".restore",
  "lost+found",
  "tenants/.staging",
  "tenants/.trash",
  "tenants/*/pty",
  "backup/tmp",
];

export interface PartRequest {
  /** Undefined: everything is checked and nothing written. */
  readonly into: string | undefined;
  readonly routes: readonly TreeRoute[];
  /** Absolute links below these lead into the state, besides what the archive says. */
  readonly stateDirectories: readonly string[];
  /** Below the state: what stands there already, and stays. */
  readonly leaveOut: readonly string[];
  readonly limits: ArchiveLimits;
  readonly space: SpaceLimit;
  readonly signatures: TrustedSigners | undefined;
  readonly signal: AbortSignal;
  onProgress(progress: PartProgress): void;
}

export interface PartProgress {
  readonly files: number;
  readonly contentBytes: number;
  /** Undefined where the archive does not say. */
  readonly totalContentBytes: number | undefined;
}

export type PartName = SetPart["name"];

export interface ExtractedPart extends Pick<
  ExtractSummary,
  "totals" | "warnings" | "hadIndex" | "leftOutLinks"
> {
  readonly name: PartName;
  /** RFC 3339; undefined where the archive does not say. */
  readonly createdAt: string | undefined;
  readonly signedBy: string | undefined;
}

/**
 * Extracts an archive of the state, ours or another tool's, or of a set's workspace. Throws what `identifyArchive` and
 * `extractArchive` throw, NO_STATE_IN_ARCHIVE, SIGNATURE_REQUIRED.
 *
 * @param expected What the set's manifest says of it.
 */
export async function extractArchivePart(
  source: ObjectSource,
  expected: SetPart | undefined,
  request: PartRequest,
): Promise<ExtractedPart> {
  const { bytes } = await source.tail(TAIL_BYTES);
  const archive = await identifyArchive(source, request.limits, bytes);
  requireSignature(source, archive.index, request.signatures);
  const { index, format } = archive;
  const { name } = expected ?? { name: "state" };
  if (expected !== undefined && index?.sha256 !== expected.indexSha256)
    throw new BackupError(
      "ARCHIVE_DAMAGED",
      `${archiveSubject(source)} is not the archive that its backup.json names.`,
      { details: { rule: "index hash" } },
    );
  if (index === undefined) {
    const layout = await findStateLayout(source, format, request.limits);
    return extract(source, archive, request, name, placementOf(layout, request));
  }
  const { tenant, root } = index.header;
  if (root !== name)
    throw new BackupError("NO_STATE_IN_ARCHIVE", `${archiveSubject(source)} is of ${ownerName(tenant)}.`, {
      ...(!isGatewayPart(tenant) && {
        hint: `\`openclaw tenants restore --from ${source.describe}\` restores it.`,
      }),
    });
  return extract(source, archive, request, name, undefined);
}

/** Extracts loose files of a state. */
export function extractFiles(
  source: ArchiveSource,
  layout: StateLayout,
  request: PartRequest,
): Promise<ExtractedPart> {
  requireSignature(source, undefined, request.signatures);
  const archive = { format: "tar", index: undefined } as const;
  return extract(source, archive, request, "state", placementOf(layout, request));
}

async function extract(
  source: ArchiveSource,
  archive: IdentifiedArchive,
  request: PartRequest,
  name: PartName,
  state: StatePlacement | undefined,
): Promise<ExtractedPart> {
  const { into, routes, limits, space, signal } = request;
  const { totals, warnings, hadIndex, leftOutLinks } = await extractArchive({
    ...{ source, ...archive, as: undefined, into, routes, limits, space, signal },
    ...(state && { state }),
    onProgress: (progress) => request.onProgress(progress),
  });
  const { index } = archive;
  return {
    ...{ name, totals, warnings, hadIndex, leftOutLinks },
    createdAt: index?.header.createdAt,
    signedBy: index?.signedBy,
  };
}

function placementOf(
  { mappings, ignored }: StateLayout,
  { stateDirectories, leaveOut }: PartRequest,
): StatePlacement {
  return {
    ...{ root: STATE_ROOT, mappings, ignored, isPart: false },
    // Where it does not say where it lay, it may have been here.
    directories: stateDirectories.map(rawPath),
    leaveOut: [...NEVER_RESTORED, ...leaveOut].map(rawPath),
  };
}
