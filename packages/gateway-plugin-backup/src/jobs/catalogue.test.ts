import t from "tap";
import { ended, servicesBench } from "../test-support/services-bench.js";
import { backupSubmission } from "./backup.js";
import { catalogueOf, knownArchive } from "./catalogue.js";

await t.test("the archives of a deleted tenant are listed, those of nobody are not", async (t) => {
  const { services, tenant, call } = await servicesBench(t);
  await tenant("acme");
  const submission = backupSubmission(services, { tenant: "acme" }, { actor: "admin", trigger: "api" });
  const { result } = await ended(services, submission);
  t.equal(await call("DELETE", "/api/admin/tenants/acme?confirm=acme"), 200);
  t.match(catalogueOf(services, "acme"), [{ id: result?.["archiveId"], state: "good" }]);
  await tenant("acme");
  t.strictSame(catalogueOf(services, "acme"), [], "another tenant of that name has none");
  t.throws(() => catalogueOf(services, "nobody"), { code: "TENANT_NOT_FOUND" });
  t.throws(() => catalogueOf(services, "../evil"), { code: "TENANT_ID_INVALID" });
});

await t.test("an archive that never was is told from one that was removed", async (t) => {
  const { services } = await servicesBench(t);
  t.throws(() => knownArchive(services, "a0"), { code: "ARCHIVE_NOT_FOUND", message: /no archive a0/ });
});
