import { writeFile } from "node:fs/promises";
import path from "node:path";
import t, { type Test } from "tap";
import { ADMIN, temporaryDirectory, testGateway } from "../test-support/gateway.js";

async function warned(t: Test, bind: string, section: object = {}) {
  const stateDir = await temporaryDirectory(t);
  await writeFile(path.join(stateDir, "openclaw.json"), JSON.stringify({ gateway: { bind, ...section } }));
  const lines: string[] = [];
  const gateway = await testGateway(t, {
    stateDir,
    logLevel: "warn",
    logDestination: { write: (line) => void lines.push(line) },
  });
  await gateway.listen();
  const get = async (url: string) =>
    (await gateway.app.inject({ url, headers: ADMIN })).json<{
      warnings: string[];
      findings: { check: string; severity: string }[];
    }>();
  const { warnings } = await get("/api/admin/status");
  const { findings } = await get("/api/admin/doctor");
  return {
    log: lines.join("").includes("without TLS"),
    status: warnings.length > 0,
    doctor: findings.find(({ check }) => check === "network")?.severity,
  };
}

t.test("a gateway that others reach in clear text says so in log, status and doctor", async (t) => {
  for (const bind of ["0.0.0.0", "::"])
    t.same(await warned(t, bind), { log: true, status: true, doctor: "warning" }, bind);
  for (const bind of ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
    t.same(await warned(t, bind), { log: false, status: false, doctor: "ok" }, bind);
  t.same(
    await warned(t, "0.0.0.0", { trustedProxies: ["10.0.0.7"] }),
    { log: false, status: false, doctor: "ok" },
    "behind a trusted proxy",
  );
});
