import t from "tap";
import { TenantGate } from "./gate.js";

t.test("a suspension waits for the visits that are inside and turns new ones away", async (t) => {
  const gate = new TenantGate();
  const visit = gate.enter("acme");
  const suspended = gate.suspend("acme", 60_000);
  t.throws(() => gate.enter("acme"), {
    code: "TENANT_SUSPENDED",
    status: 503,
    details: { retryAfterSeconds: 2 },
  });
  gate.enter("other").end();
  visit.end();
  await suspended;
  t.equal(gate.isSuspended("acme"), true);
  gate.resume("acme");
  gate.enter("acme").end();
  t.equal(gate.isSuspended("acme"), false);
});

t.test("a visit ends with the last of its parts", async (t) => {
  const gate = new TenantGate();
  const visit = gate.enter("acme");
  visit.hold();
  visit.end();
  await t.rejects(gate.suspend("acme", 0), { code: "TENANT_BUSY" }, "a part is still inside");
  visit.end();
  await gate.suspend("acme", 0);
});

t.test("when the visits do not leave in time the slot is open again", async (t) => {
  const gate = new TenantGate();
  const visit = gate.enter("acme");
  await t.rejects(gate.suspend("acme", 0), {
    code: "TENANT_BUSY",
    message: /1 of its calls did not end within 0 ms/,
  });
  gate.enter("acme").end();
  visit.end();
  await gate.suspend("acme", 0);
});

t.test("a slot is suspended by one at a time", async (t) => {
  const gate = new TenantGate();
  await gate.suspend("acme", 0);
  await t.rejects(gate.suspend("acme", 0), { code: "TENANT_BUSY" });
  t.equal(gate.isSuspended("acme"), true, "the refused one has not opened it");
  gate.resume("unknown");
});
