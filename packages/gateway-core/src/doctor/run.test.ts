import t from "tap";
import { runDoctor } from "./run.js";

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
      { check: "fine", severity: "ok", message: "All is well" },
      { check: "store", severity: "critical", message: "The check failed: no route" },
    ],
    worst: "critical",
  });
});
