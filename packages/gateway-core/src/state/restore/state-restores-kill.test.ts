import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import t, { type Test } from "tap";
import type { RestoreChildPlan } from "../../test-support/restore-child.js";
import { diskUntil, type Entries, StateVolumes, write } from "../../test-support/state-volumes.js";

const CHILD = fileURLToPath(new URL("../../test-support/restore-child.js", import.meta.url));

interface Both {
  readonly state: Entries;
  readonly workspace: Entries;
}

const OLD: Both = {
  state: { "openclaw.json": "old", "tenants/acme/tenant.json": "old", "data/here/b": "old", only: "old" },
  workspace: { "notes.md": "old", "old.md": "old" },
};
const NEW: Both = {
  state: { "openclaw.json": "new", "tenants/acme/tenant.json": "new", "data/here/b": "new" },
  workspace: { "notes.md": "new", "new.md": "new" },
};
const KEPT = { "data/here/archives/a": "kept", "gateway.lock": "held" };

/** Old state on both volumes, new one staged as job j2; or, for an undo, the new one swapped in. */
async function prepared(parent: string, act: "swap" | "undo", old = OLD, next = NEW): Promise<StateVolumes> {
  const bed = new StateVolumes(parent, { keep: ["data/here/archives"], inside: false });
  write(bed.state, { ...KEPT, ...old.state });
  write(bed.workspace, old.workspace);
  await bed.staged("j2", next.state, next.workspace);
  if (act === "undo") await bed.restores().swap({ job: "j2", from: "there", at: 2, volumes: bed.volumes });
  return bed;
}

function run(bed: StateVolumes, act: "swap" | "undo" | "settle", until = Infinity): Promise<unknown> {
  const restores = bed.restores(
    diskUntil(until, () => {
      throw new Stopped();
    }),
  );
  const { volumes } = bed;
  if (act === "swap") return restores.swap({ job: "j2", from: "there", at: 2, volumes });
  return act === "undo" ? restores.undo({ job: "j3", at: 3, volumes }) : restores.settle();
}

class Stopped extends Error {}

/** From the n-th call that changes the disk on, nothing changes; true if it came so far. */
async function stopped(bed: StateVolumes, act: "swap" | "undo" | "settle", at: number): Promise<boolean> {
  try {
    await run(bed, act, at);
    return false;
  } catch (error) {
    if (error instanceof Stopped || /could be neither completed/.test(String(error))) return true;
    throw error;
  }
}

async function killed(bed: StateVolumes, act: RestoreChildPlan["act"], killAt: number): Promise<boolean> {
  const plan: RestoreChildPlan = { state: bed.state, volumes: bed.volumes, killAt, act };
  // "env -i": tap puts hooks into the environment of children, which would make up most of their time.
  const child = spawn("env", ["-i", process.execPath, CHILD, JSON.stringify(plan)], { stdio: "inherit" });
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  if (signal !== "SIGKILL" && code !== 0) throw new Error(`The child ended with ${String(code ?? signal)}.`);
  return signal === "SIGKILL";
}

/** Settles as the next start does, and judges what stands: the old state or the new one, whole, on both volumes. */
async function settledTo(t: Test, bed: StateVolumes, old = OLD, next = NEW): Promise<"old" | "new"> {
  await bed.restores().settle();
  t.equal(await bed.restores().settle(), undefined, "once is enough");
  const { standing } = bed;
  const whole = (both: Both) => ({ state: { ...KEPT, ...both.state }, workspace: both.workspace });
  const isNew = isDeepStrictEqual(standing, whole(next));
  t.same(standing, whole(isNew ? next : old));
  return isNew ? "new" : "old";
}

/** In memory where that can be had: thousands of directories are synced. */
function volumesIn(t: Test): string {
  const parent = mkdtempSync(path.join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "state-restores-"));
  t.teardown(() => rmSync(parent, { recursive: true }));
  return parent;
}

t.test("a swap, killed before every call, leaves one state whole on both volumes", async (t) => {
  const parent = volumesIn(t);
  const outcomes = new Set<string>();
  for (let step = 1, wasKilled = true; wasKilled; step += 1) {
    const bed = await prepared(parent, "swap");
    wasKilled = await killed(bed, "swap", step);
    outcomes.add(await settledTo(t, bed));
    rmSync(path.dirname(bed.state), { recursive: true });
  }
  t.same(outcomes, new Set(["old", "new"]));
});

for (const act of ["swap", "undo"] as const) {
  t.test(`a ${act}, cut off at every step, and its settling too, leaves one state whole`, async (t) => {
    const parent = volumesIn(t);
    const outcomes = new Set<string>();
    const seen = new Set<string>();
    for (let step = 1, wasStopped = true; wasStopped; step += 1) {
      for (let second = 1, again = true; again; second += 1) {
        const bed = await prepared(parent, act);
        wasStopped = await stopped(bed, act, step);
        // A step that moved nothing leaves the next start with what the step before it left.
        const left = JSON.stringify([bed.standing, await bed.restores().isUnsettled()]);
        again = second > 1 || !seen.has(left);
        seen.add(left);
        again &&= await stopped(bed, "settle", second);
        outcomes.add(await settledTo(t, bed));
        if (act === "undo" && bed.standing.state["only"] === undefined)
          t.match(await bed.restores().undoable(), { job: "j2" }, "it can still be undone");
        rmSync(path.dirname(bed.state), { recursive: true });
      }
    }
    t.same(outcomes, new Set(["old", "new"]));
  });
}

t.test("settling, killed before every call, is ended by the next start", async (t) => {
  const parent = volumesIn(t);
  const outcomes = new Set<string>();
  for (let step = 1, wasKilled = true; wasKilled; step += 1) {
    const bed = await prepared(parent, "swap");
    // In the middle of the renames of the first volume.
    await stopped(bed, "swap", 16);
    wasKilled = await killed(bed, "settle", step);
    outcomes.add(await settledTo(t, bed));
    rmSync(path.dirname(bed.state), { recursive: true });
  }
  t.same(outcomes, new Set(["new"]));
});

const names = fc.constantFrom("a", "b", "c", "data/x", "data/here/y", "data/here/z", "e/f");
const entries = (content: string) =>
  fc
    .uniqueArray(names, { maxLength: 6 })
    .map((some) => Object.fromEntries(some.map((name) => [name, content])));
const both = (content: string): fc.Arbitrary<Both> =>
  fc.record({ state: entries(content), workspace: entries(content) });

t.test(
  "whatever stands and comes, a crash at any point, and at any point of the settling, is settled whole",
  async (t) => {
    const parent = volumesIn(t);
    await fc.assert(
      fc.asyncProperty(
        both("old"),
        both("new"),
        fc.constantFrom("swap" as const, "undo" as const),
        fc.nat(40),
        fc.nat(30),
        async (old, next, act, step, second) => {
          const bed = await prepared(parent, act, old, next);
          await stopped(bed, act, step + 1);
          await stopped(bed, "settle", second + 1);
          await settledTo(t, bed, old, next);
          rmSync(path.dirname(bed.state), { recursive: true });
        },
      ),
      { numRuns: 200 },
    );
  },
);
