import { existsSync, renameSync, writeFileSync } from "node:fs";
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

interface Pruned {
  readonly archives: readonly { readonly id: string; readonly keep: boolean; readonly reasons: string[] }[];
}

await t.test("a prune keeps what the policy says, says why, and removes the rest", async (t) => {
  const host = await withAcme(t);
  const [old, day1, day0] = await copiedHistory(host, [9, 1, 0]);
  const oldFile = await locationOf(host, old);
  const dry = await host.job(PRUNE, { keepDaily: 2, dryRun: true });
  t.match(dry, { state: "succeeded", result: { dryRun: true, removed: 0, kept: 2 } });
  t.ok(existsSync(oldFile), "a dry run removes nothing");

  const job = await host.job(PRUNE, { keepDaily: 2 });
  t.match(job, { state: "succeeded", type: "prune", request: { policy: { keepDaily: 2, tz: "Etc/UTC" } } });
  t.strictSame((job.result as unknown as Pruned).archives, (dry.result as unknown as Pruned).archives);
  t.match(job.result, {
    removed: 1,
    kept: 2,
    freedBytes: Number,
    archives: [
      { id: day0, keep: true, reasons: ["last good", "daily 1 of 2"] },
      { id: day1, keep: true, reasons: ["daily 2 of 2"] },
      { id: old, keep: false, reasons: ["no rule keeps it"] },
    ],
  });
  t.notOk(existsSync(oldFile));
  t.match(await listed(host), [{ id: day0 }, { id: day1 }]);
  t.match(await listed(host, "?all=true"), [{ id: day0 }, { id: day1 }, { id: old, state: "deleted" }]);
  t.match((await host.job(PRUNE, { keepDaily: 2 })).result, { removed: 0, kept: 2 });
  const restore = await host.call("POST", "/api/admin/restores", { from: old, as: "copy" });
  t.match(restore.body, { code: "ARCHIVE_NOT_FOUND", exitCode: 3 });
});

await t.test("without rules the configured policy applies; without that, nothing is removed", async (t) => {
  const bare = await withAcme(t);
  t.match((await bare.call("POST", PRUNE, {})).body, {
    code: "REQUEST_INVALID",
    exitCode: 2,
    hint: /--keep-last/,
  });
  t.match((await bare.call("POST", PRUNE, { keepWithin: "soon" })).body, { code: "REQUEST_INVALID" });
  t.match((await bare.call("POST", "/api/admin/tenants/nobody/prune", { keepLast: 1 })).body, {
    code: "TENANT_NOT_FOUND",
    exitCode: 3,
  });
  const host = await withAcme(t, { retention: { keepLast: 1 } });
  await copiedHistory(host, [1, 0]);
  t.match((await host.job(PRUNE)).result, { removed: 1, kept: 1 });
});

await t.test("a time zone in the config that is none stops the start", async (t) => {
  await t.rejects(testGateway(t, { retention: { keepLast: 1, tz: "Mars/Olympus" } }), { message: /Mars/ });
});

await t.test("each place is pruned by itself, and --to picks one", async (t) => {
  const host = await withAcme(t);
  const other = `${host.stateDir}/backups/other/`;
  const [old, , far] = [...(await copiedHistory(host, [2, 1])), ...(await copiedHistory(host, [9], other))];
  const [named] = await copiedHistory(host, [8], `${host.stateDir}/backups/mine.tar.zst`);
  t.match((await host.job(PRUNE, { keepLast: 1, to: other })).result, {
    removed: 0,
    archives: [{ id: far, keep: true }],
  });
  const pruned = await host.job(PRUNE, { keepLast: 1 });
  t.match(pruned.result, { removed: 1, kept: 3 });
  t.match(
    (pruned.result as unknown as Pruned).archives.find(({ id }) => id === named),
    {
      reasons: ["named by hand", "last good"],
    },
  );
  t.match(await listed(host, "?all=true"), [{}, {}, {}, { id: old, state: "deleted" }]);
});

