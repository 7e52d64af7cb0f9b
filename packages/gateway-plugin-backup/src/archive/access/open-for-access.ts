/** Opening an archive to look at parts of it: from its index alone, or by a few ranges of its object. */
import { BackupError } from "../../errors.js";
import type { ArchiveLimits } from "../format.js";
import { identifyArchive } from "../identify.js";
import { naming } from "../naming.js";
import type { OpenIndex } from "../open.js";
import { decodeSeekTable } from "../seek-table.js";
import { type ArchiveSource, archiveSubject, readRange } from "../source.js";

/** An index that lies further from the object's end is fetched by `openIndex`, which checks its size first. */
const END_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Opens the index of an archive that is to be read in parts. `tail` holds the object's last bytes; where the index is
 * longer, what is missing of it comes by one more range. `knownSha256`: of the index that the archive had when it was
 * opened before; if it still has that, its entries are not judged again.
 *
 * Throws ARCHIVE_WITHOUT_INDEX for archives of other tools, and what `identifyArchive` throws.
 */
export async function openForAccess(
  source: ArchiveSource,
  limits: ArchiveLimits,
  tail: Uint8Array,
  knownSha256?: string,
): Promise<OpenIndex> {
  const known = knownSha256 === undefined ? undefined : { sha256: knownSha256, isRead: true };
  const { index } = await identifyArchive(source, limits, await fromIndexOn(source, tail), known);
  if (index !== undefined) return index;
  throw new BackupError(
    "ARCHIVE_WITHOUT_INDEX",
    `${archiveSubject(source)} has no index of ours, so it cannot be read in parts: another tool made it, or its end is lost.`,
  );
}

/** The object's end from its index on, as far as the seek table in `tail` tells where that is. */
async function fromIndexOn(source: ArchiveSource, tail: Uint8Array): Promise<Uint8Array> {
  const table = naming(archiveSubject(source), () => decodeSeekTable(tail, source.size));
  if (table === undefined || !("frames" in table)) return tail;
  let indexStart = 0;
  for (const { stored, raw } of table.frames) {
    // The index is the first skippable frame; those have no raw bytes.
    if (raw === 0) break;
    indexStart += stored;
  }
  const tailStart = source.size - tail.length;
  if (indexStart >= tailStart || tailStart - indexStart > END_BYTES_MAX) return tail;
  return Buffer.concat([await readRange(source, indexStart, tailStart), tail]);
}
