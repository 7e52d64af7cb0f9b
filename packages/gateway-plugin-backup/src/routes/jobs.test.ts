import t from "tap";
import { testGateway } from "../test-support/gateway.js";
import type { JobView } from "./schemas.js";

await t.test("jobs are listed, newest first, and shown one by one", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme");
  await host.tenant("beta");
  const one = await host.job("/api/admin/tenants/acme/backups");
  const two = await host.job("/api/admin/tenants/beta/backups");
  const ids = async (query: string): Promise<string[]> => {
    const { body } = await host.call("GET", `/api/admin/jobs${query}`);
    return (body["jobs"] as JobView[]).map(({ id }) => id);
  };
  t.same(await ids(""), [two.id, one.id]);
  t.same(await ids("?tenant=acme"), [one.id]);
  t.same(await ids("?state=failed"), []);
  t.same(await ids("?limit=1"), [two.id]);
  t.match((await host.call("GET", `/api/admin/jobs/${one.id}`)).body, { id: one.id, state: "succeeded" });
  t.match((await host.call("GET", "/api/admin/jobs?state=nonsense")).body, { code: "REQUEST_INVALID" });
});

await t.test("a job that is not there, or is over, cannot be followed or cancelled", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme");
  const { id } = await host.job("/api/admin/tenants/acme/backups");
  for (const [method, url] of [
    ["GET", "/api/admin/jobs/j0"],
    ["GET", "/api/admin/jobs/j0/events"],
    ["POST", "/api/admin/jobs/j0/cancel"],
  ] as const) {
    t.match((await host.call(method, url)).body, { code: "JOB_NOT_FOUND", exitCode: 3 }, url);
  }
  t.match((await host.call("POST", `/api/admin/jobs/${id}/cancel`)).body, {
    code: "JOB_FINISHED",
    exitCode: 4,
  });
});

await t.test("a waiting job is cancelled at once, and its tenant's running one goes on", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme");
  const url = "/api/admin/tenants/acme/backups";
  const running = (await host.call("POST", url, {})).body["job"] as JobView;
  const waiting = (await host.call("POST", url, { overwrite: true })).body["job"] as JobView;
  t.equal(waiting.state, "queued");
  const cancelled = await host.call("POST", `/api/admin/jobs/${waiting.id}/cancel`);
  t.match(cancelled, { status: 202, body: { state: "cancelled", error: { code: "JOB_CANCELLED" } } });
  const joined = await host.call("POST", url, {});
  t.match(joined.body, { joined: true, job: { id: running.id } }, "an equal backup joins the running one");
  const restore = await host.call("POST", "/api/admin/restores", {
    from: "/nowhere",
    as: "acme",
    force: true,
  });
  t.match(restore.body, { code: "TENANT_BUSY", exitCode: 4 }, "a restore does not wait");
  const events = await host.gateway.app.inject({
    url: `/api/admin/jobs/${running.id}/events`,
    headers: host.headers,
  });
  t.match(events.headers["content-type"], /^text\/event-stream/);
  t.match(events.body, /^event: job\ndata: \{.*"state":"running"/);
  t.match(events.body, /"state":"succeeded".*\n\n$/);
});
