import t, { type Test } from "tap";
import { FakeGateway, events, job, json, problem, text } from "../test-support/fake-gateway.js";
import { runHere, type CliRun } from "../test-support/run-cli.js";
import type { JobView } from "../views.js";

const BACKUPS = "/api/admin/tenants/acme/backups";
const totals = { entries: 20_170, files: 20_163, directories: 5, symlinks: 2, contentBytes: 1_060_000_000 };
const backedUp = {
  location: "s3://my-bucket/acme/2026-06-03.tar.zst",
  size: 312_000_000,
  durationMs: 4100,
  totals,
  overwriteGuard: "atomic",
  excluded: { entries: 0, bytes: 0 },
};

interface Setup {
  readonly gateway: FakeGateway;
  readonly cli: (...args: string[]) => Promise<CliRun>;
}

/** A gateway whose jobs go through these states. */
async function withJob(t: Test, ...states: JobView[]): Promise<Setup> {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  gateway
    .on(`POST ${BACKUPS}`, json(202, { job: job("queued"), joined: false }))
    .on("POST /api/admin/restores", json(202, { job: job("queued", { type: "restore" }), joined: false }))
    .on(
      "POST /api/admin/restores/j0/undo",
      json(202, { job: job("queued", { type: "undo" }), joined: false }),
    )
    .on("GET /api/admin/jobs/j1/events", events(states, "end"));
  const env = { OPENCLAW_GATEWAY_URL: gateway.url, S3_SK: "s3cr3t" };
  return { gateway, cli: (...args) => runHere(args, { env }) };
}

t.test("a backup is waited for and summed up in one line", async (t) => {
  const { gateway, cli } = await withJob(
    t,
    job("queued"),
    job("running"),
    job("succeeded", { result: backedUp }),
  );
  const { code, stdout, stderr } = await cli("tenants", "backup", "acme", "--to", backedUp.location);
  t.equal(code, 0);
  t.equal(stdout, "acme: 20,163 files, 1.06 GB → 312 MB in 4.1 s, s3://my-bucket/acme/2026-06-03.tar.zst\n");
  t.equal(stderr, "acme backup: queued\nacme backup: running\n");
  t.same(gateway.requests[0]?.body, { to: backedUp.location });
});

t.test("a backup says what it took over from an earlier archive, or why nothing", async (t) => {
  const bytes = { planned: 1e9, read: 2e6, reused: 627.7e6, uploaded: 12.3e6, stored: 640e6 };
  const lineOf = async (more: object): Promise<string | undefined> => {
    const { cli } = await withJob(t, job("succeeded", { result: { ...backedUp, ...more } }));
    return (await cli("tenants", "backup", "acme")).stdout.split("\n")[1];
  };
  t.equal(
    await lineOf({ mode: "incremental", base: "a1", bytes }),
    "incremental on a1: 12.3 MB sent of 640 MB",
  );
  t.equal(
    await lineOf({ mode: "full", fullReason: "the base is gone", bytes }),
    "full upload, because the base is gone",
  );
});

t.test("with --json the job is the only output", async (t) => {
  const last = job("succeeded", {
    result: backedUp,
    warnings: [{ code: "SPECIAL_FILE", path: "s", message: "A socket." }],
  });
  const { cli } = await withJob(t, job("running"), last);
  const { code, stdout, stderr } = await cli("tenants", "backup", "acme", "--json");
  t.same([code, stderr, JSON.parse(stdout)], [0, "", last]);
});

t.test("every flag arrives, and secrets are read on this machine", async (t) => {
  const { gateway, cli } = await withJob(t, job("succeeded", { result: backedUp }));
  const file = `${t.testdir({ key: "AKIA\n" })}/key`;
  await cli(
    ...[
      "tenants",
      "backup",
      "acme",
      "--to",
      "s3://b/k",
      "--dry-run",
      "--overwrite",
      "--allow-unreadable",
      "--rehash",
    ],
    ...["--limit-upload", "10MiB", "--limit-download", "1048576"],
    ...["--compression-level", "19", "--endpoint", "http://127.0.0.1:9000", "--region", "eu", "--path-style"],
    ...["--access-key", `file:${file}`, "--secret-key", "env:S3_SK", "--aws-profile", "production", "--wait"],
  );
  t.same(gateway.requests[0]?.body, {
    to: "s3://b/k",
    dryRun: true,
    overwrite: true,
    allowUnreadable: true,
    rehash: true,
    limitUpload: "10MiB",
    limitDownload: 1_048_576,
    compressionLevel: 19,
    s3: {
      endpoint: "http://127.0.0.1:9000",
      region: "eu",
      accessKey: "AKIA",
      secretKey: "s3cr3t",
      profile: "production",
      pathStyle: true,
    },
  });
});

