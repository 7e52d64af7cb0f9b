/** Jobs and archives as the tenant itself sees them: without the places of stores, and without what others have done. */
import { type Static, Type } from "@openclaw/schema";
import { ownError } from "../jobs/own-error.js";
import type { OwnArchive } from "../jobs/own-archives.js";
import type { JobRecord } from "../jobs/types.js";
import { archiveView, jobView } from "./job-view.js";
import { ArchiveContentsSchema, ArchiveViewSchema, type JobView } from "./schemas.js";

export const OwnArchiveSchema = Type.Object({
  destination: Type.Optional(
    Type.String({ description: "Name of the destination; absent: the gateway's default place." }),
  ),
  name: Type.String(),
  ...Type.Pick(ArchiveViewSchema, [
    "id",
    "size",
    "createdAt",
    "state",
    "pinnedAt",
    "lock",
    "verifiedAt",
    "formatVersion",
    "totals",
    "sentBytes",
    "durationMs",
  ]).properties,
});

export const OwnContentsSchema = Type.Object({
  archive: OwnArchiveSchema,
  ...Type.Pick(ArchiveContentsSchema, [
    "createdAt",
    "producer",
    "totals",
    "ratio",
    "segments",
    "index",
    "flagged",
    "warnings",
  ]).properties,
});

export function ownArchiveView({ record, destination, name }: OwnArchive): Static<typeof OwnArchiveSchema> {
  const { id, size, createdAt, state, pinnedAt, lock, verifiedAt, formatVersion, totals } =
    archiveView(record);
  return {
    ...(destination === undefined ? {} : { destination }),
    name,
    ...(id === undefined ? {} : { id }),
    size,
    createdAt,
    ...(state === undefined ? {} : { state }),
    ...(pinnedAt === undefined ? {} : { pinnedAt }),
    ...(lock === undefined ? {} : { lock }),
    ...(verifiedAt === undefined ? {} : { verifiedAt }),
    ...(formatVersion === undefined ? {} : { formatVersion }),
    ...(totals === undefined ? {} : { totals }),
  };
}

/** Of a job's result: what says where things lie and how the gateway does, which is its own affair. */
const PLACES: readonly string[] = ["location", "key", "etag", "from", "checklist"];

/** Of a job's request: what a tenant can ask for. */
const REQUEST_FIELDS: readonly string[] = ["to", "rehash", "allowUnreadable", "dryRun", "from", "undoes"];

/** Warnings that are about no file, and still are the tenant's to read. */
const TELLING_WARNINGS: readonly string[] = [
  "EXCLUDED_MORE",
  "MORE_WARNINGS",
  "NO_INDEX",
  "RECOVERED",
  "TENANT_OVER_QUOTA",
];

export function ownJobView(job: JobRecord): JobView {
  const { progress, result, error, warnings, log, request, ...view } = jobView(job);
  return {
    ...view,
    request: filtered(request, (name) => REQUEST_FIELDS.includes(name)),
    ...(progress === undefined ? {} : { progress: withoutMessage(progress) }),
    ...(result === undefined ? {} : { result: filtered(result, (name) => !PLACES.includes(name)) }),
    ...(log === undefined ? {} : { log: log.map(withoutMessage) }),
    warnings: warnings.filter(({ code, path }) => path !== undefined || TELLING_WARNINGS.includes(code)),
    ...(job.error === undefined || error === undefined
      ? {}
      : { error: { ...ownError(job.error), exitCode: error.exitCode } }),
  };
}

/** What a job waits for may name a store's place. */
function withoutMessage<T extends { readonly message?: string }>({
  message,
  ...rest
}: T): Omit<T, "message"> {
  return rest;
}

function filtered(
  object: Readonly<Record<string, unknown>>,
  stays: (name: string) => boolean,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => stays(name)));
}
