import { existsSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import t from "tap";
import { testGateway } from "../test-support/gateway.js";
import {
  copiedHistory,
  listed,
  locationOf,
  PRUNE,
  removeJob,
  withAcme,
  withLedger,
} from "../test-support/pruned-gateway.js";

const A_DAY = { trashHours: 24 };

await t.test("what a prune removes is in the trash, and is brought back by its job", async (t) => {
  const host = await withAcme(t, A_DAY);
  const [older, old, kept] = await copiedHistory(host, [2, 1, 0]);
  const job = await host.job(PRUNE, { keepLast: 1 });
  t.match(job.result, {
    removed: 0,
    freedBytes: 0,
    trashed: 2,
    trashedBytes: Number,
    trashUntil: /^\d{4}-/,
    kept: 1,
    archives: [{ id: kept, keep: true }, { keep: false }, { keep: false }],
  });
  const until = String(job.result?.["trashUntil"]);
  t.match(await listed(host), [{ id: kept }]);
  t.match(await listed(host, "?all=true"), [
    { state: "good" },
    { id: old, state: "trash", trash: { until, jobId: job.id } },
    { id: older, state: "trash" },
  ]);
  t.ok(existsSync(await locationOf(host, old)));
  t.match((await host.job(PRUNE, { keepLast: 1 })).result, { trashed: 0, kept: 1 }, "it is not pruned twice");

  const undo = `/api/admin/prunes/${job.id}/undo`;
  t.match(await host.call("POST", undo), { status: 200, body: { archives: [{ id: old }, { id: older }] } });
  t.match(await listed(host), [{ state: "good" }, { state: "good" }, { state: "good" }]);
  t.match((await host.call("POST", undo)).body, { code: "UNDO_NOT_POSSIBLE", exitCode: 4 });
  t.match((await host.call("POST", "/api/admin/prunes/nothing/undo")).body, { code: "JOB_NOT_FOUND" });
});

await t.test("an archive that was removed by hand is brought back, or goes for good", async (t) => {
  const host = await withAcme(t, A_DAY);
  const [one, two] = await copiedHistory(host, [1, 0]);
  const file = await locationOf(host, one);
  t.match(await removeJob(host, one), { result: { outcome: "trashed", freedBytes: 0, trashUntil: /^\d/ } });
  t.match(await listed(host), [{ id: two }]);
  const trash = `/api/admin/backups/${one ?? ""}/trash`;
  t.match(await host.call("DELETE", trash), { status: 200, body: { id: one, state: "good" } });
  t.match((await host.call("DELETE", trash)).body, { code: "UNDO_NOT_POSSIBLE", exitCode: 4 });

  await removeJob(host, one);
  t.match((await host.call("PUT", `/api/admin/backups/${one ?? ""}/pin`)).body, { state: "good" });
  await host.call("DELETE", `/api/admin/backups/${one ?? ""}/pin`);

  await removeJob(host, one);
  t.ok(existsSync(file));
  t.match(await removeJob(host, one), { result: { outcome: "removed", freedBytes: Number } });
  t.notOk(existsSync(file));
  t.match(await removeJob(host, two, "?force=true&now=true"), { result: { outcome: "removed" } });
});

await t.test("an archive in the trash can still be restored", async (t) => {
  const host = await withAcme(t, A_DAY);
  const [one] = await copiedHistory(host, [1, 0]);
  await removeJob(host, one);
  t.match(await host.job("/api/admin/restores", { from: one, as: "copy" }), { state: "succeeded" });
});

await t.test("the trash is emptied when its time is over, by a gateway that has started since", async (t) => {
  const host = await withAcme(t, A_DAY);
  const [old] = await copiedHistory(host, [1, 0]);
  const file = await locationOf(host, old);
  await host.job(PRUNE, { keepLast: 1 });
  await host.gateway.close({ graceMs: 0 });
  withLedger(host, (ledger) => ledger.prepare("UPDATE archives SET trash_until = 1 WHERE id = ?").run(old));
  const next = await testGateway(t, A_DAY, host.stateDir);
  const state = async (): Promise<unknown> => (await listed(next, "?all=true"))[1]?.["state"];
  while ((await state()) !== "deleted") await setImmediate();
  t.notOk(existsSync(file));
});

await t.test("a destination may have a trash of its own, or none, and a prune may go without", async (t) => {
  const host = await withAcme(t, A_DAY);
  const near = { url: `${host.stateDir}/backups/near`, trashHours: 0 };
  await host.gateway.close({ graceMs: 0 });
  const next = await testGateway(t, { ...A_DAY, destinations: { near } }, host.stateDir);
  await copiedHistory(next, [3, 2], `${host.stateDir}/backups/near/`);
  t.match((await next.job(PRUNE, { keepLast: 1 })).result, { removed: 1, trashed: 0 });
  await copiedHistory(next, [5, 4]);
  t.match((await next.job(PRUNE, { keepLast: 1, now: true })).result, { removed: 1, trashed: 0 });
  const { request } = await next.job(PRUNE, { keepLast: 1, now: true });
  t.match(request, { now: true });
});