t.test("an empty variable in front of a flag is a usage error, not a secret", async (t) => {
  const { gateway, cli } = await withJob(t);
  const run = await cli("tenants", "backup", "acme", "--access-key", "--secret-key", "x");
  t.equal(run.code, 2);
  t.equal(gateway.requests.length, 0);
});

t.test("--no-wait returns with the job's id, and a joined backup says so", async (t) => {
  const { gateway, cli } = await withJob(t);
  gateway.on(`POST ${BACKUPS}`, json(202, { job: job("running"), joined: true }));
  const { code, stdout, stderr } = await cli("tenants", "backup", "acme", "--no-wait");
  t.equal(code, 0);
  t.match(stdout, "openclaw jobs follow j1");
  t.match(stderr, "joined job j1");
  t.equal(gateway.requests.length, 1);
  t.same(JSON.parse((await cli("tenants", "backup", "acme", "--no-wait", "--json")).stdout), job("running"));
});

t.test("a dry run tells what goes in, what is left out and why, and what is large", async (t) => {
  const group = { paths: 1, entries: 1, bytes: 0 };
  const result = {
    totals,
    excluded: { entries: 15, bytes: 2000 },
    topLevel: [{ path: "memory", files: 1, bytes: 5_000_000 }],
    leftOut: [
      {
        ...{ reason: "backupignore", rule: "workspace/.backupignore:3", paths: 12, entries: 15, bytes: 2000 },
        examples: Array.from({ length: 10 }, (_, index) => `workspace/c${index}`),
      },
      { reason: "escaping-link", ...group, examples: ["\u001b[1mx"] },
      { reason: "from-the-future", ...group, examples: [] },
    ],
    largestDirectories: [{ path: "memory", size: 5_000_000 }],
    largest: [{ path: "memory/a.sqlite", size: 5_000_000 }],
  };
  const { cli } = await withJob(t, job("succeeded", { result, request: { dryRun: true } }));
  t.equal(
    (await cli("tenants", "backup", "acme", "--dry-run")).stdout,
    [
      "acme: 20,163 files, 1.06 GB would be archived (dry run: nothing was written)",
      "excluded: 15 entries, 2.00 kB",
      "goes in:",
      "   SIZE  FILES  DIRECTORY",
      "5.00 MB      1  memory",
      "left out:",
      "  excluded by workspace/.backupignore:3: 15 entries, 2.00 kB",
      ...Array.from({ length: 10 }, (_, index) => `    workspace/c${index}`),
      "    … and 2 more",
      "  link that leads out of the tenant: 1 entry, 0 B",
      "    \\x1b[1mx",
      "  from-the-future: 1 entry, 0 B",
      "    … and 1 more",
      "largest directories:",
      "   SIZE  PATH",
      "5.00 MB  memory",
      "largest:",
      "   SIZE  PATH",
      "5.00 MB  memory/a.sqlite",
      "",
    ].join("\n"),
  );
});

t.test("--list makes it a dry run and prints every entry", async (t) => {
  const result = { totals, excluded: { entries: 0, bytes: 0 } };
  const { cli, gateway } = await withJob(t, job("succeeded", { result, request: { dryRun: true } }));
  const lines = [
    { kind: "include", path: "", type: "directory", size: 0 },
    { kind: "include", path: "a\nb", type: "file", size: 1000 },
    {
      kind: "include",
      path64: Buffer.from("caf\xe9", "latin1").toString("base64"),
      type: "symlink",
      size: 0,
    },
    {
      kind: "leave-out",
      path: "x",
      type: "directory",
      reason: "config-exclude",
      rule: "x",
      entries: 3,
      bytes: 5,
    },
    { kind: "leave-out", path: "s", type: "special", reason: "special-file", entries: 1, bytes: 0 },
  ].map((line) => JSON.stringify(line));
  const body = (complete: boolean): string =>
    [...lines, JSON.stringify({ kind: "end", complete }), ""].join("\n");
  gateway.on("GET /api/admin/jobs/j1/plan", text(200, body(true), "application/jsonl; charset=utf-8"));
  const { stdout } = await cli("tenants", "backup", "acme", "--list");
  t.same(gateway.requests[0]?.body, { dryRun: true, list: true });
  t.equal(
    stdout,
    [
      "+ ./",
      "+ a\\x0ab  1.00 kB",
      "+ café",
      "- x/  3 entries, 5 B  excluded by the config's glob x",
      "- s  0 B  socket, FIFO or device",
      "acme: 20,163 files, 1.06 GB would be archived (dry run: nothing was written)",
      "",
    ].join("\n"),
  );
  const machine = await cli("tenants", "backup", "acme", "--list", "--json");
  t.same([machine.code, machine.stdout, machine.stderr], [0, body(true), ""], "the gateway's own lines");

  gateway.on("GET /api/admin/jobs/j1/plan", text(200, body(false), "application/jsonl"));
  t.match(await cli("tenants", "backup", "acme", "--list"), { code: 1, stderr: "not complete" });
  t.match(await cli("tenants", "backup", "acme", "--list", "--no-wait"), { code: 2, stderr: "--no-wait" });
});