await t.test("archives that were named by hand count where that is asked for", async (t) => {
  const host = await withAcme(t);
  await copiedHistory(host, [1]);
  const [named] = await copiedHistory(host, [2], `${host.stateDir}/backups/tenants/acme/mine.tar.zst`);
  t.match((await host.job(PRUNE, { keepLast: 1, includeNamed: true })).result, { removed: 1, kept: 1 });
  t.match(await listed(host, "?all=true"), [{ id: named, state: "deleted" }, { state: "good" }]);
});

await t.test(
  "the newest archive that was found good stays, and newer ones are not trusted more",
  async (t) => {
    const host = await withAcme(t);
    const [verified, newest] = await copiedHistory(host, [2, 1]);
    withLedger(host, (ledger) =>
      ledger.prepare("UPDATE archives SET verified_at = 1 WHERE id = ?").run(verified),
    );
    t.match((await host.job(PRUNE, { keepLast: 1 })).result, {
      removed: 0,
      archives: [
        { id: newest, reasons: ["last 1 of 1"] },
        { id: verified, reasons: ["last verified"] },
      ],
    });
  },
);

await t.test("a pinned archive stays until the pin is off", async (t) => {
  const host = await withAcme(t);
  const [old] = await copiedHistory(host, [1, 0]);
  const pin = `/api/admin/backups/${old ?? ""}/pin`;
  t.match(await host.call("PUT", pin), { status: 200, body: { id: old, pinnedAt: /^\d{4}-/ } });
  t.match((await host.job(PRUNE, { keepLast: 1 })).result, { removed: 0 });
  t.match(await removeJob(host, old), { code: "ARCHIVE_PROTECTED", exitCode: 4, hint: /--unpin/ });
  t.notOk("pinnedAt" in (await host.call("DELETE", pin)).body);
  t.match((await host.job(PRUNE, { keepLast: 1 })).result, { removed: 1 });
  t.match((await host.call("PUT", pin)).body, { code: "ARCHIVE_NOT_FOUND", exitCode: 3 });
});

await t.test("an archive is removed by hand, the only good one of a tenant not by accident", async (t) => {
  const host = await withAcme(t);
  const [one, two] = await copiedHistory(host, [0, 0]);
  t.match(await removeJob(host, one), {
    state: "succeeded",
    type: "remove",
    result: { archiveId: one, outcome: "removed", freedBytes: Number },
  });
  t.match(await removeJob(host, one), { code: "ARCHIVE_NOT_FOUND" });
  t.match(await removeJob(host, two), { code: "ARCHIVE_PROTECTED", hint: /--force/ });
  t.match(await removeJob(host, two, "?force=true"), { state: "succeeded" });
  t.strictSame(await listed(host), []);
});

await t.test(
  "an archive whose file vanished or was replaced is reported, and counts for nothing",
  async (t) => {
    const host = await withAcme(t);
    const [older, gone, replaced] = await copiedHistory(host, [2, 1, 0]);
    const file = await locationOf(host, gone);
    renameSync(file, `${file}.aside`);
    writeFileSync(await locationOf(host, replaced), "mine");
    const dry = await host.job(PRUNE, { keepLast: 1, dryRun: true });
    const lost = {
      lost: [{ id: replaced }, { id: gone }],
      removed: 0,
      archives: [{ id: older, keep: true }],
    };
    t.match(dry.result, lost);
    t.match(await listed(host), [{ state: "good" }, { state: "good" }, { state: "good" }]);
    const job = await host.job(PRUNE, { keepLast: 1 });
    t.match(job.result, lost);
    t.match(job.warnings, [
      { code: "ARCHIVE_LOST", message: /another object/ },
      { code: "ARCHIVE_LOST", message: /not there/ },
    ]);
    t.match(await listed(host), [{ state: "lost" }, { state: "lost" }, { state: "good" }]);

    renameSync(`${file}.aside`, file);
    t.match((await host.job(PRUNE, { keepLast: 2 })).result, {
      kept: 2,
      removed: 0,
      lost: [{ id: replaced }],
    });
    t.match(await listed(host), [{ state: "lost" }, { state: "good" }, { state: "good" }]);

    const mine = await locationOf(host, replaced);
    t.match(await removeJob(host, replaced), {
      state: "failed",
      error: { code: "ARCHIVE_PROTECTED", hint: /--force/ },
    });
    t.match(await removeJob(host, replaced, "?force=true"), { result: { outcome: "forgotten" } });
    t.ok(existsSync(mine), "what another has put there is left alone");
    t.match(await listed(host), [{ id: gone }, { id: older }]);
  },
);

