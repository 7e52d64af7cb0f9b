import t from "tap";
import { Turns } from "./turns.js";

async function collect<T>(turns: Turns<T>): Promise<T[]> {
  const results: T[] = [];
  for await (const result of turns) results.push(result);
  return results;
}

t.test("results come in the order in which their work was begun", async (t) => {
  const turns = new Turns<string>();
  const finish: (() => void)[] = [];
  for (const name of ["first", "second", "third"])
    turns.add(
      new Promise((resolve) => {
        finish.push(() => {
          resolve(name);
        });
      }),
    );
  turns.end();
  const results = collect(turns);
  for (const index of [2, 0, 1]) finish[index]?.();
  t.strictSame(await results, ["first", "second", "third"]);
});

t.test("a consumer that waits gets what is added later", async (t) => {
  const turns = new Turns<number>();
  const results = collect(turns);
  await Promise.resolve();
  turns.add(Promise.resolve(1));
  await Promise.resolve();
  turns.end();
  t.strictSame(await results, [1]);
});

t.test("a failure comes before results that were still waiting; the first one counts", async (t) => {
  const turns = new Turns<number>();
  turns.add(Promise.resolve(1));
  turns.fail(new Error("first"));
  turns.fail(new Error("second"));
  await t.rejects(collect(turns), { message: "first" });
});

t.test(
  "work that is rejected rejects the iteration, and is no unhandled rejection if nobody iterates",
  async (t) => {
    const turns = new Turns<number>();
    turns.add(Promise.reject(new Error("broken")));
    await new Promise(setImmediate);
    await t.rejects(collect(turns), { message: "broken" });
  },
);
