import t, { type Test } from "tap";
import { FakeGateway, events, job, json } from "../test-support/fake-gateway.js";
import { runHere, type CliRun } from "../test-support/run-cli.js";

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

t.test("the gateways that share a bucket are listed, each with what it keeps there", async (t) => {
  const { gateway, cli } = await start(t);
  const eu1 = {
    ...{ prefix: "prod/eu1/", location: "s3://bucket/prod/eu1/", bytes: 3_000_000 },
    ...{ sets: 7, incompleteSets: 1, newestSetAt: "2026-06-03T02:00:00Z" },
    ...{
      preDeleteAt: "2026-05-03T02:00:00Z",
      tenants: 12,
      archives: 84,
      newestArchiveAt: "2026-06-03T03:00:00Z",
    },
  };
  const empty = {
    prefix: "",
    location: "s3://bucket/",
    bytes: 0,
    sets: 0,
    incompleteSets: 0,
    tenants: 0,
    archives: 0,
  };
  gateway
    .on("GET /api/admin/backups/gateways?to=s3%3A%2F%2Fbucket%2F", json(200, { gateways: [empty, eu1] }))
    .on("GET /api/admin/backups/gateways?to=s3%3A%2F%2Fother%2F", json(200, { gateways: [] }));
  const { code, stdout } = await cli("list", "--all", "--to", "s3://bucket/");
  t.equal(code, 0);
  t.match(
    stdout,
    /^PREFIX +LAST BACKUP +BACKUPS +INCOMPLETE +PRE-DELETE +TENANTS +ARCHIVES +LAST ARCHIVE +SIZE$/m,
  );
  t.match(
    stdout,
    /^prod\/eu1\/ +2026-06-03 02:00:00Z +7 +1 +2026-05-03 02:00:00Z +12 +84 +2026-06-03 03:00:00Z +3\.00 MB$/m,
  );
  t.match(stdout, /^\(none\) +never +0 +0 +never +0 +0 +never/m);
  t.match((await cli("list", "--all", "--to", "s3://other/")).stdout, "no backups there");
  t.same(JSON.parse((await cli("list", "--all", "--to", "s3://bucket/", "--json")).stdout), {
    gateways: [empty, eu1],
  });
  t.match(await cli("list", "--to", "s3://bucket/"), { code: 2, stderr: /every gateway[^]*--all/ });
  t.match(await cli("list", "--to", "s3://bucket/", "--tenant", "acme"), {
    code: 2,
    stderr: /cannot be used with/,
  });
});

const ID = "a0mdq3x5k1c9r7w2hz";
const LOCATION = "s3://my-bucket/acme/2026-06-03.tar.zst";

const pruned = {
  archives: [
    {
      id: "a2",
      location: "/b/2.tar.zst",
      createdAt: "2026-06-03T02:00:00Z",
      size: 2000,
      keep: true,
      reasons: ["last good", "daily 1 of 7"],
    },
    {
      id: "a1",
      location: "/b/1.tar.zst",
      createdAt: "2026-06-02T02:00:00Z",
      size: 1000,
      keep: false,
      reasons: ["no rule keeps it"],
    },
  ],
  lost: [],
  kept: 1,
  removed: 1,
  freedBytes: 1000,
};

async function start(
  t: Test,
): Promise<{ gateway: FakeGateway; cli: (...args: string[]) => Promise<CliRun> }> {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  const env = { OPENCLAW_GATEWAY_URL: gateway.url };
  return { gateway, cli: (...args) => runHere(["backups", ...args], { env }) };
}

t.test("a prune sends its rules, and tells of each archive what becomes of it and why", async (t) => {
  const { gateway, cli } = await start(t);
  gateway
    .on(
      "POST /api/admin/tenants/acme/prune",
      json(202, { job: job("queued", { type: "prune" }), joined: false }),
    )
    .on(
      "GET /api/admin/jobs/j1/events",
      events([job("succeeded", { type: "prune", result: pruned })], "end"),
    );
  const flags = [
    "--keep-daily",
    "7",
    "--keep-within",
    "30d",
    "--tz",
    "Europe/Berlin",
    "--to",
    "dest:offsite",
  ];
  const { code, stdout } = await cli("prune", "acme", ...flags, "--include-named");
  t.equal(code, 0);
  t.equal(
    stdout,
    [
      "acme: 1 archive (1.00 kB) removed, 1 kept",
      "        ID  CREATED                  SIZE  WHY                      LOCATION",
      "keep    a2  2026-06-03 02:00:00Z  2.00 kB  last good, daily 1 of 7  /b/2.tar.zst",
      "remove  a1  2026-06-02 02:00:00Z  1.00 kB  no rule keeps it         /b/1.tar.zst",
      "",
    ].join("\n"),
  );
  t.same(gateway.requests[0]?.body, {
    keepDaily: 7,
    keepWithin: "30d",
    tz: "Europe/Berlin",
    to: "dest:offsite",
    includeNamed: true,
  });
});

