import { Type } from "@openclaw/schema";
import t from "tap";
import { testGateway } from "../../test-support/gateway.js";

t.test("the gateway is healthy while it answers, and ready when every probe says so", async (t) => {
  let missing: string | undefined = "the ledger is being read";
  const { app } = await testGateway(t, {
    plugins: [
      {
        name: "slow",
        version: "1.0.0",
        configSchema: Type.Object({}),
        setup: (host) => {
          host.addReadiness("slow", () => missing);
          return Promise.resolve();
        },
      },
    ],
  });
  t.same((await app.inject({ url: "/healthz" })).json(), { status: "ok" });
  const unavailable = await app.inject({ url: "/readyz" });
  t.equal(unavailable.statusCode, 503);
  t.same(unavailable.json(), {
    status: "unavailable",
    checks: { gateway: "ok", slow: "the ledger is being read" },
  });
  missing = undefined;
  const ready = await app.inject({ url: "/readyz" });
  t.equal(ready.statusCode, 200);
  t.same(ready.json(), { status: "ready", checks: { gateway: "ok", slow: "ok" } });
});
