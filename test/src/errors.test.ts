import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { ADMIN_TOKEN, Bed, temporaryDirectory } from "./support/bed.js";
import { missing } from "./support/needs.js";
import { cleanEnvironment, freePort, OPENCLAW } from "./support/processes.js";
import { mustRun, run } from "./support/run.js";
import type { RunResult } from "./support/run.js";

/** What went wrong in one line, what to do in a second, and the exit code that the contract has for it. */
function refusedWith(t: Test, result: RunResult, code: number, error: RegExp, hint: RegExp): void {
  t.equal(result.code, code, result.stderr);
  const [errorLine, hintLine, ...more] = result.stderr
    .trimEnd()
    .split("\n")
    .filter((line) => /^(error|hint):|^\s+at /.test(line));
  t.match(errorLine, /^error: ./);
  t.match(errorLine, error);
  t.match(hintLine, /^hint: ./);
  t.match(hintLine, hint);
  t.same(more, [], "one line and a hint, no stack");
  t.notMatch(result.stdout + result.stderr, ADMIN_TOKEN);
}

/** Every file below the directories that a failed job could leave something in. */
async function traces(bed: Bed): Promise<string> {
  const { stateDirectory, tenantsDirectory } = bed.gateway;
  const directories = [
    bed.archives,
    join(stateDirectory, "backups"),
    join(tenantsDirectory, ".staging"),
    join(tenantsDirectory, ".trash"),
  ];
  const files = await mustRun("find", [...directories.filter((path) => existsSync(path)), "-type", "f"]);
  const temporary = await mustRun("find", [
    join(stateDirectory, "backup"),
    "-type",
    "f",
    "-not",
    "-name",
    "ledger.sqlite*",
  ]);
  return files + temporary;
}

t.test("a request that makes no sense is refused before anything is done", async (t) => {
  const bed = await Bed.start(t);
  await bed.createFilledTenant("acme", { seed: 6, files: 100, bytes: 8_000_000 });
  const archive = join(bed.archives, "acme.tar.zst");
  await bed.backup("acme", "--to", archive);
  const before = await traces(bed);
  const s3 = ["--endpoint", "http://127.0.0.1:9", "--access-key", "A", "--secret-key", "S"];
  const cases: [name: string, args: string[], code: number, error: RegExp, hint: RegExp][] = [
    [
      "a path outside localRoots",
      ["backup", "acme", "--to", join(bed.directory, "elsewhere/a.tar.zst")],
      5,
      /elsewhere/,
      /localRoots/,
    ],
    [
      "a path outside localRoots to restore from",
      ["restore", "--from", "/etc/passwd", "--as", "copy"],
      5,
      /\/etc/,
      /localRoots/,
    ],
    [
      "'..' out of a local root",
      ["backup", "acme", "--to", `${bed.archives}/../elsewhere/a.tar.zst`],
      2,
      /\.\./,
      /\.\./,
    ],
    ["'..' in --as", ["restore", "--from", archive, "--as", "../evil"], 2, /\.\.\/evil/, /a-z/],
    ["'..' in an S3 key", ["backup", "acme", "--to", "s3://bucket/a/../b.tar.zst", ...s3], 2, /\.\./, /\.\./],
    [
      "'..' in an S3 key to restore from",
      ["restore", "--from", "s3://bucket/../b.tar.zst", "--as", "copy", ...s3],
      2,
      /\.\./,
      /\.\./,
    ],
    [
      "an empty segment in an S3 key",
      ["backup", "acme", "--to", "s3://bucket/a//b.tar.zst", ...s3],
      2,
      /a\/\/b/,
      /empty/,
    ],
    ["a tenant that is not there", ["backup", "nobody", "--to", archive], 3, /nobody/, /tenants list/],
    [
      "an archive that is not there",
      ["restore", "--from", join(bed.archives, "none.tar.zst"), "--as", "copy"],
      3,
      /none\.tar\.zst/,
      /tenants backups/,
    ],
    ["an unknown destination", ["backup", "acme", "--to", "dest:nowhere"], 3, /nowhere/, /openclaw\.json/],
    [
      "an unreachable store",
      ["backup", "acme", "--to", "s3://bucket/a.tar.zst", ...s3],
      6,
      /127\.0\.0\.1:9/,
      /endpoint/,
    ],
  ];
  for (const [name, args, code, error, hint] of cases) {
    await t.test(name, async (t) => {
      refusedWith(t, await bed.cli.run(["tenants", ...args]), code, error, hint);
      t.equal(await traces(bed), before, "nothing is left behind");
      t.notOk(existsSync(join(bed.directory, "elsewhere")));
      t.same(tenantsOf(bed), ["acme"]);
    });
  }
});

