/** Starting a job's request again. */
import type { UiHost } from "@openclaw/ui-kit";
import { apiRoot, type Accepted, type JobView, type JsonDocument } from "./job-view.js";

/** Parts of a request that the routes take as they stand in the ledger. Credentials never stand there. */
const TAKEN: readonly string[] = [
  "to",
  "from",
  "as",
  "force",
  "token",
  "paths",
  "into",
  "overwrite",
  "dryRun",
  "allowUnreadable",
  "rehash",
  "compressionLevel",
  "limitUpload",
  "limitDownload",
  "recipients",
  "pipe",
  "includeNamed",
  "archive",
  "level",
  "all",
  "dest",
];

/** Where a request of this type is sent; undefined: it cannot be sent again as it was. */
function pathOf(host: UiHost, { type, tenant }: JobView): string | undefined {
  const root = apiRoot(host);
  if (host.viewer.kind === "tenant") return type === "backup" ? `${root}/backups` : undefined;
  const ofTenant = `${root}/tenants/${encodeURIComponent(tenant ?? "")}`;
  const paths: Readonly<Record<string, string>> = {
    backup: `${ofTenant}/backups`,
    prune: `${ofTenant}/prune`,
    restore: `${root}/restores`,
    verify: `${root}/backups/verify`,
    drill: `${root}/backups/drill`,
    rebuild: `${root}/backups/rebuild`,
    check: `${root}/destinations/check`,
  };
  return paths[type];
}

/** What was encrypted, or came with keys of its own, needs them again: such a request is made anew by hand. */
export function canRepeat(host: UiHost, job: JobView): boolean {
  const { request } = job;
  return pathOf(host, job) !== undefined && !("s3" in request) && !("decrypt" in request);
}

/** Gives the new job's id. Rejects with an `ApiError`. */
export async function repeatJob(host: UiHost, job: JobView): Promise<string> {
  const path = pathOf(host, job);
  if (path === undefined) throw new Error("This job cannot be started again.");
  const { job: anew } = await host.api.send<Accepted>("POST", path, bodyOf(job.request));
  return anew.id;
}

function bodyOf(request: JsonDocument): JsonDocument {
  const { policy } = request;
  const rules = typeof policy === "object" && policy !== null ? (policy as JsonDocument) : {};
  const taken = Object.entries(request).filter(([name]) => TAKEN.includes(name));
  return { ...rules, ...Object.fromEntries(taken) };
}
