import { Extraction, type ExtractionResult, type ExtractionTask } from "../extraction.js";
import type { StatePlacement } from "../foreign-state.js";
import { type ArchiveLimits, DEFAULT_LIMITS } from "../format.js";
import { identifyArchive } from "../identify.js";
import { archiveSubject } from "../source.js";
import { memorySource } from "./memory-source.js";
import { UNLIMITED_SPACE, type SpaceLimit } from "../space.js";
import { StagingWriter } from "../staging-writer.js";
import { discardingSink } from "../tree-sink.js";

export interface InProcessOptions {
  readonly as?: string;
  readonly limits?: ArchiveLimits;
  readonly space?: SpaceLimit;
  readonly chunkBytes?: number;
  readonly state?: StatePlacement;
}

/** What `extractArchive` does, without its thread: for tests that extract thousands of archives. */
export async function extractInProcess(
  bytes: Uint8Array,
  into: string | undefined,
  {
    as,
    limits = DEFAULT_LIMITS,
    space = UNLIMITED_SPACE,
    chunkBytes = 64 * 1024,
    state,
  }: InProcessOptions = {},
): Promise<ExtractionResult & { readonly hadIndex: boolean }> {
  const source = memorySource(bytes, chunkBytes);
  const { format, index } = await identifyArchive(source, limits);
  const task: ExtractionTask = {
    subject: archiveSubject(source),
    archive: index
      ? { kind: "native", payload: index.payload }
      : { kind: "foreign", format, as, ...(state && { state }) },
    limits,
    space,
  };
  const extraction = new Extraction(task, into === undefined ? discardingSink : new StagingWriter(into));
  try {
    for await (const chunk of source.read(0, index?.segmentsEnd ?? source.size))
      await extraction.write(chunk);
    return { ...(await extraction.end()), hadIndex: index !== undefined };
  } finally {
    extraction.close();
  }
}
