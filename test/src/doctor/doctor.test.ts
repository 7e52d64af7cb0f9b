/** Each of many faults is found by the command, told with what to do, and repaired where that loses nothing. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Bed, temporaryDirectory } from "../support/bed.js";
import { Cli } from "../support/cli.js";
import { missing } from "../support/needs.js";
import { mustRun } from "../support/run.js";
import { describeDifferences, diffTrees } from "../support/tree-diff.js";
import { FAULTS, type Fault } from "./faults.js";
import { contents, copyOf, parsed, PlantedState, template, type Finding, type Report } from "./state.js";

const noRoot = await missing({ root: true });

t.test("faults of a gateway that is down", async (t) => {
  const original = await template(t);

  await t.test("without any, nothing critical is found, and nothing is changed", async (t) => {
    const planted = await copyOf(t, original);
    const before = await snapshot(t, planted);
    const { code, findings, worst } = await planted.doctor();
    t.same([code, findings.filter(({ severity }) => severity === "critical")], [0, []]);
    t.not(worst, "critical");
    t.equal(describeDifferences(diffTrees(before, planted.state)), "");
  });

  for (const fault of FAULTS) {
    const skip = fault.needsRoot === true ? noRoot : false;
    await t.test(fault.name, { skip }, async (t) => tryFault(t, await copyOf(t, original), fault));
  }

  await t.test("what people read says the same, the worst first", async (t) => {
    const planted = await copyOf(t, original);
    planted.write("openclaw.json", "{");
    const { code, stdout, stderr } = await planted.run("doctor");
    t.equal(code, 1);
    t.match(stderr, /no gateway answers at .*; its state directory is looked at/);
    t.match(stdout, /^critical {2}config: .*is not JSON5.*\n {10}→ Correct the file\./);
    t.match(stdout, /\n1 critical, .*\n`openclaw doctor --yes` repairs 1 of them, and loses nothing\n$/);
    const repaired = await planted.run("doctor", "--yes");
    t.match(repaired.stdout, /^repaired {2}config: .*\n {10}→ The config is kept as .*openclaw\.json\.bak/);
    t.equal(repaired.code, 0);
  });

  await t.test("a state directory that is not there", async (t) => {
    const planted = await copyOf(t, original);
    rmSync(planted.state, { recursive: true });
    const { code, findings } = await planted.doctor("--yes");
    t.equal(code, 1);
    t.match(findings, [{ check: "state-directory", severity: "critical", fix: /OPENCLAW_STATE_DIR/ }]);
  });

  await t.test("a gateway elsewhere is not judged by what stands here", async (t) => {
    const planted = await copyOf(t, original);
    planted.env["OPENCLAW_GATEWAY_URL"] = "http://192.0.2.1:18789";
    const { code } = await planted.run("doctor", "--offline");
    t.equal(code, 0, "unless that is asked for");
  });
});

async function tryFault(t: Test, planted: PlantedState, fault: Fault): Promise<void> {
  const remove = await fault.plant(planted);
  const before = await snapshot(t, planted);
  try {
    if (fault.repaired === undefined) {
      const report = await planted.doctor("--yes");
      judge(t, report, fault);
      t.same(report.repairs, [], "nothing was done");
      t.equal(describeDifferences(diffTrees(before, planted.state)), "", "nothing is changed");
      return;
    }
    judge(t, await planted.doctor(), fault);
    t.equal(describeDifferences(diffTrees(before, planted.state)), "", "nothing is changed without --yes");
    const repaired = await planted.doctor("--yes");
    t.match(
      repaired.repairs?.filter(({ outcome }) => fault.repaired?.test(outcome)),
      [{ ok: true }],
      "what was done is told",
    );
    t.notOk(isFound(repaired, fault), "it is not there any more");
    const now = contents(planted.state);
    const lost = [...contents(before)].filter(
      ([hash, path]) => !now.has(hash) && fault.removes?.test(path) !== true,
    );
    t.same(lost, [], "nothing is lost");
  } finally {
    if (typeof remove === "function") await (remove as () => Promise<void>)();
  }
}

/** It is found, with what to do, and the exit code says whether something is critical. */
function judge(t: Test, { code, findings }: Report & { readonly code: number }, fault: Fault): void {
  t.match(
    findings.filter(({ check, message }) => check === fault.check && fault.message.test(message)),
    [{ severity: fault.severity, fix: fault.fix, repairable: fault.repaired !== undefined }],
    "it is found, with what to do",
  );
  const hasCritical = findings.some(({ severity }) => severity === "critical");
  t.equal(code, hasCritical ? 1 : 0, "exit code");
}

