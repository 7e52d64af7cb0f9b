/** Checks that lines follow each other as the gateway wrote them. Pure: fed with lines, in order. */
import { createHash, type Hash } from "node:crypto";
import type { AuditFile, Piece } from "./files.js";
import { decodeLine, GENESIS, type AuditLine, type ChainHead } from "./line.js";

/** A place where the log is not what was written. */
export interface ChainFault {
  readonly file: string;
  /** From 1; 0: the file itself. */
  readonly line: number;
  /** The number that the line there has. */
  readonly seq?: number;
  /** One sentence. */
  readonly problem: string;
}

/** Actions that a chain gives a meaning to. */
export const TORN = "audit.torn";
export const PRUNED = "audit.pruned";

/** Faults that are listed; there is no use in a list of millions. */
const MAX_FAULTS = 100;

interface Unreadable {
  readonly file: string;
  readonly line: number;
  readonly sha256: Hash;
  bytes: number;
  ended: boolean;
}

export class ChainCheck {
  readonly faults: ChainFault[] = [];
  faultCount = 0;
  lines = 0;
  /** Lines that a crash had cut off, each noted by the start that followed. */
  torn = 0;
  first: AuditLine | undefined;
  last: AuditLine | undefined;
  readonly #isWhole: boolean;
  #file = "";
  #line = 0;
  #isFirstOfFile = false;
  #firstSeq = 0;
  #unreadable: Unreadable | undefined;
  /** Some note says that the lines before {@link first} were pruned. */
  #beginIsNoted = false;

  /** @param isWhole What is fed begins where the log begins. */
  constructor(isWhole: boolean) {
    this.#isWhole = isWhole;
  }

  /** What is fed from now on stands in this file. */
  enter({ name, firstSeq }: AuditFile): void {
    this.#endUnreadable();
    this.#file = name;
    this.#line = 0;
    this.#isFirstOfFile = true;
    this.#firstSeq = firstSeq;
  }

  feed(piece: Piece): void {
    this.#line = piece.number;
    const decoded = piece.begins && piece.ends ? decodeLine(piece.bytes) : undefined;
    if (decoded === undefined) {
      this.#feedUnreadable(piece);
      return;
    }
    const { line, intact } = decoded;
    this.#judgeUnreadable(line);
    this.lines += 1;
    if (!intact) this.#fault("was changed: its content does not have the hash that stands in it", line.seq);
    this.#judgePlace(line);
    if (line.action === PRUNED && this.#endsBeforeFirst(line)) this.#beginIsNoted = true;
    this.last = line;
    this.#isFirstOfFile = false;
  }

  /** What stands in the present file cannot be read, or not to its end. */
  broken(problem: string): void {
    this.#line = 0;
    this.#fault(problem, undefined);
  }

  /** Bytes after the last line that are no line; undefined where there are none. */
  get tail(): { readonly bytes: number; readonly sha256: string; readonly ended: boolean } | undefined {
    if (this.#unreadable === undefined) return undefined;
    const { bytes, sha256, ended } = this.#unreadable;
    return { bytes, sha256: sha256.copy().digest("hex"), ended };
  }

  /** Nothing more is fed. `head`: where the gateway itself knows the chain to stand. */
  finish(head: ChainHead | undefined): void {
    this.#endUnreadable();
    const { first, last } = this;
    if (this.#isWhole && first !== undefined && first.seq !== 1 && !this.#beginIsNoted) {
      this.#faultAt({
        file: this.#file,
        line: 0,
        problem: `lines 1 to ${first.seq - 1} are missing, and no line says that they were pruned`,
      });
    }
    if (head === undefined) return;
    const seq = last?.seq ?? GENESIS.seq;
    if (seq < head.seq) {
      this.#fault(`is the last one, and lines ${seq + 1} to ${head.seq} are missing`, last?.seq);
    } else if (seq > head.seq) {
      this.#fault(`was not written by the gateway: it has written ${head.seq} lines`, last?.seq);
    } else if (last !== undefined && last.hash !== head.hash) {
      this.#fault("was replaced: the gateway has written another one", seq);
    }
  }

  #judgePlace(line: AuditLine): void {
    const before = this.last;
    if (this.#isFirstOfFile && line.seq !== this.#firstSeq) {
      this.#fault(`is line ${line.seq}, and by the file's name it is line ${this.#firstSeq}`, line.seq);
    }
    if (before === undefined) {
      this.first = line;
      if (line.seq === 1 && line.prev !== GENESIS.hash) {
        this.#fault("is the first one, and says that another one stood before it", line.seq);
      }
      return;
    }
    if (line.seq > before.seq + 1) {
      this.#fault(`lines ${before.seq + 1} to ${line.seq - 1} are missing before it`, line.seq);
    } else if (line.seq <= before.seq) {
      this.#fault(`was put in or moved: it has the number ${line.seq} behind ${before.seq}`, line.seq);
    } else if (line.prev !== before.hash) {
      this.#fault(`does not follow line ${before.seq}: one of the two was replaced`, line.seq);
    }
  }

  #endsBeforeFirst({ details }: AuditLine): boolean {
    const { first } = this;
    return first !== undefined && details?.["through"] === first.seq - 1 && details["hash"] === first.prev;
  }

  #feedUnreadable({ bytes, begins, ends }: Piece): void {
    this.#unreadable ??= {
      file: this.#file,
      line: this.#line,
      sha256: createHash("sha256"),
      bytes: 0,
      ended: false,
    };
    const unreadable = this.#unreadable;
    if (begins && unreadable.ended) {
      unreadable.sha256.update("\n");
      unreadable.bytes += 1;
    }
    unreadable.sha256.update(bytes);
    unreadable.bytes += bytes.length;
    unreadable.ended = ends;
  }

  /** A crash leaves what is no line, and the next line is the note of the start that found it. */
  #judgeUnreadable(next: AuditLine): void {
    const { tail } = this;
    if (tail === undefined) return;
    const { action, details } = next;
    const isNoted = action === TORN && details?.["bytes"] === tail.bytes && details["sha256"] === tail.sha256;
    if (isNoted) {
      this.torn += 1;
      this.#unreadable = undefined;
    } else this.#endUnreadable();
  }

  #endUnreadable(): void {
    const unreadable = this.#unreadable;
    if (unreadable === undefined) return;
    this.#unreadable = undefined;
    const { file, line, ended } = unreadable;
    const problem = ended ? "is not a line of the log" : "is not finished";
    this.#faultAt({ file, line, problem });
  }

  #fault(problem: string, seq: number | undefined): void {
    this.#faultAt({ file: this.#file, line: this.#line, problem, ...(seq === undefined ? {} : { seq }) });
  }

  #faultAt(fault: ChainFault): void {
    this.faultCount += 1;
    if (this.faults.length < MAX_FAULTS) this.faults.push(fault);
  }
}
