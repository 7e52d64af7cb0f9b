/** What an object is, and whose: the first questions of every restore. */
import { BackupError } from "../errors.js";
import { DETECT_BYTES, detectFormat } from "./detect.js";
import { ForeignRoot } from "./foreign-root.js";
import { TarReader } from "./foreign-tar.js";
import type { ArchiveLimits } from "./format.js";
import { type KnownIndex, openIndex, type OpenIndex, TAIL_BYTES } from "./open.js";
import { type ArchiveSource, archiveSubject, readRange } from "./source.js";
import { createUnpacker } from "./unpack.js";

export interface IdentifiedArchive {
  readonly format: "zstd" | "gzip" | "tar";
  /** Undefined for archives of other tools, and for one of ours that lost its end. */
  readonly index: OpenIndex | undefined;
}

/**
 * Tells by its bytes what an object is, and opens its index where it has one. `tail`, where the caller has it already,
 * holds the object's last bytes; `known`: see {@link openIndex}. Throws ARCHIVE_ENCRYPTED, ARCHIVE_UNKNOWN_FORMAT, and what {@link openIndex} throws.
 */
export async function identifyArchive(
  source: ArchiveSource,
  limits: ArchiveLimits,
  tail?: Uint8Array,
  known?: KnownIndex,
): Promise<IdentifiedArchive> {
  const last = tail ?? (await readRange(source, Math.max(source.size - TAIL_BYTES, 0), source.size));
  // A seek table is a zstd frame: where there is one, the first bytes need not be asked for.
  const index = await openIndex(source, last, limits, known);
  if (index !== undefined) return { format: "zstd", index };
  const whole = last.length === source.size;
  const first = whole ? last : await readRange(source, 0, Math.min(DETECT_BYTES, source.size));
  const format = detectFormat(first);
  switch (format) {
    case "age":
      throw new BackupError("ARCHIVE_ENCRYPTED", `${archiveSubject(source)} is encrypted with age.`, {
        details: { rule: "first bytes" },
      });
    case undefined:
      throw new BackupError(
        "ARCHIVE_UNKNOWN_FORMAT",
        `${archiveSubject(source)} is ${source.size === 0 ? "empty" : "no archive that can be read"}.`,
        { details: { rule: "first bytes" } },
      );
    default:
      return { format, index: undefined };
  }
}

/**
 * The tenant that an archive is of; undefined where another tool's archive does not say. Reads no more of such an archive
 * than its first entries. Throws ARCHIVE_DAMAGED, UNSAFE_ENTRY.
 */
export async function identifyTenant(
  source: ArchiveSource,
  { format, index }: IdentifiedArchive,
  limits: ArchiveLimits,
): Promise<string | undefined> {
  if (index !== undefined) return index.header.tenant;
  const subject = archiveSubject(source);
  const root = new ForeignRoot({ subject, as: undefined });
  const tar = new TarReader(subject, {
    entry: (entry) => {
      if (root.tenant === undefined) root.place(entry);
    },
    content: () => undefined,
    entryEnd: () => undefined,
  });
  const unpacker = createUnpacker(format, { subject, limits, output: (bytes) => tar.write(bytes) });
  try {
    for await (const chunk of source.read(0, source.size)) {
      try {
        await unpacker.write(chunk);
      } catch (error) {
        // What is wrong behind the first entry is for those to find who read it: where nobody has seen the archive's end yet,
        // it may be the index.
        if (root.tenant === undefined) throw error;
      }
      if (root.tenant !== undefined) return root.tenant;
    }
    await unpacker.end();
    tar.end();
    root.end();
  } catch (error) {
    if (!(error instanceof BackupError) || error.code !== "TENANT_AMBIGUOUS") throw error;
  }
  return root.tenant;
}
