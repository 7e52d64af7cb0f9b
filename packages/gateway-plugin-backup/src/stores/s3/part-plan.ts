/**
 * Cuts an upload into parts: which bytes are sent, and which ranges of a base the store copies by itself.
 *
 * Pure: sizes go in as the archive is written, parts come out as soon as they are certain. Parts may begin at any byte,
 * but each except the last has 5 MiB to 5 GiB, and there are 10,000 of them at most, in some stores fewer (see
 * part-size.ts). So a range is copied only if it is long enough for a part, and what is sent before it is long enough, too:
 * where it is not, it takes the missing bytes from the range behind it.
 */
import type { ByteRange } from "../store.js";
import type { PartLimits } from "../settings.js";
import { LARGEST_PART, partSize, SMALLEST_PART } from "./part-size.js";

/** Where bytes that are sent come from: the next so many new ones, or a range of the base, which is fetched. */
export type PartSource = { readonly fresh: number } | { readonly base: ByteRange };

export interface PlannedSend {
  readonly send: readonly PartSource[];
  readonly size: number;
}

export type PlannedPart = { readonly copy: ByteRange } | PlannedSend;

/** Every method returns the parts that have become certain, in order. Together they are what was given, in order. */
export interface PartPlan {
  fresh(bytes: number): readonly PlannedPart[];
  /** Ranges that lie side by side, given one after the other, are one. */
  copy(range: ByteRange): readonly PlannedPart[];
  /** The last parts. A single one that is sent, when there were none before: the object is small enough for one request. */
  end(): readonly PlannedPart[];
}

export interface PlanOptions {
  readonly limits: Required<PartLimits>;
  /** Expected bytes of the object. */
  readonly sizeHint: number | undefined;
  /** Without a base, all parts but the last are of one size as long as possible. */
  readonly hasBase: boolean;
}

export function planParts(options: PlanOptions): PartPlan {
  return options.limits.equalParts ? new EqualParts(options) : new FreeParts(options);
}

/** The most bytes that part `number` is sent with. */
export function largestSent(number: number, { limits, sizeHint, hasBase }: PlanOptions): number {
  const size = partSize(number, sizeHint, limits);
  if (!hasBase || limits.equalParts) return size;
  return Math.min(LARGEST_PART, size + least(partSize(number + 1, sizeHint, limits)));
}

/**
 * The least that a part may have, and that a range must have to be copied, where others are of `size`: 5 MiB while those
 * are of 8. It grows with them, so that an object of many short ranges does not run out of part numbers.
 */
function least(size: number): number {
  return (size * 5) / 8;
}

/**
 * The most that is copied by one request, in the same proportion: 64 MiB. A store is silent while it copies; this is done
 * before a connection counts as dead, and few requests are needed all the same.
 */
function mostCopied(size: number): number {
  return Math.min(LARGEST_PART, size * 8);
}

function lengthOf({ start, end }: ByteRange): number {
  return end - start;
}

/** Bytes in a row, by where they come from. */
class Sources {
  #list: PartSource[] = [];
  size = 0;

  fresh(bytes: number): void {
    const last = this.#list.at(-1);
    if (last !== undefined && "fresh" in last) this.#list.splice(-1, 1, { fresh: last.fresh + bytes });
    else this.#list.push({ fresh: bytes });
    this.size += bytes;
  }

  base(range: ByteRange): void {
    const last = this.#list.at(-1);
    if (last !== undefined && "base" in last && last.base.end === range.start)
      this.#list.splice(-1, 1, { base: { start: last.base.start, end: range.end } });
    else this.#list.push({ base: range });
    this.size += lengthOf(range);
  }

  /** Removes the first bytes, and says where they come from. */
  take(bytes: number): PartSource[] {
    const taken: PartSource[] = [];
    const kept: PartSource[] = [];
    let left = bytes;
    for (const source of this.#list) {
      const length = "fresh" in source ? source.fresh : lengthOf(source.base);
      const here = Math.min(left, length);
      if (here > 0) taken.push(slice(source, 0, here));
      if (here < length) kept.push(slice(source, here, length));
      left -= here;
    }
    this.#list = kept;
    this.size -= bytes;
    return taken;
  }
}

function slice(source: PartSource, from: number, to: number): PartSource {
  if ("fresh" in source) return { fresh: to - from };
  const { start } = source.base;
  return { base: { start: start + from, end: start + to } };
}

/** Parts of different sizes. */
class FreeParts implements PartPlan {
  readonly #options: PlanOptions;
  /** What will be sent. While a range is open, it lies before it. */
  readonly #pending = new Sources();
  /** The range that may still grow; it is decided about as a whole. */
  #run: ByteRange | undefined;
  #planned: PlannedPart[] = [];
  /** Of the next part. */
  #number = 1;

  constructor(options: PlanOptions) {
    this.#options = options;
  }

  fresh(bytes: number): readonly PlannedPart[] {
    if (bytes > 0) {
      this.#closeRun();
      this.#pending.fresh(bytes);
      this.#sendFull();
    }
    return this.#take();
  }

