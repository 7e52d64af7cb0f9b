/** Tenants by themselves: one is restored, one moves to another gateway, all come back where nothing but their archives is left. */
import { keyPair, type S3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { unexplainedDifferences } from "../support/restored-tenant.js";
import { describeDifferences } from "../support/tree-diff.js";
import type { Book } from "./book.js";
import { Reader } from "./reader.js";
import { DATABASES, fillSmallTenant } from "./small-tenant.js";

export async function aMove(t: Test, book: Book, s3: S3ForTests): Promise<void> {
  const settings = s3.environment(await s3.newBucket());
  const old = await Reader.atAMachine(t, book, { settings: { ...settings, S3_PREFIX: "gateways/old" } });
  old.configure();
  await old.type("start_gateway");
  const tokens = await old.createTenants(["acme", "stays"]);
  fillSmallTenant(old.tenant("acme"), 1);

  const reader = await Reader.atAMachine(t, book, { settings });
  reader.configure();
  await reader.type("start_gateway");
  reader.write("old.env", old.read("openclaw.env"));
  const told = await reader.follow("A tenant moves to another gateway");
  t.notMatch(told, /^[+~-] /m, "nothing has changed meanwhile");
  const expected = { acme: "acme", stays: 401 };
  t.same(await reader.answers(tokens), expected, "the token came along");
  t.same(await old.answers(tokens), { acme: 401, stays: "stays" });
  t.match(await reader.json("tenants backups acme"), { archives: [{ state: "good" }] });
}

export async function aRestore(t: Test, book: Book, s3: S3ForTests): Promise<void> {
  const settings = s3.environment(await s3.newBucket());
  const reader = await Reader.atAMachine(t, book, { settings });
  reader.configure();
  await reader.type("start_gateway");
  const tokens = await reader.createTenants(["acme"]);
  fillSmallTenant(reader.tenant("acme"), 1);
  const notes = "workspace/notes.md";
  const read = (id: string): string => readFileSync(join(reader.tenant(id), notes), "utf8");
  const first = read("acme");
  await reader.type("openclaw gateway backup");
  writeFileSync(join(reader.tenant("acme"), notes), "newest");
  await reader.type("openclaw tenants backup acme");
  rmSync(join(reader.tenant("acme"), notes));
  await reader.follow("One tenant");
  t.equal(read("acme"), "newest");
  await reader.type("openclaw tenants delete acme --confirm");
  await reader.follow("One tenant");
  t.equal(read("acme"), "newest", "also where it is gone");
  t.same(await reader.answers(tokens), { acme: "acme" });
  await reader.follow("Out of a backup of the gateway");
  t.equal(read("acme-as-it-was"), first);
}

export async function archivesAlone(t: Test, book: Book, s3: S3ForTests): Promise<void> {
  const settings = s3.environment(await s3.newBucket());
  const { identity, recipient } = await keyPair();
  const before = await Reader.atAMachine(t, book, { settings });
  before.configure();
  await before.type("start_gateway");
  const tokens = await before.createTenants(["acme", "bravo", "sealed"]);
  const ids = [...tokens.keys()];
  // Two archives of each, so that there is a newest one to find.
  const backUp = `
    for tenant in acme bravo; do openclaw tenants backup $tenant; done
    openclaw tenants backup sealed --recipient ${recipient}`;
  await before.type(backUp);
  for (const [n, id] of ids.entries()) fillSmallTenant(before.tenant(id), n);
  await before.type(backUp);
  before.kill();

  const ways = {
    "Archives of tenants, and none of a gateway": ["acme", "bravo"],
    "Encrypted archives of tenants": ["sealed"],
  };
  for (const [heading, expected] of Object.entries(ways)) {
    const after = await Reader.atAMachine(t, book, { settings });
    // Says no more than another port than the default, which others use on this machine.
    after.configure();
    after.write("key.txt", `${identity}\n`);
    t.match(
      await after.follow("Everything is lost but the bucket"),
      /gateways\/eu1\/tenants\/acme\/.*\.tar\.zst/,
    );
    await after.follow(heading);
    const answers = Object.fromEntries(ids.map((id) => [id, expected.includes(id) ? id : 401]));
    t.same(await after.answers(tokens), answers, heading);
    for (const id of expected) {
      const source = before.tenant(id);
      const differences = unexplainedDifferences({
        source,
        restored: after.tenant(id),
        databases: DATABASES,
      });
      t.equal(describeDifferences(differences), "", id);
    }
  }
}