function isFound({ findings }: Report, { check, message }: Fault): boolean {
  return findings.some((finding: Finding) => finding.check === check && message.test(finding.message));
}

/** The state as it is now, to be compared with. */
async function snapshot(t: Test, { state }: PlantedState): Promise<string> {
  const directory = temporaryDirectory(t);
  await mustRun("cp", ["-a", state, join(directory, "before")]);
  return join(directory, "before");
}

t.test("a repaired state starts, and serves whom it served before", async (t) => {
  const bed = await Bed.start(t);
  const token = await bed.createTenant("acme");
  await bed.backup("acme");
  await bed.gateway.stop();
  const state = new PlantedState(bed.directory);
  for (const name of [
    "a ledger with a page of garbage",
    "a lock that is none",
    "a tenant.json that is gone, of a tenant that the gateway knows",
  ])
    await FAULTS.find((fault) => fault.name === name)?.plant(state);
  await t.rejects(bed.restart(), "it does not start");
  const { repairs = [] } = await state.doctor("--yes");
  t.same(
    repairs.map(({ check, ok }) => [check, ok]),
    [
      ["lock", true],
      ["tenants", true],
      ["backup-ledger", true],
    ],
  );
  await bed.restart();
  t.equal(await bed.whoami(token), "acme");
  t.match(await bed.backup("acme"), { state: "succeeded" });
  await bed.cli.ok(["backups", "rebuild", "--pin"]);
});

t.test("faults of a gateway that runs", async (t) => {
  const bed = await Bed.start(t);
  const token = await bed.createTenant("acme");
  await bed.createTenant("beta");
  const state = new PlantedState(bed.directory);
  const doctor = async (...flags: readonly string[]): Promise<Report & { readonly code: number }> => {
    const result = await bed.cli.run(["doctor", "--json", ...flags]);
    return { code: result.code, ...parsed(result) };
  };
  const names = [
    "a config that is not JSON5",
    "a state directory and tenants that everybody may read",
    "a signing key that everybody may read",
    "a tenant.json that is gone, of a tenant that the gateway knows",
    "a record that somebody has altered",
    "a directory among the tenants that is none",
  ];
  for (const fault of FAULTS.filter(({ name }) => names.includes(name))) {
    await t.test(fault.name, async (t) => {
      await fault.plant(state);
      judge(t, await doctor(), fault);
      const { repairs = [], ...after } = await doctor("--yes");
      t.equal(isFound(after, fault), fault.repaired === undefined);
      t.equal(
        repairs.some(({ ok, outcome }) => ok && fault.repaired?.test(outcome)),
        fault.repaired !== undefined,
      );
    });
  }
  t.equal(await bed.whoami(token), "acme");

  await t.test("one that does not answer here is told from one that is down", async (t) => {
    const config = state.read("openclaw.json");
    const { code, findings, repairs } = await state.doctor("--yes");
    t.equal(code, 1);
    t.match(
      findings.filter(({ check }) => check === "gateway"),
      [{ severity: "critical", message: /did not answer here/, fix: /OPENCLAW_GATEWAY_URL/ }],
    );
    t.same([repairs, state.read("openclaw.json")], [[], config]);
  });

  await t.test("and only an admin may ask", async (t) => {
    const cli = new Cli({ url: bed.gateway.url, home: bed.gateway.home, adminToken: token });
    t.equal((await cli.run(["doctor", "--yes"])).code, 5);
  });
});
