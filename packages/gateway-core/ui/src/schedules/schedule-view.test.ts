import t from "tap";
import { ownerRoute, scheduleAt, schedulePlace, scheduleRoute } from "./schedule-view.js";

t.test("schedules have places, and places schedules", (t) => {
  for (const [key, place] of [
    [{ name: "nightly" }, "gateway/nightly"],
    [{ tenant: "acme", name: "a/b ?" }, "tenants/acme/a%2Fb%20%3F"],
  ] as const) {
    t.equal(schedulePlace(key), place);
    t.same(scheduleAt(place), key);
  }
  for (const place of ["", "gateway", "tenants/acme", "tenants/acme/a/b", "elsewhere/x", "gateway/%"]) {
    t.equal(scheduleAt(place), undefined, place);
  }
  t.end();
});

t.test("a tenant's token calls its own routes, the admin's those of whose schedule it is", (t) => {
  const admin = { kind: "admin" } as const;
  const tenant = { kind: "tenant", id: "acme" } as const;
  t.equal(ownerRoute(admin, undefined), "/api/admin/gateway/cron");
  t.equal(ownerRoute(admin, "a b"), "/api/admin/tenants/a%20b/cron");
  t.equal(ownerRoute(tenant, "acme"), "/api/tenant/cron");
  t.equal(scheduleRoute(tenant, { tenant: "acme", name: "x/y" }), "/api/tenant/cron/x%2Fy");
  t.end();
});
