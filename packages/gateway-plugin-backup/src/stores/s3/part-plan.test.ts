import fc from "fast-check";
import t from "tap";
import type { ByteRange } from "../store.js";
import { largestSent, planParts, type PlannedPart, type PlanOptions } from "./part-plan.js";

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const TiB = 1024 * GiB;
const LEAST = 5 * MiB;

/** What an archive is made of: new bytes, or a range of the base that begins so far behind the last one's end. */
type Step = { readonly fresh: number } | { readonly skip: number; readonly copy: number };

interface History {
  readonly steps: readonly Step[];
  readonly options: PlanOptions;
}

/** Lengths around every limit, and any other. */
const length = (max: number): fc.Arbitrary<number> =>
  fc
    .oneof(
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 20 * KiB }) },
      { weight: 3, arbitrary: fc.integer({ min: 0, max: 20 * MiB }) },
      {
        weight: 3,
        arbitrary: fc
          .tuple(
            fc.constantFrom(LEAST, 8 * MiB, 10 * MiB, 13 * MiB, 64 * MiB, 128 * MiB, 5 * GiB),
            fc.integer({ min: -1, max: 1 }),
          )
          .map(([limit, by]) => limit + by),
      },
      { weight: 1, arbitrary: fc.integer({ min: 0, max }) },
    )
    .map((bytes) => Math.min(bytes, max));

const steps = (max: number, count: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.oneof(
      fc.record({ fresh: length(max) }),
      // Side by side, with a gap, or back to bytes that were passed.
      fc.record({
        skip: fc.oneof(fc.constant(0), fc.integer({ min: -MiB, max: MiB })),
        copy: length(max),
      }),
    ),
    { maxLength: count },
  );

const limits = fc.record({ maxParts: fc.constantFrom(1_000, 10_000), equalParts: fc.boolean() });

const history: fc.Arbitrary<History> = fc
  .oneof(steps(100 * MiB, 60), steps(40 * GiB, 25), steps(60 * MiB, 300))
  .chain((steps) => {
    const total = steps.reduce((sum, step) => sum + ("fresh" in step ? step.fresh : step.copy), 0);
    return fc.record({
      steps: fc.constant(steps),
      options: fc.record({
        limits,
        // A good guess, as the size of the base is; it may be half or double what comes.
        sizeHint: fc.integer({ min: Math.ceil(total / 2), max: total * 2 }),
        hasBase: fc.constant(true),
      }),
    });
  });

interface Planned {
  readonly parts: readonly PlannedPart[];
  /** What was given: maximal pieces. */
  readonly given: readonly Piece[];
  readonly copied: number;
  readonly total: number;
}

type Piece = { readonly fresh: number } | { readonly base: ByteRange };

function merged(pieces: Iterable<Piece>): Piece[] {
  const list: Piece[] = [];
  for (const piece of pieces) {
    const last = list.at(-1);
    if (sizeOf(piece) === 0) continue;
    if ("fresh" in piece && last !== undefined && "fresh" in last)
      list.splice(-1, 1, { fresh: last.fresh + piece.fresh });
    else if ("base" in piece && last !== undefined && "base" in last && last.base.end === piece.base.start)
      list.splice(-1, 1, { base: { start: last.base.start, end: piece.base.end } });
    else list.push(piece);
  }
  return list;
}

const sizeOf = (piece: Piece): number => ("fresh" in piece ? piece.fresh : piece.base.end - piece.base.start);
const sumOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, piece) => sum + sizeOf(piece), 0);
const partBytes = (part: PlannedPart): number =>
  "copy" in part ? part.copy.end - part.copy.start : part.size;

function run({ steps, options }: History): Planned {
  const plan = planParts(options);
  const parts: PlannedPart[] = [];
  const given: Piece[] = [];
  let position = 10 * MiB;
  for (const step of steps) {
    if ("fresh" in step) {
      given.push({ fresh: step.fresh });
      parts.push(...plan.fresh(step.fresh));
    } else {
      const start = Math.max(0, position + step.skip);
      position = start + step.copy;
      given.push({ base: { start, end: position } });
      parts.push(...plan.copy({ start, end: position }));
    }
  }
  parts.push(...plan.end());
  const copied = parts.reduce((sum, part) => sum + ("copy" in part ? partBytes(part) : 0), 0);
  return { parts, given: merged(given), copied, total: sumOf(given) };
}

