import t from "tap";
import { parseOptions } from "./options.js";

t.test("flags choose scenarios, sizes and rounds", (t) => {
  t.match(parseOptions([]), {
    scenarios: [],
    bytes: 1e9,
    files: 20_000,
    rounds: 3,
    days: 30,
    settleMs: 10_000,
  });
  const options = parseOptions(["first-s3", "restore-s3", "--size", "1.5GB", "--rounds", "5", "--out", "x"]);
  t.match(options, { scenarios: ["first-s3", "restore-s3"], bytes: 1.5e9, rounds: 5, out: "x", list: false });
  t.equal(parseOptions(["--size", "20MB"]).bytes, 20e6);
  t.end();
});

t.test("what makes no sense is refused, with what is allowed", (t) => {
  t.throws(() => parseOptions(["--size", "big"]), /--size big: a size is a number with KB, MB, GB or TB/);
  t.throws(() => parseOptions(["--rounds", "0"]), /--rounds 0: a whole number/);
  t.throws(() => parseOptions(["--settle", "long"]), /--settle long: a number of seconds/);
  t.throws(() => parseOptions(["--fast"]), /fast/);
  t.end();
});
