/** Restores a whole gateway: from a set, an archive or loose files to a state that is in its place. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, ReplacedVolume, StateVolume } from "@openclaw/gateway-core";
import { isKeyId, keyIdOf } from "../../archive/signature.js";
import { archiveLimits } from "../../config.js";
import { BackupError } from "../../errors.js";
import { openStore } from "../../stores/open.js";
import type { Store } from "../../stores/store.js";
import { Destinations, type ResolvedObject } from "../destinations.js";
import { IdMaker } from "../ids.js";
import { openerWith } from "../opening.js";
import { Pipes } from "../pipes.js";
import { removeTree } from "../remove-tree.js";
import { Signatures } from "../signatures.js";
import { signingKeyFile, SigningKeyFile } from "../signing-key.js";
import type { TrustedSigners } from "../thread/protocol.js";
import { withRates } from "../transfer-rates.js";
import { extractSource, type SourceRequest } from "./extract-source.js";
import { findGatewaySource, type GatewaySource } from "./find-source.js";
import { finishStagedState } from "./finish-staged.js";
import { archivePlaces, holdsSomething, nearestPath, pathsBelow } from "./kept-paths.js";
import { restoredFacts, type RestoredFacts } from "./restored-facts.js";
import type {
  GatewayRestoreOptions,
  GatewayRestoreRequest,
  GatewayRestoreResult,
  RestoredGateway,
} from "./types.js";

const HOUR_MS = 3_600_000;

/**
 * The caller holds the state lock, and no restore is unsettled. Throws `STATE_NOT_EMPTY`, and whatever finding, reading,
 * extracting and swapping throw; then the state is as it was, and nothing is left of what was staged.
 */
export async function restoreGateway(
  gateway: RestoredGateway,
  request: GatewayRestoreRequest,
  options: GatewayRestoreOptions,
): Promise<GatewayRestoreResult> {
  const startedAt = gateway.clock.now();
  const isDryRun = request.dryRun === true;
  const place = placeOf(gateway, request);
  const { limitDownload } = request;
  const rates = limitDownload === undefined ? {} : { limitDownload };
  const store = openStore(withRates(place.settings, rates, gateway.config));
  try {
    const source = await findGatewaySource(store, place, options.signal);
    const volumes = volumesOf(gateway, store, source);
    const standing = (await gateway.restores.standing(volumes)).filter(holdsSomething);
    if (standing.length > 0 && request.force !== true && !isDryRun) throw notEmpty(gateway.root, standing);
    const work = { gateway, request, options, store, source, volumes };
    const facts = isDryRun ? await check(work) : await restore(work);
    const durationMs = gateway.clock.now() - startedAt;
    return { dryRun: isDryRun, from: source.location, ...facts, replaced: standing.length > 0, durationMs };
  } finally {
    store.close();
  }
}

/**
 * What is there of volumes now, with what of them stays whatever is restored: for an undo, too. Throws `LOCATION_INVALID`
 * where the source is what would be replaced.
 */
export function replacedVolumes(
  { root, workspace, config }: Pick<RestoredGateway, "root" | "workspace" | "config">,
  source?: string,
): ReplacedVolume[] {
  const volumes: StateVolume[] = [{ name: "state", directory: root }];
  if (workspace !== undefined) volumes.push({ name: "workspace", directory: workspace });
  const here = source === undefined ? undefined : nearestPath(source);
  if (here !== undefined && volumes.some(({ directory }) => nearestPath(directory) === here))
    throw new BackupError("LOCATION_INVALID", `${here} is what is to be replaced.`, {
      hint: "Copy it elsewhere first, or restore into another OPENCLAW_STATE_DIR.",
    });
  const keep = archivePlaces(join(root, "backups"), config, here);
  return volumes.map((volume) => ({ ...volume, keep }));
}

/** An id for a restore of the whole gateway, or its undo. */
export function newJobId(clock: Clock): string {
  return new IdMaker(clock).next("g");
}

interface Work {
  readonly gateway: RestoredGateway;
  readonly request: GatewayRestoreRequest;
  readonly options: GatewayRestoreOptions;
  readonly store: Store;
  readonly source: GatewaySource;
  readonly volumes: readonly ReplacedVolume[];
}

/** Whoever runs the command may read every file that it is given: the local roots are for callers from elsewhere. */
function placeOf(
  { config, env, root, resolveSecret }: RestoredGateway,
  { from, s3 }: GatewayRestoreRequest,
): ResolvedObject {
  const destinations = new Destinations({
    config: { ...config, localRoots: ["/"] },
    ...{ env, embedded: join(root, "backups"), resolveSecret },
  });
  return destinations.either(from, s3);
}

