import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { StateVolumes, write, read } from "../../test-support/state-volumes.js";
import { mountPointsIn, nodeRestoreDisk } from "./disk.js";

const OLD = { "openclaw.json": "old", "tenants/acme/tenant.json": "old", "backup/ledger.sqlite": "old" };
const NEW = { "openclaw.json": "new", "tenants/acme/tenant.json": "new", "audit/a.jsonl": "new" };

t.test("both volumes are replaced entry by entry; what stays, stays", async (t) => {
  const bed = new StateVolumes(t.testdir());
  write(bed.state, { ...OLD, "gateway.lock": "held", "lost+found/x": "disk", "backups/a.tar.zst": "kept" });
  write(bed.workspace, { "notes.md": "old", "lost+found/y": "disk" });
  await bed.staged("j1", NEW, { "notes.md": "new", "more/b": "new" });
  const workspaceNode = statSync(bed.workspace).ino;
  t.same(await bed.restores().swap({ job: "j1", from: "there", at: 1, volumes: bed.volumes }), {
    job: "j1",
    left: [],
  });
  t.same(bed.standing, {
    state: { ...NEW, "gateway.lock": "held", "lost+found/x": "disk", "backups/a.tar.zst": "kept" },
    workspace: { "notes.md": "new", "more/b": "new", "lost+found/y": "disk" },
  });
  t.equal(statSync(bed.workspace).ino, workspaceNode, "a mount point is never renamed");
  t.same(read(path.join(bed.state, ".restore/j1/replaced"), []), OLD);
  t.same(readdirSync(path.join(bed.state, ".restore/j1")), ["replaced"], "the staging directory is gone");
  t.equal(statSync(path.join(bed.state, ".restore/journal.json")).mode & 0o777, 0o600);
  t.equal(await bed.restores().settle(), undefined, "there is nothing to settle");
});

t.test("an undo puts the old state back, and can be undone itself", async (t) => {
  const bed = new StateVolumes(t.testdir(), { inside: false });
  write(bed.state, OLD);
  write(bed.workspace, { "notes.md": "old" });
  const before = bed.standing;
  await bed.staged("j1", NEW, { "notes.md": "new" });
  const restores = bed.restores();
  const { volumes } = bed;
  await restores.swap({ job: "j1", from: "there", at: 1, volumes });
  write(bed.state, { "audit/a.jsonl": "newer" });
  const after = bed.standing;
  t.match(await restores.undo({ job: "j2", at: 2, volumes }), { job: "j1", kind: "restore", from: "there" });
  t.same(bed.standing, before);
  t.match(await restores.undo({ job: "j3", at: 3, volumes }), { job: "j2", kind: "undo" });
  t.same(bed.standing, after);
  t.same(
    (await restores.forget(0)).map((stale) => path.relative(bed.state, stale)).sort(),
    [".restore/j1", ".restore/j2", "../workspace/.restore/j1", "../workspace/.restore/j2"].sort(),
    "what the undone ones have left is of no use any more",
  );
});

t.test("an empty volume becomes the restored state, and by an undo empty again", async (t) => {
  const bed = new StateVolumes(t.testdir());
  t.same(await bed.restores().standing(bed.volumes), []);
  await bed.staged("j1", NEW, {});
  await bed.restores().swap({ job: "j1", from: "there", at: 1, volumes: bed.volumes });
  t.same(bed.standing, { state: NEW, workspace: {} });
  t.same(
    (await bed.restores().standing(bed.volumes)).map((one) => path.basename(one)),
    ["audit", "openclaw.json", "tenants"],
  );
  await bed.restores().undo({ job: "j2", at: 2, volumes: bed.volumes });
  t.same(bed.standing, { state: {}, workspace: {} });
});

t.test("a destination deep in the state stays, with the directories on the way to it", async (t) => {
  const bed = new StateVolumes(t.testdir(), { keep: ["data/here/archives", "gone"] });
  write(bed.state, { "data/here/archives/a": "kept", "data/here/b": "old", "data/c": "old", d: "old" });
  await bed.staged("j1", { "data/c": "new", "data/here/archives/a": "new", "data/here/e": "new" }, {});
  const { left } = await bed.restores().swap({ job: "j1", from: "there", at: 1, volumes: bed.volumes });
  t.same(left, [path.join(bed.state, "data/here/archives")]);
  t.same(bed.standing.state, { "data/here/archives/a": "kept", "data/c": "new", "data/here/e": "new" });
  await bed.restores().undo({ job: "j2", at: 2, volumes: bed.volumes });
  t.same(bed.standing.state, {
    "data/here/archives/a": "kept",
    "data/here/b": "old",
    "data/c": "old",
    d: "old",
  });
});

