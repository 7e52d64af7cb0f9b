import { archiveLimits } from "../config.js";
import { BackupError } from "../errors.js";
import type { ResolvedObject, S3Options } from "./destinations.js";
import type { Opening } from "./opening.js";
import type { Services } from "./services.js";
import type { SignatureRequest } from "./signatures.js";

/** An archive by location, or by its id in the catalogue. Throws `ARCHIVE_NOT_FOUND` for the id of a removed one. */
export function archiveSource(
  services: Pick<Services, "ledger" | "destinations">,
  from: string,
  s3: S3Options | undefined,
): ResolvedObject {
  const known = services.ledger.archives.get(from);
  if (known?.state === "deleted" || known?.removingAt !== undefined) {
    throw new BackupError("ARCHIVE_NOT_FOUND", `Archive ${from} was removed, or overwritten by another one.`);
  }
  return services.destinations.source(known?.location ?? from, s3);
}

/**
 * The tenant that an archive is of; undefined where it does not say. Rejects with what `identifyArchive` throws, and the store.
 *
 * @param asking What is going to restore it, and so wants the signature that the config or the request does.
 */
export async function identifyObject(
  {
    archivesInUse,
    threads,
    config,
    signatures,
  }: Pick<Services, "archivesInUse" | "threads" | "config" | "signatures">,
  source: ResolvedObject,
  opening: Opening,
  asking?: SignatureRequest,
): Promise<string | undefined> {
  const { signal } = new AbortController();
  const object = {
    store: source.settings,
    key: source.key,
    limits: archiveLimits(config),
    ...opening,
    signatures: asking && (await signatures.required(asking)),
  };
  const { tenant } = await archivesInUse.use(source, () => threads.run("identify", object, { signal }));
  return tenant;
}
