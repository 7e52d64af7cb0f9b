/** The archives are taken out of the bucket by rclone, age, zstd and tar, on a machine that has no gateway's program. */
import type { S3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { appendFileSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import type { BackupJob } from "../support/answers.js";
import { databaseDigest } from "../support/restored-tenant.js";
import { generateTenant } from "../support/tenant-generator.js";
import { describeDifferences, diffTrees } from "../support/tree-diff.js";
import type { Book } from "./book.js";
import { everybody, Reader } from "./reader.js";

const FETCHED = ["Even this program is lost", "A tenant's newest archive"];
const CHECKED = "Is it all there, and is it right?";

export async function withoutTheProgram(t: Test, book: Book, s3: S3ForTests): Promise<void> {
  const settings = s3.environment(await s3.newBucket());
  const before = await Reader.atAMachine(t, book, { settings });
  before.configure();
  writeFileSync(join(before.workspace, "notes.md"), "# notes\n");
  await before.type("start_gateway\nage-keygen -o key.txt");
  const tokens = await before.createTenants(["acme", "bravo"]);
  const acme = before.tenant("acme");
  const { databases } = generateTenant(acme, { seed: 8, files: 300, bytes: 24_000_000 });
  await before.type("openclaw tenants backup acme");
  appendFileSync(join(acme, "channels/slack/pairing.json"), "\n");
  const { result } = await before.json<BackupJob>("tenants backup acme");
  t.equal(result.mode, "incremental", "it is one of those that took bytes over from another");
  const recipient = (await before.type("age-keygen -y key.txt")).trim();
  await before.type(`openclaw gateway backup --recipient ${recipient}`);

  /** What differs between a tenant as it was and what tar has made of its archive. */
  const differences = (extracted: string): string =>
    describeDifferences(
      diffTrees(acme, extracted).filter(
        ({ path, aspect }) =>
          // tar knows whole seconds; terminals are not archived; databases are compared below.
          aspect !== "mtime" && path !== "pty" && !databases.some((database) => path.startsWith(database)),
      ),
    );
  const someone = async (): Promise<Reader> => {
    const reader = await Reader.atAMachine(t, book, { settings, port: before.port });
    copyFileSync(before.path("key.txt"), reader.path("key.txt"));
    reader.uninstallProgram();
    t.match(await reader.try("openclaw --version"), { code: 127 });
    return reader;
  };

  await t.test("a tenant's archive, every file of it compared with the index", async (t) => {
    const reader = await someone();
    const told = await reader.follow(...FETCHED, CHECKED);
    t.equal(differences(reader.path("rescued/tenants/acme")), "");
    for (const path of databases) {
      t.equal(databaseDigest(reader.path(`rescued/tenants/acme/${path}`)), databaseDigest(join(acme, path)));
    }
    const [files = 0, compared = 0] = told.trim().split("\n").slice(-2).map(Number);
    t.equal(files, result.totals.files);
    t.ok(compared > files - 20 && compared <= files, `${compared} of ${files}`);
    // What has changed on the way is found.
    const blocks = [...FETCHED, CHECKED].map((heading) => book.read(heading));
    const changed =
      'printf x >> "tenants/acme/workspace/media/$(ls tenants/acme/workspace/media | head -n 1)"';
    const again = await someone();
    const { code, stdout } = await again.try([...blocks.slice(0, 2), changed, blocks[2]].join("\n"));
    t.not(code, 0);
    t.match(stdout, /workspace\/media\/.*FAILED/);
  });

  await t.test("an encrypted one", async (t) => {
    await before.type(`openclaw tenants backup acme --recipient ${recipient}`);
    const reader = await someone();
    await reader.follow(...FETCHED);
    t.equal(differences(reader.path("rescued/tenants/acme")), "");
  });

  await t.test("the gateway's, encrypted, on which a gateway starts again", async (t) => {
    before.kill();
    const reader = await someone();
    await reader.follow("Even this program is lost", "The gateway's newest backup");
    t.equal(differences(reader.path("rescued/state/tenants/acme")), "");
    reader.installProgram();
    t.match(await reader.follow("Back to a gateway"), /\n0 critical/);
    t.same(await reader.answers(tokens), everybody(tokens));
    t.equal(
      describeDifferences(
        diffTrees(before.workspace, reader.workspace).filter(({ aspect }) => aspect !== "mtime"),
      ),
      "",
    );
  });
}
