import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { rawPath } from "../raw-path.js";
import {
  planPathSwap,
  planUndo,
  readJournal,
  swapPaths,
  takePathsBack,
  type PathSwapPlace,
} from "./path-swap.js";

type Tree = Readonly<Record<string, string>>;

function write(root: string, tree: Tree): void {
  for (const [path, content] of Object.entries(tree)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

function read(root: string): Tree {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((file): [string, string] => [file.slice(root.length + 1), readFileSync(file, "utf8")])
      .sort(),
  );
}

const DATABASE = "d".repeat(512);
const LIVE: Tree = { "a/1": "old", "a/2": "old", "a/kept": "kept", db: "old", "db-wal": "wal", file: "old" };
const STAGED: Tree = { "a/1": "new", "a/2": "new", db: DATABASE, "file/below": "new", "new/x": "new" };
const SWAPPED: Tree = {
  "a/1": "new",
  "a/2": "new",
  "a/kept": "kept",
  db: DATABASE,
  "file/below": "new",
  "new/x": "new",
};

function bench(t: Test): { readonly place: PathSwapPlace; readonly staged: string } {
  const root = t.testdir({});
  const at = (name: string): string => join(root, name);
  write(at("live"), LIVE);
  write(at("staged"), STAGED);
  const place = { live: at("live"), in: at("staging/in"), out: at("trash/out"), journal: at("journal") };
  return { place, staged: at("staged") };
}

await t.test("a swap that is cut off anywhere goes on to its end, or back to its beginning", (t) => {
  const paths = planPathSwap(bench(t).staged, bench(t).place, undefined).length;
  t.equal(paths, 6);
  for (let done = 0; done <= paths; done++)
    for (const direction of ["forward", "back"] as const) {
      const { place, staged } = bench(t);
      planPathSwap(staged, place, undefined);
      const journal = readFileSync(place.journal, "utf8").split("\n");
      writeFileSync(
        place.journal,
        journal
          .slice(0, done)
          .map((line) => `${line}\n`)
          .join(""),
      );
      swapPaths(place);
      writeFileSync(place.journal, journal.join("\n"));
      if (direction === "forward") swapPaths(place);
      else takePathsBack(place);
      t.same(read(place.live), direction === "forward" ? SWAPPED : LIVE, `after ${done}, ${direction}`);
      // Once more, as after a crash of the settlement.
      if (direction === "forward") swapPaths(place);
      else takePathsBack(place);
      t.same(read(place.live), direction === "forward" ? SWAPPED : LIVE);
    }
  t.end();
});

await t.test("an undo puts back what came out, and takes out what went in", (t) => {
  const { place, staged } = bench(t);
  planPathSwap(staged, place, undefined);
  swapPaths(place);
  const undo = {
    live: place.live,
    in: place.out,
    out: join(place.out, "../undone"),
    journal: `${place.journal}-undo`,
  };
  t.equal(planUndo(undo, place.journal).length, 6);
  swapPaths(undo);
  t.same(read(place.live), LIVE);
  t.same(read(undo.out)["4/below"] ?? read(undo.out)["3/below"], "new");
  t.end();
});

await t.test("what has come to stand in the way is not displaced", (t) => {
  const { place, staged } = bench(t);
  planPathSwap(staged, place, undefined);
  write(place.live, { "new/other": "mine" });
  t.throws(() => swapPaths(place), { code: "IO_FAILED", message: /new/ });
  takePathsBack(place);
  t.same(read(place.live), { ...LIVE, "new/other": "mine" });
  t.end();
});

await t.test("nothing is taken back of a swap that was not begun", (t) => {
  const { place, staged } = bench(t);
  planPathSwap(staged, place, undefined);
  takePathsBack(place);
  t.same(read(place.live), LIVE);
  t.end();
});

await t.test("names of any bytes survive the journal", (t) => {
  const { place, staged } = bench(t);
  writeFileSync(Buffer.from(`${staged}/caf\xe9 \n`, "latin1"), "");
  planPathSwap(staged, place, undefined);
  t.ok(readJournal(place.journal).some(({ path }) => path === "caf\xe9 \n"));
  swapPaths(place);
  t.ok(
    readdirSync(place.live, { encoding: "buffer" }).some((name) => name.toString("latin1") === "caf\xe9 \n"),
  );
  t.end();
});

await t.test("a parent that vanished is made again; one that is a link is not followed", (t) => {
  const { place, staged } = bench(t);
  planPathSwap(staged, place, rawPath("deep/er/dir"));
  swapPaths(place);
  t.same(read(join(place.live, "deep/er/dir")), STAGED);

  const other = bench(t);
  planPathSwap(other.staged, other.place, rawPath("deep/er"));
  symlinkSync("/tmp", join(other.place.live, "deep"));
  t.throws(() => swapPaths(other.place), { code: /ELOOP|ENOTDIR/ });
  t.end();
});

await t.test(
  "an undo of paths whose parent is gone makes it again, and is refused where a link took its place",
  (t) => {
    const { place, staged } = bench(t);
    planPathSwap(staged, place, undefined);
    swapPaths(place);
    rmSync(join(place.live, "a"), { recursive: true });
    const undo = {
      live: place.live,
      in: place.out,
      out: join(place.out, "../undone"),
      journal: `${place.journal}-undo`,
    };
    symlinkSync("/tmp", join(place.live, "a"));
    t.throws(() => planUndo(undo, place.journal), { code: /ELOOP|ENOTDIR/ });
    rmSync(join(place.live, "a"));
    planUndo(undo, place.journal);
    swapPaths(undo);
    t.match(read(place.live), { "a/1": "old", "a/2": "old" });
    t.end();
  },
);

await t.test("links of the tenant that already lead out do not stand in the way", (t) => {
  const { place, staged } = bench(t);
  symlinkSync("/etc", join(place.live, "own"));
  symlinkSync("..", join(place.live, "a/up"));
  symlinkSync("a/up/../../x", join(place.live, "around"));
  mkdirSync(join(staged, "links"));
  symlinkSync("x", join(staged, "links/new"));
  planPathSwap(staged, place, undefined);
  swapPaths(place);
  t.ok(readdirSync(join(place.live, "links")).includes("new"));
  t.end();
});