/** Throws when a rule is broken. */
function checkRules({ options }: History, { parts, given, total }: Planned): void {
  const { maxParts, equalParts } = options.limits;
  if (parts.length > maxParts) throw new Error(`${parts.length} parts`);
  for (const [index, part] of parts.entries()) {
    const bytes = partBytes(part);
    const isLast = index === parts.length - 1;
    if (!isLast && bytes < LEAST) throw new Error(`part ${index + 1} has ${bytes} bytes`);
    if (bytes > 5 * GiB) throw new Error(`part ${index + 1} has ${bytes} bytes`);
    if (bytes === 0 && parts.length > 1) throw new Error("an empty part");
    if (equalParts && !isLast && bytes !== partBytes(parts[0] ?? part)) throw new Error("unequal parts");
    if (equalParts && isLast && bytes > partBytes(parts[0] ?? part)) throw new Error("a longer last part");
    if ("send" in part) {
      if (sumOf(part.send) !== bytes) throw new Error("a part's size is not that of its sources");
      if (bytes > largestSent(index + 1, options)) throw new Error("a part that no buffer was made for");
    }
    if ("copy" in part && bytes < LEAST) throw new Error("a copy that is too short");
  }
  const made = merged(parts.flatMap((part) => ("copy" in part ? [{ base: part.copy }] : part.send)));
  if (JSON.stringify(made) !== JSON.stringify(given)) throw new Error("other bytes than were given");
  if (total < LEAST && (parts.length !== 1 || "copy" in (parts[0] ?? {})))
    throw new Error("an object under 5 MiB in more than one request");
}

/**
 * The most that can be copied of pieces when each part has 5 MiB or more: for each run either all of it, or what is left when
 * the bytes before it have been filled up.
 */
function mostThatCanBeCopied(given: readonly Piece[]): number {
  let best = 0;
  let before = 0;
  for (const piece of given) {
    const size = sizeOf(piece);
    const missing = before === 0 ? 0 : Math.max(0, LEAST - before);
    if ("fresh" in piece || size - missing < LEAST) {
      before += size;
      continue;
    }
    best += size - missing;
    before = 0;
  }
  return best;
}

t.test("10,000 histories: every rule of every store is kept, and every byte is where it belongs", (t) => {
  const keeps = fc.property(history, (one) => checkRules(one, run(one)));
  t.doesNotThrow(() => fc.assert(keeps, { numRuns: 10_000 }));
  t.end();
});

t.test("what can be copied is copied", (t) => {
  const free = { limits: { maxParts: 10_000, equalParts: false }, hasBase: true, sizeHint: undefined };
  const copies = fc.property(steps(200 * MiB, 40), (steps) => {
    const { given, copied } = run({ steps, options: free });
    return copied === mostThatCanBeCopied(given);
  });
  t.doesNotThrow(() => fc.assert(copies, { numRuns: 2_000 }));

  const copiesAtAnyLimit = fc.property(history, ({ steps, options }) => {
    const one = { steps, options: { ...options, limits: { ...options.limits, equalParts: false } } };
    const { given, copied, total } = run(one);
    // The part limit makes the least range longer, in proportion to the object.
    const longest = Math.max(LEAST, (total * 8) / options.limits.maxParts) * 2;
    const surely = given.reduce(
      (sum, piece) => sum + ("base" in piece ? Math.max(0, sizeOf(piece) - 2 * longest) : 0),
      0,
    );
    return copied >= surely;
  });
  t.doesNotThrow(() => fc.assert(copiesAtAnyLimit, { numRuns: 2_000 }));

  const copiesWindows = fc.property(history, ({ steps, options }) => {
    const one = { steps, options: { ...options, limits: { ...options.limits, equalParts: true } } };
    const { parts, given, copied } = run(one);
    const window = parts.length > 1 ? partBytes(parts[0] as PlannedPart) : Infinity;
    let at = 0;
    let inside = 0;
    for (const piece of given) {
      const windows = Math.floor((at + sizeOf(piece)) / window) - Math.ceil(at / window);
      if ("base" in piece && window < Infinity) inside += Math.max(0, windows) * window;
      at += sizeOf(piece);
    }
    // The end of the object need not fill its window.
    return copied >= inside && copied <= inside + window;
  });
  t.doesNotThrow(() => fc.assert(copiesWindows, { numRuns: 2_000 }));
  t.end();
});

