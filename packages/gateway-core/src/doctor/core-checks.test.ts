import { chmod, lstat, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { gatewayPaths, prepareStateDirectory } from "../state/directory.js";
import { newTenantRecord } from "../tenants/record.js";
import { TenantRegistry } from "../tenants/registry.js";
import { clockCheck } from "./clock-check.js";
import { adminTokenCheck, coreDoctorChecks } from "./core-checks.js";
import { repairAll, runDoctor } from "./run.js";

const clock = { now: () => Date.now() };
const config = { plugins: [], env: {}, isGatewaysEnv: true };

t.test(
  "a state that other users can read, broken and refused tenants, and a weak token are told with a fix",
  async (t) => {
    const paths = gatewayPaths(t.testdir());
    await prepareStateDirectory(paths);
    await chmod(paths.root, 0o755);
    await writeFile(paths.config, "{}", { mode: 0o600 });
    await writeFile(path.join(paths.tenants, "NOT-A-TENANT"), "", { mode: 0o600 });
    const registry = new TenantRegistry();
    const record = (id: string) => newTenantRecord(id, "1".repeat(64), { now: () => 0 });
    registry.load([record("a"), record("b")], [{ id: "x", reason: "tenant.json is missing" }]);
    const tenants = {
      registry,
      altered: () =>
        Promise.resolve([
          { id: "a", problem: "it says something else of quotas" },
          { id: "b", problem: "it is missing", isMissing: true as const },
        ]),
      putRecordRight: () => Promise.reject(new Error("the disk is full")),
      unanswered: () =>
        Promise.resolve([
          { id: "gone", isSuspended: false },
          { id: "swapped", isSuspended: true },
        ]),
    };
    const checks = [...coreDoctorChecks({ paths, tenants, clock, config }), adminTokenCheck(5)];
    const { findings, worst, repairs } = await repairAll(() => Promise.resolve(checks));
    t.equal(worst, "critical");
    t.match(
      findings.filter(({ check }) => check !== "disk-space"),
      [
        { check: "config", severity: "ok" },
        { check: "permissions", severity: "ok" },
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
          repairable: false,
        },
        { check: "tenants", severity: "warning", tenant: "b", repairable: true },
        { check: "tenants", severity: "critical", tenant: "gone", fix: /tenants restore/ },
        { check: "tenants", severity: "warning", tenant: "swapped", fix: /start the gateway anew/ },
        { check: "tenants", severity: "warning", message: /NOT-A-TENANT is no tenant's/ },
        { check: "clock", severity: "ok" },
        { check: "workspace", severity: "ok" },
        { check: "admin-token", severity: "warning", message: /5 characters/ },
      ],
    );
    t.match(repairs, [
      { check: "permissions", ok: true, finding: /mode 755/, outcome: /1 got mode 700/ },
      { check: "tenants", tenant: "b", ok: false, outcome: /could not be repaired: the disk is full/ },
    ]);
    t.equal((await lstat(paths.root)).mode & 0o777, 0o700);
  },
);

t.test(
  "of very many paths that are open to others, some are named, and one command closes all",
  async (t) => {
    const paths = gatewayPaths(t.testdir());
    await prepareStateDirectory(paths);
    await chmod(paths.root, 0o700);
    for (const name of ["1", "2", "3", "4", "5", "6", "7"])
      await writeFile(path.join(paths.backup, name), "", { mode: 0o644 });
    const tenants = {
      registry: new TenantRegistry(),
      altered: () => Promise.resolve([]),
      putRecordRight: () => Promise.resolve(),
      unanswered: () => Promise.resolve([]),
    };
    const checks = coreDoctorChecks({ paths, tenants, clock, config });
    const { findings } = await runDoctor(checks.filter(({ name }) => name === "permissions"));
    t.match(findings, [
      { message: /backup\/1 \(mode 644\), .* and 2 more$/, fix: `chmod -R go= ${paths.root}` },
    ]);
  },
);

t.test("a clock that cannot be right is told", async (t) => {
  const { findings } = await runDoctor([clockCheck("/nowhere", { now: () => 0 })]);
  t.match(findings, [{ severity: "critical", message: /1970-01-01/, fix: /chrony/ }]);
});
