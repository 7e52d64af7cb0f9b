/**
 * What the gateway knows of the files in its newest archives (`archive/base/facts.ts`): one file an archive in the state's
 * `backup/facts/`, of use only as long as the archive can be the base of the next.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { toBackupError } from "../errors.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import type { Services } from "./services.js";

type Host = Pick<Services["host"], "paths" | "log">;

/** What looking after the files needs of the {@link Services}. */
export interface FactsServices {
  readonly host: Host;
  readonly ledger: { readonly archives: Pick<Services["ledger"]["archives"], "get" | "goodIn"> };
}

export function factsFile({ paths }: Pick<Host, "paths">, archiveId: string): string {
  return join(paths.backup, "facts", archiveId);
}

/** At start, before any job runs: removes what belongs to no archive that can be a base. Never rejects. */
export async function sweepFacts({ host, ledger }: FactsServices): Promise<void> {
  await removeFacts(host, (id) => {
    const archive = ledger.archives.get(id);
    return archive === undefined || ledger.archives.goodIn(archive)[0]?.id !== id;
  });
}

/** Removes what an archive that was just stored makes useless. Never rejects. */
export async function removeSuperseded(
  { host, ledger }: FactsServices,
  stored: Pick<ArchiveRecord, "id" | "tenant" | "tenantUid" | "storeKind" | "endpoint" | "bucket">,
): Promise<void> {
  await removeFacts(host, (id) => {
    const archive = ledger.archives.get(id);
    return (
      archive !== undefined &&
      id !== stored.id &&
      archive.tenantUid === stored.tenantUid &&
      archive.tenant === stored.tenant &&
      archive.storeKind === stored.storeKind &&
      archive.endpoint === stored.endpoint &&
      archive.bucket === stored.bucket
    );
  });
}

async function removeFacts(host: Host, isUseless: (archiveId: string) => boolean): Promise<void> {
  const directory = join(host.paths.backup, "facts");
  try {
    for (const name of await readdir(directory)) {
      if (isUseless(name)) await rm(join(directory, name), { force: true });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    const problem = toBackupError(error, `look after ${directory}`).message;
    host.log.warn({ problem }, "What is known of earlier archives' files could not be looked after.");
  }
}
