import t, { type Test } from "tap";
import { FakeGateway, events, job, json } from "../test-support/fake-gateway.js";
import { runHere, type CliRun } from "../test-support/run-cli.js";
import type { JobView } from "../views.js";

const TOTALS = { files: 3, contentBytes: 1000 };

/** A gateway whose backup has two parts; the checks of their archives end as given. */
async function start(t: Test, backup: JobView, checks: Readonly<Record<string, JobView>> = {}) {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  const verified: unknown[] = [];
  gateway
    .on("POST /api/admin/gateway/backups", json(202, { job: job("queued"), joined: false }))
    .on("GET /api/admin/jobs/j1/events", events([backup], "end"))
    .on("POST /api/admin/backups/verify", (request, response) => {
      verified.push(request.body);
      const { archive } = request.body as { archive: string };
      json(202, { job: job("queued", { id: `check-${archive}` }), joined: false })(request, response);
    });
  for (const [archive, check] of Object.entries(checks))
    gateway.on(`GET /api/admin/jobs/check-${archive}/events`, events([check], "end"));
  const cli = (...flags: string[]): Promise<CliRun> =>
    runHere(["gateway", "backup", ...flags], { env: { OPENCLAW_GATEWAY_URL: gateway.url } });
  return { gateway, verified, cli };
}

const made = job("succeeded", {
  type: "gateway-backup",
  result: {
    location: "s3://bucket/prod/pre-delete/backup.json",
    size: 900,
    durationMs: 1000,
    parts: [
      { name: "state", archiveId: "a1", size: 600, totals: TOTALS, mode: "full" },
      { name: "workspace", archiveId: "a2", size: 300, totals: TOTALS, mode: "full" },
    ],
  },
});
const good = (id: string): JobView => job("succeeded", { id, type: "verify" });

t.test("a backup that is to be verified is read back, each of its archives, to the last byte", async (t) => {
  const { cli, verified } = await start(t, made, { a1: good("check-a1"), a2: good("check-a2") });
  const { code, stdout } = await cli("--pre-delete", "--verify");
  t.equal(code, 0);
  t.match(
    stdout,
    /s3:\/\/bucket\/prod\/pre-delete\/backup\.json[^]*read back from the store: all of it is good\n$/,
  );
  t.strictSame(verified, [
    { archive: "a1", level: "full" },
    { archive: "a2", level: "full" },
  ]);
  const machine = await cli("--verify", "--json");
  t.match(
    JSON.parse(machine.stdout),
    { state: "succeeded", result: { size: 900 } },
    "one document: the backup",
  );
});

t.test("what is not good there is the command's failure", async (t) => {
  const error = { code: "ARCHIVE_DAMAGED", message: "state.tar.zst is damaged", exitCode: 7 };
  const { cli, verified } = await start(t, made, { a1: job("failed", { id: "check-a1", error }) });
  const { code, stderr } = await cli("--verify");
  t.equal(code, 7);
  t.match(stderr, /state\.tar\.zst is damaged/);
  t.equal(verified.length, 1);
});

t.test("a backup that has failed is not looked at", async (t) => {
  const error = { code: "STORE_UNREACHABLE", message: "no answer", exitCode: 6 };
  const { cli, verified } = await start(t, job("failed", { error }));
  t.match(await cli("--verify"), { code: 6, stderr: /no answer/ });
  t.strictSame(verified, []);
});

t.test("verifying is waiting", async (t) => {
  const { cli } = await start(t, made);
  t.match(await cli("--verify", "--no-wait"), { code: 2, stderr: /does not go with --no-wait/ });
});
