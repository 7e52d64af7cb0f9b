import fc from "fast-check";
import t from "tap";
import { survivingRuns, type Run, type SegmentFate } from "./survivors.js";

const stored = fc.integer({ min: 1, max: 30 });
const unit = fc.oneof(
  fc.record({ kind: fc.constant("pack" as const), survives: fc.boolean(), sizes: fc.tuple(stored) }),
  fc.record({
    kind: fc.constant("head" as const),
    survives: fc.boolean(),
    sizes: fc.array(stored, { minLength: 1, maxLength: 4 }),
  }),
);
const tail = { survives: true, stored: 5 } as const;

/** Units in any order, then directories and end, which never survive. */
const segments = fc
  .array(unit, { maxLength: 30 })
  .map((units): SegmentFate[] => [
    ...units.flatMap(({ kind, survives, sizes }) =>
      sizes.map((size, index) =>
        index === 0
          ? { kind, survives, stored: size }
          : { kind: "piece" as const, survives: false, stored: size },
      ),
    ),
    { kind: "dirs", ...tail },
    { kind: "end", ...tail },
  ]);

function bytesOf(fates: readonly SegmentFate[], { first, end }: Run): number {
  return fates.slice(first, end).reduce((sum, { stored }) => sum + stored, 0);
}

t.test("runs hold whole surviving units and nothing else, in order, and none is too short", (t) => {
  fc.assert(
    fc.property(
      segments,
      fc.integer({ min: 1, max: 80 }),
      fc.integer({ min: 1, max: 8 }),
      (fates, leastBytes, mostRuns) => {
        const runs = survivingRuns(fates, { leastBytes, mostRuns });
        let behind = 0;
        for (const { first, end } of runs) {
          if (first < behind || end <= first) return false;
          behind = end;
          if (bytesOf(fates, { first, end }) < leastBytes) return false;
          if (fates[first]?.kind === "piece" || fates[end]?.kind === "piece") return false;
          for (const { kind, survives } of fates.slice(first, end))
            if (kind === "dirs" || kind === "end" || (kind !== "piece" && !survives)) return false;
        }
        return runs.length <= mostRuns;
      },
    ),
  );
  t.end();
});

t.test(
  "what survives and is long enough is left out only where there are too many runs, the shortest first",
  (t) => {
    fc.assert(
      fc.property(segments, fc.integer({ min: 1, max: 8 }), (fates, mostRuns) => {
        const all = survivingRuns(fates, { leastBytes: 1, mostRuns: Infinity });
        const inRuns = all.reduce((sum, run) => sum + bytesOf(fates, run), 0);
        let survives = false;
        let surviving = 0;
        for (const { kind, stored, survives: unchanged } of fates) {
          if (kind !== "piece") survives = unchanged && (kind === "pack" || kind === "head");
          if (survives) surviving += stored;
        }
        if (inRuns !== surviving) return false;
        const some = survivingRuns(fates, { leastBytes: 1, mostRuns });
        const shortest = Math.min(...some.map((run) => bytesOf(fates, run)));
        const left = all.filter(({ first }) => !some.some((run) => run.first === first));
        return (
          left.every((run) => bytesOf(fates, run) < shortest) && (left.length === 0 || all.length > mostRuns)
        );
      }),
    );
    t.end();
  },
);

t.test("a run is 5 MiB at least", (t) => {
  const pack = { kind: "pack", survives: true, stored: 2.5 * 1024 * 1024 } as const;
  t.strictSame(survivingRuns([pack, pack]), [{ first: 0, end: 2 }]);
  t.strictSame(survivingRuns([pack, { ...pack, stored: pack.stored - 1 }]), []);
  t.end();
});
