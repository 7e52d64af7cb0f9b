import t, { type Test } from "tap";
import { FakeGateway, json, problem } from "../test-support/fake-gateway.js";
import { runHere, type CliRun } from "../test-support/run-cli.js";
import type { TenantView } from "../views.js";

const acme: TenantView = {
  id: "acme",
  uid: "0f".repeat(16),
  createdAt: "2026-06-03T02:00:00.000Z",
  labels: { plan: "pro", region: "eu" },
  quotas: { bytes: 5_000_000_000 },
  suspended: false,
};
const TOKEN = `tk_acme_${"a1".repeat(16)}`;

async function against(t: Test, answers: (gateway: FakeGateway) => void) {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  answers(gateway);
  const cli = (...args: string[]): Promise<CliRun> =>
    runHere(args, {
      env: { OPENCLAW_GATEWAY_URL: `${gateway.url}/`, OPENCLAW_GATEWAY_TOKEN: "admin-token\n" },
    });
  return { gateway, cli };
}

t.test("create shows the token, and with --json in its one document", async (t) => {
  const { gateway, cli } = await against(t, (gateway) => {
    gateway.on("POST /api/admin/tenants", json(201, { tenant: acme, token: TOKEN }));
  });
  const human = await cli("tenants", "create", "acme");
  t.equal(human.code, 0);
  t.equal(human.stdout, `tenant acme was made\ntoken: ${TOKEN} (shown only now)\n`);
  const machine = await cli("tenants", "create", "acme", "--json");
  t.same(JSON.parse(machine.stdout), { tenant: acme, token: TOKEN });
  t.equal(machine.stderr, "");
  t.match(gateway.requests[0], {
    body: { id: "acme" },
    headers: {
      authorization: "Bearer admin-token",
      "x-openclaw-client": "cli",
      "content-type": "application/json",
    },
  });
});

t.test("list is a table, ids only with --names, and says so when there is none", async (t) => {
  const { cli } = await against(t, (gateway) => {
    gateway.on(
      "GET /api/admin/tenants",
      json(200, { tenants: [acme, { ...acme, id: "b-2", suspended: true }] }),
      json(200, { tenants: [acme, { ...acme, id: "b-2" }] }),
      json(200, { tenants: [] }),
    );
  });
  t.equal(
    (await cli("tenants", "list")).stdout,
    [
      "ID    CREATED               STATE      LABELS",
      "acme  2026-06-03 02:00:00Z             plan=pro region=eu",
      "b-2   2026-06-03 02:00:00Z  suspended  plan=pro region=eu",
      "",
    ].join("\n"),
  );
  t.equal((await cli("tenants", "list", "--names")).stdout, "acme\nb-2\n");
  t.match((await cli("tenants", "list")).stdout, "no tenants yet");
  t.equal((await cli("tenants", "list", "--names")).stdout, "");
});

t.test("info shows what is known", async (t) => {
  const { cli } = await against(t, (gateway) => {
    gateway.on("GET /api/admin/tenants/acme", json(200, acme));
  });
  const { stdout } = await cli("tenants", "info", "acme");
  t.match(stdout, /^most bytes +5\.00 GB$/m);
  t.match(stdout, /^state +serving$/m);
  t.notMatch(stdout, "most entries");
});

t.test("token rotate shows the new token once", async (t) => {
  const { gateway, cli } = await against(t, (gateway) => {
    gateway.on("POST /api/admin/tenants/acme/token", json(200, { id: "acme", token: TOKEN }));
  });
  t.match((await cli("tenants", "token", "rotate", "acme")).stdout, TOKEN);
  t.equal(gateway.requests[0]?.body, undefined);
});

t.test("delete sends the id as confirmation, and without --confirm nothing at all", async (t) => {
  const { gateway, cli } = await against(t, (gateway) => {
    gateway.on("DELETE /api/admin/tenants/acme?confirm=acme", json(200, { id: "acme", deleted: true }));
  });
  const refused = await cli("tenants", "delete", "acme");
  t.equal(refused.code, 2);
  t.match(refused.stderr, /error: .*--confirm is missing\nhint: .*tenants delete acme --confirm/);
  t.equal(gateway.requests.length, 0);
  t.equal((await cli("tenants", "delete", "acme", "--confirm")).stdout, "tenant acme was deleted\n");
});

t.test("an id that would name another route is refused here", async (t) => {
  const { gateway, cli } = await against(t, () => undefined);
  for (const id of ["..", ".", ""]) {
    t.match(await cli("tenants", "delete", id, "--confirm"), {
      code: 2,
      stderr: "neither a tenant id nor a job id",
    });
  }
  t.equal(gateway.requests.length, 0);
  await cli("tenants", "info", "a/../b?x#y");
  t.equal(gateway.requests[0]?.url, "/api/admin/tenants/a%2F..%2Fb%3Fx%23y");
});

t.test("what the gateway refuses is told with its hint and its exit code", async (t) => {
  const { cli } = await against(t, (gateway) => {
    gateway.on(
      "POST /api/admin/tenants",
      problem(409, {
        code: "TENANT_EXISTS",
        detail: "Tenant acme exists.",
        hint: "Choose another id.",
        exitCode: 4,
      }),
    );
  });
  t.same(await cli("tenants", "create", "acme"), {
    code: 4,
    stdout: "",
    stderr: "error: Tenant acme exists.\nhint: Choose another id.\n",
  });
  const machine = await cli("--json", "tenants", "create", "acme");
  t.equal(machine.code, 4);
  t.equal(machine.stderr, "");
  t.match(JSON.parse(machine.stdout), {
    status: 409,
    code: "TENANT_EXISTS",
    detail: "Tenant acme exists.",
    exitCode: 4,
  });
});

t.test("a fault of the gateway is told with the id under which its log has the details", async (t) => {
  const { cli } = await against(t, (gateway) => {
    gateway.on(
      "GET /api/admin/tenants",
      problem(500, { code: "INTERNAL", detail: "It failed.", instance: "r-17" }),
    );
  });
  t.same(await cli("tenants", "list"), { code: 1, stdout: "", stderr: "error: It failed.\nrequest: r-17\n" });
});
