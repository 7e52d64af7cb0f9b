/** Whose schedules run where: copies, tenants that move, and what tenants may schedule by themselves. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Bed, temporaryDirectory } from "./support/bed.js";

/** Two destinations below `root`: `own` is granted to acme, `offsite` to nobody. */
function config(root: string): Readonly<Record<string, unknown>> {
  return {
    localRoots: [root],
    tenants: { selfBackup: true },
    destinations: {
      own: { url: join(root, "own"), tenants: ["acme"] },
      offsite: { url: join(root, "offsite") },
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function asTenant(
  bed: Bed,
  token: string,
  method: string,
  path: string,
  body?: object,
): Promise<Answer> {
  const answer = await fetch(`${bed.gateway.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
}

const yearly = { schedule: "@yearly", job: "backup" };

t.test(
  "a copy's schedules are off; a moved tenant's are on, and what needs more waits for an approval",
  async (t) => {
    const root = temporaryDirectory(t);
    mkdirSync(join(root, "first"));
    mkdirSync(join(root, "second"));
    const first = await Bed.start(t, { directory: join(root, "first"), backup: config(root) });
    const token = await first.createTenant("acme");
    const own = { ...yearly, name: "own", parameters: { to: "dest:own" } };
    t.match(await asTenant(first, token, "POST", "/api/tenant/cron", own), { status: 201 });
    const add = ["cron", "add", "acme", "--schedule", "@yearly", "--name", "offsite"];
    await first.cli.ok([...add, "--cmd", "openclaw tenants backup acme --to dest:offsite"]);
    const { result } = await first.backup("acme", "--to", "dest:own");
    const list = (bed: Bed, id: string) => bed.cli.json(["cron", "list", id]);

    await first.restore("--from", result.location, "--as", "acme-staging");
    t.match(await list(first, "acme-staging"), {
      schedules: [
        { name: "offsite", enabled: false, approved: false },
        { name: "own", enabled: false, approved: false },
      ],
    });
    await first.cli.ok(["cron", "enable", "acme-staging", "own"]);
    t.match(await list(first, "acme-staging"), {
      schedules: [{ name: "offsite" }, { name: "own", problem: /'own' is not granted to it/ }],
    });
    await first.gateway.stop();

    const second = await Bed.start(t, { directory: join(root, "second"), backup: config(root) });
    await second.restore("--from", result.location);
    t.match(await list(second, "acme"), {
      schedules: [
        {
          name: "offsite",
          enabled: true,
          approved: false,
          problem: /waits for an admin's approval: .*'offsite'/,
        },
        { name: "own", enabled: true, approved: false, problem: undefined },
      ],
    });
    t.match(await second.cli.run(["cron", "run", "acme", "offsite"]), {
      code: 5,
      stderr: /waits for an admin's/,
    });
    t.match(await second.cli.run(["doctor"]), {
      stdout: /offsite of tenant acme waits for an admin's approval/,
    });
    await second.cli.ok(["cron", "approve", "acme", "offsite"]);
    t.match(await second.cli.json(["cron", "run", "acme", "offsite"]), {
      state: "succeeded",
      result: { location: new RegExp(`^${root}/offsite/tenants/acme/`) },
    });
    t.match(await asTenant(second, token, "POST", "/api/tenant/cron/own/run"), { status: 202 });
    t.match(await second.cli.json(["cron", "run", "acme", "own"]), { state: "succeeded" });
  },
);

t.test(
  "a tenant schedules for nobody else, and reaches no destination that is not granted to it",
  async (t) => {
    const root = temporaryDirectory(t);
    const bed = await Bed.start(t, { directory: root, backup: config(root) });
    const acme = await bed.createTenant("acme");
    const other = await bed.createTenant("other");
    const post = (token: string, body: object) => asTenant(bed, token, "POST", "/api/tenant/cron", body);
    for (const [token, parameters, detail] of [
      [acme, { to: "dest:offsite" }, /'offsite' is not granted/],
      [other, { to: "dest:own" }, /'own' is not granted/],
      [acme, { to: "dest:own/tenants/other/" }, /may name a destination only/],
      [acme, { to: join(root, "own/") }, /may name a destination only/],
      [acme, { to: "s3://bucket/" }, /may name a destination only/],
    ] as const) {
      t.match(await post(token, { ...yearly, name: "x", parameters }), {
        status: 403,
        body: { code: "FORBIDDEN", detail },
      });
    }
    const foreign = { schedule: "@yearly", name: "x", cmd: "openclaw tenants backup other --to dest:own" };
    t.match(await post(acme, foreign), { status: 400, body: { code: "COMMAND_REFUSED" } });
    t.match(await post(acme, { ...yearly, name: "x", tenant: "other" }), { status: 400 });
    t.match(await asTenant(bed, acme, "POST", "/api/admin/tenants/other/cron", { ...yearly, name: "x" }), {
      status: 403,
    });
    t.match(await post(acme, { ...yearly, name: "mine", parameters: { to: "dest:own/" } }), { status: 201 });
    t.same((await asTenant(bed, other, "GET", "/api/tenant/cron")).body, { schedules: [] });
    t.match(await asTenant(bed, other, "POST", "/api/tenant/cron/mine/run"), { status: 404 });
    t.match(await bed.cli.json(["cron", "list"]), { schedules: [{ tenant: "acme", name: "mine" }] });
  },
);
