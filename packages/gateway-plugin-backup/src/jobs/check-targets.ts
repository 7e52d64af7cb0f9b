/** Which archives a verification or a drill is about. */
import { isGatewayPart } from "../archive/gateway-parts.js";
import { archiveLimits } from "../config.js";
import { BackupError } from "../errors.js";
import { archiveSource, identifyObject } from "./archive-source.js";
import { knownAt } from "./archive-parts.js";
import { catalogueOf, knownArchive } from "./catalogue.js";
import type { ResolvedObject, S3Options } from "./destinations.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import { openerOf, type DecryptOptions, type Opening } from "./opening.js";
import { storeOf } from "./removal.js";
import type { Services } from "./services.js";
import type { SignatureRequest } from "./signatures.js";
import { withRates } from "./transfer-rates.js";
import type { ArchiveToCheck } from "./thread/protocol.js";
import { NO_TENANT } from "./types.js";

export interface CheckRequest extends SignatureRequest {
  /**
   * Location of an archive, its id in the catalogue, or a tenant's id, for the newest archive of that tenant; `@gateway` for the
   * archives of the newest backup of the whole gateway.
   */
  readonly archive: string;
  /** With a tenant's id, or `@gateway`: all of them. */
  readonly all?: boolean;
  /** For another tool's archive that does not say which tenant it is of. */
  readonly as?: string;
  readonly s3?: S3Options;
  readonly decrypt?: DecryptOptions;
}

export interface CheckTarget {
  readonly source: ResolvedObject;
  /** What the catalogue has at this place. */
  readonly known: ArchiveRecord | undefined;
  readonly opening: Opening;
}

/** In the place of a tenant's id, which never has an `@`. */
const WHOLE_GATEWAY = "@gateway";

type Found = Omit<CheckTarget, "opening">;

export interface CheckTargets {
  /** Whose archives they are; `NO_TENANT`: the gateway's own. */
  readonly tenant: string;
  /** Asked when the job's turn has come. Throws `ARCHIVE_NOT_FOUND`, `CREDENTIALS_MISSING`. */
  readonly list: () => readonly CheckTarget[];
}

/**
 * Rejects at once with what can be known at once: `REQUEST_INVALID`, `LOCATION_INVALID`, `TENANT_NOT_FOUND`,
 * `ARCHIVE_NOT_FOUND`, `CREDENTIALS_MISSING`; and for an archive that the catalogue does not know, with what keeps its tenant
 * from being found out: `ARCHIVE_DAMAGED`, `TENANT_AMBIGUOUS`, `STORE_…`.
 */
export async function checkTargets(services: Services, request: CheckRequest): Promise<CheckTargets> {
  const { archive, all = false, as, s3 = {} } = request;
  const opening = openerOf(services, request.decrypt);
  const opened = (target: Found): CheckTarget => ({ ...target, opening });
  const record = services.ledger.archives.get(archive);
  if (archive === WHOLE_GATEWAY) {
    const targets = { tenant: NO_TENANT, list: () => ofGateway(services, all, s3).map(opened) };
    targets.list();
    return targets;
  }
  if (record === undefined && !/[/:]/.test(archive)) {
    const targets = { tenant: archive, list: () => ofTenant(services, archive, all, s3).map(opened) };
    targets.list();
    return targets;
  }
  if (all)
    throw new BackupError("REQUEST_INVALID", "All archives are checked of a tenant; this names one archive.");
  const find = (): CheckTarget =>
    opened(
      record === undefined
        ? at(services, archive, s3)
        : catalogued(services, knownArchive(services, archive), s3),
    );
  const target = find();
  const tenant = target.known?.tenant ?? as ?? (await tenantOf(services, target));
  if (isGatewayPart(tenant)) return { tenant: NO_TENANT, list: () => [find()] };
  services.host.tenants.directory(tenant); // what is no id at all gets an error of its own
  return { tenant, list: () => [find()] };
}

/** What the job's threads need to know of an archive. */
export async function archiveToCheck(
  { config, signatures }: Pick<Services, "config" | "signatures">,
  { source, known, opening }: CheckTarget,
  request: Pick<CheckRequest, "as" | "requireSignature">,
): Promise<ArchiveToCheck> {
  return {
    store: withRates(source.settings, {}, config),
    key: source.key,
    limits: archiveLimits(config),
    as: request.as,
    ...opening,
    signatures: await signatures.required(request),
    expected: known && {
      uid: known.tenantUid,
      createdAt: known.createdAt,
      indexSha256: known.indexSha256,
      ...(known.encryption === undefined ? {} : { sealedSize: known.size }),
      ...(known.objectSha256 === undefined ? {} : { objectSha256: known.objectSha256 }),
      signedBy: known.signedBy,
    },
  };
}

function at(services: Services, location: string, s3: S3Options): Found {
  const source = archiveSource(services, location, s3);
  return { source, known: knownAt(services, source) };
}

function catalogued(services: Services, record: ArchiveRecord, s3: S3Options): Found {
  const { id, key, location } = record;
  archiveSource(services, id, s3); // refuses what was removed
  const settings = storeOf(services, record, s3);
  return { source: { settings, key, location, isAutomatic: false }, known: record };
}

/** What is lost is not looked for: prunes do that. */
function ofTenant(services: Services, tenant: string, all: boolean, s3: S3Options): Found[] {
  const archives = catalogueOf(services, tenant).filter(
    ({ lostAt, removingAt }) => lostAt === undefined && removingAt === undefined,
  );
  const chosen = all ? archives : archives.slice(0, 1);
  if (chosen.length > 0) return chosen.map((record) => catalogued(services, record, s3));
  throw new BackupError("ARCHIVE_NOT_FOUND", `Tenant ${tenant} has no archive that could be checked.`, {
    hint: "`openclaw tenants backup <id>` makes one.",
  });
}

/** The archives of the newest set; they are the parts of one backup. */
function ofGateway(services: Services, all: boolean, s3: S3Options): Found[] {
  const { ledger } = services;
  const sets = ledger.sets.list().filter(({ state }) => state === "complete");
  const chosen = all ? sets : sets.slice(0, 1);
  const archives = chosen.flatMap(({ id }) => ledger.archives.ofSet(id));
  if (archives.length > 0) return archives.map((record) => catalogued(services, record, s3));
  throw new BackupError(
    "ARCHIVE_NOT_FOUND",
    "There is no backup of the whole gateway that could be checked.",
    {
      hint: "`openclaw gateway backup` makes one.",
    },
  );
}

async function tenantOf(services: Services, { source, opening }: CheckTarget): Promise<string> {
  const tenant = await identifyObject(services, source, opening);
  if (tenant !== undefined) return tenant;
  throw new BackupError(
    "TENANT_AMBIGUOUS",
    `${source.location} does not say which tenant it holds: its entries do not stand under tenants/<id>/.`,
  );
}