t.test("a guard against overwriting that was not atomic is told", async (t) => {
  const { cli } = await withJob(t, job("succeeded", { result: { ...backedUp, overwriteGuard: "checked" } }));
  t.match((await cli("tenants", "backup", "acme")).stdout, "cannot refuse to overwrite");
});

t.test("the first twenty warnings are listed, and names in them cannot steer the terminal", async (t) => {
  const warnings = Array.from({ length: 1023 }, (_, index) => ({
    code: "FILE_CHANGED",
    path: `\u001b[1m${index}`,
    message: "It changed.",
  }));
  const { cli } = await withJob(t, job("succeeded", { result: backedUp, warnings }));
  const lines = (await cli("tenants", "backup", "acme")).stderr.trimEnd().split("\n");
  t.equal(lines.length, 21);
  t.equal(lines[0], "warning: \\x1b[1m0: It changed.");
  t.match(lines[20], "and 1,003 more");
});

t.test("a failed job ends with its error, hint and exit code", async (t) => {
  const error = {
    code: "STORE_DENIED",
    message: "The store refused the key.",
    hint: "Check it.",
    exitCode: 5,
  };
  const failed = job("failed", { error });
  const { cli } = await withJob(t, failed);
  t.same(await cli("tenants", "backup", "acme"), {
    code: 5,
    stdout: "",
    stderr: "error: The store refused the key.\nhint: Check it.\n",
  });
  const machine = await cli("tenants", "backup", "acme", "--json");
  t.same([machine.code, JSON.parse(machine.stdout)], [5, failed]);
});

t.test("a job that ended without a reason is a failure all the same", async (t) => {
  const { cli } = await withJob(t, job("cancelled"));
  t.match(await cli("tenants", "backup", "acme"), { code: 1, stderr: "Job j1 was cancelled" });
});

t.test("Ctrl-C ends the waiting and says that the job goes on", async (t) => {
  const { gateway } = await withJob(t);
  gateway.on("GET /api/admin/jobs/j1/events", events([job("running")], "hold"));
  const run = await runHere(["tenants", "backup", "acme"], {
    env: { OPENCLAW_GATEWAY_URL: gateway.url },
    onReady: (interrupt) => interrupt(),
  });
  t.equal(run.code, 1);
  t.match(run.stderr, /job j1 goes on in the gateway\nhint: .*jobs follow j1.*jobs cancel j1/);
});

t.test("a restore tells what it restored, how to take it back, and the new token", async (t) => {
  const result = {
    tenant: "acme-staging",
    from: "s3://my-bucket/acme/2026-06-03.tar.zst",
    replaced: true,
    signedBy: { trust: "trusted", keyId: "ed25519:AAA=" },
    undo: "j1",
    totals,
    token: "new",
    newToken: "tk_acme-staging_00",
    schedulesDisabled: 2,
    rePair: ["whatsapp"],
    durationMs: 61_000,
  };
  const { gateway, cli } = await withJob(
    t,
    job("succeeded", { type: "restore", tenant: "acme-staging", result }),
  );
  const flags = ["--from", result.from, "--as", "acme-staging", "--force", "--token", "archive"];
  flags.push("--require-signature");
  const { stdout } = await cli("tenants", "restore", ...flags);
  t.equal(
    stdout,
    [
      "acme-staging: restored from s3://my-bucket/acme/2026-06-03.tar.zst: 20,163 files, 1.06 GB in 1 min 1 s",
      "signed by ed25519:AAA=, which is trusted",
      "what it replaced is kept for a while: `openclaw tenants restore --undo j1`",
      "token: tk_acme-staging_00 (new, and shown only now)",
      "2 schedules came along and stand disabled",
      "to be paired again: whatsapp",
      "",
    ].join("\n"),
  );
  t.same(gateway.requests[0]?.body, {
    ...{ from: result.from, as: "acme-staging", force: true, token: "archive" },
    requireSignature: true,
  });
});

