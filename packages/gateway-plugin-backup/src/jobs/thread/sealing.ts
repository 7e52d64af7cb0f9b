/** An archive is sealed while it is written: what leaves here is what the store gets. */
import { createHash } from "node:crypto";
import { damaged } from "../../archive/damage.js";
import { INDEX_FRAME_MAGIC, type ArchiveLimits } from "../../archive/format.js";
import { openIndex } from "../../archive/open.js";
import { archiveSubject } from "../../archive/source.js";
import type { WriteSummary } from "../../archive/writer.js";
import type { Sealing } from "./encryption.js";
import { throughPipe } from "./pipe.js";

/** The sealed bytes, and what they came to when the last was taken. */
export interface Sealed {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Of the sealed bytes. */
  readonly size: () => number;
  /** Of the sealed bytes, 64 hex digits. */
  readonly sha256: () => string;
}

/** Throws what `plain` throws, and PIPE_FAILED. */
export function seal(plain: AsyncIterable<Uint8Array>, sealing: Sealing, signal: AbortSignal): Sealed {
  const sealed =
    sealing.kind === "age"
      ? encrypted(plain, sealing.recipients)
      : throughPipe(plain, { ...sealing, signal });
  const digest = createHash("sha256");
  let size = 0;
  async function* counted(): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of sealed) {
      digest.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  return { chunks: counted(), size: () => size, sha256: () => digest.digest("hex") };
}

async function* encrypted(
  plain: AsyncIterable<Uint8Array>,
  recipients: readonly string[],
): AsyncGenerator<Uint8Array, void, void> {
  // Most threads never encrypt: its libraries would take a good part of each start.
  const { encryptTo } = await import("../../archive/age/encrypt.js");
  const encryption = await encryptTo(recipients);
  yield encryption.header;
  for await (const chunk of plain) yield* encryption.update(chunk);
  yield encryption.final();
}

/**
 * What stands behind the segments of an archive that is on its way to be sealed. Nobody here can open it again, so its
 * index is read before.
 */
export class PlainTail {
  #isTail = false;
  readonly #chunks: Buffer[] = [];

  /** Passes an archive's frames on. */
  async *watch(frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const frame of frames) {
      // A segment's chunk is its whole frame; the index is the first skippable one.
      this.#isTail ||= isIndexFrame(frame);
      if (this.#isTail) this.#chunks.push(Buffer.from(frame));
      yield frame;
    }
  }

  /**
   * Throws ARCHIVE_DAMAGED unless the index that went by can be read and is the one that was written.
   *
   * @param describe Where the archive goes to.
   */
  async check(
    { indexSha256, storedBytes }: WriteSummary,
    limits: ArchiveLimits,
    describe: string,
  ): Promise<void> {
    const tail = Buffer.concat(this.#chunks);
    // All that is asked for is in the tail; whatever is not is missed by the reader.
    const source = { size: storedBytes, describe, read: nothing };
    const index = await openIndex(source, tail, limits, { sha256: indexSha256, isRead: false });
    if (index?.sha256 === indexSha256) return;
    throw damaged("index hash", `${archiveSubject(source)} was about to get another index than its own.`);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array, void, void> {
  yield* await Promise.resolve([]);
}

function isIndexFrame(frame: Uint8Array): boolean {
  return (
    frame.length >= 4 && Buffer.from(frame.buffer, frame.byteOffset, 4).readUInt32LE(0) === INDEX_FRAME_MAGIC
  );
}
