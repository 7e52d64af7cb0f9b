/** The command as it is started: a process with arguments, environment, exit code and signals. */
import { spawnSync, type ChildProcess } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import t from "tap";
import { FakeGateway, events, job, json } from "./test-support/fake-gateway.js";
import { exitCode, runProcess, startProcess } from "./test-support/run-cli.js";

/** Nothing listens on port 9 (discard) of a loopback address that nobody uses. */
const NOWHERE = { OPENCLAW_GATEWAY_URL: "http://127.66.66.66:19" };

t.test("--help shows the commands, the exit codes and the examples", async (t) => {
  const { code, stdout, stderr } = await runProcess(["--help"]);
  t.same([code, stderr], [0, ""]);
  for (const part of [
    "Exit codes:",
    "OPENCLAW_GATEWAY_TOKEN",
    "tenants create acme",
    "local paths are paths there",
  ]) {
    t.match(stdout, part);
  }
});

t.test("each command has help with a paragraph and examples", async (t) => {
  const commands = [
    "gateway run",
    "tenants backup",
    "tenants restore",
    "backups list",
    "jobs follow",
    "doctor",
  ];
  for (const { code, stdout } of await Promise.all(
    commands.map((name) => runProcess([...name.split(" "), "--help"])),
  )) {
    t.equal(code, 0);
    t.match(stdout, /\n\n[A-Z][^\n]{40}[^]*Options:[^]*Examples:\n {2}\S/);
  }
});

