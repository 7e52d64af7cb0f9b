import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Bed } from "./support/bed.js";
import { unexplainedDifferences } from "./support/restored-tenant.js";
import { describeDifferences } from "./support/tree-diff.js";

t.test("a tenant goes to local disk and comes back under its own and another name", async (t) => {
  const bed = await Bed.start(t);
  const { token, databases, files } = await bed.createFilledTenant("acme", {
    seed: 1,
    files: 300,
    bytes: 12_000_000,
  });
  const source = bed.gateway.tenantDirectory("acme");
  const archive = join(bed.archives, "acme/2026-06-03.tar.zst");

  const backup = await bed.backup("acme", "--to", archive);
  t.equal(backup.state, "succeeded");
  t.equal(backup.result.location, archive, "missing directories below a local root are made");
  t.equal(backup.result.size, statSync(archive).size);
  t.equal(statSync(archive).mode & 0o777, 0o600);
  t.equal(backup.result.databases, databases.length);
  // tenant.json stands beside what was generated.
  t.equal(backup.result.totals.files, files + 1);
  t.same(backup.warnings, []);

  await t.test("a taken slot is refused, with the way out", async (t) => {
    const refused = await bed.cli.run(["tenants", "restore", "--from", archive]);
    t.equal(refused.code, 4);
    t.match(refused.stderr, /^error: .*acme/m);
    t.match(refused.stderr, /^hint: .*--force.*--as/m);
  });

  await t.test("--as makes a copy with an identity of its own", async (t) => {
    const { state, result } = await bed.restore("--from", archive, "--as", "acme-staging");
    t.equal(state, "succeeded");
    t.equal(result.token, "new", "acme's token is in use here");
    t.equal(result.schedulesDisabled, 1);
    t.same(result.rePair, ["whatsapp"]);
    const restored = bed.gateway.tenantDirectory("acme-staging");
    const differences = unexplainedDifferences({ source, restored, renamedTo: "acme-staging", databases });
    t.equal(describeDifferences(differences), "");
    t.equal(await bed.whoami(result.newToken ?? ""), "acme-staging");
    t.equal(await bed.whoami(token), "acme");
  });

  await t.test("the same name comes back with the same token once the slot is empty", async (t) => {
    const record = readFileSync(join(source, "tenant.json"), "utf8");
    await bed.cli.ok(["tenants", "delete", "acme", "--confirm"]);
    t.equal(await bed.whoami(token), 401);
    t.notOk(existsSync(source));
    const { result } = await bed.restore("--from", archive);
    t.equal(result.token, "archive");
    t.equal(result.replaced, false);
    t.equal(await bed.whoami(token), "acme");
    t.same(JSON.parse(readFileSync(join(source, "tenant.json"), "utf8")), JSON.parse(record));
    const copy = bed.gateway.tenantDirectory("acme-staging");
    t.equal(
      describeDifferences(
        unexplainedDifferences({ source, restored: copy, renamedTo: "acme-staging", databases }),
      ),
      "",
    );
  });

  await t.test("an archive that is there is not overwritten unless asked for", async (t) => {
    const before = readFileSync(archive);
    const refused = await bed.cli.run(["tenants", "backup", "acme", "--to", archive]);
    t.equal(refused.code, 4);
    t.match(refused.stderr, /^hint: .*--overwrite/m);
    t.ok(readFileSync(archive).equals(before));
    t.equal((await bed.backup("acme", "--to", archive, "--overwrite")).state, "succeeded");
  });

  await t.test(
    "without --to the archive goes to the embedded destination under a name of its own",
    async (t) => {
      const { result } = await bed.backup("acme");
      t.match(result.location, /\/state\/backups\/tenants\/acme\/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.tar\.zst$/);
      t.ok(existsSync(result.location));
      const { archives } = (await bed.cli.json(["tenants", "backups", "acme"])) as {
        archives: { location: string }[];
      };
      t.ok(archives.some(({ location }) => location === result.location));
    },
  );
});

t.test("a dry run says what it would do and does nothing", async (t) => {
  const bed = await Bed.start(t);
  await bed.createFilledTenant("acme", { seed: 2, files: 120, bytes: 8_000_000 });
  const archive = join(bed.archives, "acme.tar.zst");
  await bed.cli.ok(["tenants", "backup", "acme", "--to", archive, "--dry-run"]);
  t.notOk(existsSync(archive));
  await bed.backup("acme", "--to", archive);
  const checked = await bed.restore("--from", archive, "--as", "copy", "--dry-run");
  t.equal(checked.state, "succeeded");
  t.ok(checked.result.totals.files > 100);
  t.notOk(existsSync(bed.gateway.tenantDirectory("copy")));
  t.match(await bed.cli.ok(["tenants", "list", "--names"]), /^acme\n$/);
});
