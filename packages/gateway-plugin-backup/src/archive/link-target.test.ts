import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import t from "tap";
import {
  brokenTargetRule,
  LinkSet,
  relativeTargetFor,
  resolveLinkTarget,
  type TargetRule,
} from "./link-target.js";
import { rawPath } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";

const root = rawPath("tenants/acme");
const directory = rawPath("/state/tenants/acme");
const inRoot = (path: string): RawPath => rawPath(`tenants/acme/${path}`);

/** Link, target, and where it leads by its text, or the rule that it breaks. */
const targets: readonly (readonly [string, string, TargetRule | RawPath])[] = [
  ["a", "b", inRoot("b")],
  ["a", "./b//c/", inRoot("b/c")],
  ["a", ".", root],
  ["d/e/a", "..", inRoot("d")],
  ["d/e/a", "../..", root],
  ["d/e/a", "../../b", inRoot("b")],
  ["d/a", "../b/../c", inRoot("c")],
  ["a", "...", inRoot("...")],
  ["a", "b\\..\\..\\..", inRoot("b\\..\\..\\..")],
  ["a", "C:../x", inRoot("C:../x")],
  ["a", "..", "link leaves the root"],
  ["d/a", "../..", "link leaves the root"],
  ["a", "b/../../c", "link leaves the root"],
  ["a", "../acme/b", "link leaves the root"],
  ["a", "/tenants/acme/b", "link leaves the root"],
  ["a", "/", "link leaves the root"],
  ["a", "", "empty link target"],
  ["a", "b\0c", "NUL in link target"],
  ["a", "x/".repeat(2048), "link target over 4095 bytes"],
];

for (const [link, target, expected] of targets)
  t.test(`the target ${JSON.stringify(target.slice(0, 30))} of ${link}: ${expected}`, (t) => {
    const path = inRoot(link);
    const rule = brokenTargetRule(path, rawPath(target), root);
    t.equal(rule ?? resolveLinkTarget(path, rawPath(target), root), expected);
    t.end();
  });

t.test("a target is allowed up to the length that the kernel takes", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "openclaw-target-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  symlinkSync(`${"x/".repeat(2047)}y`, join(directory, "longest"));
  t.throws(() => symlinkSync("x/".repeat(2048), join(directory, "longer")), { code: "ENAMETOOLONG" });
  t.end();
});

/** Link, what readlink gave, what an archive stores (undefined: left out). */
const stored: readonly (readonly [string, string, string | undefined])[] = [
  ["a", "b", "b"],
  ["d/a", "../b/./c/", "../b/./c/"],
  ["a", "/state/tenants/acme/b", "b"],
  ["d/e/a", "/state/tenants/acme/b/c", "../../b/c"],
  ["a", "/state/tenants/acme", "."],
  ["a", "/state/tenants/acme/", "."],
  ["d/a", "/state/tenants/acme//b", "../b"],
  ["d/a", "/state/tenants/acme", ".."],
  ["a", "/state/tenants/acme/../other/secret", undefined],
  ["a", "/state/tenants/acme2/b", undefined],
  ["a", "/etc/passwd", undefined],
  ["a", "../other/secret", undefined],
];

for (const [link, target, expected] of stored)
  t.test(
    `of the link ${link} -> ${target} an archive ${expected === undefined ? "holds nothing" : `holds ${expected}`}`,
    (t) => {
      t.equal(relativeTargetFor(inRoot(link), rawPath(target), root, directory), expected);
      t.end();
    },
  );

t.test("a stored target always leads inside, to the same place", (t) => {
  const part = fc.constantFrom("a", "b", "..", ".", "");
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "b"), { minLength: 1 }), fc.array(part), (link, rest) => {
        const path = inRoot(link.join("/"));
        const result = relativeTargetFor(path, `${directory}/${rest.join("/")}` as RawPath, root, directory);
        const plain = resolveLinkTarget(inRoot("top"), `./${rest.join("/")}` as RawPath, root);
        assert.equal(result === undefined ? undefined : resolveLinkTarget(path, result, root), plain);
      }),
    ),
  );
  t.end();
});

