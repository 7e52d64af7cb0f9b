import t, { type Test } from "tap";
import { FakeGateway, events, job, json, problem } from "../test-support/fake-gateway.js";
import { runHere, type CliRun } from "../test-support/run-cli.js";
import type { ScheduleView } from "../views.js";

async function start(
  t: Test,
): Promise<{ gateway: FakeGateway; cli: (...args: string[]) => Promise<CliRun> }> {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  return { gateway, cli: (...args) => runHere(args, { env: { OPENCLAW_GATEWAY_URL: gateway.url } }) };
}

const nightly: ScheduleView = {
  tenant: "acme",
  name: "nightly",
  enabled: true,
  schedule: "0 3 * * *",
  tz: "Europe/Berlin",
  overlap: "skip",
  missed: "run",
  grace: "31d",
  job: "backup",
  parameters: { to: "dest:offsite/" },
  createdAt: "2026-06-01T10:00:00.000Z",
  createdBy: "admin",
  hash: "0123456789abcdef".repeat(4),
  approved: true,
  nextRuns: [
    { at: "2026-06-04T01:00:00.000Z", words: "tomorrow at 03:00, Europe/Berlin (in 23 hours)" },
    { at: "2026-06-05T01:00:00.000Z", words: "on Friday at 03:00, Europe/Berlin (in 1 day 23 hours)" },
  ],
  lastRun: {
    at: "2026-06-03T01:00:00.000Z",
    due: "2026-06-03T01:00:00.000Z",
    by: "schedule",
    outcome: "started",
    jobId: "j1",
    job: { state: "failed", error: { code: "STORE_DENIED", message: "The store said no." } },
  },
};

const sweep: ScheduleView = {
  name: "sweep",
  enabled: false,
  schedule: "@daily",
  tz: "Etc/UTC",
  jitter: "10m",
  overlap: "wait",
  missed: "skip",
  grace: "31d",
  job: "sweep",
  parameters: {},
  createdAt: "2026-06-01T10:00:00.000Z",
  createdBy: "admin",
  hash: "fedcba9876543210".repeat(4),
  approved: true,
  nextRuns: [],
};

t.test("add sends the command as it was typed, and says when it runs next", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on("POST /api/admin/tenants/acme/cron", json(201, nightly));
  const cmd = "openclaw tenants backup acme --to s3://my-bucket/acme/$(date +%F).tar.zst";
  const times = ["--schedule", "0 3 * * *", "--name", "nightly"];
  t.match(await cli("cron", "add", "acme", ...times, "--cmd", cmd), {
    code: 0,
    stdout: "acme: schedule nightly was added\nit runs tomorrow at 03:00, Europe/Berlin (in 23 hours)\n",
  });
  t.same(gateway.requests[0]?.body, { schedule: "0 3 * * *", name: "nightly", cmd });

  const all = [
    "--tz",
    "Europe/Berlin",
    "--jitter",
    "5m",
    "--overlap",
    "wait",
    "--missed",
    "skip",
    "--grace",
    "2d",
  ];
  await cli("cron", "add", "acme", ...times, "--job", "backup", "--params", '{"to":"dest:x"}', ...all);
  t.same(gateway.requests[1]?.body, {
    ...{ schedule: "0 3 * * *", name: "nightly", job: "backup", parameters: { to: "dest:x" } },
    ...{ tz: "Europe/Berlin", jitter: "5m", overlap: "wait", missed: "skip", grace: "2d" },
  });

  gateway.on("POST /api/admin/gateway/cron", json(201, sweep));
  t.match(await cli("cron", "add", "--gateway", ...times, "--job", "sweep"), {
    stdout: "the gateway: schedule nightly was added\n".replace("nightly", "sweep"),
  });
});

t.test("what makes no sense is refused before it is sent", async (t) => {
  const { gateway, cli } = await start(t);
  const times = ["--schedule", "0 3 * * *", "--name", "nightly"];
  for (const [args, stderr] of [
    [["add", "acme", "--name", "x"], /--schedule/],
    [["add", ...times, "--job", "backup"], /Either a tenant or --gateway/],
    [["add", "acme", "--gateway", ...times, "--job", "backup"], /and not both/],
    [["add", "acme", ...times, "--job", "backup", "--params", "{to}"], /--params is not JSON/],
    [["add", "acme", ...times, "--cmd", "x", "--params", "{}"], /--params goes with --job/],
    [["add", "acme", ...times, "--cmd", "x", "--overlap", "maybe"], /Allowed choices are skip, wait, allow/],
    [["show", "nightly"], /A tenant and the name of its schedule/],
    [["show", "--gateway", "acme", "nightly"], /and not both/],
  ] as const) {
    t.match(await cli("cron", ...args), { code: 2, stdout: "", stderr }, args.join(" "));
  }
  t.same(gateway.requests, []);
});

t.test("a refusal of the gateway is passed on with its exit code", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on(
    "POST /api/admin/tenants/acme/cron",
    problem(400, { code: "COMMAND_REFUSED", detail: "This command cannot be scheduled: no.", exitCode: 5 }),
  );
  const args = ["--schedule", "0 3 * * *", "--name", "n", "--cmd", "rm -rf /"];
  t.match(await cli("cron", "add", "acme", ...args), {
    code: 5,
    stderr: "error: This command cannot be scheduled: no.",
  });
});

