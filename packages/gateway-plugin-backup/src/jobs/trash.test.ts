import { existsSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { BackupError } from "../errors.js";
import { before, interruptible } from "../test-support/interruption.js";
import { MemoryLog } from "../test-support/memory-log.js";
import { SwapSlot, TRASH_MS, treeUid, writeTree } from "../test-support/swap-slot.js";
import { Trash } from "./trash.js";

function setUp(t: Test) {
  const slot = new SwapSlot(t);
  const log = new MemoryLog();
  const trash = new Trash({ ledger: slot.ledger, clock: slot.time, log });
  const undoable = (jobId: string, currentUid: string | undefined) => trash.undoable(jobId, () => currentUid);
  return { slot, log, trash, undoable };
}

t.test("a restore can be undone while its tenant stands, and when the slot has become empty", async (t) => {
  const { slot, undoable } = setUp(t);
  writeTree(slot.live, "old");
  await slot.swap().swap(slot.restore("j1", "new", "old"));
  t.match(undoable("j1", "new"), { tree: slot.trash("j1"), replacedUid: "old" });
  t.match(undoable("j1", undefined), { tree: slot.trash("j1") });
});

t.test("an undo never displaces another tenant", async (t) => {
  const { slot, undoable } = setUp(t);
  writeTree(slot.live, "old");
  await slot.swap().swap(slot.restore("j1", "new", "old"));
  t.throws(() => undoable("j1", "stranger"), { code: "UNDO_NOT_POSSIBLE", message: /another tenant stands/ });
  await slot.swap().swap(slot.restore("j2", "only", undefined));
  await slot.swap().swap({ ...slot.undo("j3", "j2"), replacedUid: "only" });
  t.throws(
    () => undoable("j3", "stranger"),
    { message: /another tenant stands/ },
    "also where the job left none",
  );
});

t.test("what there is nothing to undo of says so", async (t) => {
  const { slot, undoable } = setUp(t);
  t.throws(() => undoable("j0", undefined), { code: "JOB_NOT_FOUND" });
  slot.addJob("j1", "restore");
  t.throws(() => undoable("j1", undefined), {
    code: "UNDO_NOT_POSSIBLE",
    message: /it is a restore that is running/,
  });
  await slot.swap().swap(slot.restore("j2", "new", undefined));
  t.throws(() => undoable("j2", undefined), { message: /empty, as it was before/ });
  await slot.swap().swap(slot.undo("j3", "j2"));
  t.throws(() => undoable("j2", undefined), { message: /undone already/ });
});

t.test("what has expired is refused at once, and removed by the next purge", async (t) => {
  const { slot, trash, undoable } = setUp(t);
  writeTree(slot.live, "old");
  await slot.swap().swap(slot.restore("j1", "new", "old"));
  slot.time.advance(TRASH_MS - 1);
  await slot.swap().swap(slot.restore("j2", "newer", "new"));
  await trash.purge();
  t.equal(treeUid(slot.trash("j1")), "old", "not a moment too early");
  slot.time.advance(1);
  t.throws(() => undoable("j1", "new"), {
    code: "UNDO_NOT_POSSIBLE",
    message: /was kept until 2026-03-08T00:00:00/,
  });
  await trash.purge();
  t.notOk(existsSync(path.dirname(slot.trash("j1"))));
  t.equal(slot.ledger.trash.get("j1")?.state, "purged");
  t.equal(treeUid(slot.trash("j2")), "new", "what has not expired stays");
  t.throws(() => undoable("j1", "new"), { message: /was kept until/ });
});

t.test("what expires before the undo of it has begun its swap is refused", async (t) => {
  const { slot, trash } = setUp(t);
  writeTree(slot.live, "old");
  await slot.swap().swap(slot.restore("j1", "new", "old"));
  const undo = slot.undo("j2", "j1");
  slot.time.advance(TRASH_MS);
  slot.ledger.trash.expire(slot.time.now());
  await t.rejects(slot.swap().swap(undo), { code: "UNDO_NOT_POSSIBLE", message: /not kept any more/ });
  await trash.purge();
  await t.rejects(slot.swap().swap({ ...undo, jobId: "j3" }), {
    code: "UNDO_NOT_POSSIBLE",
    message: /is gone/,
  });
  t.equal(treeUid(slot.live), "new");
});

t.test("what an undo is at work on does not expire under it", async (t) => {
  const { slot, trash } = setUp(t);
  writeTree(slot.live, "old");
  await slot.swap().swap(slot.restore("j1", "new", "old"));
  const { ledger, disk } = interruptible(slot.ledger, before("rename", 2), () => {
    throw new Error("killed");
  });
  await t.rejects(slot.swap(disk, ledger).swap(slot.undo("j2", "j1")));
  slot.time.advance(TRASH_MS);
  await trash.purge();
  t.equal(treeUid(slot.trash("j1")), "old");
  t.match(await slot.swap().recover(), [{ jobId: "j2", outcome: "new" }]);
  t.equal(treeUid(slot.live), "old");
});

t.test("trash that cannot be removed is logged, stays marked, and holds up no other", async (t) => {
  const { slot, trash, log } = setUp(t);
  slot.addJob("j1", "restore");
  // Not even root can remove what is below /proc.
  const record = {
    jobId: "j1",
    tenant: "acme",
    installedUid: "new",
    replacedUid: "old",
    createdAt: 0,
    expiresAt: 1,
  };
  slot.ledger.trash.insert({ ...record, tree: "/proc/self/task/tree" });
  slot.addJob("j2", "restore");
  slot.ledger.trash.insert({ ...record, jobId: "j2", tree: undefined });
  await trash.purge();
  t.match(log.lines, [{ level: "warn", fields: { jobId: "j1" } }]);
  t.equal(slot.ledger.trash.get("j1")?.state, "purging");
  t.equal(slot.ledger.trash.get("j2")?.state, "purged");
});

t.test("a job that replaced nothing, and one whose undo is at work, say so", async (t) => {
  const { slot, undoable } = setUp(t);
  slot.addJob("j1", "restore");
  slot.ledger.jobs.end({ id: "j1", state: "succeeded", finishedAt: 3, warnings: [] });
  t.throws(() => undoable("j1", undefined), { message: /it is a restore that replaced nothing/ });
  writeTree(slot.live, "old");
  await slot.swap().swap(slot.restore("j2", "new", "old"));
  slot.ledger.trash.changeState("j2", "kept", "undoing");
  t.throws(() => undoable("j2", "new"), { message: /an undo of it is at work/ });
  slot.ledger.trash.changeState("j2", "undoing", "purging");
  t.throws(() => undoable("j2", "new"), { message: /was kept until/ });
});

t.test("a trash that cannot be looked after is logged", async (t) => {
  const { slot, trash, log } = setUp(t);
  slot.ledger.trash.expire = () => {
    throw new BackupError("LEDGER_UNUSABLE", "The disk is out of order.");
  };
  await trash.purge();
  t.match(log.lines, [{ level: "error", fields: { problem: "The disk is out of order." } }]);
});
