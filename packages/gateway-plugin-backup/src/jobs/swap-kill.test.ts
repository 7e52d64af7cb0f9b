/** What a swap leaves when the process dies in it, wherever that happens: the old tenant whole, or the new one. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { atCall, interruptible } from "../test-support/interruption.js";
import type { SwapChildPlan } from "../test-support/swap-child.js";
import { SwapSlot, treeUid, writeTree } from "../test-support/swap-slot.js";
import type { SwapRequest } from "./swap.js";

const CHILD = fileURLToPath(new URL("../test-support/swap-child.js", import.meta.url));

interface Scenario {
  readonly name: string;
  /** Uid of the tenant in the slot before and after; undefined: the slot is empty. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Sets up the slot and returns the swap that is to be killed: that of job `j5`. */
  readonly prepare: (slot: SwapSlot) => Promise<SwapRequest>;
}

const forcedRestore: Scenario = {
  name: "a forced restore",
  before: "old",
  after: "new",
  prepare: (slot) => {
    writeTree(slot.live, "old");
    return Promise.resolve(slot.restore("j5", "new", "old"));
  },
};

const undo: Scenario = {
  name: "the undo of a forced restore",
  before: "new",
  after: "old",
  prepare: async (slot) => {
    writeTree(slot.live, "old");
    await slot.swap().swap(slot.restore("j1", "new", "old"));
    return slot.undo("j5", "j1");
  },
};

const scenarios: readonly Scenario[] = [
  forcedRestore,
  undo,
  {
    name: "a restore into an empty slot",
    before: undefined,
    after: "new",
    prepare: (slot) => Promise.resolve(slot.restore("j5", "new", undefined)),
  },
  {
    name: "the undo of a restore into an empty slot",
    before: "new",
    after: undefined,
    prepare: async (slot) => {
      await slot.swap().swap(slot.restore("j1", "new", undefined));
      return slot.undo("j5", "j1");
    },
  },
];

/** Prepares a scenario once, and gives it afresh as often as it is wanted. */
async function prepared(
  t: Test,
  scenario: Scenario,
): Promise<() => { slot: SwapSlot; request: SwapRequest }> {
  const root = path.join(t.testdir({ state: {} }), "state");
  const snapshot = `${root}.snapshot`;
  let slot = new SwapSlot(t, root);
  const request = await scenario.prepare(slot);
  slot.ledger.close();
  cpSync(root, snapshot, { recursive: true });
  return () => {
    slot.ledger.close();
    rmSync(root, { recursive: true });
    cpSync(snapshot, root, { recursive: true });
    slot = new SwapSlot(t, root);
    return { slot, request };
  };
}

/** All that settling goes by. */
function whatIsLeft(slot: SwapSlot): string {
  const paths = [slot.live, slot.staged("j5"), slot.trash("j5"), slot.trash("j1")];
  const existing = [...paths, ...paths.map((tree) => path.dirname(tree))].map((tree) => existsSync(tree));
  return JSON.stringify([slot.ledger.swaps.get("j5")?.phase, ...existing]);
}

/** Settles what is left, and checks that slot, journal, trash and settlement tell the same story. */
async function checkSettled(t: Test, slot: SwapSlot, scenario: Scenario): Promise<"old" | "new"> {
  const settlements = await slot.swap().recover();
  const phase = slot.ledger.swaps.get("j5")?.phase;
  const stands = phase === "done" ? "new" : "old";
  const isUndo = slot.ledger.trash.get("j1") !== undefined;
  // Until it is moved in, what an undo installs waits in the trash of the job that it undoes.
  const waiting = isUndo ? slot.trash("j1") : slot.staged("j5");
  const facts = {
    standing: treeUid(slot.live),
    other: treeUid(stands === "new" ? slot.trash("j5") : waiting),
    saidOtherwise: settlements.filter(({ outcome }) => outcome !== stands),
    openSwaps: slot.ledger.swaps.open(),
    undone: slot.ledger.trash.get("j1")?.state,
    canBeUndone: slot.ledger.trash.get("j5")?.state,
  };
  t.same(facts, {
    standing: stands === "new" ? scenario.after : scenario.before,
    other: stands === "new" ? scenario.before : scenario.after,
    saidOtherwise: [],
    openSwaps: [],
    undone: isUndo ? (stands === "new" ? "undone" : "kept") : undefined,
    canBeUndone: stands === "new" ? "kept" : undefined,
  });
  return stands;
}

