import fc from "fast-check";
import t from "tap";
import { fold, quietMs, type Folded } from "./folding.js";

const HOUR = 3_600_000;

await t.test("the quiet doubles from an hour to a day", (t) => {
  t.same(
    [1, 2, 3, 4, 5, 6, 7, 100].map((said) => quietMs(said) / HOUR),
    [1, 2, 4, 8, 16, 24, 24, 24],
  );
  t.end();
});

await t.test("a clock that is set back does not keep it quiet", (t) => {
  const { folded } = fold(undefined, 1000 * HOUR, true);
  const back = fold(folded, HOUR, true);
  t.equal(back.say, true);
  t.equal(fold(back.folded, HOUR + 1, true).say, false);
  t.end();
});

/** What happens one after the other: after how long, and whether it is bad, still bad, or good. */
const histories = fc.array(
  fc.record({
    after: fc.integer({ min: 0, max: 40 * HOUR }),
    what: fc.constantFrom("again" as const, "again" as const, "still" as const, "good" as const),
  }),
  { maxLength: 200 },
);

await t.test("whatever happens, it is told at once, then ever more seldom, and nothing is forgotten", (t) => {
  fc.assert(
    fc.property(histories, (history) => {
      let now = 0;
      let state: Folded | undefined;
      // The naive reference: all that has happened since it was good, and all that was told of it.
      let happened: number[] = [];
      let told: number[] = [];
      for (const { after, what } of history) {
        now += after;
        if (what === "good") {
          state = undefined;
          happened = [];
          told = [];
          continue;
        }
        const { folded, say } = fold(state, now, what === "again");
        state = folded;
        if (what === "again" || happened.length === 0) happened.push(now);
        const last = told.at(-1);
        const hours = Math.min(2 ** (told.length - 1), 24);
        if (say !== (last === undefined || now - last >= hours * HOUR)) return false;
        if (say) told.push(now);
        if (folded.count !== happened.length || folded.since !== happened[0]) return false;
        if (folded.said !== told.length || folded.saidAt !== told.at(-1) || folded.lastAt !== now)
          return false;
      }
      return true;
    }),
  );
  t.end();
});
