import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { before, interruptible } from "../test-support/interruption.js";
import { SwapSlot, TRASH_MS, treeUid, writeTree } from "../test-support/swap-slot.js";
import { nodeSwapDisk, type SwapDisk } from "./swap-disk.js";
import type { SwapRequest } from "./swap.js";

/** A disk whose call of the given name fails from the n-th time on. */
function failingDisk(name: keyof SwapDisk, from: number, to = from): SwapDisk {
  let calls = 0;
  return {
    ...nodeSwapDisk,
    [name]: (first: string, second: string) => {
      calls += 1;
      if (calls >= from && calls <= to) {
        return Promise.reject(Object.assign(new Error("no space left"), { code: "ENOSPC" }));
      }
      return name === "rename" ? nodeSwapDisk.rename(first, second) : nodeSwapDisk[name](first);
    },
  };
}

/** Swaps in a process that ends before the n-th rename. */
async function crashBeforeRename(slot: SwapSlot, n: number, request: SwapRequest): Promise<void> {
  const { ledger, disk } = interruptible(slot.ledger, before("rename", n), () => {
    throw new Error("killed");
  });
  await slot
    .swap(disk, ledger)
    .swap(request)
    .catch(() => undefined);
}

t.test("the staged tree takes the tenant's place, and what stood there is kept in the trash", async (t) => {
  const slot = new SwapSlot(t);
  writeTree(slot.live, "old");
  await slot.swap().swap(slot.restore("j1", "new", "old"));
  t.equal(treeUid(slot.live), "new");
  t.equal(treeUid(slot.trash("j1")), "old");
  t.notOk(existsSync(path.dirname(slot.staged("j1"))), "nothing is left of the staging");
  t.equal(slot.ledger.swaps.get("j1")?.phase, "done");
  t.same(slot.ledger.trash.get("j1"), {
    jobId: "j1",
    tenant: "acme",
    tree: slot.trash("j1"),
    installedUid: "new",
    replacedUid: "old",
    state: "kept",
    createdAt: slot.time.now(),
    expiresAt: slot.time.now() + TRASH_MS,
  });
});

t.test("an undo puts back exactly what was there, and can itself be undone", async (t) => {
  const slot = new SwapSlot(t);
  writeTree(slot.live, "old");
  await slot.swap().swap(slot.restore("j1", "new", "old"));
  await slot.swap().swap(slot.undo("j2", "j1"));
  t.equal(treeUid(slot.live), "old");
  t.equal(treeUid(slot.trash("j2")), "new");
  t.equal(slot.ledger.trash.get("j1")?.state, "undone");
  t.notOk(existsSync(path.dirname(slot.trash("j1"))));
  await slot.swap().swap(slot.undo("j3", "j2"));
  t.equal(treeUid(slot.live), "new");
});

t.test("the undo of a restore into an empty slot empties it, and can be undone", async (t) => {
  const slot = new SwapSlot(t);
  await slot.swap().swap(slot.restore("j1", "new", undefined));
  t.equal(treeUid(slot.live), "new");
  await slot.swap().swap(slot.undo("j2", "j1"));
  t.equal(treeUid(slot.live), undefined);
  t.equal(treeUid(slot.trash("j2")), "new");
  await slot.swap().swap(slot.undo("j3", "j2"));
  t.equal(treeUid(slot.live), "new");
});

t.test("the same job is not undone twice", async (t) => {
  const slot = new SwapSlot(t);
  writeTree(slot.live, "old");
  await slot.swap().swap(slot.restore("j1", "new", "old"));
  const first = slot.undo("j2", "j1");
  const second = slot.undo("j3", "j1");
  await slot.swap().swap(first);
  await t.rejects(slot.swap().swap(second), { code: "UNDO_NOT_POSSIBLE" });
  t.equal(treeUid(slot.live), "old");
});

t.test("an undo whose tree somebody has removed is refused before anything moves", async (t) => {
  const slot = new SwapSlot(t);
  writeTree(slot.live, "old");
  await slot.swap().swap(slot.restore("j1", "new", "old"));
  rmSync(slot.trash("j1"), { recursive: true });
  await t.rejects(slot.swap().swap(slot.undo("j2", "j1")), { code: "UNDO_NOT_POSSIBLE", message: /is gone/ });
  t.equal(treeUid(slot.live), "new");
});

for (const [what, call, nth] of [
  ["making the trash", "makeDirectory", 1],
  ["making the trash durable", "syncDirectory", 1],
  ["moving the old tenant out", "rename", 1],
  ["moving the new tenant in", "rename", 2],
] as const) {
  t.test(`a swap that fails at ${what} leaves the old tenant as it was`, async (t) => {
    const slot = new SwapSlot(t);
    writeTree(slot.live, "old");
    const request = slot.restore("j1", "new", "old");
    await t.rejects(slot.swap(failingDisk(call, nth)).swap(request), { code: "DISK_FULL", message: /acme/ });
    t.equal(treeUid(slot.live), "old");
    t.equal(slot.ledger.swaps.get("j1")?.phase, "rolled-back");
    t.equal(slot.ledger.trash.get("j1"), undefined);
    t.notOk(existsSync(path.dirname(slot.trash("j1"))));
    t.same(await slot.swap().recover(), []);
  });
}

