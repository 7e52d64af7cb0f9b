import t from "tap";
import { gzipSync } from "node:zlib";
import { DEFAULT_LIMITS } from "./format.js";
import { findStateLayout } from "./find-layout.js";
import { mappingsBelow } from "./state-layout.js";
import { rawPath } from "./raw-path.js";
import { memorySource } from "./testing/memory-source.js";
import { tarOf, type TarPart } from "./testing/tar-builder.js";

const dir = (name: string): TarPart => ({ name, typeFlag: "5", mode: 0o755 });
const file = (name: string, content = "{}"): TarPart => ({ name, content });

const layoutOf = (...parts: TarPart[]) =>
  findStateLayout(memorySource(tarOf(...parts), 512), "tar", DEFAULT_LIMITS);

async function rootOf(...parts: TarPart[]): Promise<string> {
  const { mappings } = await layoutOf(...parts);
  t.equal(mappings.length, 1);
  return String(mappings[0]?.from);
}

function manifest(archiveRoot: string, assets: readonly object[], schemaVersion = 1): TarPart {
  return file(`${archiveRoot}/manifest.json`, JSON.stringify({ schemaVersion, archiveRoot, assets }));
}

t.test("the state is found wherever its root is", async (t) => {
  const cases: [string, string, TarPart[]][] = [
    [
      "tar czf - /home/node/.openclaw",
      "home/node/.openclaw",
      [
        dir("home/node/.openclaw/"),
        file("home/node/.openclaw/sessions/a"),
        file("home/node/.openclaw/openclaw.json"),
      ],
    ],
    ["tar -C DIR -c .", "", [dir("./"), file("./openclaw.json"), file("./tenants/acme/tenant.json")]],
    ["tar -C DIR -c *", "", [dir("backup/"), file("backup/x"), file("openclaw.json")]],
    ["tar -c .openclaw", ".openclaw", [dir(".openclaw/"), file(".openclaw/openclaw.json")]],
    [
      "parents that stand by themselves",
      "srv/state",
      [
        dir("srv/"),
        dir("srv/state/"),
        file("srv/state/workspace/project/openclaw.json"),
        file("srv/state/openclaw.json"),
      ],
    ],
    ["a config that is kept elsewhere", "state", [dir("x/"), file("state/backup/ledger.sqlite")]],
    ["the same one twice", "state", [file("state/openclaw.json"), file("state/backup/ledger.sqlite")]],
  ];
  for (const [what, root, parts] of cases) t.equal(await rootOf(...parts), root, what);
});

t.test("as much is read as it takes", async (t) => {
  const tar = tarOf(
    dir("home/node/.openclaw/"),
    file("home/node/.openclaw/openclaw.json"),
    file("x", "y".repeat(9000)),
  );
  const source = memorySource(tar, 512);
  const read: number[] = [];
  const counting = {
    ...source,
    async *read(start: number, end: number) {
      for await (const chunk of source.read(start, end)) {
        read.push(chunk.length);
        yield chunk;
      }
    },
  };
  await findStateLayout(counting, "tar", DEFAULT_LIMITS);
  t.ok(read.length < 5, `${read.length} chunks`);
  const packed = memorySource(gzipSync(tar), 64);
  t.same(
    await findStateLayout(packed, "gzip", DEFAULT_LIMITS),
    await layoutOf(file("home/node/.openclaw/openclaw.json")),
  );
});

t.test("what is no state says what it is", async (t) => {
  const cases: [RegExp, TarPart[]][] = [
    [/is of the tenant acme/, [dir("tenants/"), file("tenants/acme/tenant.json")]],
    [/holds no gateway's state/, [dir("etc/"), file("etc/passwd")]],
    [
      /more than one state directory: "a" and "b"/,
      [file("a/openclaw.json"), file("b/openclaw.json"), file("c/openclaw.json")],
    ],
  ];
  for (const [message, parts] of cases)
    await t.rejects(layoutOf(...parts), { code: "NO_STATE_IN_ARCHIVE", exitCode: 2, message });
});

t.test("an archive of `openclaw backup create` says what is what", async (t) => {
  const root = "2026-03-07T02-00-00.000Z-openclaw-backup";
  const asset = (kind: string, sourcePath: string): object => ({
    kind,
    sourcePath,
    archivePath: `${root}/payload/posix${sourcePath}`,
  });
  const state = asset("state", "/home/node/.openclaw");
  const { mappings, ignored } = await layoutOf(
    manifest(root, [
      state,
      asset("config", "/etc/openclaw/openclaw.json"),
      asset("credentials", "/srv/oauth"),
      asset("workspace", "/data/workspace"),
      asset("workspace", "/data/other"),
      asset("plugins", "/srv/plugins"),
      { ...asset("strange", "/"), archivePath: `${root}/payload/posix` },
    ]),
  );
  t.same(
    mappings.map(({ from, to, absolute }) => [from.slice(`${root}/payload/posix`.length), to, absolute]),
    [
      ["/home/node/.openclaw", "", "/home/node/.openclaw"],
      ["/etc/openclaw/openclaw.json", "openclaw.json", "/etc/openclaw/openclaw.json"],
      ["/srv/oauth", "credentials", "/srv/oauth"],
      ["/data/workspace", "workspace", "/data/workspace"],
      ["/data/other", "workspace-2", "/data/other"],
      ["/srv/plugins", "plugins", "/srv/plugins"],
      ["", "strange", "/"],
    ],
  );
  t.same(ignored, [`${root}/manifest.json`]);
  await t.rejects(layoutOf(manifest(root, [asset("config", "/x/openclaw.json")])), {
    code: "NO_STATE_IN_ARCHIVE",
    message: /by its manifest it holds config/,
  });
  await t.rejects(layoutOf(manifest(root, [])), { message: /by its manifest it holds nothing/ });
  await t.rejects(layoutOf(manifest(root, [{ kind: "state", sourcePath: "/", archivePath: "../x" }])), {
    code: "ARCHIVE_DAMAGED",
  });
});

t.test("other manifests are files like any other", async (t) => {
  const others = [
    file("x/manifest.json", "no JSON"),
    file("x/manifest.json", "null"),
    manifest("x", [], 2),
    { ...manifest("y", []), name: "x/manifest.json" },
    file("x/manifest.json", " ".repeat(1024 * 1024 + 1)),
  ];
  for (const other of others) t.equal(await rootOf(other, file("x/openclaw.json")), "x");
});

t.test("a directory of the state lies below the state's own", async (t) => {
  const { mappings } = await layoutOf(dir("srv/state/"), file("srv/state/openclaw.json"));
  const absolute = rawPath("/srv/state/tenants/acme");
  t.same(mappingsBelow({ mappings, ignored: [] }, rawPath("tenants/acme")), [
    { from: "srv/state/tenants/acme", to: "", absolute },
  ]);
  const inside = await layoutOf(dir("./"), file("./openclaw.json"));
  t.same(mappingsBelow(inside, rawPath("tenants/acme")), [
    { from: "tenants/acme", to: "", absolute: undefined },
  ]);
});
