import t from "tap";
import { FakeTime } from "../test-support/fake-time.js";
import { IdMaker } from "./ids.js";

t.test(
  "ids sort by time of creation, also within one millisecond, and are safe as names of directories",
  (t) => {
    const time = new FakeTime();
    const ids = new IdMaker(time);
    const made = Array.from({ length: 200 }, (_, i) => {
      if (i % 3 === 0) time.advance(1);
      return ids.next("j");
    });
    t.same([...made].sort(), made);
    t.equal(new Set(made).size, made.length);
    t.ok(made.every((id) => /^j[0-9a-z]{17}$/.test(id)));
    t.end();
  },
);

t.test("a clock that is set back does not turn the order round", (t) => {
  let now = 5000;
  const ids = new IdMaker({ now: () => now });
  const before = ids.next("a");
  now = 1000;
  t.ok(before < ids.next("a"));
  t.end();
});