/** Runs the child until its n-th call; true if it was killed there, false if it ended before. */
async function killedChild(slot: SwapSlot, killAt: number, request?: SwapRequest): Promise<boolean> {
  const plan: SwapChildPlan = {
    ledgerFile: slot.ledgerFile,
    paths: { tenants: slot.tenants, trash: slot.trashRoot },
    killAt,
    ...(request === undefined ? {} : { request }),
  };
  // "env -i": tap puts hooks into the environment of children, which would make up most of their time.
  const child = spawn("env", ["-i", process.execPath, CHILD, JSON.stringify(plan)], { stdio: "inherit" });
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  if (signal !== "SIGKILL" && code !== 0) throw new Error(`The child ended with ${String(code ?? signal)}.`);
  return signal === "SIGKILL";
}

/** The same without a process: from the n-th call on, nothing changes. */
async function stopped(slot: SwapSlot, stopAt: number, request?: SwapRequest): Promise<boolean> {
  let reached = false;
  const { ledger, disk } = interruptible(slot.ledger, atCall(stopAt), () => {
    reached = true;
    throw new Error("stopped");
  });
  const swap = slot.swap(disk, ledger);
  await (request === undefined ? swap.recover() : swap.swap(request)).catch((error: unknown) => {
    if (!reached) throw error;
  });
  return reached;
}

for (const scenario of [forcedRestore, undo]) {
  t.test(`${scenario.name}, killed at every step, leaves one tenant whole`, async (t) => {
    const fresh = await prepared(t, scenario);
    const outcomes = new Set<string>();
    for (let step = 1; ; step += 1) {
      const { slot, request } = fresh();
      const killed = await killedChild(slot, step, request);
      outcomes.add(await checkSettled(t, slot, scenario));
      if (!killed) break;
    }
    t.same(outcomes, new Set(["old", "new"]));
  });
}

/** exists, exists, transaction, insert, makeDirectory, syncDirectory, rename; then the second rename. */
const STEP_BETWEEN_RENAMES = 8;

t.test("settling, killed at every step, is ended by the next start", async (t) => {
  const fresh = await prepared(t, forcedRestore);
  let killed = true;
  for (let step = 1; killed; step += 1) {
    const { slot, request } = fresh();
    // Between the two renames, where the slot is empty.
    await stopped(slot, STEP_BETWEEN_RENAMES, request);
    t.equal(treeUid(slot.live), undefined);
    killed = await killedChild(slot, step);
    t.equal(await checkSettled(t, slot, forcedRestore), "new");
  }
});

for (const scenario of scenarios) {
  t.test(
    `${scenario.name}, cut off at every step, and its settling too, leaves one tenant whole`,
    async (t) => {
      const fresh = await prepared(t, scenario);
      const outcomes = new Set<string>();
      const seen = new Set<string>();
      let swapStopped = true;
      for (let step = 1; swapStopped; step += 1) {
        let recoveryStopped = true;
        for (let recoveryStep = 1; recoveryStopped; recoveryStep += 1) {
          const { slot, request } = fresh();
          swapStopped = await stopped(slot, step, request);
          // A step that changed nothing leaves the next start with what the step before it left.
          const left = whatIsLeft(slot);
          if (recoveryStep === 1 && seen.has(left)) break;
          seen.add(left);
          recoveryStopped = await stopped(slot, recoveryStep);
          outcomes.add(await checkSettled(t, slot, scenario));
        }
      }
      t.same(outcomes, new Set(["old", "new"]));
    },
  );
}
