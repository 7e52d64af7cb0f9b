import fc from "fast-check";
import t from "tap";
import { checkPartNumber, partsInFlight, partSize, s3Limits } from "./part-size.js";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
const TiB = 1024 * GiB;

const anyHint = fc.option(fc.integer({ min: 0, max: 5 * TiB }), { nil: undefined });
const MAX_PARTS = s3Limits.maxParts;
const anyPart = fc.integer({ min: 1, max: MAX_PARTS });

t.test("10,000 parts reach 5 TiB, whatever was expected", (t) => {
  const reaches = fc.property(anyHint, (hint) => {
    let total = 0;
    for (let number = 1; number <= MAX_PARTS; number++) total += partSize(number, hint);
    return total >= 5 * TiB;
  });
  t.doesNotThrow(() => fc.assert(reaches, { numRuns: 50 }));
  t.end();
});

t.test(
  "every part is between 5 MiB and 5 GiB, in whole MiB, and none is smaller than the one before",
  (t) => {
    const allowed = fc.property(anyHint, anyPart, (hint, number) => {
      const size = partSize(number, hint);
      return size >= 5 * MiB && size <= 5 * GiB && size % MiB === 0 && size <= partSize(number + 1, hint);
    });
    t.doesNotThrow(() => fc.assert(allowed));
    t.end();
  },
);

t.test(
  "a store that takes 1,000 parts gets larger ones sooner, one that wants equal parts equal ones",
  (t) => {
    const few = { maxParts: 1000, equalParts: false };
    t.equal(partSize(500, 4 * GiB, few), 9 * MiB);
    t.equal(partSize(501, 4 * GiB, few), 18 * MiB);
    const equal = { maxParts: 10_000, equalParts: true };
    for (const number of [1, 5000, 10_000]) t.equal(partSize(number, 60 * GiB, equal), 13 * MiB);
    t.end();
  },
);

t.test("an object of the expected size has equal parts", (t) => {
  const equal = fc.property(fc.integer({ min: 1, max: 5 * TiB }), (hint) => {
    const first = partSize(1, hint);
    return partSize(Math.ceil(hint / first), hint) === first;
  });
  t.doesNotThrow(() => fc.assert(equal));
  t.equal(partSize(5000), 8 * MiB, "up to 40 GiB also when nothing was expected");
  t.end();
});

t.test(
  "what is on its way stays within 24 MiB while parts are small, and is one part when they are large",
  (t) => {
    t.equal(partsInFlight(8 * MiB), 3);
    t.equal(partsInFlight(12 * MiB), 2);
    t.equal(partsInFlight(16 * MiB), 1);
    t.equal(partsInFlight(5 * GiB), 1);
    t.end();
  },
);

t.test("an object that would need more parts than S3 has numbers for is given up by name", (t) => {
  checkPartNumber(MAX_PARTS, s3Limits, "s3://bucket/key");
  t.throws(
    () => {
      checkPartNumber(MAX_PARTS + 1, s3Limits, "s3://bucket/key");
    },
    { code: "STORE_FAILED", message: /^s3:\/\/bucket\/key grows beyond/ },
  );
  t.end();
});
