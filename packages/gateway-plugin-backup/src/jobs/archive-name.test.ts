import fc from "fast-check";
import t from "tap";
import { automaticName, fillPlaceholders, timestampName } from "./archive-name.js";

await t.test("names sort as their times do", (t) => {
  const time = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
  fc.assert(
    fc.property(time, time, (a, b) => {
      const seconds = [a, b].map((ms) => Math.floor(ms / 1000));
      const order = Math.sign((seconds[0] ?? 0) - (seconds[1] ?? 0));
      const [first, second] = [timestampName(a), timestampName(b)];
      return (first < second ? -1 : first > second ? 1 : 0) === order;
    }),
  );
  t.end();
});

await t.test("an automatic name stands under its prefix and tenant", (t) => {
  const now = Date.UTC(2026, 2, 7, 2, 0, 0);
  t.equal(automaticName("prod/eu1", "acme", now), "prod/eu1/tenants/acme/2026-03-07T02-00-00Z.tar.zst");
  t.equal(automaticName("", "acme", now), "tenants/acme/2026-03-07T02-00-00Z.tar.zst");
  t.equal(fillPlaceholders("{tenant}-{date}-{tenant}", "a-b", now), "a-b-2026-03-07-a-b");
  t.end();
});
