import t from "tap";
import { DEFAULT_LIMITS } from "./format.js";
import { RATIO_FREE_BYTES, RatioGuard } from "./limits.js";

t.test("the first 100 MB may be packed as tightly as they like", (t) => {
  const guard = new RatioGuard(DEFAULT_LIMITS, "Archive a.tar.zst");
  t.doesNotThrow(() => guard.check(1, RATIO_FREE_BYTES));
  t.end();
});

t.test("beyond that an archive that unpacks to more than the ratio is refused", (t) => {
  const guard = new RatioGuard({ ...DEFAULT_LIMITS, ratio: 100 }, "Archive a.tar.zst");
  t.doesNotThrow(() => guard.check(2_000_000, 200_000_000));
  t.throws(() => guard.check(2_000_000, 200_000_001), {
    code: "LIMIT_EXCEEDED",
    exitCode: 7,
    message: /^Archive a\.tar\.zst unpacks to more than 100 times its size/,
    details: { rule: "ratio", limit: 100 },
  });
  t.end();
});