t.test("list is a table of all schedules, or of one owner's", async (t) => {
  const { gateway, cli } = await start(t);
  const blocked = { ...nightly, name: "restored", problem: "It waits for an admin's approval." };
  gateway
    .on("GET /api/admin/cron", json(200, { schedules: [sweep, nightly, blocked] }))
    .on("GET /api/admin/tenants/acme/cron", json(200, { schedules: [] }))
    .on("GET /api/admin/gateway/cron", json(200, { schedules: [sweep] }));
  t.equal(
    (await cli("cron", "list")).stdout,
    [
      "TENANT     NAME      SCHEDULE   ZONE           JOB     STATE    NEXT                  LAST",
      "(gateway)  sweep     @daily     Etc/UTC        sweep   off",
      "acme       nightly   0 3 * * *  Europe/Berlin  backup  on       2026-06-04 01:00:00Z  failed",
      "acme       restored  0 3 * * *  Europe/Berlin  backup  blocked  2026-06-04 01:00:00Z  failed",
      "",
      "It waits for an admin's approval.",
      "",
    ].join("\n"),
  );
  t.equal((await cli("cron", "list", "acme")).stdout, "no schedules\n");
  t.match((await cli("cron", "list", "--gateway")).stdout, /sweep/);
  t.same(JSON.parse((await cli("cron", "list", "--gateway", "--json")).stdout), { schedules: [sweep] });
});

t.test("show tells all of a schedule, with its next runs", async (t) => {
  const { gateway, cli } = await start(t);
  gateway
    .on("GET /api/admin/tenants/acme/cron/nightly", json(200, nightly))
    .on("GET /api/admin/gateway/cron/sweep", json(200, { ...sweep, approved: false, problem: "It waits." }));
  const shown = (await cli("cron", "show", "acme", "nightly")).stdout;
  t.match(shown, /^missed +run, up to 31d later$/m);
  t.match(shown, /^last run +2026-06-03 01:00:00Z, failed$/m);
  t.match(shown, /\n\nruns tomorrow at 03:00, .*\n {5}on Friday at 03:00/);
  const other = (await cli("cron", "show", "--gateway", "sweep")).stdout;
  t.match(other, /^jitter +10m$/m);
  t.match(other, /^approved +no/m);
  t.match(other, /^problem +It waits\.$/m);
});

t.test("run waits for the job and ends as it ends", async (t) => {
  const { gateway, cli } = await start(t);
  const run = { at: "2026-06-03T02:00:00.000Z", by: "admin", outcome: "started", jobId: "j1" };
  const failed = job("failed", { error: { code: "STORE_DENIED", message: "No.", exitCode: 6 } });
  gateway
    .on("POST /api/admin/tenants/acme/cron/nightly/run", json(202, run))
    .on("GET /api/admin/jobs/j1", json(200, job("queued")))
    .on("GET /api/admin/jobs/j1/events", events([job("running"), failed], "end"));
  t.match(await cli("cron", "run", "acme", "nightly"), { code: 6, stderr: /error: No\./ });
  t.match(await cli("cron", "run", "acme", "nightly", "--no-wait"), { code: 0, stdout: /job j1 is queued/ });
});

t.test("runs, approve, enable, disable and rm", async (t) => {
  const { gateway, cli } = await start(t);
  const skipped = {
    at: "2026-06-02T01:00:00.000Z",
    due: "2026-06-02T01:00:00.000Z",
    by: "missed",
    outcome: "skipped",
    reason: "Job j0 of the run before has not ended.",
  };
  gateway
    .on(
      "GET /api/admin/tenants/acme/cron/nightly/runs",
      json(200, { runs: [nightly.lastRun, skipped] }),
      json(200, { runs: [] }),
    )
    .on("POST /api/admin/tenants/acme/cron/nightly/approve", json(200, nightly))
    .on("POST /api/admin/tenants/acme/cron/nightly/enable", json(200, nightly))
    .on(
      "POST /api/admin/tenants/acme/cron/nightly/disable",
      json(200, { ...nightly, enabled: false, nextRuns: [] }),
    )
    .on("DELETE /api/admin/gateway/cron/sweep", json(200, { removed: "sweep" }));
  const runs = (await cli("cron", "runs", "acme", "nightly")).stdout;
  t.match(runs, /^2026-06-03 01:00:00Z .* schedule +failed +j1 +The store said no\.$/m);
  t.match(runs, /^2026-06-02 01:00:00Z .* missed +skipped +Job j0 of the run before has not ended\.$/m);
  t.equal((await cli("cron", "runs", "acme", "nightly")).stdout, "nightly has not run yet\n");
  const approved = { code: 0, stdout: "acme: schedule nightly is approved\n" };
  t.match(await cli("cron", "approve", "acme", "nightly"), approved);
  const withHash = `/api/admin/tenants/acme/cron/nightly/approve?hash=${nightly.hash.slice(0, 16)}`;
  gateway.on(`POST ${withHash}`, json(200, nightly));
  t.match(await cli("cron", "approve", "acme", "nightly", "--hash", nightly.hash.slice(0, 16)), approved);
  t.match((await cli("cron", "enable", "acme", "nightly")).stdout, /is on\nit runs tomorrow/);
  t.equal((await cli("cron", "disable", "acme", "nightly")).stdout, "acme: schedule nightly is off\n");
  t.equal((await cli("cron", "rm", "--gateway", "sweep")).stdout, "schedule sweep was removed\n");
});
