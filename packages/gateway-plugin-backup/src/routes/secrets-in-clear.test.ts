import t from "tap";
import { testGateway } from "../test-support/gateway.js";

t.test("keys in a request are refused where others could read them, whatever the route", async (t) => {
  const { gateway, headers } = await testGateway(t);
  const post = (url: string, body: object, remoteAddress: string) =>
    gateway.app.inject({ method: "POST", url, headers, remoteAddress, payload: body });
  for (const [url, body] of [
    ["/api/admin/tenants/acme/backups", { to: "s3://bucket/a" }],
    ["/api/admin/restores", { from: "s3://bucket/a" }],
    ["/api/admin/archives/show", { archive: "s3://bucket/a" }],
  ] as const) {
    for (const key of ["accessKey", "secretKey", "sessionToken"]) {
      const refused = await post(url, { ...body, s3: { [key]: "marked-secret" } }, "203.0.113.9");
      t.match(refused.json(), { code: "TLS_REQUIRED", status: 403 }, `${url} ${key}`);
      t.notMatch(refused.body, /marked-secret/);
    }
    t.notMatch(
      (await post(url, body, "203.0.113.9")).json(),
      { code: "TLS_REQUIRED" },
      `${url} without keys`,
    );
    t.notMatch(
      (await post(url, { ...body, s3: { accessKey: "a" } }, "127.0.0.1")).json(),
      { code: "TLS_REQUIRED" },
      `${url} from this machine`,
    );
  }
});
