import t, { type Test } from "tap";
import { FakeGateway, events, job, json } from "../test-support/fake-gateway.js";
import type { JobState, JobView } from "../views.js";
import { runHere, type CliRun } from "../test-support/run-cli.js";

const LOCATION = "s3://my-bucket/acme/2026-06-03.tar.zst";

async function start(
  t: Test,
): Promise<{ gateway: FakeGateway; cli: (...args: string[]) => Promise<CliRun> }> {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  const env = { OPENCLAW_GATEWAY_URL: gateway.url };
  return { gateway, cli: (...args) => runHere(args, { env }) };
}

/** A gateway that ends the job that a route starts. */
function ends(gateway: FakeGateway, route: string, state: JobState, last: Partial<JobView>): void {
  gateway.on(`POST ${route}`, json(202, { job: job("queued", { type: "verify" }), joined: false }));
  gateway.on("GET /api/admin/jobs/j1/events", events([job(state, last)], "end"));
}

const good = { location: LOCATION, outcome: "good", bytesRead: 2_000_000, durationMs: 1500, notChecked: [] };

t.test("a verification says what was checked, and what was not", async (t) => {
  const { gateway, cli } = await start(t);
  ends(gateway, "/api/admin/backups/verify", "succeeded", {
    type: "verify",
    result: {
      level: "sample",
      archives: [
        {
          ...good,
          segments: 1200,
          segmentsChecked: 4,
          signedBy: { trust: "own", keyId: "ed25519:AAA=" },
          notChecked: ["the content of 1196 of its 1200 segments"],
        },
        { ...good, location: "/b/plain.tar", segments: 0, signedBy: { trust: "unsigned" } },
        { location: "/b/gone", outcome: "removed", message: "It was removed." },
        { location: "/b/odd", outcome: "removed" },
      ],
      bytesRead: 4_000_000,
      durationMs: 3000,
    },
  });
  const { stdout, code } = await cli("backups", "verify", "acme", "--all", "--level", "sample");
  t.equal(code, 0);
  t.strictSame(stdout.split("\n"), [
    `${LOCATION}: good; 4 of 1,200 segments checked, 2.00 MB read in 1.5 s`,
    "  signed by this gateway, ed25519:AAA=",
    "  not checked: the content of 1196 of its 1200 segments",
    "/b/plain.tar: good; 2.00 MB read in 1.5 s",
    "  signed by nobody: it has no signature",
    "/b/gone: removed; It was removed.",
    "/b/odd: removed",
    "acme: 4 archives checked, 4.00 MB read in 3.0 s",
    "",
  ]);
  t.match(gateway.requests[0]?.body, { archive: "acme", all: true, level: "sample" });
});

t.test("a drill says how long the restore took", async (t) => {
  const { gateway, cli } = await start(t);
  const totals = { files: 20, contentBytes: 3_000_000 };
  const archive = {
    ...good,
    restoreMs: 12_345,
    totals,
    databases: { checked: 2, unchecked: 1 },
    json: { checked: 9 },
  };
  ends(gateway, "/api/admin/backups/drill", "succeeded", {
    type: "drill",
    result: { level: "drill", archives: [archive] },
  });
  const { stdout } = await cli("backups", "drill", LOCATION, "--as", "acme", "--require-signature");
  t.equal(
    stdout,
    `${LOCATION}: good; 20 files (3.00 MB) restored in 12.3 s, 2 databases and 9 JSON files in order, ` +
      "1 encrypted database not looked into\n",
  );
  t.match(gateway.requests[0]?.body, { archive: LOCATION, as: "acme", requireSignature: true });
});

t.test("damage is an error with exit code 7, and with --json the job itself", async (t) => {
  const { gateway, cli } = await start(t);
  ends(gateway, "/api/admin/backups/verify", "failed", {
    type: "verify",
    error: { code: "ARCHIVE_DAMAGED", message: "Archive a has other bytes.", exitCode: 7 },
  });
  const run = await cli("backups", "verify", LOCATION);
  t.match(run, { code: 7, stdout: "", stderr: /Archive a has other bytes/ });
  const machine = await cli("backups", "verify", LOCATION, "--json");
  t.equal(machine.code, 7);
  t.match(JSON.parse(machine.stdout), { id: "j1", error: { code: "ARCHIVE_DAMAGED" } });
});

t.test(
  "--no-wait says which job it is, a level that there is not is refused, and the help has examples",
  async (t) => {
    const { gateway, cli } = await start(t);
    ends(gateway, "/api/admin/backups/drill", "running", {});
    t.match((await cli("backups", "drill", "acme", "--no-wait")).stdout, /^job j1 is queued/);
    t.equal((await cli("backups", "verify", "acme", "--level", "most")).code, 2);
    t.match(
      (await cli("backups", "verify", "--help")).stdout,
      /Examples:\n {2}openclaw backups verify acme\n/,
    );
  },
);
