import { chmod, writeFile } from "node:fs/promises";
import t from "tap";
import { gatewayPaths, prepareStateDirectory } from "../state/directory.js";
import { newTenantRecord } from "../tenants/record.js";
import { TenantRegistry } from "../tenants/registry.js";
import { coreDoctorChecks } from "./core-checks.js";
import { runDoctor } from "./run.js";

t.test(
  "a state that other users can read, broken and refused tenants, and a weak token are told with a fix",
  async (t) => {
    const paths = gatewayPaths(t.testdir());
    await prepareStateDirectory(paths);
    await chmod(paths.root, 0o755);
    await writeFile(paths.config, "{}", { mode: 0o600 });
    const registry = new TenantRegistry();
    const record = (id: string) => newTenantRecord(id, "1".repeat(64), { now: () => 0 });
    registry.load([record("a"), record("b")], [{ id: "x", reason: "tenant.json is missing" }]);
    const altered = () => Promise.resolve([{ id: "a", problem: "it says something else of quotas" }]);
    const { findings, worst } = await runDoctor(coreDoctorChecks(paths, { registry, altered }, 5));
    t.equal(worst, "critical");
    t.match(findings, [
      { check: "state-directory", severity: "warning", message: /mode 755/, fix: /^chmod 700 / },
      { check: "state-directory", severity: "critical", message: /gateway\.lock cannot be looked at/ },
      {
        check: "tenants",
        severity: "critical",
        tenant: "x",
        message: /tenant\.json is missing/,
        fix: /delete x/,
      },
      {
        check: "tenants",
        severity: "critical",
        message: /^Tenants a, b have/,
        fix: /rotate a && .* rotate b/,
      },
      {
        check: "tenants",
        severity: "warning",
        tenant: "a",
        message: /is not believed: it says something else of quotas/,
        fix: /tenants accept a\./,
      },
      { check: "admin-token", severity: "warning", message: /5 characters/ },
    ]);
  },
);
