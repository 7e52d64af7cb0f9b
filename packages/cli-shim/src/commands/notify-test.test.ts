import t from "tap";
import { FakeGateway, json } from "../test-support/fake-gateway.js";
import { runHere } from "../test-support/run-cli.js";

t.test("notify-test says what became of each channel, and fails when one did not take it", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  const good = { name: "ops", kind: "webhook", sent: true };
  const bad = { name: "mail", kind: "email", sent: false, problem: "the server did not take it: EAUTH 535" };
  gateway.on(
    "POST /api/admin/backups/notify/test",
    json(200, { channels: [good, bad] }),
    json(200, { channels: [good] }),
    json(200, { channels: [] }),
  );
  const cli = (...args: string[]) => runHere(args, { env: { OPENCLAW_GATEWAY_URL: gateway.url } });
  const both = await cli("backups", "notify-test");
  t.equal(both.code, 1);
  t.equal(
    both.stdout,
    "ops (webhook): sent\nmail (email): not sent: the server did not take it: EAUTH 535\n",
  );
  const one = await cli("backups", "notify-test", "ops", "--json");
  t.equal(one.code, 0);
  t.same(JSON.parse(one.stdout), { channels: [good] });
  t.match(await cli("backups", "notify-test"), { code: 0, stdout: "no channel is configured\n" });
});
