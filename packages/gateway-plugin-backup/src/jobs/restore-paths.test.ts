import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { ended, servicesBench, withThreads, type ServicesBench } from "../test-support/services-bench.js";
import { backupSubmission } from "./backup.js";
import { restorePathsSubmission } from "./restore-paths.js";
import type { Operations } from "./thread/protocol.js";

const caller = { actor: "admin", trigger: "api" } as const;

async function bench(t: Test): Promise<ServicesBench & { readonly from: string }> {
  const host = await servicesBench(t);
  await host.tenant("acme", { "sessions/a.jsonl": "one\n", "sessions/b.jsonl": "b" });
  const { result } = await ended(host.services, backupSubmission(host.services, { tenant: "acme" }, caller));
  return { ...host, from: String(result?.["key"]) };
}

await t.test("what comes to stand at a path meanwhile stays, and everything goes back", async (t) => {
  const host = await bench(t);
  const at = (path: string): string => join(host.directory("acme"), path);
  writeFileSync(at("sessions/a.jsonl"), "two\n");
  rmSync(at("sessions/b.jsonl"));
  const services = withThreads(host.services, async (operation, _request, proceed) => {
    const result = await proceed();
    if (operation === "planPaths") writeFileSync(at("sessions/b.jsonl"), "mine");
    return result;
  });
  const request = { from: host.from, paths: ["sessions"], force: true };
  const job = await ended(services, await restorePathsSubmission(services, request, caller));
  t.match(job, { state: "failed", error: { code: "IO_FAILED", message: /sessions\/b\.jsonl/ } });
  t.equal(readFileSync(at("sessions/a.jsonl"), "utf8"), "two\n");
  t.equal(readFileSync(at("sessions/b.jsonl"), "utf8"), "mine");
  t.match(services.ledger.swaps.get(job.id), { kind: "paths", phase: "rolled-back" });
  t.notOk(existsSync(join(services.host.paths.staging, job.id)));
});

await t.test(
  "more than the tenant's quota or the disk has room for is refused before it is read",
  async (t) => {
    const host = await bench(t);
    const services = withThreads(host.services, (operation, request, proceed) => {
      if (operation !== "extractPaths") return proceed();
      const limited = { ...(request as Operations["extractPaths"]["request"]), quotaBytes: 3 };
      return host.services.threads.run("extractPaths", limited, { signal: new AbortController().signal });
    });
    const request = { from: host.from, paths: ["sessions"] };
    const job = await ended(services, await restorePathsSubmission(services, request, caller));
    t.match(job, { state: "failed", error: { message: /quota/ } });
  },
);
