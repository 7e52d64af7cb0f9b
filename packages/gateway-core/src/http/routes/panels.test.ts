import { Type } from "@openclaw/schema";
import t from "tap";
import { ADMIN, testGateway } from "../../test-support/gateway.js";

t.test("a panel is listed with the address of its module, and its files are served", async (t) => {
  const assets = t.testdir({ "panel.js": "export {};", ".env": "SECRET=1", img: { "a.svg": "<svg/>" } });
  const { app } = await testGateway(t, {
    plugins: [
      {
        name: "test",
        version: "1.0.0",
        configSchema: Type.Object({}),
        setup: (host) => {
          host.addPanel({
            id: "backups",
            title: "Backups",
            assets,
            entry: "panel.js",
            element: "oc-backups",
          });
          return Promise.resolve();
        },
      },
    ],
  });
  const listed = await app.inject({ url: "/api/admin/ui/panels", headers: ADMIN });
  t.same(listed.json(), {
    panels: [{ id: "backups", title: "Backups", element: "oc-backups", url: "/ui/panels/backups/panel.js" }],
  });
  const module = await app.inject({ url: "/ui/panels/backups/panel.js" });
  t.equal(module.body, "export {};");
  t.match(module.headers["content-type"], /javascript/);
  t.equal((await app.inject({ url: "/ui/panels/backups/img/a.svg" })).statusCode, 200);
  for (const url of [
    "/ui/panels/backups/.env",
    "/ui/panels/backups/..%2f..%2fetc%2fpasswd",
    "/ui/panels/none/x.js",
  ]) {
    const refused = await app.inject({ url });
    t.equal(refused.statusCode, 404, url);
    t.match(refused.json(), { code: "NOT_FOUND" });
  }
});
