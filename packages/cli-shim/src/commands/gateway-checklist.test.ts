import t from "tap";
import { FakeGateway, json } from "../test-support/fake-gateway.js";
import { runHere } from "../test-support/run-cli.js";

const NOTE = { from: "dest:offsite/set/", restoredAt: "2026-06-03T02:00:00Z" };
const GOOD = { name: "readiness", ok: true, message: "The gateway is ready." };
const BAD = { name: "doctor", ok: false, message: "tenants: x is not served.", fix: "Restore it." };

t.test("the checklist is gone through, and taken off when all is well", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  const env = { OPENCLAW_GATEWAY_URL: gateway.url };
  const done = json(200, { pending: true, checklist: { ...NOTE, items: [GOOD] } });
  gateway.on(
    "POST /api/admin/gateway/checklist",
    json(200, { pending: true, checklist: { ...NOTE, items: [GOOD, BAD] } }),
    done,
    done,
    json(200, { pending: false }),
  );
  gateway.on("DELETE /api/admin/gateway/checklist", json(200, { pending: false }));
  const open = await runHere(["gateway", "checklist", "--clear"], { env });
  t.equal(open.code, 1);
  t.equal(
    open.stdout,
    [
      "After the restore of dest:offsite/set/ at 2026-06-03 02:00:00Z:",
      "  ✓ readiness: The gateway is ready.",
      "  ✗ doctor: tenants: x is not served.",
      "    → Restore it.",
      "  `openclaw gateway checklist` goes through it again",
      "",
    ].join("\n"),
  );
  const well = await runHere(["gateway", "checklist"], { env });
  t.equal(well.code, 0);
  t.match(well.stdout, /--clear` takes note that all is well\n$/);
  const cleared = await runHere(["gateway", "checklist", "--clear", "--json"], { env });
  t.match(JSON.parse(cleared.stdout), { pending: false, checklist: NOTE });
  const none = await runHere(["gateway", "checklist"], { env });
  t.same([none.code, none.stdout], [0, "no restore of the gateway is to be looked after\n"]);
});
