import fc from "fast-check";
import t from "tap";
import { checkConfiguredZones, configuredPolicy, findPolicy, type RetentionPolicy } from "./policy.js";

t.test("the most particular policy applies, as a whole", (t) => {
  const config = {
    retention: { keepLast: 1 },
    tenantRetention: { acme: { keepDaily: 2 } },
    destinations: {
      offsite: { retention: { keepLast: 3 }, tenantRetention: { acme: { keepWeekly: 4 } } },
      nearby: { retention: { keepLast: 5 } },
      other: {},
    },
  };
  const of = (tenant: string, destination?: string): RetentionPolicy | undefined =>
    configuredPolicy(config, tenant, destination);
  t.same(of("acme", "offsite"), { keepWeekly: 4 });
  t.same(of("acme", "nearby"), { keepDaily: 2 });
  t.same(of("acme"), { keepDaily: 2 });
  t.same(of("beta", "offsite"), { keepLast: 3 });
  t.same(of("beta", "other"), { keepLast: 1 });
  t.same(of("beta"), { keepLast: 1 });
  t.equal(configuredPolicy({ destinations: {} }, "acme", undefined), undefined);
  t.end();
});

t.test("an empty policy removes nothing, though a more general one would", (t) => {
  const config = { retention: { keepLast: 1 }, destinations: { offsite: { retention: {} } } };
  t.equal(findPolicy({}, configuredPolicy(config, "acme", "offsite")), undefined);
  t.same(findPolicy({}, configuredPolicy(config, "acme", undefined)), { keepLast: 1, tz: "Etc/UTC" });
  t.end();
});

t.test("a policy without a zone has the gateway's", (t) => {
  const config = {
    retention: { tz: "Asia/Tokyo" },
    tenantRetention: { acme: { keepDaily: 7 }, beta: { keepDaily: 7, tz: "Europe/Berlin" } },
    destinations: {},
  };
  t.same(configuredPolicy(config, "acme", undefined), { keepDaily: 7, tz: "Asia/Tokyo" });
  t.same(configuredPolicy(config, "beta", undefined), { keepDaily: 7, tz: "Europe/Berlin" });
  t.end();
});

t.test("a zone that is none is found wherever it stands", (t) => {
  const wrong = { keepLast: 1, tz: "Mars/Olympus" };
  const right = { keepLast: 1, tz: "Europe/Berlin" };
  const message = { message: /Mars/ };
  checkConfiguredZones({ retention: right, tenantRetention: { a: right }, destinations: { d: {} } });
  t.throws(() => checkConfiguredZones({ retention: wrong, destinations: {} }), message);
  t.throws(() => checkConfiguredZones({ tenantRetention: { a: wrong }, destinations: {} }), message);
  t.throws(() => checkConfiguredZones({ destinations: { d: { retention: wrong } } }), message);
  t.throws(() => checkConfiguredZones({ destinations: { d: { tenantRetention: { a: wrong } } } }), message);
  t.end();
});

t.test("whatever config says, what applies keeps something, or there is nothing that applies", (t) => {
  const policies: fc.Arbitrary<RetentionPolicy> = fc.constantFrom(
    {},
    { keepLast: 0 },
    { tz: "Europe/Berlin" },
    { keepWithin: "0d" },
    { keepDaily: 3 },
    { keepWithin: "3d", keepLast: 0 },
  );
  fc.assert(
    fc.property(policies, policies, (requested, configured) => {
      const policy = findPolicy(requested, configured);
      return policy === undefined || policy.keepDaily === 3 || policy.keepWithin === "3d";
    }),
  );
  t.end();
});
