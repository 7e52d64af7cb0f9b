/** Archives as the routes show them, of the fields that the pages use, and the calls for them. */
import { ApiError, type UiHost } from "@openclaw/ui-kit";

/** What an encrypted archive is opened with. Stays in the page's memory. */
export type Decrypt = { readonly identity: string } | { readonly passphrase: string };

export interface ArchiveWarning {
  readonly code: string;
  readonly path?: string;
  readonly message: string;
}

/** One of the catalogue; `ArchiveViewSchema`. A tenant's own has a `name` in the place of `location`. */
export interface CatalogueArchive {
  readonly id?: string;
  readonly tenant?: string;
  readonly location?: string;
  readonly name?: string;
  readonly destination?: string;
  readonly size: number;
  readonly createdAt: string;
  readonly state?: string;
  readonly pinnedAt?: string;
  readonly trash?: { readonly until: string };
  readonly lock?: { readonly mode: string; readonly until: string };
  readonly verifiedAt?: string;
  readonly damage?: { readonly foundAt: string; readonly message: string };
  readonly encryption?: string;
  readonly formatVersion?: number;
}

/** `ArchiveContentsSchema`. */
export interface ArchiveContents {
  readonly location?: string;
  readonly size: number;
  readonly formatVersion?: number;
  readonly tenant: string;
  readonly createdAt: string;
  readonly producer: string;
  readonly totals: {
    readonly entries: number;
    readonly files: number;
    readonly directories: number;
    readonly symlinks: number;
    readonly contentBytes: number;
  };
  readonly signedBy?: { readonly trust: string; readonly keyId?: string };
  readonly flagged: { readonly database: number; readonly truncated: number; readonly changed: number };
  readonly warnings: readonly ArchiveWarning[];
  readonly catalogue?: CatalogueArchive;
  /** What the catalogue still expects at this place, which is another archive. */
  readonly replaced?: CatalogueArchive;
}

interface OwnContents extends Omit<ArchiveContents, "tenant"> {
  readonly archive: CatalogueArchive;
}

/** An archive, and the key that opens it where one was given. */
export interface ArchiveChoice {
  readonly archive: string;
  readonly decrypt?: Decrypt;
}

export async function showArchive(host: UiHost, choice: ArchiveChoice): Promise<ArchiveContents> {
  const { api, viewer } = host;
  if (viewer.kind === "admin") return api.send("POST", "/api/admin/archives/show", choice);
  const { archive, ...contents } = await api.get<OwnContents>(
    `/api/tenant/backups/${encodeURIComponent(choice.archive)}`,
  );
  return { ...contents, size: archive.size, tenant: viewer.id, catalogue: archive };
}

/** Newest first. */
export async function archivesOf(host: UiHost, tenant: string): Promise<readonly CatalogueArchive[]> {
  const path =
    host.viewer.kind === "admin"
      ? `/api/admin/tenants/${encodeURIComponent(tenant)}/backups`
      : "/api/tenant/backups";
  return (await host.api.get<{ archives: CatalogueArchive[] }>(path)).archives;
}

/** Whether the gateway asks for a key, or refuses the one that it was given. */
export function isAboutKey(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    ["ARCHIVE_ENCRYPTED", "AGE_KEY_WRONG", "IDENTITY_INVALID", "TLS_REQUIRED"].includes(error.code)
  );
}

/** As routes take it: an id, or where it lies. */
export function addressOfArchive({ id, location = "" }: Pick<CatalogueArchive, "id" | "location">): string {
  return id ?? location;
}
