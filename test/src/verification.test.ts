/** Verifications and drills from the command line to the store and back, on the disk and on S3. */
import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import Database from "better-sqlite3";
import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Bed, type BedOptions } from "./support/bed.js";

interface Listed {
  readonly archives: readonly { readonly id: string; readonly state: string; readonly verifiedAt?: string }[];
}

/** What a test does to an object in the store. */
interface Store {
  readonly options: BedOptions;
  readonly read: (location: string) => Promise<Buffer>;
  readonly write: (location: string, bytes: Buffer) => Promise<void>;
}

async function damageIsFound(t: Test, { options, read, write }: Store): Promise<void> {
  const bed = await Bed.start(t, options);
  await bed.createFilledTenant("acme", { seed: 7, files: 120, bytes: 8_000_000 });
  const { result } = await bed.backup("acme");
  const { location, archiveId } = result;
  const newest = async (): Promise<Listed["archives"][number] | undefined> =>
    ((await bed.cli.json(["backups", "list", "--tenant", "acme"])) as Listed).archives[0];
  for (const level of ["quick", "sample"])
    t.match(await bed.cli.json(["backups", "verify", "acme", "--all", "--level", level]), {
      state: "succeeded",
    });
  t.equal((await newest())?.verifiedAt, undefined);
  t.match(await bed.cli.ok(["backups", "verify", archiveId]), /good; .* segments checked/);
  t.ok((await newest())?.verifiedAt);
  t.match(
    await bed.cli.ok(["backups", "drill", location]),
    /good; .* restored in .* databases and .* JSON files in order/,
  );
  t.strictSame(readdirSync(join(bed.gateway.stateDirectory, "tenants/.staging")), []);
  t.strictSame(
    readdirSync(join(bed.gateway.stateDirectory, "tenants")).filter((name) => !name.startsWith(".")),
    ["acme"],
  );

  const good = await read(location);
  const bad = Buffer.from(good);
  const place = Math.floor(good.length / 3);
  bad.writeUInt8(good.readUInt8(place) ^ 0x10, place);
  await write(location, bad);
  const refused = await bed.cli.run(["backups", "verify", location]);
  t.match(refused, { code: 7, stderr: /segment|damaged|frame/ });
  t.equal((await newest())?.state, "damaged");
  t.equal((await bed.cli.run(["backups", "drill", location])).code, 7);
  t.match((await bed.backup("acme")).result, { mode: "full", fullReason: /no earlier archive/ });
  await write(location, good);
  await bed.cli.ok(["backups", "verify", archiveId]);
  t.match(await bed.cli.json(["backups", "list", "--tenant", "acme"]), {
    archives: [{ state: "good" }, { state: "good" }],
  });
}

t.test("local: a flipped byte is found, marked, and built on by no backup", (t) =>
  damageIsFound(t, {
    options: {},
    read: (location) => readFile(location),
    write: (location, bytes) => writeFile(location, bytes),
  }),
);

const s3 = await s3ForTests(t);
if (s3 !== undefined)
  t.test("S3: a flipped byte is found, marked, and built on by no backup", async (t) => {
    const bucket = await s3.newBucket();
    const keyOf = (location: string): string => location.slice(`s3://${bucket}/`.length);
    await damageIsFound(t, {
      options: { env: s3.environment(bucket) },
      read: (location) => s3.get(bucket, keyOf(location)),
      write: (location, bytes) => s3.put(bucket, keyOf(location), bytes),
    });
  });

t.test("a drill finds a database that was damaged before the backup, by hand and by schedule", async (t) => {
  const bed = await Bed.start(t);
  await bed.createTenant("acme");
  const database = new Database(join(bed.gateway.tenantDirectory("acme"), "memory.sqlite")).unsafeMode();
  // Every page is sound, so a backup takes it; yet what is looked up by the index is not found.
  database.exec(`CREATE TABLE notes (a, b); CREATE INDEX by_a ON notes (a); INSERT INTO notes VALUES (1, 2), (3, 4);
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = 'CREATE INDEX by_a ON notes (b)' WHERE name = 'by_a'`);
  database.close();
  const { result } = await bed.backup("acme");
  await bed.cli.ok(["backups", "verify", "acme"]);
  const drill = await bed.cli.run(["backups", "drill", "acme", "--json"]);
  t.equal(drill.code, 7);
  t.match(JSON.parse(drill.stdout), {
    error: { code: "DRILL_FAILED", message: /memory\.sqlite: The database is of no use/ },
    warnings: [{ code: "DATABASE_DAMAGED", path: "memory.sqlite" }],
  });
  t.match(await bed.cli.json(["backups", "list"]), { archives: [{ id: result.archiveId, state: "good" }] });

  const command = "openclaw backups drill acme";
  await bed.cli.ok(["cron", "add", "acme", "--name", "drill", "--schedule", "@monthly", "--cmd", command]);
  const verify = "openclaw backups verify acme --all --level sample";
  await bed.cli.ok([
    "cron",
    "add",
    "acme",
    "--name",
    "sample",
    "--schedule",
    "@daily-random",
    "--cmd",
    verify,
  ]);
  t.match(await bed.cli.json(["cron", "show", "acme", "sample"]), {
    job: "verify",
    parameters: { level: "sample", all: true },
  });
});
