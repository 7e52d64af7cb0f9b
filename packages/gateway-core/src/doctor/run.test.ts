import t from "tap";
import type { DoctorCheck } from "../plugin/host.js";
import { repairAll, runDoctor } from "./run.js";

t.test("the worst finding counts, and a check that fails is a finding itself", async (t) => {
  const ok = {
    name: "fine",
    run: () => Promise.resolve([{ severity: "ok" as const, message: "All is well" }]),
  };
  const bad = { name: "store", run: () => Promise.reject(new Error("no route")) };
  t.same(await runDoctor([]), { findings: [], worst: "ok" });
  t.equal((await runDoctor([ok])).worst, "ok");
  t.same(await runDoctor([ok, bad]), {
    findings: [
      { check: "fine", severity: "ok", message: "All is well", repairable: false },
      {
        check: "store",
        severity: "critical",
        message: "The check failed: no route",
        fix: "Put right what the message names, and run `openclaw doctor` again.",
        repairable: false,
      },
    ],
    worst: "critical",
  });
});

t.test("repairs go on while they bring something to light, and end", async (t) => {
  let depth = 0;
  const layers: DoctorCheck = {
    name: "layers",
    run: () =>
      Promise.resolve([
        {
          severity: "warning",
          message: `Layer ${depth} is bad`,
          repair: () => Promise.resolve(`Layer ${depth++} is good`),
        },
      ]),
  };
  const { repairs, findings } = await repairAll(() => Promise.resolve([layers]));
  t.same(
    repairs.map(({ outcome }) => outcome),
    [0, 1, 2, 3, 4].map((n) => `Layer ${n} is good`),
  );
  t.match(findings, [{ message: "Layer 5 is bad", repairable: true }]);
});

t.test("a repair that fails is tried once", async (t) => {
  let tries = 0;
  const stuck: DoctorCheck = {
    name: "stuck",
    run: () =>
      Promise.resolve([
        {
          severity: "critical",
          tenant: "acme",
          message: "It is stuck",
          repair: () => {
            tries++;
            return Promise.reject(new Error("so it stays"));
          },
        },
      ]),
  };
  const { repairs, worst } = await repairAll(() => Promise.resolve([stuck]));
  t.equal(tries, 1);
  t.equal(worst, "critical");
  t.match(repairs, [
    { check: "stuck", tenant: "acme", ok: false, outcome: "It could not be repaired: so it stays" },
  ]);
});
