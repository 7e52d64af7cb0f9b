import { writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { ADMIN, temporaryDirectory, testGateway, testTenant } from "../../test-support/gateway.js";

t.test("requests are counted by the pattern of their route, for each gateway on its own", async (t) => {
  const gateway = await testGateway(t);
  const other = await testGateway(t);
  const { headers } = await testTenant(gateway, "acme");
  await gateway.app.inject({ url: "/api/tenant/files/secret-name", headers });
  await gateway.app.inject({ url: "/nowhere" });
  const metrics = async (of: typeof gateway) => of.app.inject({ url: "/metrics", headers: ADMIN });
  const response = await metrics(gateway);
  t.match(response.headers["content-type"], /^text\/plain/);
  t.match(
    response.body,
    /openclaw_http_request_duration_seconds_count\{method="GET",route="\/api\/tenant\/files\/\*",status="404"\} 1/,
  );
  t.match(response.body, /route="none",status="404"/);
  t.match(response.body, /nodejs_eventloop_lag_p99_seconds \d/);
  t.notMatch(response.body, /secret-name/);
  t.notMatch((await metrics(other)).body, /api\/tenant\/files/);
});

t.test("the metrics token opens the metrics and nothing else", async (t) => {
  const stateDir = await temporaryDirectory(t);
  await writeFile(path.join(stateDir, "metrics-token"), "a-token-for-the-scraper\n");
  const config = { gateway: { metricsToken: { file: "metrics-token" } } };
  await writeFile(path.join(stateDir, "openclaw.json"), JSON.stringify(config));
  const gateway = await testGateway(t, { stateDir });
  const tenant = await testTenant(gateway, "acme");
  const scraper = { authorization: "Bearer a-token-for-the-scraper" };
  const get = (url: string, headers: Record<string, string>) => gateway.app.inject({ url, headers });

  t.equal((await get("/metrics", scraper)).statusCode, 200);
  t.equal((await get("/metrics", ADMIN)).statusCode, 200);
  t.equal((await get("/metrics", {})).statusCode, 401);
  t.equal((await get("/metrics", { authorization: "Bearer a-token-for-the-scrape" })).statusCode, 401);
  t.match((await get("/metrics", tenant.headers)).json(), { code: "FORBIDDEN", status: 403 });
  for (const url of ["/api/admin/tenants", "/api/tenant/whoami"]) {
    t.match(
      (await get(url, scraper)).json(),
      { code: "FORBIDDEN", hint: "The token that was sent is the one for metrics." },
      url,
    );
  }
});
