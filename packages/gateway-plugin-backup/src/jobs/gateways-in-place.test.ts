import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { testGateway } from "../test-support/gateway.js";

const AT = Date.parse("2026-03-08T00:00:00Z");

/** Puts objects into a directory, each a byte longer than the one before, and a minute younger. */
function put(root: string, keys: readonly string[]): void {
  for (const [index, key] of keys.entries()) {
    const file = join(root, key);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "x".repeat(index + 1));
    const time = new Date(AT + index * 60_000);
    utimesSync(file, time, time);
  }
}

t.test("each gateway of a bucket is told by its prefix, with what it has there", async (t) => {
  const root = join(t.testdir(), "shared");
  const host = await testGateway(t, { localRoots: [root] });
  put(root, [
    "prod/eu1/2026-03-06T02-00-00Z/state.tar.zst",
    "prod/eu1/2026-03-06T02-00-00Z/backup.json",
    "prod/eu1/2026-03-07T02-00-00Z/state.tar.zst.age",
    "prod/eu1/2026-03-07T02-00-00Z/workspace.tar.zst.age",
    "prod/eu1/2026-03-07T02-00-00Z/backup.json",
    "prod/eu1/2026-03-08T02-00-00Z/state.tar.zst",
    "prod/eu1/tenants/acme/2026-03-06T03-00-00Z.tar.zst",
    "prod/eu1/tenants/acme/2026-03-07T03-00-00Z.tar.zst",
    "prod/eu1/tenants/beta/2026-03-07T02-30-00Z.tar.zst.age",
    "gone/pre-delete/2026-03-05T02-00-00Z.state.tar.zst",
    "gone/pre-delete/backup.json",
    "gone/pre-delete/notes.txt",
    "cut-off/pre-delete/2026-03-05T02-00-00Z.state.tar.zst",
    "tenants/acme/2026-03-07T03-00-00Z.tar.zst",
    // Nobody's: a name that a person chose, and things of other programs.
    "by-hand/state.tar.zst",
    "by-hand/backup.json",
    "photos/2026.jpg",
  ]);
  const place = root.replace(/^\//, "");
  const { status, body } = await host.call("GET", `/api/admin/backups/gateways?to=${root}/`);
  t.equal(status, 200);
  const at = (index: number) => new Date(AT + index * 60_000).toISOString();
  const none = { sets: 0, incompleteSets: 0, tenants: 0, archives: 0 };
  const shown = (body["gateways"] as { prefix: string; location: string }[]).map((gateway) => ({
    ...gateway,
    prefix: gateway.prefix.replace(/^\//, "").replace(place, ""),
    location: gateway.location.replace(root, ""),
  }));
  t.strictSame(shown, [
    {
      ...{ prefix: "/", location: "/", bytes: 14 },
      ...{ ...none, tenants: 1, archives: 1, newestArchiveAt: at(13) },
    },
    { prefix: "/cut-off/", location: "/cut-off/", bytes: 13, ...none },
    { prefix: "/gone/", location: "/gone/", bytes: 10 + 11, ...none, preDeleteAt: at(10) },
    {
      ...{ prefix: "/prod/eu1/", location: "/prod/eu1/", bytes: 45 },
      ...{ sets: 2, incompleteSets: 1, newestSetAt: "2026-03-07T02:00:00.000Z" },
      ...{ tenants: 2, archives: 3, newestArchiveAt: at(8) },
    },
  ]);
});

t.test("a place where nothing is, and one that may not be looked at", async (t) => {
  const host = await testGateway(t);
  const at = (to: string) => host.call("GET", `/api/admin/backups/gateways?to=${encodeURIComponent(to)}`);
  t.match(await at(`${host.stateDir}/backups/`), { status: 200, body: { gateways: [] } });
  t.match((await at("/etc/")).body, { code: "PATH_NOT_ALLOWED" });
  t.match((await host.call("GET", "/api/admin/backups/gateways")).body, { code: "REQUEST_INVALID" });
});