/** Links (path below the root to target) and those of them that leave the root by way of others. */
const sets: readonly (readonly [string, Record<string, string>, Record<string, string>])[] = [
  ["links that lead down or up their own directories", { a: "b/c", "d/e": "../a", "d/f": ".." }, {}],
  ["a link that climbs out of a real directory", { "d/a": "../b/../c" }, {}],
  [
    "a link that climbs out of a link that leads as deep",
    { "d/cur": "releases", "d/a": "cur/../shared" },
    {},
  ],
  [
    "a link that climbs out of a link to the root",
    { "d/e/up": "../..", "d/e/a": "up/../other" },
    { "d/e/a": "link leaves the root through another link" },
  ],
  [
    "the same through a second link",
    { "d/e/up": "../..", "d/e/via": "up", "d/e/a": "via/../other" },
    { "d/e/a": "link leaves the root through another link" },
  ],
  [
    "the same where the other link comes later, in a directory that is reached through a third",
    { "x/a": "to/up/../../y", "x/to": "../d/e", "d/e/up": "../.." },
    { "x/a": "link leaves the root through another link" },
  ],
  ["links in a circle", { a: "b", b: "a" }, {}],
  [
    "links in a circle that climb",
    { "d/a": "b/../b", "d/b": "a/../a" },
    { "d/a": "link passes more than 40 links", "d/b": "link passes more than 40 links" },
  ],
];

for (const [name, links, expected] of sets)
  t.test(`${Object.keys(expected).length === 0 ? "allowed" : "refused"}: ${name}`, (t) => {
    const set = new LinkSet(root);
    for (const [path, target] of Object.entries(links)) set.add(inRoot(path), rawPath(target));
    const found = [...set.escaping()].map(({ path, rule }) => [path.slice(root.length + 1), rule]);
    t.strictSame(Object.fromEntries(found), expected);
    t.end();
  });

t.test("no set of links that is let through leaves the root on a real file system", (t) => {
  const names = fc.constantFrom("a", "b", "c");
  const path = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  const target = fc
    .array(fc.oneof(names, fc.constant("..")), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join("/"));
  const scratch = mkdtempSync(join(tmpdir(), "links-"));
  t.teardown(() => rmSync(scratch, { recursive: true }));
  let run = 0;
  let followed = 0;
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.dictionary(path, target, { minKeys: 2, maxKeys: 6, noNullPrototype: true }), (drawn) => {
        // As the entry policy sees to it: targets lead inside by their text, and nothing passes through a link.
        const links = Object.entries(drawn).filter(
          ([link, to]) =>
            resolveLinkTarget(inRoot(link), rawPath(to), root) !== undefined &&
            Object.keys(drawn).every((other) => !link.startsWith(`${other}/`)),
        );
        const set = new LinkSet(root);
        for (const [link, to] of links) set.add(inRoot(link), rawPath(to));
        const refused = new Set([...set.escaping()].map(({ path }) => path));
        if (refused.size > 0) return;

        const base = join(scratch, String(run++));
        const real = join(base, "tenants/acme");
        for (const [link] of links) mkdirSync(dirname(join(real, link)), { recursive: true });
        for (const [link, to] of links) symlinkSync(to, join(real, link));
        // Directories wherever a link could lead, so that as many as possible lead somewhere.
        for (const directory of [
          "a",
          "b",
          "c",
          "a/a",
          "a/b",
          "a/c",
          "b/a",
          "b/b",
          "b/c",
          "c/a",
          "c/b",
          "c/c",
        ])
          if (!existsSync(join(real, directory)) && !links.some(([link]) => directory.startsWith(link)))
            mkdirSync(join(real, directory), { recursive: true });
        for (const [link] of links) {
          let end;
          try {
            end = realpathSync.native(join(real, link));
          } catch {
            continue; // It leads to nothing, or in a circle.
          }
          followed++;
          assert.ok(end === real || end.startsWith(`${real}/`), `${link} leads to ${end}`);
        }
      }),
      { numRuns: 400 },
    ),
  );
  t.ok(followed > 100, `${followed} links led somewhere`);
  t.end();
});

t.test("a set that is made to be costly is given up", (t) => {
  const set = new LinkSet(root);
  for (let i = 0; i < 100; i++) set.add(inRoot(`l${i}`), rawPath(`${"x/".repeat(500)}${"../".repeat(500)}y`));
  t.strictSame([...set.escaping()], []);
  const unjudged = [...set.escaping({ steps: 50_000 })];
  t.ok(unjudged.length > 40 && unjudged.every(({ rule }) => rule === undefined));
  t.end();
});