t.test("a restore says which token is valid", async (t) => {
  const outcome = async (token: string): Promise<string> => {
    const { cli } = await withJob(
      t,
      job("succeeded", { type: "restore", result: { tenant: "acme", token } }),
    );
    return (await cli("tenants", "restore", "--from", "/a")).stdout;
  };
  t.match(await outcome("kept"), "the one that the tenant had before");
  t.match(await outcome("archive"), "token: the archive's");
  t.match(await outcome("new"), "tenants token rotate acme");
});

t.test("a dry run of a restore says that nothing was written", async (t) => {
  const request = { dryRun: true };
  const { cli } = await withJob(
    t,
    job("succeeded", { type: "restore", request, result: { tenant: "acme", totals } }),
  );
  t.match(
    (await cli("tenants", "restore", "--from", "/a", "--dry-run")).stdout,
    "acme: would be restored (dry run",
  );
});

t.test("paths are restored into a directory, and a dry run lists them", async (t) => {
  const { gateway, cli } = await withJob(
    t,
    job("succeeded", {
      type: "restore",
      tenant: "acme",
      request: { dryRun: true },
      result: {
        tenant: "acme",
        into: "workspace/from-june",
        paths: ["workspace/a.md"],
        totals: { entries: 3, files: 3, directories: 0, symlinks: 0, contentBytes: 10 },
      },
    }),
  );
  const flags = [
    "--from",
    "/a",
    "--path",
    "**/*.md",
    "sessions",
    "--into",
    "workspace/from-june",
    "--dry-run",
  ];
  t.equal(
    (await cli("tenants", "restore", ...flags)).stdout,
    "acme: would be restored (dry run: nothing was written) into workspace/from-june: 3 files, 10 B\n" +
      "  workspace/a.md\n  … and 2 more\n",
  );
  t.match(gateway.requests[0]?.body, {
    paths: ["**/*.md", "sessions"],
    into: "workspace/from-june",
    dryRun: true,
  });
});

t.test("a restore is taken back by its job", async (t) => {
  const { gateway, cli } = await withJob(t, job("succeeded", { type: "undo", result: { tenant: "acme" } }));
  t.match(await cli("tenants", "restore", "--undo", "j0"), { code: 0, stdout: "acme: brought back\n" });
  t.equal(gateway.requests[0]?.url, "/api/admin/restores/j0/undo");
});

t.test(
  "--undo goes with no other flag of a restore, and one of --from and --undo must be there",
  async (t) => {
    const { gateway, cli } = await withJob(t);
    for (const flags of [["--from", "x"], ["--force"], ["--dry-run"], ["--region", "eu"]]) {
      t.match(await cli("tenants", "restore", "--undo", "j0", ...flags), {
        code: 2,
        stderr: "cannot be used with",
      });
    }
    t.match(await cli("tenants", "restore"), { code: 2, stderr: "Neither --from nor --undo" });
    t.equal(gateway.requests.length, 0);
  },
);

t.test("a taken slot is a conflict before any job exists", async (t) => {
  const { gateway, cli } = await withJob(t);
  const hint = "Use --force to replace the tenant, or --as NEW to restore beside it.";
  gateway.on(
    "POST /api/admin/restores",
    problem(409, { code: "SLOT_TAKEN", detail: "Tenant acme is there.", hint }),
  );
  t.same(await cli("tenants", "restore", "--from", "/a"), {
    code: 4,
    stdout: "",
    stderr: `error: Tenant acme is there.\nhint: ${hint}\n`,
  });
});

t.test("a tenant's archives are those of the catalogue, or those of a place", async (t) => {
  const { gateway, cli } = await withJob(t);
  const archive = {
    id: "a1",
    tenant: "acme",
    location: backedUp.location,
    size: 312_000_000,
    createdAt: "2026-06-03T02:00:00Z",
  };
  gateway
    .on(`GET ${BACKUPS}`, json(200, { archives: [{ ...archive, totals, state: "good" }] }))
    .on(`GET ${BACKUPS}?to=s3%3A%2F%2Fb%2Fx+y`, json(200, { archives: [] }));
  t.equal(
    (await cli("tenants", "backups", "acme")).stdout,
    [
      "ID  TENANT  CREATED                FILES  CONTENT    SIZE  STATE  LOCATION",
      "a1  acme    2026-06-03 02:00:00Z  20,163  1.06 GB  312 MB  good   s3://my-bucket/acme/2026-06-03.tar.zst",
      "",
    ].join("\n"),
  );
  t.equal((await cli("tenants", "backups", "acme", "--to", "s3://b/x y")).stdout, "no archives of acme\n");
});
