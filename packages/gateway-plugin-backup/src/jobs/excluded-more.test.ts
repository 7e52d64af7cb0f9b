import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { testGateway } from "../test-support/gateway.js";
import { MemoryLog } from "../test-support/memory-log.js";
import { isJump, warnOfMoreExcluded } from "./excluded-more.js";
import { Ledger } from "./ledger/ledger.js";
import type { JobWarning } from "./types.js";

const MIB = 1024 ** 2;
const BACKUPS = "/api/admin/tenants/acme/backups";

t.test("a jump is more than twice as much, and so much more that it matters", (t) => {
  const jump = (...[entries, bytes, nowEntries, nowBytes]: [number, number, number, number]): boolean =>
    isJump({ entries, bytes }, { entries: nowEntries, bytes: nowBytes });
  t.ok(jump(0, 0, 100, 0));
  t.notOk(jump(0, 0, 99, 10 * MIB - 1));
  t.ok(jump(0, 0, 1, 10 * MIB));
  t.notOk(jump(1000, 0, 2000, 0), "twice is not more than twice");
  t.ok(jump(1000, 0, 2001, 0));
  t.notOk(jump(1000, 100 * MIB, 10, 1), "less is no jump");
  t.end();
});

await t.test(
  "a .backupignore that comes to leave out far more than in the archive before is reported",
  async (t) => {
    const host = await testGateway(t, { exclude: ["workspace/logs"] });
    await host.tenant("acme", { "workspace/.backupignore": "cache/\n", "workspace/cache/one": "12" });
    const first = await host.job(BACKUPS);
    t.match(first, {
      state: "succeeded",
      result: {
        excluded: { entries: 2, bytes: 2, config: { entries: 0 }, backupignore: { entries: 2, bytes: 2 } },
      },
    });
    t.strictSame(first.warnings, []);

    const notes = join(host.directory("acme"), "workspace/notes");
    mkdirSync(notes);
    for (let i = 0; i < 150; i++) writeFileSync(join(notes, `n${i}.md`), "text");
    t.strictSame((await host.job(BACKUPS)).warnings, [], "the tenant grows, and nothing more is left out");

    writeFileSync(join(host.directory("acme"), "workspace/.backupignore"), "*\n");
    const third = await host.job(BACKUPS);
    t.match(third, {
      state: "succeeded",
      warnings: [
        {
          code: "EXCLUDED_MORE",
          message:
            "The tenant's .backupignore files leave out far more than in the previous archive: 153 entries, 602 bytes; " +
            "before: 2 entries, 2 bytes.",
        },
      ],
    });
    t.equal(third.warnings.length, 1);
    t.strictSame((await host.job(BACKUPS)).warnings, [], "it is told once");
  },
);

t.test("a jump is logged; an archive whose job has no such figures is nothing to compare with", (t) => {
  const ledger = Ledger.open(join(t.testdir(), "ledger.sqlite"));
  t.teardown(() => ledger.close());
  const tenant = { id: "acme", uid: "u1", createdAt: "", tokenSha256: "", quotas: {}, labels: {} };
  const job = { tenant: "acme", type: "backup", trigger: "api", actor: "admin", request: {} } as const;
  const totals = {
    entries: 0,
    files: 0,
    directories: 0,
    symlinks: 0,
    contentBytes: 0,
    segments: 0,
    tarBytes: 0,
  };
  const none = { entries: 0, bytes: 0 };
  const compare = (result: Record<string, unknown>, id: string): [JobWarning[], MemoryLog] => {
    ledger.jobs.insert({ ...job, id, state: "queued", createdAt: 1, warnings: [] });
    ledger.jobs.end({ id, state: "succeeded", finishedAt: 2, result, warnings: [] });
    ledger.archives.add({
      ...{
        id: `a${id}`,
        jobId: id,
        tenant: "acme",
        tenantUid: "u1",
        location: `/b/${id}`,
        storeKind: "local",
      },
      ...{ endpoint: "", bucket: "", key: `/b/${id}`, size: 1, etag: "", indexSha256: "", formatVersion: 1 },
      ...{ createdAt: 1, checkedAt: 1, totals, state: "good" },
    });
    const warnings: JobWarning[] = [];
    const log = new MemoryLog();
    const now = { entries: 1, bytes: 20 * MIB };
    warnOfMoreExcluded(
      ledger,
      tenant,
      { ...now, config: now, backupignore: none },
      {
        warn: (warning) => warnings.push(warning),
        log,
      },
    );
    return [warnings, log];
  };
  t.strictSame(compare({ excluded: none }, "1")[0], [], "an earlier version's figures");
  const [warnings, log] = compare({ excluded: { ...none, config: none, backupignore: none } }, "2");
  t.match(warnings, [{ code: "EXCLUDED_MORE", message: /^The config's exclude globs leave out/ }]);
  t.match(log.lines, [{ level: "warn", fields: { source: "config", before: none, previous: "a2" } }]);
  t.end();
});
