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
  for await (const chunk of source.read(start, end)) {
    range.set(chunk.subarray(0, Math.max(range.length - length, 0)), Math.min(length, range.length));
    length += chunk.length;
  }
  if (length === range.length) return range;
  const wanted = `${range.length} were asked for`;
  throw damaged("object layout", `${archiveSubject(source)} gives ${length} bytes where ${wanted}.`);
}
