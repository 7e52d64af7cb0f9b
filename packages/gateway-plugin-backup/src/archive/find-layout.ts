import { createUnpacker } from "./unpack.js";
import { TarReader } from "./foreign-tar.js";
import type { ArchiveLimits } from "./format.js";
import { type ArchiveSource, archiveSubject } from "./source.js";
import { LayoutFinder, type StateLayout } from "./state-layout.js";

/**
 * Finds out where in another tool's archive the state of a gateway lies. Reads as much of it as that takes: of most, the
 * first entries. Throws NO_STATE_IN_ARCHIVE, ARCHIVE_DAMAGED, LIMIT_EXCEEDED, and what the source throws.
 */
export async function findStateLayout(
  source: ArchiveSource,
  format: "zstd" | "gzip" | "tar",
  limits: ArchiveLimits,
): Promise<StateLayout> {
  const subject = archiveSubject(source);
  const finder = new LayoutFinder(subject);
  const tar = new TarReader(subject, finder);
  const output = (bytes: Uint8Array): void => {
    if (!finder.isDecided) tar.write(bytes);
  };
  const unpacker = createUnpacker(format, { subject, limits, output });
  for await (const chunk of source.read(0, source.size)) {
    await unpacker.write(chunk);
    if (finder.isDecided) return finder.end();
  }
  await unpacker.end();
  tar.end();
  return finder.end();
}
