import type { ExtractProgress } from "../../archive/extract.js";
import type { JobProgress } from "../types.js";

/** How far an extraction is, as its job shows it. */
export function extractProgress(progress: ExtractProgress, phase = "extract"): JobProgress {
  const { contentBytes, totalContentBytes, files, totalFiles, storedBytes, totalStoredBytes } = progress;
  return {
    phase,
    // Without an index nobody knows the content's size; the archive's own is the next best measure.
    doneBytes: totalContentBytes === undefined ? storedBytes : contentBytes,
    totalBytes: totalContentBytes ?? totalStoredBytes,
    files,
    ...(totalFiles === undefined ? {} : { totalFiles }),
    storedBytes,
  };
}