t.test(
  "the file system's refusals",
  { skip: await missing({ root: true, programs: ["mount"] }) },
  async (t) => {
    const bed = await Bed.start(t);
    await bed.createFilledTenant("acme", { seed: 7, files: 100, bytes: 12_000_000 });
    const archive = join(bed.archives, "acme.tar.zst");
    await bed.backup("acme", "--to", archive);
    const before = await traces(bed);

    await t.test("a full disk under the archive", async (t) => {
      const full = await mountSmall(t, join(bed.archives, "full"), "size=2m");
      const result = await bed.cli.run(["tenants", "backup", "acme", "--to", join(full, "a.tar.zst")]);
      refusedWith(t, result, 1, /full\/a\.tar\.zst/, /space/);
      t.same(readdirSync(full), [], "nothing is left behind");
    });

    await t.test("a read-only directory", async (t) => {
      const readOnly = await mountSmall(t, join(bed.archives, "read-only"), "size=1m,ro");
      const result = await bed.cli.run([
        "tenants",
        "backup",
        "acme",
        "--to",
        join(readOnly, "deeper/a.tar.zst"),
      ]);
      refusedWith(t, result, 1, /read-only/, /written|rights|mount/);
    });

    await t.test("too little space to restore into", async (t) => {
      const small = await mountSmall(t, join(bed.gateway.tenantsDirectory, ".staging"), "size=4m");
      const result = await bed.cli.run(["tenants", "restore", "--from", archive, "--as", "copy"]);
      refusedWith(t, result, 1, /space|full/, /[Ff]ree|space/);
      t.same(readdirSync(small), [], "nothing is left behind");
      t.same(tenantsOf(bed), ["acme"]);
    });
    t.equal(await traces(bed), before);
  },
);

t.test("a gateway that cannot start says why", async (t) => {
  const directory = temporaryDirectory(t);
  const gateway = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    run(process.execPath, [OPENCLAW, "gateway", "run", ...args], { env: cleanEnvironment(directory, env) });

  await t.test("without an admin token", async (t) => {
    const state = join(directory, "no-token");
    const result = await gateway(["--port", "0"], { OPENCLAW_STATE_DIR: state });
    refusedWith(t, result, 2, /token/, /OPENCLAW_GATEWAY_TOKEN.*--dev/);
  });

  await t.test("on a state directory that another gateway holds", async (t) => {
    const bed = await Bed.start(t);
    const { stateDirectory } = bed.gateway;
    const result = await gateway(["--port", "0"], {
      OPENCLAW_STATE_DIR: stateDirectory,
      OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN,
    });
    refusedWith(t, result, 4, /state/, /OPENCLAW_STATE_DIR/);
    t.match(await bed.cli.ok(["tenants", "list"]), /no tenants/, "the first one goes on");
  });

  await t.test("on a port that is in use", async (t) => {
    const bed = await Bed.start(t);
    const port = new URL(bed.gateway.url).port;
    const state = join(directory, "port");
    const result = await gateway(["--port", port], {
      OPENCLAW_STATE_DIR: state,
      OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN,
    });
    refusedWith(t, result, 4, new RegExp(port), /--port/);
    const other = await gateway(["--port", "0", "--bind", "192.0.2.1"], {
      OPENCLAW_STATE_DIR: state,
      OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN,
    });
    t.not(other.code, 0, "and the state directory is free again");
    t.notMatch(other.stderr, /locked|another gateway/i);
  });

  await t.test("with a config that holds an unknown key", async (t) => {
    const bed = await Bed.start(t);
    await bed.gateway.stop();
    const state = join(directory, "config");
    mkdirSync(state);
    await mustRun("sh", [
      "-c",
      `echo '{ plugins: { backup: { localRoot: ["/x"] } } }' > "$1/openclaw.json"`,
      "sh",
      state,
    ]);
    const result = await gateway(["--port", "0"], {
      OPENCLAW_STATE_DIR: state,
      OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN,
    });
    refusedWith(t, result, 2, /plugins\.backup\.localRoot is unknown; allowed: localRoots/, /Correct/);
  });
});

t.test("a command that cannot reach its gateway, or has the wrong token, says so", async (t) => {
  const bed = await Bed.start(t);
  const unreachable = `http://127.0.0.1:${await freePort()}`;
  const nobody = await bed.cli.run(["tenants", "list"], { env: { OPENCLAW_GATEWAY_URL: unreachable } });
  refusedWith(t, nobody, 6, new RegExp(unreachable), /gateway run|OPENCLAW_GATEWAY_URL/);
  const wrong = await bed.cli.run(["tenants", "list"], { env: { OPENCLAW_GATEWAY_TOKEN: "wrong" } });
  refusedWith(t, wrong, 5, /token|authori[sz]/i, /OPENCLAW_GATEWAY_TOKEN/);
  const unknown = await bed.cli.run(["tenants", "frobnicate"]);
  t.equal(unknown.code, 2);
  t.match(unknown.stderr, /^error: .*frobnicate/m);
});

function tenantsOf(bed: Bed): string[] {
  return readdirSync(bed.gateway.tenantsDirectory).filter((name) => !name.startsWith("."));
}

/** Mounts a small file system in memory until the test ends. */
async function mountSmall(t: Test, directory: string, options: string): Promise<string> {
  mkdirSync(directory, { recursive: true });
  await mustRun("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory]);
  t.teardown(() => mustRun("umount", ["-l", directory]));
  return directory;
}
