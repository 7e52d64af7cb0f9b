import { hash } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import type { SegmentRecord } from "../format.js";
import { anywhere, chooseSample } from "./sample-order.js";

/** Segments one behind the other; equal contents have equal hashes. */
function segments(sizes: readonly number[], contents: readonly number[]): SegmentRecord[] {
  let offset = 0;
  return sizes.map((stored, number) => {
    const sha256 = hash("sha256", String(contents[number % contents.length]), "hex");
    const segment: SegmentRecord = { kind: "pack", offset, stored, raw: stored, sha256 };
    offset += stored;
    return segment;
  });
}

t.test("samples of a share s have seen every segment after 1/s of them, and begin anew only then", (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 9, max: 5000 }), { minLength: 1, maxLength: 60 }),
      fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 60 }),
      fc.double({ min: 0.002, max: 1, noNaN: true }),
      (sizes, contents, share) => {
        const all = segments(sizes, contents);
        const seen = new Set<number>();
        let after = anywhere();
        for (let run = 0; run < Math.ceil(1 / share) && seen.size < all.length; run++) {
          const { segments: sample, next } = chooseSample(all, share, after);
          const offsets = sample.map(({ offset }) => offset);
          if (sample.length === 0 || offsets.some((offset, i) => offset <= (offsets[i - 1] ?? -1)))
            return false;
          const isAgain = offsets.filter((offset) => seen.has(offset)).length > 0;
          for (const offset of offsets) seen.add(offset);
          if (isAgain && seen.size < all.length) return false;
          after = next;
        }
        return seen.size === all.length;
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});

t.test("a sample of everything takes everything", (t) => {
  const all = segments([10, 20, 30], [1, 2, 3]);
  t.strictSame(chooseSample(all, 1, anywhere()).segments, all);
  t.end();
});

t.test("a sample that goes on behind the last segment begins anew", (t) => {
  const all = segments([10, 20, 30], [1, 2, 3]);
  t.equal(chooseSample(all, 0.001, "f".repeat(64)).segments.length, 1);
  t.end();
});
