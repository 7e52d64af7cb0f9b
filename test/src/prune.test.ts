/** Retention from the command line to the store and back. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Bed } from "./support/bed.js";

interface Archives {
  readonly archives: readonly { readonly id: string; readonly pinnedAt?: string }[];
}

t.test("archives are pruned, pinned and removed by hand, on the disk as in the catalogue", async (t) => {
  const bed = await Bed.start(t, { backup: { retention: { keepLast: 1 } } });
  await bed.createTenant("acme");
  const to = `${bed.archives}/`;
  const files = (): number => readdirSync(join(bed.archives, "tenants/acme")).length;
  const list = async (): Promise<Archives["archives"]> =>
    ((await bed.cli.json(["backups", "list", "--tenant", "acme"])) as Archives).archives;
  for (let n = 0; n < 3; n++) await bed.backup("acme", "--to", to);
  const [newest, , oldest] = await list();

  await bed.cli.json(["backups", "pin", oldest?.id ?? ""]);
  t.match(await bed.cli.json(["backups", "prune", "--dry-run"]), { jobs: [{ result: { kept: 2 } }] });
  t.equal(files(), 3);
  const pruned = (await bed.cli.json(["backups", "prune", "acme"])) as { readonly id: string };
  t.match(pruned, { result: { kept: 2, removed: 0, trashed: 1 } });
  t.equal((await list()).length, 2);
  t.match(await bed.cli.json(["backups", "prune", "--undo", pruned.id]), { archives: [{ state: "good" }] });
  t.equal((await list()).length, 3);
  t.match(await bed.cli.json(["backups", "prune", "acme", "--now"]), { result: { kept: 2, removed: 1 } });
  t.equal(files(), 2);
  t.match(await list(), [{ id: newest?.id }, { id: oldest?.id, pinnedAt: /^\d/ }]);

  const refused = await bed.cli.run(["backups", "rm", oldest?.id ?? ""]);
  t.equal(refused.code, 4);
  await bed.cli.json(["backups", "pin", oldest?.id ?? "", "--unpin"]);
  t.match(await bed.cli.json(["backups", "rm", oldest?.id ?? ""]), { result: { outcome: "trashed" } });
  t.match(await bed.cli.ok(["backups", "list", "--all"]), / trash until /);
  t.match(await bed.cli.json(["backups", "rm", oldest?.id ?? "", "--undo"]), { state: "good" });
  t.match(await bed.cli.json(["backups", "rm", oldest?.id ?? "", "--now"]), {
    result: { outcome: "removed" },
  });
  t.equal(files(), 1);
});
