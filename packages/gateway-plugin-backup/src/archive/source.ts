import { damaged } from "./damage.js";

/** Where a reader takes an archive's bytes from; a job makes one from a store's object. */
export interface ArchiveSource {
  /** Bytes of the object. */
  readonly size: number;
  /** The archive's URL or path, for messages; never holds a secret. */
  readonly describe: string;
  /**
   * Bytes `start` to `end - 1`, in order and complete, in chunks of any size, which are read before the next is asked
   * for. Fails when the job is cancelled.
   */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

/** The archive, as it begins a message. */
export function archiveSubject(source: ArchiveSource): string {
  return `Archive ${source.describe}`;
}

/**
 * A range as one buffer, `range` if that is given: for an index or a header, never for a whole archive. Throws
 * ARCHIVE_DAMAGED.
 */
export async function readRange(
  source: ArchiveSource,
  start: number,
  end: number,
  range: Buffer = Buffer.allocUnsafeSlow(end - start),
): Promise<Buffer> {
  let length = 0;
  for await (const chunk of readExactly(source, start, end)) {
    range.set(chunk, length);
    length += chunk.length;
  }
  return range;
}

/** As `source.read`. Throws ARCHIVE_DAMAGED where that gives another number of bytes, and passes on none too many. */
export async function* readExactly(
  source: ArchiveSource,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const wanted = end - start;
  let length = 0;
  for await (const chunk of source.read(start, end)) {
    length += chunk.length;
    if (length > wanted) break;
    yield chunk;
  }
  if (length === wanted) return;
  const given = length > wanted ? "more" : length;
  throw damaged(
    "object layout",
    `${archiveSubject(source)} gives ${given} bytes where ${wanted} were asked for.`,
  );
}
