import t from "tap";
import { servicesBench } from "../../test-support/services-bench.js";
import type { NewArchive } from "./archives.js";

const ACME = { id: "acme", uid: "1" };
const GLOBEX = { id: "globex", uid: "2" };
const NOBODY = { id: "nobody", uid: "3" };

await t.test("how the archives of every tenant stand, in a few statements", async (t) => {
  const { services } = await servicesBench(t);
  const { archives, jobs, standings } = services.ledger;
  const add = (tenant: typeof ACME, size: number, state: NewArchive["state"] = "good"): string => {
    const id = services.ids.next("a");
    const jobId = services.ids.next("j");
    const { id: name, uid: tenantUid } = tenant;
    const asked = { type: "backup", trigger: "api", actor: "admin", request: {}, state: "queued" } as const;
    jobs.insert({ id: jobId, tenant: name, tenantUid, ...asked, createdAt: 1, warnings: [] });
    archives.add({
      ...{ id, jobId, tenant: name, tenantUid, location: `/${id}`, storeKind: "local", endpoint: "" },
      ...{ bucket: "", key: `/${id}`, size, etag: "", indexSha256: "", formatVersion: 1, createdAt: 1 },
      ...{ state, totals: {} as never, checkedAt: 1 },
    });
    return id;
  };
  const [, second, third] = [add(ACME, 1), add(ACME, 2), add(ACME, 3)];
  const lost = add(ACME, 4);
  const trashed = add(ACME, 5);
  const removed = add(ACME, 6);
  archives.setLost(lost, 1);
  archives.moveToTrash(trashed, { at: 1, until: 2, jobId: "j" });
  archives.endRemoval(removed);
  archives.noteWhole({ id: second, at: 70, etag: "", objectSha256: "" });
  const [broken, worse] = [add(GLOBEX, 10, "damaged"), add(GLOBEX, 20, "damaged")];
  add({ ...ACME, uid: "an earlier tenant of this name" }, 1000);

  const all = standings.all();
  t.same(all.get(ACME), { archives: 5, bytes: 15, verifiedAt: 70 });
  t.same(all.get(GLOBEX), { archives: 2, bytes: 30 });
  t.equal(all.get(NOBODY), undefined);
  t.same(standings.owners(), [ACME, { ...ACME, uid: "an earlier tenant of this name" }, GLOBEX]);
  t.match(standings.newest().get(ACME), { id: third, size: 3 }, "neither lost nor in the trash");
  t.equal(standings.newest().get(GLOBEX), undefined, "none is good");
  t.match(standings.damaged().get(GLOBEX), [{ id: worse }, { id: broken }]);
  t.equal(standings.damaged().get(ACME), undefined);
  const sizes = standings.sizes([ACME, GLOBEX, NOBODY], 2);
  t.same(
    [ACME, GLOBEX, NOBODY].map((tenant) => sizes.get(tenant)),
    [[2, 3], [], []],
  );
});

await t.test("what each backup of a tenant has sent, and how long it took", async (t) => {
  const { services } = await servicesBench(t);
  const { jobs } = services.ledger;
  const backup = (id: string, startedAt: number | undefined, result: object): void => {
    const asked = { type: "backup", trigger: "api", actor: "admin", request: {}, state: "queued" } as const;
    jobs.insert({ id, tenant: "acme", tenantUid: "1", ...asked, createdAt: 1, warnings: [] });
    if (startedAt !== undefined) jobs.start(id, startedAt, "1");
    jobs.end({ id, state: "succeeded", finishedAt: 50, result: { ...result }, warnings: [] });
  };
  backup("j1", 20, { bytes: { uploaded: 7 } });
  backup("j2", undefined, {});
  t.same(Object.fromEntries(jobs.backupFigures("acme")), { j1: { sentBytes: 7, durationMs: 30 }, j2: {} });
  const last = jobs.lastOfEach(["1", "2"], "backup", "succeeded");
  t.same([last.get("1")?.id, last.has("2")], ["j2", false]);
});
