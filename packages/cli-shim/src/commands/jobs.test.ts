import t, { type Test } from "tap";
import { FakeGateway, events, job, json } from "../test-support/fake-gateway.js";
import { runHere, type CliRun } from "../test-support/run-cli.js";

async function start(
  t: Test,
): Promise<{ gateway: FakeGateway; cli: (...args: string[]) => Promise<CliRun> }> {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  return { gateway, cli: (...args) => runHere(args, { env: { OPENCLAW_GATEWAY_URL: gateway.url } }) };
}

const failed = job("failed", {
  startedAt: "2026-06-03T02:00:01.000Z",
  finishedAt: "2026-06-03T02:00:05.100Z",
  request: { to: "/backups/a.tar.zst" },
  error: { code: "DISK_FULL", message: "No space left on /backups.", hint: "Free some.", exitCode: 1 },
  warnings: [{ code: "SPECIAL_FILE", path: "pipe", message: "A FIFO was left out." }],
});

t.test("list is a table and passes its filters on", async (t) => {
  const { gateway, cli } = await start(t);
  gateway
    .on("GET /api/admin/jobs?tenant=acme&state=failed", json(200, { jobs: [failed] }))
    .on("GET /api/admin/jobs", json(200, { jobs: [] }));
  t.equal(
    (await cli("jobs", "list", "--tenant", "acme", "--state", "failed")).stdout,
    [
      "ID  TYPE    TENANT  STATE   BY   CREATED                TOOK  ERROR",
      "j1  backup  acme    failed  cli  2026-06-03 02:00:00Z  4.1 s  DISK_FULL",
      "",
    ].join("\n"),
  );
  t.equal((await cli("jobs", "list")).stdout, "no jobs\n");
  t.match(await cli("jobs", "list", "--state", "done"), {
    code: 2,
    stderr: "Allowed choices are queued, running",
  });
});

t.test("show tells all of a job and exits with 0 even if that job failed", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on("GET /api/admin/jobs/j1", json(200, failed));
  const { code, stdout } = await cli("jobs", "show", "j1");
  t.equal(code, 0);
  t.match(stdout, /^error +No space left on \/backups\. \(DISK_FULL\)$/m);
  t.match(stdout, /^request +\{"to":"\/backups\/a\.tar\.zst"\}$/m);
  t.match(stdout, /^warning: pipe: A FIFO was left out\.$/m);
});

t.test("show lists when the job began what", async (t) => {
  const { gateway, cli } = await start(t);
  const log = [
    { at: "2026-06-03T02:00:01.500Z", phase: "scan" },
    { at: "2026-06-03T02:00:09.000Z", phase: "write", message: "The store does not answer." },
  ];
  gateway.on("GET /api/admin/jobs/j1", json(200, job("failed", { log })));
  t.match(
    (await cli("jobs", "show", "j1")).stdout,
    "\nlog\n  2026-06-03 02:00:01Z  scan\n  2026-06-03 02:00:09Z  write  The store does not answer.\n",
  );
});

t.test("show sums up a job that succeeded", async (t) => {
  const { gateway, cli } = await start(t);
  const result = { location: "/b/a.tar.zst", size: 10, totals: { files: 1, contentBytes: 5 } };
  gateway.on(
    "GET /api/admin/jobs/j1",
    json(200, job("succeeded", { result })),
    json(200, job("succeeded", { type: "check" })),
  );
  t.match((await cli("jobs", "show", "j1")).stdout, /\n\nacme: 1 file, 5 B → 10 B, \/b\/a\.tar\.zst\n$/);
  t.match((await cli("jobs", "show", "j1")).stdout, /\n\nacme: check succeeded\n$/);
});

t.test("follow ends as the job ends", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on("GET /api/admin/jobs/j1/events", events([job("running"), failed], "end"));
  const { code, stdout, stderr } = await cli("jobs", "follow", "j1");
  t.equal(code, 1);
  t.equal(stdout, "");
  t.match(
    stderr,
    /warning: pipe: A FIFO was left out\.\nerror: No space left on \/backups\.\nhint: Free some\.\n$/,
  );
});

t.test("follow --json writes each state on a line of its own", async (t) => {
  const { gateway, cli } = await start(t);
  const states = [job("queued"), job("running"), job("succeeded")];
  gateway.on("GET /api/admin/jobs/j1/events", events(states, "end"), events([failed], "end"));
  const run = await cli("jobs", "follow", "j1", "--json");
  t.same([run.code, run.stderr], [0, ""]);
  t.same(
    run.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
    states,
  );
  t.equal((await cli("jobs", "follow", "j1", "--json")).code, 1);
});

t.test("cancel says whether the job has ended already", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on("POST /api/admin/jobs/j1/cancel", json(202, job("running")), json(202, job("cancelled")));
  t.equal((await cli("jobs", "cancel", "j1")).stdout, "job j1 is asked to stop; it is running\n");
  t.equal((await cli("jobs", "cancel", "j1")).stdout, "job j1 was cancelled\n");
});
