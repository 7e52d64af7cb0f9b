import { closeSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { nameOf, openRootDirectory } from "../confined.js";
import { rawPath } from "../raw-path.js";
import { create, places } from "../testing/databases.js";
import { inspect } from "./inspect.js";

const WAL_MAGIC = Buffer.from("377f0682", "hex");

function bench(t: Test): { tenant: string; directory: number; kindOf: (name: string) => string } {
  const { tenant } = places(t);
  const directory = openRootDirectory(tenant);
  t.teardown(() => closeSync(directory));
  return { tenant, directory, kindOf: (name) => inspect(directory, rawPath(name)).kind };
}

t.test("what is no regular file is not there", async (t) => {
  const { tenant, directory, kindOf } = bench(t);
  create(join(tenant, "m.sqlite"), "delete").close();
  symlinkSync("m.sqlite", join(tenant, "link"));
  const server = createServer().listen(`${nameOf(directory)}/socket`);
  t.teardown(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  for (const name of ["link", "socket", "none", ".", "n".repeat(256)]) t.equal(kindOf(name), "gone", name);
  t.equal(kindOf("m.sqlite"), "database");
});

t.test("a file is a companion by its name, by what is in it and by the database beside it", (t) => {
  const { tenant, kindOf } = bench(t);
  create(join(tenant, "m.sqlite"), "delete").close();
  create(join(tenant, "cut.sqlite"), "wal").close();
  writeFileSync(join(tenant, "cut.sqlite-shm"), Buffer.from("18e22d", "hex"));
  writeFileSync(join(tenant, "cut.sqlite-wal"), Buffer.from("18e22d", "hex"));
  writeFileSync(join(tenant, "empty"), "");
  writeFileSync(join(tenant, "text"), "x".repeat(100));
  for (const base of ["m.sqlite", "empty", "text", "none"])
    writeFileSync(join(tenant, `${base}-wal`), WAL_MAGIC);
  writeFileSync(join(tenant, "m.sqlite-journal"), "my diary");
  writeFileSync(join(tenant, "m.sqlite-shm"), Buffer.alloc(512));
  writeFileSync(join(tenant, "text-shm"), Buffer.alloc(512));
  const kinds = {
    "m.sqlite-wal": "companion",
    "cut.sqlite-shm": "companion",
    "cut.sqlite-wal": "plain",
    "empty-wal": "companion",
    "text-wal": "plain",
    "none-wal": "plain",
    "m.sqlite-journal": "plain",
    "m.sqlite-shm": "companion",
    "text-shm": "plain",
    text: "plain",
  };
  for (const [name, kind] of Object.entries(kinds)) t.equal(kindOf(name), kind, name);
  t.end();
});
