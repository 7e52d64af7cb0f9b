/** The command line as a system's cron or a CronJob calls it: no terminal, no standard input, hardly an environment. */
import t from "tap";
import { Bed } from "./support/bed.js";
import { OPENCLAW } from "./support/processes.js";
import { run, type RunResult } from "./support/run.js";

t.test(
  "a system's cron runs backups and schedules, and reads from the exit code how they ended",
  async (t) => {
    const bed = await Bed.start(t);
    await bed.createTenant("acme");
    const environment = [
      `OPENCLAW_GATEWAY_URL=${bed.gateway.url}`,
      `OPENCLAW_GATEWAY_TOKEN=${bed.gateway.adminToken}`,
    ];
    const openclaw = async (args: string, env: readonly string[] = environment): Promise<RunResult> => {
      // `setsid` takes the terminal away, `<&-` the standard input.
      const line = 'exec env -i "$@" <&-';
      const words = [...env, process.execPath, OPENCLAW, ...args.split(" ")];
      const result = await run("setsid", ["--wait", "sh", "-c", line, "sh", ...words]);
      t.notMatch(
        result.stdout + result.stderr,
        /[\u001b\r]/,
        `${args}: nothing that only a terminal understands`,
      );
      return result;
    };
    const backup = await openclaw("tenants backup acme --wait");
    t.match(backup, { code: 0, stderr: /^(acme backup: .*\n)*$/ });
    t.match(backup.stdout, /tenants\/acme\/.*\.tar\.zst/);
    await bed.cli.ok(["cron", "add", "acme", "--name", "n", "--schedule", "@yearly", "--job", "backup"]);
    t.match(await openclaw("cron run acme n --wait --json"), { code: 0, stdout: /"state": ?"succeeded"/ });
    t.match(await openclaw("cron run acme n --no-wait"), { code: 0, stdout: /is (queued|running)/ });
    const outside = '{"to":"/nowhere/x.tar.zst"}';
    await bed.cli.ok(
      ["cron", "add", "acme", "--name", "bad", "--schedule", "@yearly", "--job", "backup"].concat([
        "--params",
        outside,
      ]),
    );
    t.match(await openclaw("cron run acme bad"), { code: 5, stdout: "", stderr: /\/nowhere/ });
    t.match(await openclaw("tenants backup nobody"), { code: 3, stderr: /no tenant/ });
    t.match(await openclaw("cron run acme none"), { code: 3 });
    t.match(await openclaw("cron run acme"), { code: 2 });
    t.match(await openclaw("tenants backup acme", ["OPENCLAW_GATEWAY_URL=http://127.0.0.1:9"]), {
      code: /[1-9]/,
    });
    const unreachable = ["OPENCLAW_GATEWAY_URL=http://127.0.0.1:9", "OPENCLAW_GATEWAY_TOKEN=x"];
    t.match(await openclaw("tenants backup acme", unreachable), { code: 6 });
  },
);