t.test("part numbers suffice for an object of many short ranges, however large it becomes", (t) => {
  const alternating = (piece: number, total: number): Step[] =>
    Array.from({ length: Math.floor(total / piece) }, (_, i) =>
      i % 2 === 0 ? { fresh: piece } : { skip: 1, copy: piece },
    );
  for (const [maxParts, total, sizeHint] of [
    [10_000, 60 * GiB, undefined],
    [10_000, 120 * GiB, 60 * GiB],
    [1_000, 20 * GiB, undefined],
    [1_000, 60 * GiB, 30 * GiB],
  ] as const) {
    for (const piece of [3 * MiB, LEAST, 11 * MiB]) {
      const one = {
        steps: alternating(piece, total),
        options: { limits: { maxParts, equalParts: false }, hasBase: true, sizeHint },
      };
      t.doesNotThrow(() => checkRules(one, run(one)), `${total / GiB} GiB in pieces of ${piece / MiB} MiB`);
    }
  }
  const large = (sizeHint: number | undefined): History => ({
    steps: [{ fresh: 1 }, { skip: 1, copy: 2 * TiB }, { fresh: TiB + 3 * GiB }, { skip: 1, copy: TiB }],
    options: { limits: { maxParts: 10_000, equalParts: false }, hasBase: true, sizeHint },
  });
  for (const hint of [undefined, 5 * TiB, 40 * TiB])
    t.doesNotThrow(() => checkRules(large(hint), run(large(hint))), `5 TiB, ${hint} expected`);
  t.end();
});

t.test("without a base all parts but the last have one size", (t) => {
  const { parts } = run({
    steps: [{ fresh: 13 * MiB }, { fresh: 3 * MiB }, { fresh: 1 }],
    options: { limits: { maxParts: 10_000, equalParts: false }, hasBase: false, sizeHint: undefined },
  });
  t.strictSame(
    parts.map((part) => partBytes(part)),
    [8 * MiB, 8 * MiB, 1],
  );
  t.end();
});

t.test("what is sent before a range takes what it lacks from the range", (t) => {
  const planned = (...steps: Step[]): readonly PlannedPart[] =>
    run({
      steps,
      options: { limits: { maxParts: 10_000, equalParts: false }, hasBase: true, sizeHint: undefined },
    }).parts;
  const start = 10 * MiB;
  t.strictSame(planned({ fresh: MiB }, { skip: 0, copy: 20 * MiB }, { fresh: 7 }), [
    { send: [{ fresh: MiB }, { base: { start, end: start + 4 * MiB } }], size: LEAST },
    { copy: { start: start + 4 * MiB, end: start + 20 * MiB } },
    { send: [{ fresh: 7 }], size: 7 },
  ]);
  t.strictSame(planned({ fresh: 20 * MiB }, { skip: 0, copy: 5 * MiB }), [
    { send: [{ fresh: 8 * MiB }], size: 8 * MiB },
    { send: [{ fresh: 12 * MiB }], size: 12 * MiB },
    { copy: { start, end: start + 5 * MiB } },
  ]);
  t.strictSame(planned({ skip: 0, copy: 129 * MiB }), [
    { copy: { start, end: start + 64 * MiB } },
    { copy: { start: start + 64 * MiB, end: start + 96.5 * MiB } },
    { copy: { start: start + 96.5 * MiB, end: start + 129 * MiB } },
  ]);
  t.strictSame(planned(), [{ send: [], size: 0 }]);
  t.end();
});

t.test("the first copies of a long run begin before it is known where it ends", (t) => {
  const plan = planParts({
    limits: { maxParts: 10_000, equalParts: false },
    sizeHint: 600 * MiB,
    hasBase: true,
  });
  t.strictSame(plan.fresh(MiB), []);
  const [before, ...copies] = plan.copy({ start: 0, end: 554 * MiB });
  // What lies before the run is too short for a part of its own.
  t.strictSame(before, {
    send: [{ fresh: MiB }, { base: { start: 0, end: 4 * MiB } }],
    size: LEAST,
  });
  t.strictSame(copies.map(partBytes), Array<number>(7).fill(64 * MiB));
  t.strictSame(plan.copy({ start: 554 * MiB, end: 555 * MiB }), []);
  t.strictSame(plan.end().map(partBytes), [51.5 * MiB, 51.5 * MiB]);
  t.end();
});
