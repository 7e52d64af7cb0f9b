import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { planPathSwap, swapPaths, takePathsBack, type PathSwapPlace } from "../archive/access/path-swap.js";
import { SwapSlot, TRASH_MS } from "../test-support/swap-slot.js";
import { TenantSwap, type SwapOptions, type SwapRequest } from "./swap.js";

type MovePaths = SwapOptions["movePaths"];

/** A tenant with one file, and another file that is to take its place. */
class Bench {
  readonly slot: SwapSlot;
  readonly place: PathSwapPlace;
  readonly request: SwapRequest;

  constructor(t: Test) {
    this.slot = new SwapSlot(t);
    const { live, tenants } = this.slot;
    const staging = join(tenants, ".staging/j1");
    mkdirSync(join(staging, "tree"), { recursive: true });
    mkdirSync(live);
    writeFileSync(join(staging, "tree/file"), "new");
    writeFileSync(join(live, "file"), "old");
    const staged = join(staging, "in");
    this.place = { live, in: staged, out: this.slot.trash("j1"), journal: join(staging, "journal") };
    planPathSwap(join(staging, "tree"), this.place, undefined);
    this.slot.addJob("j1", "restore");
    this.request = {
      kind: "paths",
      jobId: "j1",
      tenant: "acme",
      staged,
      installedUid: "u1",
      replacedUid: "u1",
      result: { swapped: 1 },
    };
  }

  swap(movePaths: MovePaths): TenantSwap {
    const { ledger, time, tenants, trashRoot } = this.slot;
    return new TenantSwap({
      ledger,
      clock: time,
      paths: { tenants, trash: trashRoot },
      trashMs: TRASH_MS,
      movePaths,
    });
  }

  readonly move: MovePaths = (_swap, direction) => {
    if (direction === "forward") swapPaths(this.place);
    else takePathsBack(this.place);
    return Promise.resolve();
  };

  get content(): string {
    return readFileSync(join(this.slot.live, "file"), "utf8");
  }

  get phase(): string | undefined {
    return this.slot.ledger.swaps.get("j1")?.phase;
  }
}

const gone = (): Promise<never> => Promise.reject(new Error("The disk is gone."));

/** Makes the renames, and then fails, as often as the direction is one of these. */
function failing(bench: Bench, ...directions: readonly string[]): MovePaths {
  return async (swap, direction) => {
    if (direction === "forward" || !directions.includes(direction)) await bench.move(swap, direction);
    if (directions.includes(direction)) await gone();
  };
}

await t.test("paths are swapped, and can be undone for a while", async (t) => {
  const bench = new Bench(t);
  await bench.swap(bench.move).swap(bench.request);
  t.equal(bench.content, "new");
  t.equal(bench.phase, "done");
  t.match(bench.slot.ledger.trash.get("j1"), {
    state: "kept",
    tree: bench.slot.trash("j1"),
    installedUid: "u1",
  });
});

await t.test("a swap of paths that fails is taken back at once", async (t) => {
  const bench = new Bench(t);
  await t.rejects(bench.swap(failing(bench, "forward")).swap(bench.request), { message: /The disk is gone/ });
  t.equal(bench.content, "old");
  t.equal(bench.phase, "rolled-back");
});

await t.test("a swap of paths that cannot even be taken back is taken back by the next start", async (t) => {
  const bench = new Bench(t);
  const swap = bench.swap(failing(bench, "forward", "back"));
  await t.rejects(swap.swap(bench.request), { message: /The next start of the gateway settles it/ });
  t.equal(bench.phase, "rolling-back");
  t.match(await swap.recover(), [{ outcome: "unclear", reason: /The disk is gone/ }]);
  t.match(await bench.swap(bench.move).recover(), [{ jobId: "j1", tenant: "acme", outcome: "old" }]);
  t.equal(bench.content, "old");
  t.equal(bench.phase, "rolled-back");
});

/** The gateway dies while the renames are made. */
async function died(bench: Bench): Promise<void> {
  await new Promise<void>((resolve) => {
    void bench
      .swap(async (swap, direction) => {
        await bench.move(swap, direction);
        resolve();
        await new Promise(() => undefined);
      })
      .swap(bench.request);
  });
}

await t.test(
  "a swap of paths that the gateway's death cut off is carried on by the next start",
  async (t) => {
    const bench = new Bench(t);
    await died(bench);
    t.equal(bench.phase, "prepared");
    t.match(await bench.swap(bench.move).recover(), [{ jobId: "j1", outcome: "new" }]);
    t.equal(bench.content, "new");
    t.equal(bench.phase, "done");
    t.match(bench.slot.ledger.trash.get("j1"), { state: "kept" });
  },
);

await t.test("what cannot be carried on is taken back", async (t) => {
  const bench = new Bench(t);
  await died(bench);
  t.match(await bench.swap(failing(bench, "forward")).recover(), [{ jobId: "j1", outcome: "old" }]);
  t.equal(bench.content, "old");
});
