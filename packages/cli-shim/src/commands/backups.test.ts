import t from "tap";
import { FakeGateway, json } from "../test-support/fake-gateway.js";
import { runHere } from "../test-support/run-cli.js";

t.test("the catalogue is listed, of one tenant or of all", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  const archive = {
    id: "a1",
    tenant: "acme",
    location: "/b/a.tar.zst",
    size: 1000,
    createdAt: "2026-06-03T02:00:00Z",
  };
  gateway
    .on("GET /api/admin/backups", json(200, { archives: [] }))
    .on("GET /api/admin/backups?tenant=acme", json(200, { archives: [archive] }));
  const env = { OPENCLAW_GATEWAY_URL: gateway.url };
  t.equal((await runHere(["backups", "list"], { env })).stdout, "no archives yet\n");
  t.match(
    (await runHere(["backups", "list", "--tenant", "acme"], { env })).stdout,
    /^a1 .* 1\.00 kB {2}\/b\/a\.tar\.zst$/m,
  );
  const machine = await runHere(["backups", "list", "--tenant", "acme", "--json"], { env });
  t.same(JSON.parse(machine.stdout), { archives: [archive] });
});
