/** A gateway of 300 tenants is lost with everything on its machine, and comes back from the bucket or from a tarball. */
import type { S3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { copyFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { temporaryDirectory } from "../support/bed.js";
import { unexplainedDifferences } from "../support/restored-tenant.js";
import { describeDifferences, diffTrees } from "../support/tree-diff.js";
import type { Book } from "./book.js";
import { everybody, Reader } from "./reader.js";
import { DATABASES, fillSmallTenant } from "./small-tenant.js";

const TENANTS = Array.from({ length: 300 }, (_, n) => `tenant-${n + 1}`);

export async function fromS3(t: Test, book: Book, s3: S3ForTests): Promise<void> {
  const settings = s3.environment(await s3.newBucket());
  const before = await Reader.atAMachine(t, book, { settings });
  before.configure();
  for (const name of ["notes.md", "report.pdf"])
    writeFileSync(join(before.workspace, name), name.repeat(1000));
  await before.type("start_gateway");
  const tokens = await before.createTenants(TENANTS);
  for (const [n, id] of TENANTS.entries()) fillSmallTenant(before.tenant(id), n);
  await before.follow("While all is well");

  await before.type("openclaw gateway backup");
  const { sets } = await before.json<{ sets: readonly { size: number }[] }>("gateway backups");
  const [second = 0, first = 0] = sets.map(({ size }) => size);
  const growth = second - first;
  t.comment(`two backups in a row: ${first} bytes, then ${growth} more`);
  // What the first has added to ledger and audit log.
  t.ok(first > 1_000_000 && Math.abs(growth) < 16_384, `${first} bytes, then ${growth} more`);

  // The machine burns down; what was on it is looked at by the tests alone.
  before.kill();
  const lost = temporaryDirectory(t);
  renameSync(before.state, join(lost, "state"));
  renameSync(before.workspace, join(lost, "workspace"));

  const after = await Reader.atAMachine(t, book, { settings, port: before.port });
  copyFileSync(before.path("signing-key.txt"), after.path("signing-key.txt"));
  const told = await after.follow("On an empty machine");
  t.match(told, /gateway: restored from s3:.*: 300 tenants/);
  t.match(told, /✓ tenants: 300 of 300 tenants are there/);
  t.notMatch(told, /✗|✘|signed by a stranger/);
  t.match(told, /\n0 critical/);
  t.not(after.read("signing-key.txt"), before.read("signing-key.txt"), "this machine has a key of its own");
  t.same(await after.answers(tokens), everybody(tokens), "every old token answers");
  for (const id of TENANTS) {
    const source = join(lost, "state/tenants", id);
    const differences = unexplainedDifferences({ source, restored: after.tenant(id), databases: DATABASES });
    t.equal(describeDifferences(differences), "", id);
  }
  // The restore's own directory, which the undo needs, stands in the volume's top.
  const differences = diffTrees(join(lost, "workspace"), after.workspace);
  t.match(differences, [{ path: "", aspect: "mtime" }, { path: ".restore" }], "the workspace");
  t.equal(differences.length, 2);
}

export async function fromATarball(t: Test, book: Book, s3: S3ForTests): Promise<void> {
  const settings = s3.environment(await s3.newBucket());
  const before = await Reader.atAMachine(t, book, { settings });
  before.configure();
  writeFileSync(join(before.workspace, "notes.md"), "# notes\n");
  await before.type("start_gateway");
  const tokens = await before.createTenants(["acme", "bravo"]);
  for (const [n, id] of [...tokens.keys()].entries()) fillSmallTenant(before.tenant(id), n);
  await before.follow("A tarball of the state");
  t.same(await before.answers(tokens), everybody(tokens), "it serves again");
  before.kill();

  const after = await Reader.atAMachine(t, book, { settings, port: before.port });
  for (const name of ["state.tar.gz", "workspace.tar.gz", "tarballs.sha256"]) {
    copyFileSync(before.path(name), after.path(name));
  }
  t.match(await after.follow("Its restore"), /✓ tenants: 2 of 2/);
  t.same(await after.answers(tokens), everybody(tokens));
  for (const id of tokens.keys()) {
    const differences = unexplainedDifferences({
      source: before.tenant(id),
      restored: after.tenant(id),
      databases: DATABASES,
    });
    // GNU tar's own format has whole seconds.
    const unexplained = differences.filter(({ aspect }) => aspect !== "mtime");
    t.equal(describeDifferences(unexplained), "", id);
  }
  const key = "backup/keys/signing-key.pem";
  t.equal(readFileSync(join(after.state, key), "utf8"), readFileSync(join(before.state, key), "utf8"));
  t.equal(readFileSync(join(after.workspace, "notes.md"), "utf8"), "# notes\n");

  await after.type("openclaw gateway backup\nopenclaw tenants delete acme --confirm");
  t.match(await after.follow("Over what is there"), /✓ tenants: 2 of 2/);
  t.same(await after.answers(tokens), everybody(tokens));
  await after.follow("Taken back");
  t.same(await after.answers(tokens), { acme: 401, bravo: "bravo" });
}

export async function encrypted(t: Test, book: Book, s3: S3ForTests): Promise<void> {
  // Without what may be left out.
  const settings = { ...s3.environment(await s3.newBucket()), S3_PREFIX: "", OPENCLAW_WORKSPACE_DIR: "" };
  const before = await Reader.atAMachine(t, book, { settings });
  before.configure();
  await before.type("start_gateway\nage-keygen -o key.txt");
  const tokens = await before.createTenants(["acme"]);
  await before.type('openclaw gateway backup --recipient "$(age-keygen -y key.txt)"');
  before.kill();
  const after = await Reader.atAMachine(t, book, { settings, port: before.port });
  t.match(
    await after.try("openclaw gateway restore"),
    { code: 7, stderr: /--identity/ },
    "not without the key",
  );
  copyFileSync(before.path("key.txt"), after.path("key.txt"));
  await after.follow("An encrypted backup");
  await after.type("start_gateway");
  t.same(await after.answers(tokens), everybody(tokens));
}