await t.test("a removal that a crash cut off is ended by the next start", async (t) => {
  const host = await withAcme(t);
  const [old] = await copiedHistory(host, [1, 0]);
  const file = await locationOf(host, old);
  await host.gateway.close({ graceMs: 0 });
  withLedger(host, (ledger) => ledger.prepare("UPDATE archives SET removing_at = 1 WHERE id = ?").run(old));
  const next = await testGateway(t, {}, host.stateDir);
  const state = async (): Promise<unknown> => (await listed(next, "?all=true"))[1]?.["state"];
  while ((await state()) === "removing") await setImmediate();
  t.equal(await state(), "deleted");
  t.notOk(existsSync(file));
});

await t.test("a removal that cannot be ended yet is listed as such, and the prune goes on", async (t) => {
  const host = await withAcme(t);
  const [old] = await copiedHistory(host, [1, 0]);
  const place =
    "removing_at = 1, store_kind = 's3', bucket = 'b', endpoint = 'http://127.0.0.1:9', key = 'k'";
  withLedger(host, (ledger) => ledger.prepare(`UPDATE archives SET ${place} WHERE id = ?`).run(old));
  t.match((await host.job(PRUNE, { keepLast: 1 })).result, {
    removed: 0,
    kept: 1,
    archives: [{ id: old, keep: false, reasons: [/has begun/] }, { keep: true }],
  });
  t.match((await host.call("PUT", `/api/admin/backups/${old ?? ""}/pin`)).body, { code: "ARCHIVE_BUSY" });
});

await t.test(
  "archives whose store the gateway cannot reach any more stay, and the others are pruned",
  async (t) => {
    const host = await withAcme(t);
    const [far] = await copiedHistory(host, [3, 1, 0]);
    const place = "store_kind = 's3', bucket = 'b', endpoint = 'http://s', key = 'k'";
    withLedger(host, (ledger) => ledger.prepare(`UPDATE archives SET ${place} WHERE id = ?`).run(far));
    const job = await host.job(PRUNE, { keepLast: 1 });
    t.match(job.result, {
      removed: 1,
      kept: 2,
      archives: [{ id: far, keep: true, reasons: [/store/] }, {}, {}],
    });
    t.match(job.warnings, [{ code: "CREDENTIALS_MISSING", message: /http:\/\/s/ }]);
  },
);

await t.test("the host can start a prune by the name of its job type", async (t) => {
  const host = await withAcme(t);
  const started = await host.call("POST", "/api/admin/job-types/prune/jobs", {
    tenant: "acme",
    parameters: { keepLast: 3 },
  });
  t.equal(started.status, 202);
});

await t.test("an archive is found by where it is", async (t) => {
  const host = await withAcme(t);
  const [id] = await copiedHistory(host, [0]);
  const location = encodeURIComponent(await locationOf(host, id));
  t.match(await listed(host, `?location=${location}`), [{ id }]);
  t.strictSame(await listed(host, `?location=${location}x`), []);
  t.match((await host.call("GET", "/api/admin/backups?location=here")).body, { code: "LOCATION_INVALID" });
});
