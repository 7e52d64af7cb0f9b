import path from "node:path";
import { errorText } from "../system-error.js";
import { ChainCheck, type ChainFault } from "./chain.js";
import { pieces } from "./files.js";
import type { ChainHead } from "./line.js";
import type { Snapshot } from "./writer.js";

export interface Verification {
  readonly ok: boolean;
  readonly files: number;
  readonly lines: number;
  /** Lines that a crash had cut off, each noted by the start that followed. */
  readonly torn: number;
  /** The oldest line that is there. More than 1: what stood before was pruned. */
  readonly first?: { readonly seq: number; readonly time: string };
  /** Where the chain stands, to be noted elsewhere. */
  readonly head: ChainHead;
  /** Whether the line that somebody noted is there: `pruned` says that it is too old to be. */
  readonly noted?: "found" | "pruned" | "missing";
  readonly faultCount: number;
  /** The first ones. */
  readonly faults: readonly ChainFault[];
}

/**
 * Reads the whole log and checks that it is the chain that the gateway has written, to its very last line. Takes time with
 * the log's size, in slices of a millisecond, and memory for one slice.
 *
 * @param noted A line's number and hash as somebody has noted them: without this, whoever can write all files can replace
 *   the whole log, or take away its end while the gateway is stopped.
 */
export async function verifyLog(snapshot: Snapshot, noted?: ChainHead): Promise<Verification> {
  const { files, head } = snapshot;
  const check = new ChainCheck(true);
  const hashes = { noted: undefined as string | undefined };
  for (const file of files) {
    await feedFile(check, snapshot, file, () => {
      if (noted !== undefined && check.last?.seq === noted.seq) hashes.noted = check.last.hash;
    });
  }
  check.finish(head);
  const { first } = check;
  if (noted !== undefined && first?.seq === noted.seq + 1) hashes.noted = first.prev;
  const verdict = noted === undefined ? undefined : judgeNoted(noted, hashes.noted, first?.seq);
  const faults = [...check.faults];
  if (noted !== undefined && verdict === "missing") {
    const file = files.findLast(({ firstSeq }) => firstSeq <= noted.seq)?.name ?? "audit";
    const problem =
      hashes.noted === undefined
        ? `line ${noted.seq}, which was noted, is not there: the log's end was taken away, or all of it was replaced`
        : `line ${noted.seq} is not the one that was noted: it was replaced, and all that follows`;
    faults.unshift({ file, line: 0, seq: noted.seq, problem });
  }
  const faultCount = check.faultCount + (faults.length - check.faults.length);
  return {
    ok: faultCount === 0,
    files: files.length,
    lines: check.lines,
    torn: check.torn,
    ...(first === undefined ? {} : { first: { seq: first.seq, time: first.time } }),
    head,
    ...(verdict === undefined ? {} : { noted: verdict }),
    faultCount,
    faults,
  };
}

/** Checks the newest file alone: what was written last, and where the chain stands. */
export async function verifyNewest(snapshot: Snapshot): Promise<readonly ChainFault[]> {
  const check = new ChainCheck(false);
  const file = snapshot.files.at(-1);
  if (file !== undefined) await feedFile(check, snapshot, file);
  check.finish(snapshot.head);
  return check.faults;
}

async function feedFile(
  check: ChainCheck,
  { directory }: Snapshot,
  file: Snapshot["files"][number],
  fed: () => void = () => undefined,
): Promise<void> {
  check.enter(file);
  try {
    for await (const some of pieces(path.join(directory, file.name), file.size)) {
      for (const piece of some) {
        check.feed(piece);
        fed();
      }
    }
  } catch (error) {
    check.broken(`cannot be read: ${errorText(error)}`);
  }
}

function judgeNoted(
  noted: ChainHead,
  hash: string | undefined,
  firstSeq: number | undefined,
): "found" | "pruned" | "missing" {
  if (hash === noted.hash) return "found";
  return hash === undefined && firstSeq !== undefined && noted.seq < firstSeq ? "pruned" : "missing";
}
