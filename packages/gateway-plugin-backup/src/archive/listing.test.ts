import fc from "fast-check";
import t from "tap";
import { Listing } from "./listing.js";
import type { Child } from "./listing.js";
import { component } from "./testing/arbitraries.js";

const child: fc.Arbitrary<Child> = fc.record(
  { name: component, type: fc.constantFrom("file", "directory", "symlink", "special") },
  { noNullPrototype: true },
);
const children = fc.uniqueArray(child, { selector: ({ name }) => name, maxLength: 200 });

t.test("a listing gives what was added, in the order of the paths below the directory", (t) => {
  fc.assert(
    fc.property(children, fc.nat({ max: 220 }), fc.nat({ max: 220 }), (children, start, length) => {
      const listing = new Listing();
      for (const { name, type } of children) listing.add(name, type);
      listing.sort();
      const key = ({ name, type }: Child) => (type === "directory" ? `${name}/` : name);
      const sorted = children.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
      t.equal(listing.length, sorted.length);
      t.strictSame(listing.slice(), sorted);
      t.strictSame(listing.slice(start, start + length), sorted.slice(start, start + length));
      t.strictSame(listing.at(start), sorted[start]);
    }),
  );
  t.end();
});
