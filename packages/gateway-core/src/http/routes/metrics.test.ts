import t from "tap";
import { ADMIN, testGateway, testTenant } from "../../test-support/gateway.js";

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
