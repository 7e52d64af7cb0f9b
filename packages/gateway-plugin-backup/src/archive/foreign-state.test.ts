import t, { type Test } from "tap";
import { writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { StatePlacement } from "./foreign-state.js";
import { rawPath } from "./raw-path.js";
import { extractInProcess } from "./testing/extract-in-process.js";
import { extracted, refusal } from "./testing/foreign.js";
import { stagingDirectory } from "./testing/staging.js";
import { tarOf, type TarPart } from "./testing/tar-builder.js";
import { readTree } from "./testing/tree.js";

const ROOT = "home/node/.openclaw";

function placement(changes: Partial<StatePlacement> = {}): StatePlacement {
  return {
    root: rawPath("state"),
    mappings: [{ from: rawPath(ROOT), to: rawPath(""), absolute: rawPath(`/${ROOT}`) }],
    directories: [rawPath("/var/lib/openclaw")],
    ignored: [],
    leaveOut: [],
    isPart: false,
    ...changes,
  };
}

const dir = (name: string): TarPart => ({ name, typeFlag: "5", mode: 0o755 });
const link = (name: string, target: string): TarPart => ({ name: `${ROOT}/${name}`, typeFlag: "2", target });
const file = (name: string, content = "hello"): TarPart => ({ name: `${ROOT}/${name}`, content });

async function restored(test: Test, state: StatePlacement, ...parts: TarPart[]) {
  const into = stagingDirectory(test);
  const { leftOutLinks } = await extractInProcess(tarOf(...parts), into, { state });
  return { tree: readTree(into), leftOut: leftOutLinks };
}

t.test("what stands before the state's name is left off", async (t) => {
  const tree = await extracted(
    t,
    tarOf(dir("home/"), dir("home/node/"), dir(`${ROOT}/`), file("a"), file("b/c")),
    {
      state: placement(),
    },
  );
  t.same(Object.keys(tree), ["", "a", "b", "b/c"]);
});

t.test("a state at the archive's top", async (t) => {
  const top = placement({ mappings: [{ from: rawPath(""), to: rawPath(""), absolute: undefined }] });
  const tree = await extracted(t, tarOf(dir("./"), { name: "./a", content: "x" }, dir("./b/")), {
    state: top,
  });
  t.same(Object.keys(tree), ["", "a", "b"]);
});

t.test("several directories become one state", async (t) => {
  const state = placement({
    mappings: [
      { from: rawPath("x/payload/state"), to: rawPath(""), absolute: rawPath("/state") },
      { from: rawPath("x/payload/state/inner"), to: rawPath("workspace"), absolute: rawPath("/state/inner") },
      { from: rawPath("x/payload/etc/config"), to: rawPath("openclaw.json"), absolute: undefined },
    ],
    ignored: [rawPath("x/manifest.json")],
  });
  const { tree, leftOut } = await restored(
    t,
    state,
    { name: "x/manifest.json", content: "{}" },
    { name: "x/payload/state/a", content: "x" },
    { name: "x/payload/state/inner/b", content: "x" },
    { name: "x/payload/etc/config", content: "x" },
    { name: "x/payload/state/link", typeFlag: "2", target: "/state/inner/b" },
  );
  t.same(Object.keys(tree), ["", "a", "link", "openclaw.json", "workspace", "workspace/b"]);
  t.equal(tree["link"]?.target, "workspace/b");
  t.equal(leftOut.count, 0);
});

t.test("what stands beside the state is refused", async (t) => {
  for (const name of ["etc/passwd", "home/node/other", "home"])
    t.match(await refusal(tarOf(file("a"), { name, content: "x" }), { state: placement() }), {
      code: "UNSAFE_ENTRY",
      details: { rule: "mixed roots" },
    });
  t.match(await refusal(tarOf(dir("home/")), { state: placement() }), { code: "ENTRY_NOT_FOUND" });
  for (const name of ["../x", `${ROOT}/../../x`, "/etc/passwd"])
    t.match(await refusal(tarOf(file("a"), { name, content: "x" }), { state: placement() }), {
      code: "UNSAFE_ENTRY",
      details: { entry: name },
    });
});

t.test("of a part, what stands beside it is passed over", async (t) => {
  const part = placement({
    root: rawPath("tenants/acme"),
    mappings: [{ from: rawPath(`${ROOT}/tenants/acme`), to: rawPath(""), absolute: undefined }],
    isPart: true,
  });
  const { tree } = await restored(
    t,
    part,
    file("openclaw.json"),
    file("tenants/acme/tenant.json", "{}"),
    file("tenants/bravo/tenant.json", "{}"),
    file("tenants/acme-2/a"),
    { name: "elsewhere", typeFlag: "3" },
  );
  t.same(Object.keys(tree), ["", "tenant.json"]);
});

t.test("what a gateway makes anew is left out, whatever it is", async (t) => {
  const state = placement({ leaveOut: ["gateway.lock", "tenants/*/pty", "backups"].map(rawPath) });
  const { tree } = await restored(
    t,
    state,
    file("a"),
    file("gateway.lock"),
    { name: `${ROOT}/tenants/acme/pty/fifo`, typeFlag: "6" },
    file("tenants/acme/pty-notes"),
    file("backups/a.tar.zst", "x".repeat(1000)),
  );
  t.same(Object.keys(tree), ["", "a", "tenants", "tenants/acme", "tenants/acme/pty-notes"]);
});

t.test("links that leave the state are left out and listed, others stay", async (t) => {
  const { tree, leftOut } = await restored(
    t,
    placement(),
    file("deep/er/a"),
    link("absolute", "/etc/passwd"),
    link("climbs", "../other"),
    link("inside", "deep/er"),
    link("deep/absolute-inside", `/${ROOT}/deep/er/a`),
    link("deep/er/up", `/${ROOT}/`),
    link("deep/here", "/var/lib/openclaw/deep"),
    link("deep/self", `/${ROOT}/deep`),
    link("deep/er/flat", "../.."),
    link("deep/er/through", "flat/.."),
    link("dangling", "nowhere"),
  );
  t.same(leftOut.paths, ["absolute", "climbs", "deep/er/through"]);
  t.equal(leftOut.count, 3);
  const links = Object.entries(tree).flatMap(([path, { target }]) =>
    target === undefined ? [] : [[path, target]],
  );
  t.same(Object.fromEntries(links), {
    dangling: "nowhere",
    "deep/absolute-inside": "er/a",
    "deep/er/flat": "../..",
    "deep/er/up": "../..",
    "deep/here": ".",
    "deep/self": ".",
    inside: "deep/er",
  });
});

t.test("an entry that passes through a link is refused, also through one that is left out", async (t) => {
  for (const target of ["/etc", "inside"])
    for (const parts of [
      [link("l", target), file("l/x")],
      [file("l/x"), link("l", target)],
    ])
      t.match(await refusal(tarOf(...parts), { state: placement() }), { code: "UNSAFE_ENTRY" }, target);
  t.match(await refusal(tarOf(file("a"), link("l", "")), { state: placement() }), {
    code: "UNSAFE_ENTRY",
    details: { rule: "empty link target" },
  });
});

t.test("hard links become copies", async (t) => {
  const hard = (name: string, target: string): TarPart => ({
    name: `${ROOT}/${name}`,
    typeFlag: "1",
    target,
  });
  const { tree } = await restored(t, placement(), file("a"), hard("b", `${ROOT}/a`), hard("c", `/${ROOT}/a`));
  t.equal(tree["b"]?.content, "hello");
  t.equal(tree["c"]?.content, "hello");
  t.match(await refusal(tarOf(file("a"), hard("b", "etc/passwd")), { state: placement() }), {
    code: "UNSAFE_ENTRY",
  });
});

t.test("hard links of `openclaw backup create` end like the absolute path of what they name", async (t) => {
  const state = placement({
    mappings: [
      { from: rawPath("x/payload/other"), to: rawPath("other"), absolute: undefined },
      { from: rawPath("x/payload/state"), to: rawPath(""), absolute: rawPath("/home/node/.openclaw") },
    ],
  });
  for (const target of [".openclaw/a", "node/.openclaw/a", "../../home/node/.openclaw/a"]) {
    const tree = await extracted(
      t,
      tarOf(
        { name: "x/payload/state/a", content: "hello" },
        { name: "x/payload/state/b", typeFlag: "1", target },
      ),
      { state },
    );
    t.equal(tree["b"]?.content, "hello", target);
  }
});

t.test("a tar that GNU tar has made of a state directory, with links of all kinds", async (t) => {
  const root = t.testdir({
    home: { node: { ".openclaw": { "openclaw.json": "{}", tenants: { acme: { "tenant.json": "{}" } } } } },
  });
  const state = join(root, ROOT);
  const absolute = rawPath(state.slice(1));
  spawnSync("ln", ["-s", `${state}/tenants`, `${state}/absolute`]);
  spawnSync("ln", ["-s", "/etc", `${state}/outside`]);
  spawnSync("ln", [`${state}/openclaw.json`, `${state}/hard`]);
  spawnSync("mkfifo", [`${state}/gateway.lock`]);
  const tar = spawnSync("tar", ["czf", "-", state], { maxBuffer: 2 ** 24 }).stdout;
  writeFileSync(join(root, "state.tar.gz"), tar);
  const into = stagingDirectory(t);
  const { leftOutLinks } = await extractInProcess(tar, into, {
    state: placement({
      mappings: [{ from: absolute, to: rawPath(""), absolute: rawPath(state) }],
      leaveOut: [rawPath("gateway.lock")],
    }),
  });
  const tree = readTree(into);
  t.same(Object.keys(tree), [
    "",
    "absolute",
    "hard",
    "openclaw.json",
    "tenants",
    "tenants/acme",
    "tenants/acme/tenant.json",
  ]);
  t.equal(tree["absolute"]?.target, "tenants");
  t.same(leftOutLinks.paths, ["outside"]);
});
