/** What the writer makes, every reader takes: with our index, and by the same rules as another tool's archive. */
import assert from "node:assert/strict";
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { type RawPath, rawPathBytes } from "./raw-path.js";
import { component } from "./testing/arbitraries.js";
import { extractInProcess } from "./testing/extract-in-process.js";
import { readTree, type TreeEntry } from "./testing/tree.js";
import { writeToMemory } from "./testing/write-to-memory.js";

interface Drawn {
  readonly path: readonly RawPath[];
  readonly kind: "file" | "directory" | "link";
  readonly mode: number;
  readonly target: string;
}

/** Few names, so that links meet what is there, and each other. */
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "c").map((text) => text as RawPath) },
  { weight: 1, arbitrary: component },
);
/** Targets inside and outside, through each other, to nowhere; `{tenant}` stands for the tenant's directory. */
const target = fc
  .tuple(
    fc.constantFrom("", "", "", "/", "{tenant}/", "{tenant}/../"),
    fc.array(fc.oneof(fc.constantFrom("..", "..", ".", "a", "b", "c"), component), {
      minLength: 1,
      maxLength: 5,
    }),
  )
  .map(([start, parts]) => start + parts.join("/"));
const entry: fc.Arbitrary<Drawn> = fc.record({
  path: fc.array(name, { minLength: 1, maxLength: 4 }),
  kind: fc.constantFrom("file", "directory", "link", "link"),
  // Nothing that keeps the tests' own user from reading it.
  mode: fc.integer({ min: 0, max: 0o7777 }).map((mode) => mode | 0o700),
  target,
});

/** Makes what can be made; where something is in the way already, that stays. */
function make(tenant: string, drawn: readonly Drawn[]): void {
  for (const { path, kind, mode, target } of drawn) {
    let directory = Buffer.from(tenant);
    try {
      for (const part of path.slice(0, -1)) {
        directory = Buffer.concat([directory, Buffer.from("/"), rawPathBytes(part)]);
        if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) mkdirSync(directory);
        if (!lstatSync(directory).isDirectory())
          throw Object.assign(new Error("in the way"), { code: "EEXIST" });
      }
      const place = Buffer.concat([
        directory,
        Buffer.from("/"),
        rawPathBytes(path.at(-1) ?? ("x" as RawPath)),
      ]);
      if (kind === "link") symlinkSync(Buffer.from(target.replace("{tenant}", tenant), "latin1"), place);
      else if (kind === "directory") mkdirSync(place);
      else writeFileSync(place, target, { flag: "wx" });
      if (kind !== "link") chmodSync(place, mode);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "EEXIST");
    }
  }
}

/** Without fractions of seconds, which only the index has. */
function wholeSeconds(tree: Record<string, TreeEntry>): object {
  return Object.fromEntries(
    Object.entries(tree).map(([path, entry]) => [
      path,
      { ...entry, mtimeNs: entry.mtimeNs / 1_000_000_000n },
    ]),
  );
}

t.test("whatever tree is archived, both readers take the archive, and give the same tree", async (t) => {
  let links = 0;
  let leftOut = 0;
  const everyTree = fc.asyncProperty(fc.array(entry, { minLength: 4, maxLength: 25 }), async (drawn) => {
    const root = mkdtempSync(join(tmpdir(), "openclaw-writer-"));
    try {
      const [tenant, native, foreign] = ["acme", "native", "foreign"].map((child) => join(root, child));
      assert.ok(tenant !== undefined && native !== undefined && foreign !== undefined);
      for (const directory of [tenant, native, foreign]) mkdirSync(directory);
      make(tenant, drawn);
      const archive = await writeToMemory(tenant);
      const { totals } = await extractInProcess(archive.bytes, native);
      assert.equal(totals.entries, archive.header.totals.entries);
      const end = archive.segments.at(-1);
      // The frames alone: what `zstd` and `tar` see of it.
      const frames = archive.bytes.subarray(0, (end?.offset ?? 0) + (end?.stored ?? 0));
      const { hadIndex } = await extractInProcess(frames, foreign);
      assert.equal(hadIndex, false);
      assert.deepEqual(wholeSeconds(readTree(foreign)), wholeSeconds(readTree(native)));
      links += totals.symlinks;
      leftOut += archive.header.warnings.length;
    } finally {
      rmSync(root, { recursive: true });
    }
  });
  await t.resolves(fc.assert(everyTree, { numRuns: 40 }));
  t.ok(links > 10, `${links} links were archived`);
  t.ok(leftOut > 10, `${leftOut} were left out because they lead outside`);
});
