import t from "tap";
import { servicesBench } from "../test-support/services-bench.js";
import type { NewArchive } from "./ledger/archives.js";
import { tenantHealth } from "./tenant-health.js";
import type { JobType, TerminalJobState } from "./types.js";

await t.test("the worst tenant stands first: overdue, failing, damaged, and then the oldest", async (t) => {
  const bench = await servicesBench(t, {
    absence: { grace: "1h", except: ["f*", "d*", "o*", "new*"], maxAge: "1h" },
  });
  const { services, time } = bench;
  const { host, ledger } = services;
  for (const id of ["new", "old", "damaged", "failing", "fine", "never", "late"]) await bench.tenant(id);
  const uidOf = (id: string): string => host.tenants.get(id)?.uid ?? "";
  const ended = (tenant: string, type: JobType, state: TerminalJobState): string => {
    const id = services.ids.next("j");
    const base = { id, type, tenant, tenantUid: uidOf(tenant), trigger: "api", actor: "admin" } as const;
    ledger.jobs.insert({ ...base, request: {}, state: "queued", createdAt: time.now(), warnings: [] });
    ledger.jobs.end({ id, state, finishedAt: time.now(), warnings: [] });
    return id;
  };
  const archive = (tenant: string, state: NewArchive["state"], createdAt = time.now()): void => {
    const jobId = ended(tenant, "backup", "succeeded");
    const id = services.ids.next("a");
    ledger.archives.add({
      ...{
        id,
        jobId,
        tenant,
        tenantUid: uidOf(tenant),
        location: `/${id}`,
        storeKind: "local",
        endpoint: "",
      },
      ...{
        bucket: "",
        key: `/${id}`,
        size: 1,
        etag: "",
        indexSha256: "",
        formatVersion: 1,
        createdAt,
        state,
      },
      ...{ totals: { entries: 0, files: 0, bytes: 0 } as never, checkedAt: createdAt },
    });
  };
  archive("new", "good");
  archive("old", "good", time.now() - 1000);
  archive("damaged", "good");
  archive("damaged", "damaged");
  archive("fine", "good", time.now() + 1);
  const failure = ended("failing", "backup", "failed");
  ended("fine", "backup", "failed");
  ended("fine", "backup", "succeeded");
  const drill = ended("fine", "drill", "succeeded");
  time.advance(2 * 3_600_000);
  const health = tenantHealth(services);
  t.same(
    health.map(({ tenant }) => tenant.id),
    ["late", "never", "failing", "damaged", "old", "new", "fine"],
  );
  t.match(health[0], { isOverdue: true, damaged: [], conditions: [], schedules: [] });
  t.match(health[2], { isOverdue: false, lastFailure: { id: failure } });
  t.match(health[3], { damaged: [{ state: "damaged" }] });
  t.equal(health[6]?.lastFailure, undefined, "a success since then");
  t.match(health[6], { lastDrill: { id: drill } });
});
