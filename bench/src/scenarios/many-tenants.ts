import { generateTenant } from "@openclaw/test/support";
import { formatBytes, formatCount } from "../report/format.js";
import { OURS } from "../results/results.js";
import type { Values } from "../results/results.js";
import type { Scenario } from "../scenario.js";
import { OurGateway } from "../tools/our-gateway.js";
import type { Job } from "../tools/our-gateway.js";
import { S3Storage } from "../tools/storage.js";

export const A_TENTH = "a tenth of the tenants at once";
export const ALL = "all tenants at once";

const TENANT_BYTES = 5_000_000;
const TENANT_FILES = 100;

export const manyTenants: Scenario = {
  id: "many-tenants",
  title: "Many tenants due at once",
  about:
    "The first backup to S3 of every tenant is asked for in the same moment. A job is out of order when one that was asked for later began " +
    "before it. A tenth of the tenants first, on the same gateway, to tell whether memory grows with their number.",
  settings: ({ tenants }) =>
    `${formatCount(tenants)} tenants of ${formatBytes(TENANT_BYTES)} in ${TENANT_FILES} files, 1 round`,
  run: async (lab, notebook) => {
    const { server, proxy } = await lab.store();
    const storage = await S3Storage.create(server, proxy.endpoint);
    const gateway = await OurGateway.start(lab.path("state"), storage.place);
    try {
      const names = Array.from({ length: lab.options.tenants }, (_, n) => `tenant-${n + 1}`);
      for (const [n, name] of names.entries()) {
        await gateway.createTenant(name);
        generateTenant(gateway.tenantDirectory(name), { seed: n, files: TENANT_FILES, bytes: TENANT_BYTES });
      }
      lab.readBeforeRuns(gateway.stateDirectory);
      const tenth = names.slice(0, Math.ceil(names.length / 10));
      for (const [step, some] of [
        [A_TENTH, tenth],
        [ALL, names],
      ] as const) {
        await gateway.forget();
        await storage.empty();
        const values = await lab.measure(() => backUpAll(gateway, some), gateway.pid);
        notebook.record({ tool: OURS, step, round: 1, values });
      }
    } finally {
      await gateway.close();
      await storage.close();
    }
  },
};

async function backUpAll(gateway: OurGateway, names: readonly string[]): Promise<Values> {
  const began = performance.now();
  const submitted: Job[] = [];
  for (const name of names) submitted.push(await gateway.submit(`/api/admin/tenants/${name}/backups`, {}));
  const ended: Job[] = [];
  let failed = 0;
  for (const { id } of submitted) {
    try {
      ended.push(await gateway.finished(id));
    } catch {
      failed++;
    }
  }
  const minutes = (performance.now() - began) / 60_000;
  return { perMinute: ended.length / minutes, overtaken: overtaken(ended), failed };
}

/** How many jobs began after one that was asked for later. */
function overtaken(jobs: readonly Job[]): number {
  const starts = jobs.map(({ startedAt = "" }) => Date.parse(startedAt));
  return starts.filter((start, n) => starts.slice(n + 1).some((later) => later < start)).length;
}
