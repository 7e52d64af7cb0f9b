/** Schedules from the command line to the archive. */
import { existsSync } from "node:fs";
import t from "tap";
import { Bed } from "./support/bed.js";

t.test("the line of the documentation works as it stands, in a shell", async (t) => {
  const bed = await Bed.start(t);
  await bed.createTenant("acme");
  const line = String.raw`openclaw cron add acme --schedule "0 3 * * *" --name "nightly-backup" --cmd "openclaw tenants backup acme --to s3://my-bucket/acme/\$(date +%F).tar.zst"`;
  const said = await bed.cli.shell(line);
  t.match(
    said.stdout,
    /^acme: schedule nightly-backup was added\nit runs (today|tomorrow) at 03:00, Etc\/UTC \(in /,
  );
  t.match(await bed.cli.json(["cron", "show", "acme", "nightly-backup"]), {
    job: "backup",
    parameters: { to: "s3://my-bucket/acme/$(date +%F).tar.zst" },
    enabled: true,
    approved: true,
  });
  t.match(await bed.cli.json(["cron", "list"]), { schedules: [{ tenant: "acme", name: "nightly-backup" }] });
});

t.test("a schedule runs by itself, and by hand; a copy's schedules are off", async (t) => {
  const bed = await Bed.start(t);
  await bed.createTenant("acme");
  const add = ["cron", "add", "acme", "--name", "often", "--schedule", "* * * * * *"];
  const cmd = `openclaw tenants backup acme --to ${bed.archives}/$(date -u +%F).tar.zst --overwrite`;
  await bed.cli.json([...add, "--cmd", cmd]);
  const run = (await bed.cli.json(["cron", "run", "acme", "often"])) as { result: { location: string } };
  t.match(run, { state: "succeeded", result: { location: /\/\d{4}-\d\d-\d\d\.tar\.zst$/ } });
  t.ok(existsSync(run.result.location));

  interface Jobs {
    readonly jobs: readonly { readonly trigger: string; readonly id: string }[];
  }
  let byItself: string | undefined;
  while (byItself === undefined) {
    const { jobs } = (await bed.cli.json(["jobs", "list", "--tenant", "acme"])) as Jobs;
    byItself = jobs.find(({ trigger }) => trigger === "cron")?.id;
  }
  await bed.cli.json(["cron", "disable", "acme", "often"]);
  t.match(await bed.cli.json(["cron", "runs", "acme", "often"]), { runs: Array });

  await bed.cli.json(["cron", "enable", "acme", "often"]);
  const backup = await bed.backup("acme");
  await bed.cli.json(["cron", "disable", "acme", "often"]);
  await bed.restore("--from", backup.result["location"], "--as", "acme-staging");
  t.match(await bed.cli.json(["cron", "list", "acme-staging"]), {
    schedules: [{ name: "often", enabled: false, approved: false }],
  });
  t.equal(
    (await bed.cli.run(["cron", "add", "acme", "--name", "x", "--schedule", "@daily", "--cmd", "id"])).code,
    5,
  );
  t.equal(
    (await bed.cli.run(["cron", "add", "acme", "--name", "x", "--schedule", "1", "--job", "backup"])).code,
    2,
  );
  t.equal((await bed.cli.run(["cron", "show", "acme", "none"])).code, 3);
});
