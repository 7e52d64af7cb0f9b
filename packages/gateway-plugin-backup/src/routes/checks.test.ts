import { readFileSync, writeFileSync } from "node:fs";
import t from "tap";
import { testGateway } from "../test-support/gateway.js";

const BACKUPS = "/api/admin/tenants/acme/backups";
const VERIFY = "/api/admin/backups/verify";

t.test(
  "archives are verified and drilled by route, and a damaged one is listed with what was found",
  async (t) => {
    const host = await testGateway(t);
    await host.tenant("acme", { "sessions/a.jsonl": "{}\n" });
    const { result } = await host.job(BACKUPS);
    const file = String(result?.["location"]);
    t.match(await host.job(VERIFY, { archive: "acme", level: "sample", all: true }), {
      type: "verify",
      tenant: "acme",
      state: "succeeded",
      result: { level: "sample", archives: [{ outcome: "good", location: file }] },
    });
    t.match(await host.job("/api/admin/backups/drill", { archive: file }), {
      type: "drill",
      state: "succeeded",
    });
    const listed = async (): Promise<unknown> =>
      (await host.call("GET", "/api/admin/backups")).body["archives"];
    t.match(await listed(), [{ state: "good", verifiedAt: String, damage: undefined }]);

    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0, 30, 40));
    t.match(await host.job(VERIFY, { archive: file }), {
      state: "failed",
      error: { code: "ARCHIVE_DAMAGED", exitCode: 7, details: { archives: [{ outcome: "damaged" }] } },
    });
    t.match(await listed(), [{ state: "damaged", damage: { foundAt: String, code: "ARCHIVE_DAMAGED" } }]);
    t.match(await host.call("POST", VERIFY, { archive: "acme", level: "most" }), { status: 400 });
    t.match(await host.call("POST", VERIFY, { archive: "nobody" }), {
      status: 404,
      body: { code: "TENANT_NOT_FOUND" },
    });
  },
);

t.test("a schedule verifies and drills a tenant's archives, as its command says", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme", { "sessions/a.jsonl": "{}\n" });
  await host.job(BACKUPS);
  const ended = async (job: string, parameters: object): Promise<unknown> => {
    const { body } = await host.call("POST", `/api/admin/job-types/${job}/jobs`, {
      tenant: "acme",
      parameters,
    });
    const id = String(body["jobId"]);
    await host.gateway.app.inject({ url: `/api/admin/jobs/${id}/events`, headers: host.headers });
    return (await host.call("GET", `/api/admin/jobs/${id}`)).body;
  };
  t.match(await ended("verify", { level: "quick", all: true }), {
    state: "succeeded",
    request: { archive: "acme", level: "quick", all: true },
  });
  t.match(await ended("drill", {}), { state: "succeeded", request: { archive: "acme" } });
});
