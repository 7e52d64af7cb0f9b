/** The beginning of an archive that has a base: what it takes over, line by line. */
import { setImmediate as turn } from "node:timers/promises";
import type { ArchiveLimits, EntryRecord, SegmentRecord } from "../format.js";
import { readIndex } from "../index-codec.js";
import type { BaseSegments } from "./base-segments.js";
import type { Run } from "./survivors.js";

/** Half-open: bytes `start` to `end - 1` of the base's object. */
export interface BaseRange {
  readonly start: number;
  readonly end: number;
}

/** Offsets and numbers of segments are the new archive's. */
export type TakenOver =
  | { readonly kind: "segment"; readonly segment: SegmentRecord }
  | { readonly kind: "entry"; readonly entry: EntryRecord };

/** Lines between two turns of the event loop. */
const LINES_A_TURN = 2000;

/** What is copied, in order: the bytes of each run. */
export function copiedRanges(segments: BaseSegments, runs: readonly Run[]): BaseRange[] {
  return runs.map(({ first, end }) => {
    const last = segments.get(end - 1);
    return { start: segments.get(first).offset, end: last.offset + last.stored };
  });
}

/** The lines of all runs. `payload`: of an index that was opened, and so checked, before. */
export async function* takeOver(
  payload: Uint8Array,
  limits: ArchiveLimits,
  runs: readonly Run[],
): AsyncGenerator<TakenOver, void, undefined> {
  const rest = [...runs];
  let run = rest.shift();
  /** What is subtracted from the base's segment numbers. */
  let shift = run?.first ?? 0;
  let isInRun = false;
  let offset = 0;
  let lines = 0;
  for (const line of readIndex(payload, limits)) {
    if (++lines % LINES_A_TURN === 0) await turn();
    if (line.kind === "segment") {
      const { segment, number } = line;
      if (number === run?.end) {
        run = rest.shift();
        shift += (run?.first ?? 0) - number;
      }
      if (run === undefined) break;
      isInRun = number >= run.first;
      if (!isInRun) continue;
      yield { kind: "segment", segment: { ...segment, offset } };
      offset += segment.stored;
    } else if (line.kind === "entry" && isInRun) {
      yield { kind: "entry", entry: { ...line.entry, segment: line.entry.segment - shift } };
    }
  }
}
