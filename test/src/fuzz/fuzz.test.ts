import { randomInt } from "node:crypto";
import t from "tap";
import { fuzz } from "./campaign.js";

const MILLISECONDS = 20_000;

t.test(
  "archives changed at random are refused, or restored as they were, and write nothing outside",
  async (t) => {
    const seed = randomInt(2 ** 31);
    t.comment(`seed ${seed}`);
    for (const { target, runs, failure } of await fuzz({ seed, milliseconds: MILLISECONDS })) {
      t.comment(`${target}: ${runs} runs`);
      t.ok(runs > 10, `${target} was tried`);
      const input = failure && Buffer.from(failure.input).toString("base64");
      t.equal(
        failure?.report,
        undefined,
        `${target}, seed ${seed}${input === undefined ? "" : `, input ${input}`}`,
      );
    }
  },
);
