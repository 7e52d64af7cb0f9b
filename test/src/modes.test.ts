/** What a gateway writes is for its own user alone, whatever the umask that it was started with. */
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import t from "tap";
import { ADMIN_TOKEN, Bed } from "./support/bed.js";
import { run } from "./support/run.js";

/** Everything below a directory, and itself; `enters` says of which directories the content counts. */
function walk(directory: string, enters: (path: string) => boolean = () => true): string[] {
  const status = lstatSync(directory);
  if (!status.isDirectory() || !enters(directory)) return [directory];
  return [directory, ...readdirSync(directory).flatMap((name) => walk(join(directory, name), enters))];
}

for (const umask of [0o000, 0o022]) {
  t.test(`with umask ${umask.toString(8).padStart(3, "0")}`, async (t) => {
    const before = process.umask(umask);
    const bed = await Bed.start(t, { backup: { trashHours: 24 } }).finally(() => process.umask(before));
    const { cli } = bed;
    const status = readFileSync(`/proc/${bed.gateway.pid}/status`, "utf8");
    t.match(status, `Umask:\t0${umask.toString(8).padStart(3, "0")}`);
    const { token } = await bed.createFilledTenant("acme", { seed: 9, files: 60, bytes: 6_000_000 });
    const call = (method: string, path: string, body?: string) =>
      fetch(`${bed.gateway.url}/api/tenant/${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body }),
      });
    t.equal((await call("PUT", "files/made/by/the/api.txt", "text")).status, 201);
    const script = join(bed.gateway.tenantDirectory("acme"), "workspace", "run.sh");
    writeFileSync(script, "#!/bin/sh\n", { mode: 0o755 });

    const archive = join(bed.archives, "made", "by", "backup.tar.zst");
    await bed.backup("acme");
    await bed.backup("acme", "--to", archive);
    await cli.ok(["tenants", "backup", "acme", "--dry-run", "--list"]);
    await bed.restore("--from", archive, "--as", "other");
    await bed.restore("--from", archive, "--force");
    await bed.restore("--from", archive, "--path", "workspace/run.sh", "--force");
    await cli.ok(["backups", "verify", archive]);
    await cli.ok(["backups", "drill", archive]);
    await cli.ok(["backups", "check-destination", `${bed.archives}/`]);
    await cli.ok(["cron", "add", "acme", "--schedule", "0 3 * * *", "--name", "n", "--job", "backup"]);
    await cli.ok(["cron", "add", "--gateway", "--schedule", "0 3 * * *", "--name", "p", "--job", "rebuild"]);
    await cli.ok(["cron", "run", "acme", "n"]);
    await cli.ok(["tenants", "token", "rotate", "other"]);
    await cli.ok(["backups", "prune", "acme", "--keep-last", "1"]);
    await cli.ok(["tenants", "delete", "other", "--confirm"]);

    const { stateDirectory, tenantsDirectory } = bed.gateway;
    const judge = (paths: readonly string[]): void => {
      const open = paths.flatMap((path) => {
        const { mode } = lstatSync(path);
        return (mode & 0o077) === 0 ? [] : [`${relative(bed.directory, path)} ${(mode & 0o777).toString(8)}`];
      });
      t.same(open, []);
    };
    /** Content of tenants keeps the modes that it has; behind these directories of the gateway's own nobody reaches it. */
    const isOwn = (path: string): boolean => {
      const [top, name = "", job] = relative(stateDirectory, path).split("/");
      if (top !== "tenants") return true;
      return name === "" || (name.startsWith(".") && job === undefined);
    };
    const state = walk(stateDirectory, isOwn);
    judge(state);
    judge(walk(join(bed.archives, "made")));
    const own = join(tenantsDirectory, "acme");
    judge(["tenant.json", "cron", "cron/jobs.json"].map((name) => join(own, name)));
    judge(walk(join(own, "workspace", "made")));
    t.equal(
      lstatSync(join(own, "workspace", "run.sh")).mode & 0o777,
      0o755,
      "a tenant's file keeps its mode",
    );

    await bed.gateway.kill();
    await bed.restart();
    judge(walk(stateDirectory, isOwn));
    const seen = state.map((path) => relative(stateDirectory, path)).join("\n");
    for (const part of [
      "openclaw.json",
      "gateway.lock",
      "ledger.sqlite",
      "backups/",
      "cron/",
      "tenants/acme",
      "tenants/.trash/",
      "audit/",
    ])
      t.match(seen, part, "the walk has seen it");

    const record = JSON.parse(readFileSync(join(own, "tenant.json"), "utf8")) as Record<string, unknown>;
    t.equal(record["tokenSha256"], createHash("sha256").update(token).digest("hex"));
    for (const secret of [token, ADMIN_TOKEN]) {
      t.equal(
        (await run("grep", ["-rlaF", secret, stateDirectory, bed.archives])).stdout,
        "",
        "no token is kept",
      );
    }
  });
}

t.test("a state directory that others may enter is reported", async (t) => {
  const before = process.umask(0);
  const directory = join(t.testdir(), "bed");
  mkdirSync(join(directory, "state"), { recursive: true, mode: 0o755 });
  const bed = await Bed.start(t, { directory }).finally(() => process.umask(before));
  const { stdout } = await bed.cli.run(["doctor"]);
  t.match(stdout, /warning +permissions: Open to other users .*mode 755/);
});
