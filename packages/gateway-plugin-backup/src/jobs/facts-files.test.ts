import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { servicesBench } from "../test-support/services-bench.js";
import { factsFile, removeSuperseded, sweepFacts } from "./facts-files.js";
import type { NewArchive } from "./ledger/archives.js";

const totals = {
  entries: 1,
  files: 1,
  directories: 0,
  symlinks: 0,
  contentBytes: 1,
  segments: 1,
  tarBytes: 1,
};

t.test("what is known is kept for the newest archive of each tenant and store alone", async (t) => {
  const { services } = await servicesBench(t);
  const { host, ledger } = services;
  await sweepFacts(services);
  const facts = join(host.paths.backup, "facts");
  mkdirSync(facts);
  const keep = (id: string): void => writeFileSync(factsFile(host, id), "");
  ledger.jobs.insert({
    ...{ id: "j", type: "backup", tenant: "acme", trigger: "api", actor: "admin", request: {} },
    ...{ state: "queued", createdAt: 1, warnings: [] },
  });
  const archive = (id: string, changes: Partial<NewArchive> = {}): NewArchive => ({
    ...{ id, jobId: "j", tenant: "acme", tenantUid: "u1", location: id, key: id, size: 1, etag: "e" },
    ...{ storeKind: "s3", endpoint: "", bucket: "b", indexSha256: "0", formatVersion: 1, totals },
    ...{ createdAt: 1, checkedAt: 1, state: "good" },
    ...changes,
  });
  const add = (id: string, changes: Partial<NewArchive> = {}): void => {
    ledger.transaction(() => ledger.archives.add(archive(id, changes)));
    keep(id);
  };
  add("a1");
  add("a2");
  add("other-store", { bucket: "c" });
  add("other-tenant", { tenant: "bravo", tenantUid: "u2" });
  add("gone", { state: "deleted", bucket: "d" });
  keep("unknown");
  keep("a1.partial");
  await sweepFacts(services);
  t.strictSame(readdirSync(facts).sort(), ["a2", "other-store", "other-tenant"]);

  keep("a3");
  await removeSuperseded(services, archive("a3"));
  t.strictSame(
    readdirSync(facts).sort(),
    ["a3", "other-store", "other-tenant"],
    "a3 is not in the ledger yet",
  );
});