t.test("an undo that fails can be tried again", async (t) => {
  const slot = new SwapSlot(t);
  writeTree(slot.live, "old");
  await slot.swap().swap(slot.restore("j1", "new", "old"));
  await t.rejects(slot.swap(failingDisk("rename", 2)).swap(slot.undo("j2", "j1")), { code: "DISK_FULL" });
  t.equal(treeUid(slot.live), "new");
  await slot.swap().swap(slot.undo("j3", "j1"));
  t.equal(treeUid(slot.live), "old");
});

t.test("a tenant that cannot be put back at once is put back by the next start", async (t) => {
  const slot = new SwapSlot(t);
  writeTree(slot.live, "old");
  const request = slot.restore("j1", "new", "old");
  await t.rejects(slot.swap(failingDisk("rename", 2, 3)).swap(request), { message: /next start/ });
  t.equal(treeUid(slot.live), undefined);
  t.same(await slot.swap().recover(), [{ jobId: "j1", tenant: "acme", outcome: "old" }]);
  t.equal(treeUid(slot.live), "old");
  t.same(await slot.swap().recover(), []);
});

t.test("a swap that is made but cannot be noted is noted by the next start", async (t) => {
  const slot = new SwapSlot(t);
  writeTree(slot.live, "old");
  const request = slot.restore("j1", "new", "old");
  await t.rejects(slot.swap(failingDisk("syncDirectory", 2)).swap(request), {
    message: /it was; the next start/,
  });
  t.same(await slot.swap().recover(), [{ jobId: "j1", tenant: "acme", outcome: "new" }]);
  t.equal(treeUid(slot.live), "new");
  t.equal(slot.ledger.trash.get("j1")?.state, "kept");
});

t.test("a staged tree that vanished in a crash's wake brings the old tenant back", async (t) => {
  const slot = new SwapSlot(t);
  writeTree(slot.live, "old");
  await crashBeforeRename(slot, 2, slot.restore("j1", "new", "old"));
  rmSync(slot.staged("j1"), { recursive: true });
  t.match(await slot.swap().recover(), [{ outcome: "old" }]);
  t.equal(treeUid(slot.live), "old");
});

t.test(
  "a swap that cannot be told is left as it is, holds up no other, and is looked at again",
  async (t) => {
    const slot = new SwapSlot(t);
    writeTree(slot.live, "old");
    await crashBeforeRename(slot, 1, slot.restore("j1", "new", "old"));
    rmSync(slot.live, { recursive: true });
    t.match(await slot.swap().recover(), [{ outcome: "unclear", reason: /acme/ }]);
    t.equal(treeUid(slot.staged("j1")), "new");
    writeTree(slot.live, "old");
    t.match(await slot.swap().recover(), [{ outcome: "old" }]);
  },
);

t.test("a restore whose staged tree somebody has removed is refused before anything moves", async (t) => {
  const slot = new SwapSlot(t);
  writeTree(slot.live, "old");
  const request = slot.restore("j1", "new", "old");
  rmSync(slot.staged("j1"), { recursive: true });
  await t.rejects(slot.swap().swap(request), {
    code: "IO_FAILED",
    message: /acme stays as it is: .* is gone/,
  });
  t.equal(treeUid(slot.live), "old");
  t.equal(slot.ledger.swaps.get("j1"), undefined);
});

t.test("an undo that is to empty a slot which is empty already is refused", async (t) => {
  const slot = new SwapSlot(t);
  await slot.swap().swap(slot.restore("j1", "new", undefined));
  rmSync(slot.live, { recursive: true });
  await t.rejects(slot.swap().swap(slot.undo("j2", "j1")), {
    code: "UNDO_NOT_POSSIBLE",
    message: /slot is empty already/,
  });
  t.equal(slot.ledger.trash.get("j1")?.state, "kept");
});

t.test("what somebody has put into the slot of a swap that failed is not displaced", async (t) => {
  const slot = new SwapSlot(t);
  writeTree(slot.live, "old");
  const request = slot.restore("j1", "new", "old");
  await t.rejects(slot.swap(failingDisk("rename", 2, 3)).swap(request), { message: /next start/ });
  writeTree(slot.live, "mine");
  t.match(await slot.swap().recover(), [{ outcome: "unclear", reason: /Both .* exist/ }]);
  t.equal(treeUid(slot.live), "mine");
  t.equal(treeUid(slot.trash("j1")), "old");
});