t.test("--version is the package's", async (t) => {
  const { code, stdout } = await runProcess(["--version"]);
  t.equal(code, 0);
  t.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

t.test("usage errors exit with 2 and say which help to read", async (t) => {
  const cases: [args: string[], stderr: RegExp][] = [
    [["tenants", "backup"], /missing required argument 'id'\nhint: `openclaw tenants backup --help`/],
    [["tenants", "backup", "a", "b"], /too many arguments/],
    [["tenants", "backup", "a", "--compression-level", "high"], /not a whole number/],
    [["tenants", "list", "--nmes"], /unknown option '--nmes' \(Did you mean --names\?\)/],
    [["tenants", "list", "--secret=s3cr3t"], /unknown option '--secret=…'/],
    [["tenant"], /unknown command 'tenant'/],
    [["tenants"], /Commands:[^]*error: `openclaw tenants` needs a command/],
  ];
  await Promise.all(
    cases.map(async ([args, expected]) => {
      const { code, stdout, stderr } = await runProcess(args);
      t.same([code, stdout], [2, ""]);
      t.match(stderr, expected);
    }),
  );
});

t.test("with --json every failure is one document on stdout, and stderr is empty", async (t) => {
  const cases: [args: string[], code: number, problem: string][] = [
    [["tenants", "list", "--json"], 6, "GATEWAY_UNREACHABLE"],
    [["--json", "tenants", "backup", "acme", "--no-wait"], 6, "GATEWAY_UNREACHABLE"],
    [["tenants", "--json"], 2, "USAGE"],
    [["tenants", "list", "--json", "--nmes"], 2, "USAGE"],
    [["tenants", "backup", "acme", "--secret-key", "env:NOT_SET", "--json"], 2, "SECRET_UNREADABLE"],
  ];
  await Promise.all(
    cases.map(async ([args, expected, problem]) => {
      const { code, stdout, stderr } = await runProcess(args, NOWHERE);
      t.same([code, stderr], [expected, ""]);
      t.match(JSON.parse(stdout), { code: problem, exitCode: expected });
    }),
  );
});

t.test("an unreachable gateway exits with 6 and names the URL", async (t) => {
  const { code, stderr } = await runProcess(["status"], NOWHERE);
  t.equal(code, 6);
  t.match(
    stderr,
    /^error: No gateway answers at http:\/\/127\.66\.66\.66:19 .*\nhint: .*openclaw gateway run/,
  );
});

t.test(
  "secrets come from the process's environment and files, and none shows in the process list",
  async (t) => {
    const gateway = await FakeGateway.start();
    t.teardown(() => gateway.stop());
    let commandLine: string | undefined;
    let threads: readonly string[] = [];
    let child: ChildProcess | undefined;
    gateway.on("POST /api/admin/tenants/acme/backups", (request, response) => {
      const process = `/proc/${child?.pid ?? 0}`;
      commandLine = readFileSync(`${process}/cmdline`, "latin1");
      threads = readdirSync(`${process}/task`).map((id) =>
        readFileSync(`${process}/task/${id}/cmdline`, "latin1"),
      );
      json(202, { job: job("queued"), joined: false })(request, response);
    });
    const file = join(t.testdir({ key: "from-file\n" }), "key");
    const { code } = await runProcess(
      [
        "tenants",
        "backup",
        "acme",
        "--access-key",
        `file:${file}`,
        "--secret-key",
        "literal-s3cr3t",
        "--session-token",
        // Longer than the title, the environment and a page of memory.
        "long-s3cr3t".repeat(1000),
        "--no-wait",
      ],
      { OPENCLAW_GATEWAY_URL: gateway.url, OPENCLAW_GATEWAY_TOKEN: "admin" },
      (started) => (child = started),
    );
    t.equal(code, 0);
    t.match(gateway.requests[0], {
      headers: { authorization: "Bearer admin" },
      body: { s3: { accessKey: "from-file", secretKey: "literal-s3cr3t" } },
    });
    t.equal(commandLine?.replaceAll("\0", ""), "openclaw");
    t.ok(threads.length > 1);
    t.notMatch(threads.join(" "), "s3cr3t");
  },
);

t.test(
  "neither a diagnostic report nor a crash tells the arguments, the environment or an error's fields",
  async (t) => {
    const gateway = await FakeGateway.start();
    t.teardown(() => gateway.stop());
    const directory = t.testdir({
      "crash.mjs": `process.on("SIGUSR2", () => {
      throw Object.assign(new Error("something broke"), { headers: { authorization: "field-s3cr3t" } });
    });`,
    });
    let child: ChildProcess | undefined;
    gateway.on("POST /api/admin/tenants/acme/backups", () => child?.kill("SIGUSR2"));
    const reports = `--report-uncaught-exception --report-on-fatalerror --report-directory=${directory}`;
    const { code, stdout, stderr } = await runProcess(
      ["tenants", "backup", "acme", "--access-key", "AK", "--secret-key", "literal-s3cr3t"],
      {
        OPENCLAW_GATEWAY_URL: gateway.url,
        OPENCLAW_GATEWAY_TOKEN: "token-s3cr3t",
        NODE_OPTIONS: `${reports} --import ${join(directory, "crash.mjs")}`,
      },
      (started) => (child = started),
    );
    t.equal(code, 1);
    t.match(stderr, /^error: openclaw failed unexpectedly[^]*\nError: something broke\n\s+at /);
    t.notMatch(stdout + stderr, "s3cr3t");
    t.strictSame(readdirSync(directory), ["crash.mjs"], "no report was written");
  },
);

t.test("SIGINT ends the waiting with exit code 1, and the job goes on", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  let child: ChildProcess | undefined;
  gateway
    .on("POST /api/admin/tenants/acme/backups", json(202, { job: job("queued"), joined: false }))
    .on("GET /api/admin/jobs/j1/events", (request, response) => {
      events([job("running")], "hold")(request, response);
      child?.kill("SIGINT");
    });
  const env = { OPENCLAW_GATEWAY_URL: gateway.url };
  const { code, stderr } = await runProcess(
    ["tenants", "backup", "acme"],
    env,
    (started) => (child = started),
  );
  t.equal(code, 1);
  t.match(stderr, /error: Stopped waiting; job j1 goes on in the gateway\nhint: /);
  t.same(
    gateway.requests.map(({ method }) => method),
    ["POST", "GET"],
  );
});

t.test("a reader that closes the pipe early is no failure", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  gateway.on("GET /api/admin/tenants", json(200, { tenants: [] }));
  const child = startProcess(["tenants", "list", "--json"], { OPENCLAW_GATEWAY_URL: gateway.url });
  child.stdout.destroy();
  t.same(await Promise.all([exitCode(child), text(child.stderr)]), [0, ""]);
});

t.test("before the first build the command says what is missing", (t) => {
  const directory = t.testdir();
  mkdirSync(join(directory, "bin"));
  const script = join(directory, "bin", "openclaw.mjs");
  cpSync(fileURLToPath(new URL("../bin/openclaw.js", import.meta.url)), script);
  const { status, stderr } = spawnSync(process.execPath, [script, "status"], { encoding: "utf8" });
  t.equal(status, 1);
  t.match(stderr, /^error: openclaw has not been built yet\nhint: .*pnpm@10 build/);
  t.end();
});