t.test("a destination that lies behind a link is not followed: nothing outside is moved", async (t) => {
  const bed = new StateVolumes(t.testdir(), { keep: ["data/archives"] });
  const outside = path.join(bed.state, "../outside");
  write(outside, { "archives/a": "kept" });
  symlinkSync(outside, path.join(bed.state, "data"));
  await bed.staged("j1", { "data/archives/a": "new", "data/b": "new" }, {});
  await bed.restores().swap({ job: "j1", from: "there", at: 1, volumes: bed.volumes });
  t.same(bed.standing.state, { "data/archives/a": "new", "data/b": "new" });
  t.same(read(outside, []), { "archives/a": "kept" });
});

t.test("a file in the place of a destination's parent is refused, and nothing is moved", async (t) => {
  const bed = new StateVolumes(t.testdir(), { keep: ["data/archives"] });
  write(bed.state, { "data/archives/a": "kept", d: "old" });
  await bed.staged("j1", { data: "a file" }, {});
  await t.rejects(bed.restores().swap({ job: "j1", from: "there", at: 1, volumes: bed.volumes }), {
    code: "RESTORE_BLOCKED",
    exitCode: 4,
    message: /data holds a destination/,
  });
  t.same(bed.standing.state, { "data/archives/a": "kept", d: "old" });
});

t.test("names that are not UTF-8 come and go as they are", async (t) => {
  const bed = new StateVolumes(t.testdir());
  const odd = Buffer.concat([Buffer.from(`${bed.workspace}/`), Buffer.from([0xff, 0xfe, 0x20])]);
  writeFileSync(odd, "old");
  await bed.staged("j1", NEW, { ünï: "new" });
  await bed.restores().swap({ job: "j1", from: "there", at: 1, volumes: bed.volumes });
  t.notOk(existsSync(odd));
  t.same(bed.standing.workspace, { ünï: "new" });
  await bed.restores().undo({ job: "j2", at: 2, volumes: bed.volumes });
  t.equal(readFileSync(odd, "utf8"), "old");
});

t.test("a workspace that is not mounted keeps a swap from being settled or undone", async (t) => {
  const bed = new StateVolumes(t.testdir(), { inside: false });
  write(bed.state, OLD);
  await bed.staged("j1", NEW, { a: "new" });
  const { volumes } = bed;
  await bed.restores().swap({ job: "j1", from: "there", at: 1, volumes });
  renameSync(bed.workspace, `${bed.workspace}-elsewhere`);
  mkdirSync(bed.workspace);
  await t.rejects(bed.restores().undo({ job: "j2", at: 2, volumes }), {
    code: "RESTORE_UNSETTLED",
    message: /workspace is not that volume/,
    hint: /Mount the volume/,
  });
  const journal = path.join(bed.state, ".restore/journal.json");
  writeFileSync(journal, readFileSync(journal, "utf8").replace('"done"', '"prepared"'));
  t.equal(await bed.restores().isUnsettled(), true);
  await t.rejects(bed.restores().settle(), { code: "RESTORE_UNSETTLED" });
  await t.rejects(bed.restores().forget(9), { code: "RESTORE_UNSETTLED" });
  rmSync(bed.workspace, { recursive: true });
  renameSync(`${bed.workspace}-elsewhere`, bed.workspace);
  t.match(await bed.restores().settle(), { job: "j1", outcome: "new" });
});

t.test("a swap that cannot be carried on is taken back", async (t) => {
  const bed = new StateVolumes(t.testdir());
  write(bed.state, OLD);
  await bed.staged("j1", NEW, { a: "new" });
  const full = {
    ...nodeRestoreDisk,
    rename: (from: never, to: string) =>
      to.endsWith("tenants")
        ? Promise.reject(Object.assign(new Error("EIO: i/o error"), { code: "EIO" }))
        : nodeRestoreDisk.rename(from, to as never),
  };
  await t.rejects(bed.restores(full).swap({ job: "j1", from: "there", at: 1, volumes: bed.volumes }), {
    code: "EIO",
  });
  t.same(bed.standing, { state: OLD, workspace: {} });
  t.equal(await bed.restores().undoable(), undefined);
  await t.rejects(bed.restores().undo({ job: "j2", at: 2, volumes: bed.volumes }), {
    code: "UNDO_NOT_POSSIBLE",
    exitCode: 4,
  });
});

