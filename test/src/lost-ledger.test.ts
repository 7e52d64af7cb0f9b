/** The ledger is lost: the stores alone give the catalogue back, and everything goes on as before. */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { archivePlaces } from "./support/archive-places.js";
import { Noise } from "./support/seeded.js";
import { describeDifferences, diffTrees } from "./support/tree-diff.js";

interface Listed {
  readonly id: string;
  readonly location: string;
  readonly size: number;
  readonly createdAt: string;
  readonly totals: unknown;
}

for (const { name, open } of await archivePlaces(t)) {
  t.test(`${name}: after a lost ledger, list, restore, backup and prune work as before`, async (t) => {
    const { bed } = await open(t);
    for (const [n, id] of ["acme", "beta"].entries()) {
      await bed.createTenant(id);
      const workspace = join(bed.gateway.tenantDirectory(id), "workspace");
      writeFileSync(join(workspace, "large"), new Noise(n).read(7_000_000));
    }
    const list = async (): Promise<Listed[]> =>
      ((await bed.cli.json(["backups", "list"])) as { readonly archives: Listed[] }).archives;
    await bed.backup("acme");
    await bed.backup("beta");
    await bed.backup("acme");
    const before = await list();

    await bed.gateway.stop();
    const state = join(bed.directory, "state/backup");
    for (const file of readdirSync(state).filter((file) => file.startsWith("ledger.sqlite")))
      rmSync(join(state, file));
    await bed.restart();
    t.same(await list(), [], "nothing is known any more");
    t.match((await bed.cli.run(["doctor"])).stdout, /was the ledger lost\?/);

    const trial = await bed.cli.json(["backups", "rebuild", "--dry-run"]);
    t.match(trial, { result: { dryRun: true, added: 3 } });
    t.same(await list(), []);
    const rebuilt = await bed.cli.json(["backups", "rebuild"]);
    t.match(rebuilt, { state: "succeeded", result: { added: 3, foreign: { count: 0 }, lost: { count: 0 } } });
    t.match(await bed.cli.json(["backups", "rebuild"]), { result: { added: 0, known: 3 } }, "once is enough");
    const facts = ({ location, size, createdAt, totals }: Listed) => ({ location, size, createdAt, totals });
    const after = await list();
    t.same(after.map(facts), before.map(facts), "the same archives in the same order");

    const [newest] = after;
    await bed.restore("--from", newest?.id ?? "", "--as", "copy");
    const [source = "", copy = ""] = ["acme", "copy"].map((id) => bed.gateway.tenantDirectory(id));
    const differences = diffTrees(source, copy).filter(({ path }) => path !== "" && path !== "tenant.json");
    t.equal(describeDifferences(differences), "", "it is restored as it was");

    const { result } = await bed.backup("acme");
    t.match(result, { mode: "incremental", base: newest?.id });
    t.equal(result.bytes.read, result.bytes.planned, "every file was read");
    t.ok(result.bytes.uploaded < 100_000, `${result.bytes.uploaded} bytes were sent`);

    const pruned = await bed.cli.json(["backups", "prune", "acme", "--keep-last", "1"]);
    t.match(pruned, { result: { trashed: 2, kept: 1, lost: [] } });
    t.match(await bed.cli.json(["backups", "check-destination"]), { state: "succeeded" });
    t.equal((await list()).length, 2);
  });
}
