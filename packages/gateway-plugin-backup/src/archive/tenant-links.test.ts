import { closeSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openRootDirectory } from "./confined.js";
import { DEFAULT_LIMITS } from "./format.js";
import { LinkSet } from "./link-target.js";
import { joinRaw, rawPath } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { TenantLinks } from "./tenant-links.js";
import type { JudgedLinks } from "./tenant-links.js";
import { aroundCalls, systemError } from "../test-support/system-calls.js";

/** Judges the links `name → target` that stand in the directory `d` of a tenant. */
function judge(directory: string, links: Readonly<Record<string, string>>): JudgedLinks {
  mkdirSync(join(directory, "d"));
  const handle = openRootDirectory(join(directory, "d"));
  const collected = new TenantLinks({
    directory,
    root: "tenants/acme",
    tenant: "acme",
    limits: DEFAULT_LIMITS,
    exclude: [],
    allowUnreadable: false,
  });
  for (const [name, target] of Object.entries(links)) {
    symlinkSync(target, join(directory, "d", name));
    collected.add(handle, rawPath(name), rawPath(`d/${name}`));
  }
  closeSync(handle);
  return collected.judge();
}

t.test("a link that is gone when its turn comes, or something else, is none", (t) => {
  aroundCalls(t, "readlinkSync", (readlink, name, ...options) => {
    const path = String(name);
    if (path.endsWith("/gone") || path.endsWith("/replaced")) rmSync(path);
    if (path.endsWith("/replaced")) writeFileSync(path, "");
    return readlink(name, ...options);
  });
  const { safe, escaping } = judge(t.testdir({}), { gone: "x", replaced: "x", stays: "x" });
  t.strictSame([...safe.keys()], ["d/stays"]);
  t.equal(escaping.size, 0);
  t.end();
});

t.test("a link that the disk cannot give is not passed over", (t) => {
  aroundCalls(t, "readlinkSync", () => {
    throw systemError("EIO", "readlink");
  });
  t.throws(() => judge(t.testdir({}), { link: "x" }), { code: "EIO" });
  t.end();
});

/** What a reader of the archive says of the links that were found safe. */
function refusedByReader(safe: ReadonlyMap<RawPath, RawPath>): unknown[] {
  const root = rawPath("tenants/acme");
  const set = new LinkSet(root);
  for (const [path, target] of safe) set.add(joinRaw(root, path), target);
  return [...set.escaping()];
}

t.test("a link that leads out by way of another is left out, and so is what passes through it", (t) => {
  const { safe, escaping } = judge(t.testdir({}), {
    here: ".",
    out: "here/here/../../../x",
    through: "out/y",
    "through-and-back": "out/../../d/here",
    fine: "here/../d/here",
    up: "..",
  });
  t.strictSame([...escaping].sort(), ["d/out", "d/through-and-back"]);
  t.ok(safe.has(rawPath("d/fine")) && safe.has(rawPath("d/up")) && safe.has(rawPath("d/through")));
  t.strictSame(refusedByReader(safe), []);
  t.end();
});

t.test(
  "many links that are made to be costly take seconds, and those that were not judged are left out",
  (t) => {
    const links: Record<string, string> = { deep: "x/".repeat(1900) };
    for (let i = 0; i < 1000; i++) links[`l${i}`] = `deep/${"x/../".repeat(800)}y`;
    links["plain"] = "somewhere/below";
    const began = Date.now();
    const { safe, escaping } = judge(t.testdir({}), links);
    const seconds = (Date.now() - began) / 1000;
    t.ok(seconds < 30, `${seconds} s`);
    t.equal(safe.size + escaping.size, 1002);
    t.strictSame([...safe.keys()].sort(), ["d/deep", "d/plain"]);
    t.strictSame(refusedByReader(safe), []);
    t.end();
  },
);