t.test("a dry run of a prune says so, and what is lost is told", async (t) => {
  const { gateway, cli } = await start(t);
  const result = {
    ...pruned,
    dryRun: true,
    removed: 0,
    freedBytes: 0,
    lost: [{ id: "a0", location: "/b/0" }],
  };
  gateway
    .on(
      "POST /api/admin/tenants/acme/prune",
      json(202, { job: job("queued", { type: "prune" }), joined: false }),
    )
    .on("GET /api/admin/jobs/j1/events", events([job("succeeded", { type: "prune", result })], "end"));
  const { stdout } = await cli("prune", "acme", "--keep-last", "1", "--dry-run");
  t.match(stdout, /^acme: 1 archive \(1\.00 kB\) would be removed, 1 kept \(dry run/);
  t.match(stdout, /^not where they were put, and not counted: 1 archive$/m);
  t.same(gateway.requests[0]?.body, { keepLast: 1, dryRun: true });
});

t.test("a prune by way of the trash says until when, and how to take it back", async (t) => {
  const { gateway, cli } = await start(t);
  const trash = {
    removed: 0,
    freedBytes: 0,
    trashed: 1,
    trashedBytes: 1000,
    trashUntil: "2026-06-04T02:00:00Z",
  };
  const result = { ...pruned, ...trash };
  gateway
    .on(
      "POST /api/admin/tenants/acme/prune",
      json(202, { job: job("queued", { type: "prune" }), joined: false }),
    )
    .on("GET /api/admin/jobs/j1/events", events([job("succeeded", { type: "prune", result })], "end"))
    .on(
      "POST /api/admin/prunes/j1/undo",
      json(200, { archives: [{ id: "a1", location: "/b/1", size: 1000 }] }),
    );
  const { stdout } = await cli("prune", "acme", "--keep-last", "1", "--now");
  t.match(
    stdout,
    /^in the trash until 2026-06-04 02:00:00Z: 1 archive \(1\.00 kB\); `openclaw backups prune --undo j1` brings/m,
  );
  t.same(gateway.requests[0]?.body, { keepLast: 1, now: true });
  t.equal((await cli("prune", "--undo", "j1")).stdout, "1 archive brought back:\n/b/1\n");
});

t.test("an archive that was removed is in the trash, listed as such, and brought back", async (t) => {
  const { gateway, cli } = await start(t);
  const until = "2026-06-04T02:00:00Z";
  const result = { archiveId: ID, location: LOCATION, outcome: "trashed", freedBytes: 0, trashUntil: until };
  const archive = { id: ID, location: LOCATION, size: 1000, state: "trash", trash: { until, jobId: "j1" } };
  const accepted = json(202, { job: job("queued", { type: "remove" }), joined: false });
  gateway
    .on(`DELETE /api/admin/backups/${ID}`, accepted)
    .on(`DELETE /api/admin/backups/${ID}?now=true`, accepted)
    .on(
      "GET /api/admin/jobs/j1/events",
      events([job("succeeded", { type: "remove", result })], "end"),
      events([job("succeeded", { type: "remove", result: { ...result, outcome: "removed" } })], "end"),
    )
    .on("GET /api/admin/backups?all=true", json(200, { archives: [archive] }))
    .on(`DELETE /api/admin/backups/${ID}/trash`, json(200, { ...archive, state: "good" }));
  t.equal(
    (await cli("rm", ID)).stdout,
    `${LOCATION} is in the trash until 2026-06-04 02:00:00Z; \`openclaw backups rm ${ID} --undo\` brings it back\n`,
  );
  t.match((await cli("list", "--all")).stdout, /trash until 2026-06-04 02:00:00Z/);
  t.equal((await cli("rm", ID, "--undo")).stdout, `${LOCATION} is back\n`);
  t.match((await cli("rm", ID, "--now")).stdout, /was removed/);
});

t.test("without a tenant every tenant is pruned, and the first failure is the exit code", async (t) => {
  const { gateway, cli } = await start(t);
  const failed = job("failed", {
    id: "j2",
    tenant: "beta",
    type: "prune",
    error: { code: "STORE_UNREACHABLE", message: "Nobody answers.", exitCode: 6 },
  });
  const done = job("succeeded", { type: "prune", result: pruned });
  gateway
    .on("GET /api/admin/tenants", json(200, { tenants: [{ id: "acme" }, { id: "beta" }] }))
    .on("POST /api/admin/tenants/acme/prune", json(202, { job: job("queued"), joined: false }))
    .on("POST /api/admin/tenants/beta/prune", json(202, { job: job("queued", { id: "j2" }), joined: false }))
    .on("GET /api/admin/jobs/j1/events", events([done], "end"))
    .on("GET /api/admin/jobs/j2/events", events([failed], "end"));
  const people = await cli("prune");
  t.equal(people.code, 6);
  t.match(people.stdout, /^acme: 1 archive/);
  t.match(people.stderr, /error: Nobody answers/);
  const machine = await cli("prune", "--json");
  t.equal(machine.code, 6);
  t.same(JSON.parse(machine.stdout), { jobs: [done, failed] });
  const queued = await cli("prune", "--no-wait");
  t.same([queued.code, queued.stdout], [0, "acme: job j1 is queued\nacme: job j2 is queued\n"]);
  gateway.on("GET /api/admin/tenants", json(200, { tenants: [] }));
  t.equal((await cli("prune")).stdout, "no tenants\n");
});

t.test("an archive is removed by its id or its location", async (t) => {
  const { gateway, cli } = await start(t);
  const result = { archiveId: ID, location: LOCATION, outcome: "removed", freedBytes: 1000 };
  const ended = (outcome: string) =>
    events([job("succeeded", { type: "remove", result: { ...result, outcome } })], "end");
  const accepted = json(202, { job: job("queued", { type: "remove" }), joined: false });
  gateway
    .on(
      `GET /api/admin/backups?location=${encodeURIComponent(LOCATION)}`,
      json(200, { archives: [{ id: ID }] }),
    )
    .on(`DELETE /api/admin/backups/${ID}`, accepted)
    .on(`DELETE /api/admin/backups/${ID}?force=true`, accepted)
    .on("GET /api/admin/jobs/j1/events", ended("removed"), ended("gone"), ended("forgotten"));
  t.equal((await cli("rm", LOCATION)).stdout, `${LOCATION} was removed (1.00 kB)\n`);
  t.match((await cli("rm", ID)).stdout, /gone already/);
  t.match((await cli("rm", ID, "--force", "--region", "eu-1")).stdout, /left alone/);
  t.same(gateway.requests.find(({ url }) => url.endsWith("force=true"))?.body, { s3: { region: "eu-1" } });
});

t.test("a location where the catalogue has no archive, or more than one, is told", async (t) => {
  const { gateway, cli } = await start(t);
  const route = `GET /api/admin/backups?location=${encodeURIComponent(LOCATION)}`;
  gateway.on(route, json(200, { archives: [] }), json(200, { archives: [{ id: "a1" }, { id: "a2" }] }));
  const none = await cli("rm", LOCATION);
  t.same([none.code, none.stdout], [3, ""]);
  t.match(none.stderr, /no archive at s3:/);
  const two = await cli("pin", LOCATION);
  t.equal(two.code, 2);
  t.match(two.stderr, /2 archives at .*a1, a2/);
});

t.test("a pin is set and taken off, and shown in the list", async (t) => {
  const { gateway, cli } = await start(t);
  const archive = { id: ID, location: LOCATION, size: 1000, tenant: "acme" };
  const pinned = { ...archive, pinnedAt: "2026-06-03T02:00:00Z" };
  gateway
    .on(`PUT /api/admin/backups/${ID}/pin`, json(200, pinned))
    .on(`DELETE /api/admin/backups/${ID}/pin`, json(200, archive))
    .on("GET /api/admin/backups?all=true", json(200, { archives: [pinned] }));
  t.equal((await cli("pin", ID)).stdout, `${LOCATION} is pinned\n`);
  t.equal((await cli("pin", ID, "--unpin")).stdout, `${LOCATION} is no longer pinned\n`);
  t.match((await cli("list", "--all")).stdout, /PINNED.*\n.* pinned /);
});
