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

/** A range as one buffer: for an index or a header, never for a whole archive. */
export async function readRange(source: ArchiveSource, start: number, end: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.read(start, end)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