function volumesOf(gateway: RestoredGateway, store: Store, source: GatewaySource): ReplacedVolume[] {
  return replacedVolumes(gateway, store.kind === "local" ? source.location : undefined);
}

async function check(work: Work): Promise<RestoredFacts> {
  const parts = await extractSource(
    await sourceRequest(work, undefined, join(tmpdir(), "openclaw-restore")),
    work.options,
  );
  return restoredFacts(parts, signaturesOf(work.gateway, work.request));
}

async function restore(work: Work): Promise<RestoredFacts & Partial<GatewayRestoreResult>> {
  const { gateway, source, volumes, options } = work;
  const { clock, restores, config, privateKeys, root } = gateway;
  const trashMs = config.trashHours * HOUR_MS;
  for (const directory of await restores.forget(clock.now() - trashMs, volumes)) await removeTree(directory);
  const job = newJobId(clock);
  try {
    const staged = await restores.stage(job, volumes);
    const request = await sourceRequest(work, staged, join(root, ".restore", job, "tmp"));
    const parts = await extractSource(request, options);
    const facts = await restoredFacts(parts, signaturesOf(gateway, work.request));
    await requireSameWorkspace(gateway, staged, parts.length);
    const from = source.location;
    const restoredAt = new Date(clock.now()).toISOString();
    const { totals, createdAt } = facts;
    const tenants = await finishStagedState({
      ...{ job, from, staged, root, privateKeys, totals, restoredAt },
      ...(createdAt === undefined ? {} : { createdAt }),
    });
    const at = clock.now();
    const { left } = await restores.swap({ job, from, at, volumes });
    const kept = left.map((path) => ({
      code: "KEPT",
      message: `${path} stays as it was; what the archive has in its place was left out.`,
    }));
    const undoUntil = new Date(at + trashMs).toISOString();
    return { ...facts, job, tenants, undoUntil, warnings: [...facts.warnings, ...kept] };
  } catch (error) {
    // What is not settled is needed for that.
    if ((error as { readonly code?: unknown }).code !== "RESTORE_UNSETTLED")
      for (const { directory } of volumes)
        await removeTree(join(directory, ".restore", job)).catch(() => undefined);
    throw error;
  }
}

/** The gateway that starts next must look for its workspace where it was put. */
async function requireSameWorkspace(
  { workspace, workspaceIn }: RestoredGateway,
  [state = ""]: readonly string[],
  parts: number,
): Promise<void> {
  if (workspace === undefined && parts === 1) return;
  const wanted = await workspaceIn(state);
  if (wanted === workspace) return;
  const name = (path: string | undefined): string => path ?? "the state directory";
  throw new BackupError(
    "WORKSPACE_ELSEWHERE",
    `By the config that comes back the workspace lies in ${name(wanted)}, and here it would be restored into ${name(workspace)}.`,
    { details: { path: wanted } },
  );
}

async function sourceRequest(
  { gateway, request, store, source, volumes }: Work,
  staged: readonly string[] | undefined,
  temporary: string,
): Promise<SourceRequest> {
  const { root, config, env } = gateway;
  const [{ keep }] = volumes as [ReplacedVolume];
  return {
    ...{ store, source, staged },
    volumes: volumes.map(({ directory }) => directory),
    opening: openerWith(new Pipes(config.pipe, env), temporary, request.decrypt),
    stateDirectories: [root],
    leaveOut: pathsBelow(nearestPath(root), keep),
    limits: archiveLimits(config),
    signatures: await trusted(gateway, request),
  };
}

/** Keys that the request trusts count as those of the config do. */
function signaturesOf(
  { root, config: { signatures } }: RestoredGateway,
  { trust = [] }: GatewayRestoreRequest,
): Signatures {
  const trusted = [...signatures.trusted, ...trust.filter(isKeyId)];
  return new Signatures(keyFile(root), { ...signatures, trusted });
}

function keyFile(root: string): SigningKeyFile {
  return new SigningKeyFile(signingKeyFile(join(root, "backup")));
}

/** The gateway's own key counts where it is there; none is made for this. */
async function trusted(
  { root, config: { signatures } }: RestoredGateway,
  { requireSignature = false, trust = [] }: GatewayRestoreRequest,
): Promise<TrustedSigners | undefined> {
  if (!signatures.require && !requireSignature && trust.length === 0) return undefined;
  const own = await keyFile(root).read();
  return { trusted: [...(own === undefined ? [] : [keyIdOf(own)]), ...signatures.trusted, ...trust] };
}

function notEmpty(root: string, standing: readonly string[]): BackupError {
  const names = standing.map((path) => (path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path));
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return new BackupError(
    "STATE_NOT_EMPTY",
    `${root} holds a state: ${names.slice(0, 5).join(", ")}${more}.`,
    {
      details: { path: root },
    },
  );
}
