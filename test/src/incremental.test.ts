/** Backups on top of others: each archive is complete by itself, and like a full one. */
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { archivePlaces } from "./support/archive-places.js";
import { Bed, temporaryDirectory } from "./support/bed.js";
import { changeGeneratedTenant, type Changes } from "./support/changes.js";
import { missing } from "./support/needs.js";
import { unexplainedDifferences } from "./support/restored-tenant.js";
import { mustRun } from "./support/run.js";
import { Noise } from "./support/seeded.js";
import { describeDifferences, diffTrees } from "./support/tree-diff.js";

const SCALE = { seed: 41, files: 300, bytes: 24_000_000 };
/** Of a file that could be no database, and so is known again though it was just made: a run that any store copies. */
const UNCHANGED_BYTES = 12_000_001;

const places = await archivePlaces(t);

interface DiffLine {
  readonly kind: "added" | "removed" | "changed" | "unexplained" | "end";
  readonly path?: string;
  readonly type?: string;
  readonly after?: { readonly type: string };
}

/** Paths of files that differ, by kind. Directories change with what is in them. */
async function diff(bed: Bed, ...args: readonly string[]): Promise<Record<DiffLine["kind"], string[]>> {
  const lines = (await bed.cli.ok(["backups", "diff", ...args, "--json"]))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as DiffLine);
  t.equal(lines.at(-1)?.kind, "end", "the list is whole");
  const of = (wanted: DiffLine["kind"]): string[] =>
    lines
      .filter(({ kind, type, after }) => kind === wanted && (type ?? after?.type) !== "directory")
      .map(({ path = "" }) => path)
      .sort();
  return {
    added: of("added"),
    removed: of("removed"),
    changed: of("changed"),
    unexplained: of("unexplained"),
    end: [],
  };
}

function expected({ added, removed, changed }: Changes): Record<string, string[]> {
  const [a, r, c] = [added, removed, changed].map((paths) => [...paths].sort());
  return { added: a ?? [], removed: r ?? [], changed: c ?? [], unexplained: [] };
}

/** GNU tar lists each entry once, `zstd -t` finds nothing; gives the directory into which tar extracts it. */
async function openWithStandardTools(t: Test, bytes: Buffer, entries: number): Promise<string> {
  const directory = temporaryDirectory(t);
  const archive = join(directory, "archive.tar.zst");
  writeFileSync(archive, bytes);
  await mustRun("zstd", ["-q", "-t", archive]);
  const names = (await mustRun("tar", ["--zstd", "-tf", archive], { env: { ...process.env, LC_ALL: "C" } }))
    .trimEnd()
    .split("\n");
  t.equal(names.length, entries, "tar lists every entry");
  t.equal(new Set(names).size, entries, "each path stands once");
  await mustRun("tar", ["--zstd", "-xpf", archive, "-C", directory]);
  return join(directory, "tenants/acme");
}

for (const { name, open } of places) {
  t.test(
    `${name}: an incremental archive is like a full one, with its base deleted`,
    { skip: await missing({ programs: ["zstd", "tar"] }) },
    async (t) => {
      const { bed, read, put } = await open(t);
      const { databases } = await bed.createFilledTenant("acme", SCALE);
      const source = bed.gateway.tenantDirectory("acme");
      writeFileSync(join(source, "workspace/unchanged"), new Noise(43).read(UNCHANGED_BYTES));
      const first = (await bed.backup("acme")).result;
      t.match(first, { mode: "full", fullReason: "there is no earlier archive in this store" });

      const changes = changeGeneratedTenant(source, 1);
      t.match(await diff(bed, first.archiveId, "--live"), expected(changes), "archive and tenant");
      const second = (await bed.backup("acme")).result;
      t.match(second, { mode: "incremental", base: first.archiveId, fullReason: undefined });
      const { reused, uploaded, stored } = second.bytes;
      t.equal(reused + uploaded, stored);
      t.equal(stored, second.size);
      t.ok(uploaded < stored / 2, `${uploaded} bytes of ${stored} sent`);
      t.match(await diff(bed, first.archiveId, second.archiveId), expected(changes), "two archives");
      t.match(
        await diff(bed, second.archiveId, "--content"),
        expected({ added: [], removed: [], changed: [] }),
      );

      await bed.cli.ok(["backups", "rm", first.archiveId, "--now"]);
      const bytes = await read(second.location);
      const opened = await openWithStandardTools(t, bytes, second.totals.entries);
      await bed.restore("--from", second.location, "--as", "from-incremental");
      const restored = bed.gateway.tenantDirectory("from-incremental");
      t.equal(
        describeDifferences(
          unexplainedDifferences({ source, restored, renamedTo: "from-incremental", databases }),
        ),
        "",
        "the tenant comes back whole",
      );

      await bed.cli.ok(["backups", "rm", second.archiveId, "--force", "--now"]);
      const full = (await bed.backup("acme")).result;
      t.match(full, { mode: "full", fullReason: "there is no earlier archive in this store" });
      t.same(full.totals.entries, second.totals.entries);
      const fullOpened = await openWithStandardTools(t, await read(full.location), full.totals.entries);
      // GNU tar sets some links when all else is done, and then not always the time of the directory that they are in.
      const differing = diffTrees(opened, fullOpened).filter(
        ({ path, aspect }) => path !== "workspace/odd" || aspect !== "mtime",
      );
      t.equal(describeDifferences(differing), "", "tar gives the same, byte for byte");

      // Nobody knows it any more, and all that it was made of is gone.
      const foreign = second.location.replace(/[^/]*$/, "moved.tar.zst");
      await put(foreign, bytes);
      t.match(await diff(bed, foreign, full.archiveId), expected({ added: [], removed: [], changed: [] }));
      await bed.restore("--from", foreign, "--as", "from-incremental", "--force");
      const differences = unexplainedDifferences({
        source,
        restored,
        renamedTo: "from-incremental",
        databases,
      });
      t.equal(describeDifferences(differences), "", "also from what is left of it");
    },
  );
}

t.test("a file with other content at the same size and time is told apart, and backed up", async (t) => {
  const bed = await Bed.start(t);
  await bed.createTenant("acme");
  const directory = bed.gateway.tenantDirectory("acme");
  writeFileSync(join(directory, "workspace/large"), new Noise(42).read(6_000_000));
  const path = "workspace/same-size-and-time";
  const write = (content: string): void => {
    writeFileSync(join(directory, path), content);
    utimesSync(join(directory, path), 1_700_000_000, 1_700_000_000);
  };
  write("before");
  const first = (await bed.backup("acme")).result;
  write("after!");
  t.match(await diff(bed, first.archiveId), { changed: [], unexplained: [] }, "its metadata says nothing");
  t.match(await diff(bed, first.archiveId, "--content"), { changed: [], unexplained: [path] });
  const second = (await bed.backup("acme")).result;
  t.match(second, { mode: "incremental", base: first.archiveId });
  t.match(await diff(bed, first.archiveId, second.archiveId), { changed: [], unexplained: [path] });
  const { stdout } = await bed.cli.run(["backups", "diff", first.archiveId, second.archiveId]);
  t.match(stdout, `? ${path}  content`);
  t.equal(await bed.cli.ok(["backups", "cat", second.archiveId, path]), "after!");
});
