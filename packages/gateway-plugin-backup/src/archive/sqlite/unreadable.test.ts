import { chmodSync, closeSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { testOfPermissions } from "../../test-support/permissions.js";
import { openRootDirectory } from "../confined.js";
import { rawPath } from "../raw-path.js";
import { create, places } from "../testing/databases.js";
import { copyAsItIs } from "./at-rest.js";
import { SqliteHelper } from "./client.js";
import { lookAt } from "./database-files.js";
import { inspect } from "./inspect.js";

const NAME = rawPath("m.sqlite");
const UNREADABLE = { kind: "unreadable", reason: "EACCES: permission denied" } as const;

function bench(t: Test): { tenant: string; directory: number; target: string } {
  const { tenant, copy: target } = places(t);
  create(join(tenant, NAME), "delete").close();
  const directory = openRootDirectory(tenant);
  t.teardown(() => closeSync(directory));
  return { tenant, directory, target };
}

testOfPermissions(t, import.meta.url, "a database that may not be read is named for that", (t) => {
  const { tenant, directory, target } = bench(t);
  const files = lookAt(directory, NAME);
  if (files === undefined) throw new Error("The database is not there.");
  chmodSync(join(tenant, NAME), 0o000);
  t.strictSame(inspect(directory, NAME), { ...UNREADABLE, identity: "" });
  t.strictSame(copyAsItIs(files, target), UNREADABLE);
  t.end();
});

testOfPermissions(t, import.meta.url, "a directory that may not be searched is not an empty one", (t) => {
  const { tenant, directory } = bench(t);
  chmodSync(tenant, 0o600);
  t.throws(() => lookAt(directory, NAME), { code: "EACCES" });
  chmodSync(tenant, 0o700);
  t.end();
});

testOfPermissions(
  t,
  import.meta.url,
  "what is in a directory that may not be read is unreadable",
  async (t) => {
    const { tenant, target } = bench(t);
    mkdirSync(join(tenant, "locked"));
    chmodSync(join(tenant, "locked"), 0o000);
    const helper = new SqliteHelper(tenant, "Tenant acme");
    t.teardown(() => {
      helper.stop();
    });
    const directory = rawPath("locked");
    t.strictSame(
      await helper.call({ method: "copy", request: { directory, name: NAME, copy: target } }),
      UNREADABLE,
    );
    t.strictSame(await helper.call({ method: "inspect", request: { directory, names: [NAME] } }), [
      { ...UNREADABLE, identity: "" },
    ]);
  },
);