  copy(range: ByteRange): readonly PlannedPart[] {
    if (lengthOf(range) > 0 && this.#run?.end === range.start) {
      this.#run = { start: this.#run.start, end: range.end };
    } else if (lengthOf(range) > 0) {
      this.#closeRun();
      this.#run = range;
    }
    this.#copyAhead();
    return this.#take();
  }

  end(): readonly PlannedPart[] {
    this.#closeRun();
    while (this.#pending.size > this.#size(0)) this.#send(this.#size(0));
    if (this.#pending.size > 0 || this.#number === 1) this.#send(this.#pending.size);
    return this.#take();
  }

  /** Of the part that comes `ahead` parts after the next. */
  #size(ahead: number): number {
    const { sizeHint, limits } = this.#options;
    return partSize(this.#number + ahead, sizeHint, limits);
  }

  #closeRun(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    const before = this.#pending.size;
    const first = run.start + this.#missing();
    if (run.end - first < least(this.#size(before === 0 ? 0 : 1))) {
      this.#pending.base(run);
      this.#sendFull();
      return;
    }
    this.#sendBefore(run);
    this.#copy({ start: first, end: run.end });
  }

  /** The first copies of a long run begin before it is known where it ends. */
  #copyAhead(): void {
    const run = this.#run;
    if (run === undefined) return;
    const start = run.start + this.#missing();
    if (run.end - start < 2 * mostCopied(this.#size(1))) return;
    this.#sendBefore(run);
    this.#run = { start: this.#copyLargest({ start, end: run.end }), end: run.end };
  }

  /** Bytes of the open run that have to be sent, because what lies before it is too short for a part. */
  #missing(): number {
    const before = this.#pending.size;
    return before === 0 ? 0 : Math.max(0, least(this.#size(0)) - before);
  }

  /** What lies before a run, with what is missing. */
  #sendBefore({ start }: ByteRange): void {
    const missing = this.#missing();
    if (missing > 0) this.#pending.base({ start, end: start + missing });
    while (this.#pending.size > LARGEST_PART) this.#send(Math.ceil(this.#pending.size / 2));
    if (this.#pending.size > 0) this.#send(this.#pending.size);
  }

  /** Sends what fills a part, and keeps enough for another, should a range be next. */
  #sendFull(): void {
    const kept = (): number => (this.#options.hasBase ? least(this.#size(1)) : 1);
    while (this.#pending.size >= this.#size(0) + kept()) this.#send(this.#size(0));
  }

  #send(size: number): void {
    this.#planned.push({ send: this.#pending.take(size), size });
    this.#number++;
  }

  /** In parts of about one size, so that none is too short. */
  #copy({ start, end }: ByteRange): void {
    for (let at = this.#copyLargest({ start, end }); at < end;) {
      const left = end - at;
      const length = left <= mostCopied(this.#size(0)) ? left : Math.ceil(left / 2);
      this.#copyPart({ start: at, end: at + length });
      at += length;
    }
  }

  /** Copies as much at once as may be, while two of such parts are left; returns where the rest begins. */
  #copyLargest({ start, end }: ByteRange): number {
    let at = start;
    for (let most = mostCopied(this.#size(0)); end - at >= 2 * most; most = mostCopied(this.#size(0))) {
      this.#copyPart({ start: at, end: at + most });
      at += most;
    }
    return at;
  }

  #copyPart(copy: ByteRange): void {
    this.#planned.push({ copy });
    this.#number++;
  }

  #take(): readonly PlannedPart[] {
    const planned = this.#planned;
    this.#planned = [];
    return planned;
  }
}

/**
 * Parts of one size, for stores that want that: of a range, only what fills a part from its first byte to its last is
 * copied.
 * https://developers.cloudflare.com/r2/objects/multipart-objects/#limitations
 */
class EqualParts implements PartPlan {
  readonly #size: number;
  readonly #pending = new Sources();
  #any = false;

  constructor({ sizeHint, limits }: PlanOptions) {
    this.#size = partSize(1, sizeHint, limits);
  }

  fresh(bytes: number): readonly PlannedPart[] {
    if (bytes > 0) this.#pending.fresh(bytes);
    return this.#cut();
  }

  copy(range: ByteRange): readonly PlannedPart[] {
    if (lengthOf(range) > 0) this.#pending.base(range);
    return this.#cut();
  }

  end(): readonly PlannedPart[] {
    const parts = [...this.#cut()];
    if (this.#pending.size > 0 || !this.#any) parts.push(this.#part(this.#pending.size));
    return parts;
  }

  #cut(): readonly PlannedPart[] {
    const parts: PlannedPart[] = [];
    while (this.#pending.size > this.#size) {
      this.#any = true;
      parts.push(this.#part(this.#size));
    }
    return parts;
  }

  #part(size: number): PlannedPart {
    const sources = this.#pending.take(size);
    const [only, another] = sources;
    const isRange = only !== undefined && another === undefined && "base" in only;
    return isRange && size >= SMALLEST_PART ? { copy: only.base } : { send: sources, size };
  }
}