t.test("what somebody has put in the way, or taken away, is never overwritten", async (t) => {
  const parent = t.testdir();
  for (const spoil of ["live", "staged"] as const) {
    const bed = new StateVolumes(parent);
    write(bed.state, OLD);
    await bed.staged("j1", NEW, {});
    await bed.restores().swap({ job: "j1", from: "there", at: 1, volumes: bed.volumes });
    const journal = path.join(bed.state, ".restore/journal.json");
    writeFileSync(journal, readFileSync(journal, "utf8").replace('"done"', '"prepared"'));
    const file = path.join(bed.state, "audit");
    if (spoil === "live") {
      mkdirSync(path.join(bed.state, ".restore/j1/new"));
      renameSync(file, path.join(bed.state, ".restore/j1/new/audit"));
      writeFileSync(file, "somebody's");
      writeFileSync(path.join(bed.state, ".restore/j1/replaced/audit"), "also");
      rmSync(path.join(bed.state, ".restore/j1/replaced/audit"));
      t.match(await bed.restores().settle(), { outcome: "old" });
      t.equal(readFileSync(file, "utf8"), "somebody's");
    } else {
      rmSync(file, { recursive: true });
      t.match(await bed.restores().settle(), { outcome: "old" });
    }
    const { audit, ...others } = bed.standing.state as Record<string, string>;
    t.same(others, OLD, spoil);
    t.equal(audit, spoil === "live" ? "somebody's" : undefined);
    rmSync(path.dirname(bed.state), { recursive: true });
  }
});

t.test("a journal that cannot be understood stops everything", async (t) => {
  const bed = new StateVolumes(t.testdir());
  const journal = path.join(bed.state, ".restore/journal.json");
  for (const text of ["{", "{}", '{"format":"openclaw-gateway-restore","version":2,"swaps":[]}']) {
    write(bed.state, { ".restore/journal.json": text });
    await t.rejects(bed.restores().settle(), {
      code: "RESTORE_UNSETTLED",
      message: /journal\.json cannot be used/,
    });
  }
  rmSync(journal);
  mkdirSync(journal);
  await t.rejects(bed.restores().settle(), { code: "RESTORE_UNSETTLED" });
});

t.test("a staging directory that is a link is not written through", async (t) => {
  const bed = new StateVolumes(t.testdir());
  symlinkSync(path.dirname(bed.state), path.join(bed.state, ".restore"));
  await t.rejects(bed.restores().stage("j1", bed.volumes), { code: "RESTORE_BLOCKED", message: /is a link/ });
});

t.test("what was replaced is given up after a while, with what was staged in vain", async (t) => {
  const bed = new StateVolumes(t.testdir(), { inside: false });
  write(bed.state, OLD);
  const { volumes } = bed;
  await bed.staged("j1", NEW, {});
  await bed.restores().swap({ job: "j1", from: "there", at: 10, volumes });
  await bed.staged("j2", NEW, {});
  const under = (directory: string, ...jobs: string[]) =>
    jobs.map((job) => path.join(directory, ".restore", job));
  t.same(await bed.restores().forget(9), [...under(bed.state, "j2"), ...under(bed.workspace, "j2")]);
  t.match(await bed.restores().undoable(), { job: "j1" });
  t.same(await bed.restores().forget(10), [
    ...under(bed.state, "j1", "j2"),
    ...under(bed.workspace, "j1", "j2"),
  ]);
  t.equal(await bed.restores().undoable(), undefined);
  t.same(
    await bed.restores().forget(10, volumes),
    [...under(bed.state, "j1", "j2"), ...under(bed.workspace, "j1", "j2")],
    "until somebody has removed them",
  );
});

t.test("mount points are read as the kernel writes them", (t) => {
  const line = String.raw`36 35 98:0 / /srv/with\040space rw,noatime master:1 - ext3 /dev/root rw`;
  t.same(mountPointsIn(`${line}\n`), ["/srv/with space"]);
  t.ok(nodeRestoreDisk.mountPoints().length > 0);
  t.end();
});

const canMount = spawnSync("unshare", ["--mount", "sh", "-c", "mount -t tmpfs none /tmp"]).status === 0;

t.test(
  "a mount point inside stays; where the archive has something for it, the restore is refused",
  { skip: canMount ? false : "this machine lets nobody mount" },
  async (t) => {
    const parent = mkdtempSync(path.join(tmpdir(), "state-restores-"));
    const bed = new StateVolumes(parent);
    write(bed.state, { ...OLD, "cache/a": "below the mount" });
    const mounted = path.join(bed.state, "cache");
    spawnSync("mount", ["-t", "tmpfs", "none", mounted]);
    t.teardown(() => {
      spawnSync("umount", [mounted]);
      rmSync(parent, { recursive: true });
    });
    write(mounted, { b: "mounted" });
    await bed.staged("j1", NEW, {});
    await bed.restores().swap({ job: "j1", from: "there", at: 1, volumes: bed.volumes });
    t.same(bed.standing.state, { ...NEW, "cache/b": "mounted" });
    await bed.staged("j2", { ...OLD, "cache/b": "archived" }, {});
    await t.rejects(bed.restores().swap({ job: "j2", from: "there", at: 2, volumes: bed.volumes }), {
      code: "RESTORE_BLOCKED",
      message: /cache is a mount point/,
      hint: /OPENCLAW_WORKSPACE_DIR/,
    });
    t.same(bed.standing.state, { ...NEW, "cache/b": "mounted" });
  },
);
