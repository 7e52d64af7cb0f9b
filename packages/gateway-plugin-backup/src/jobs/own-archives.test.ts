import { join } from "node:path";
import t, { type Test } from "tap";
import { servicesBench } from "../test-support/services-bench.js";
import type { BackupConfig } from "../config.js";
import type { NewArchive } from "./ledger/archives.js";
import { checkPlace, ownArchive, ownArchives } from "./own-archives.js";

const totals = {
  entries: 1,
  files: 1,
  directories: 0,
  symlinks: 0,
  contentBytes: 1,
  segments: 1,
  tarBytes: 1,
};

const UID = "0".repeat(32);
const acme = { id: "acme", uid: UID };

async function bench(t: Test, config: Partial<BackupConfig>) {
  const { services, gateway } = await servicesBench(t, config);
  services.ledger.jobs.insert({
    id: "j1",
    type: "backup",
    tenant: "acme",
    trigger: "api",
    actor: "admin",
    request: {},
    state: "queued",
    createdAt: 1,
    warnings: [],
  });
  let count = 0;
  const add = (archive: Partial<NewArchive>): string => {
    const id = `a${(count += 1)}`;
    const key = archive.key ?? `tenants/acme/${id}.tar.zst`;
    services.ledger.archives.add({
      ...{
        id,
        jobId: "j1",
        tenant: "acme",
        tenantUid: UID,
        storeKind: "s3",
        endpoint: "",
        bucket: "own",
        key,
      },
      ...{
        location: `s3://${archive.bucket ?? "own"}/${key}`,
        size: 10,
        etag: "e",
        indexSha256: "0".repeat(64),
      },
      ...{ formatVersion: 1, createdAt: count, totals, state: "good", checkedAt: count },
      ...archive,
    });
    return id;
  };
  return { services, add, stateDir: gateway.stateDir };
}

const destinations: BackupConfig["destinations"] = {
  own: { url: "s3://own", tenants: ["acme"] },
  inner: { url: "s3://own/inner" },
  offsite: { url: "s3://offsite" },
};

await t.test("a tenant's archives are those of its id and uid in what is granted to it", async (t) => {
  const { services, add } = await bench(t, { destinations });
  const seen = add({});
  const hidden = [
    add({ tenant: "other" }),
    add({ tenantUid: "1".repeat(32) }),
    add({ bucket: "offsite" }),
    add({ bucket: "unknown" }),
    add({ key: "inner/tenants/acme/x.tar.zst" }),
    add({ endpoint: "https://store.example" }),
    add({ key: "tenants/acme/deleted.tar.zst", state: "deleted" }),
    add({ key: "tenants/acme/trash.tar.zst" }),
  ];
  const trashed = hidden.at(-1) ?? "";
  services.ledger.archives.moveToTrash(trashed, { at: 1, until: 2, jobId: "j1" });
  t.match(ownArchives(services, acme), [
    { record: { id: seen }, destination: "own", name: `${seen}.tar.zst` },
  ]);
  t.equal(ownArchives(services, acme).length, 1);
  t.match(ownArchive(services, acme, seen), { record: { id: seen } });
  for (const id of [...hidden, "none"]) {
    t.throws(() => ownArchive(services, acme, id), {
      code: "ARCHIVE_NOT_FOUND",
      message: `Tenant acme has no archive ${id}.`,
    });
  }
  t.same(ownArchives(services, { id: "acme", uid: "2".repeat(32) }), []);
});

await t.test(
  "what lies in the default place is a tenant's own where nothing has to be granted",
  async (t) => {
    const { services, add, stateDir } = await bench(t, {});
    const local = (key: string) => ({ storeKind: "local", bucket: "", key, location: key }) as const;
    const inPlace = join(stateDir, "backups", "tenants", "acme", "x.tar.zst");
    const id = add(local(inPlace));
    add(local("/var/backups/elsewhere/tenants/acme/x.tar.zst"));
    add({ bucket: "elsewhere" });
    t.match(ownArchives(services, acme), [{ record: { id }, destination: undefined, name: "x.tar.zst" }]);
    t.equal(ownArchives(services, acme).length, 1);

    const moved = { ...services, config: { ...services.config, destinations, defaultDestination: "own" } };
    t.same(ownArchives(moved, acme), [], "it is not where a tenant's backups go any more");
  },
);

await t.test("an archive is looked for in no other store than its own", async (t) => {
  const twins = {
    first: { url: "s3://same", endpoint: "https://first.example", tenants: ["acme"] },
    second: { url: "s3://same", endpoint: "https://second.example", tenants: ["acme"] },
  };
  const { services, add } = await bench(t, { destinations: twins });
  const inFirst = add({ bucket: "same", endpoint: "https://first.example" });
  const inSecond = add({ bucket: "same", endpoint: "https://second.example" });
  t.doesNotThrow(() => checkPlace(services, ownArchive(services, acme, inFirst)));
  t.throws(() => checkPlace(services, ownArchive(services, acme, inSecond)), { code: "ARCHIVE_NOT_FOUND" });
});
