import t from "tap";
import { partLimits } from "./known-limits.js";

t.test("stores with limits of their own are known by their endpoints, and config goes before", (t) => {
  t.strictSame(partLimits("s3.eu-central-1.amazonaws.com"), { maxParts: 10_000, equalParts: false });
  t.strictSame(partLimits("s3.fr-par.scw.cloud"), { maxParts: 1_000, equalParts: false });
  t.strictSame(partLimits("0123.r2.cloudflarestorage.com"), { maxParts: 10_000, equalParts: true });
  t.strictSame(partLimits("0123.r2.cloudflarestorage.com", { equalParts: false, maxParts: 500 }), {
    maxParts: 500,
    equalParts: false,
  });
  t.end();
});
