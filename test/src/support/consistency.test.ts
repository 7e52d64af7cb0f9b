import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import Database from "better-sqlite3";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Bed } from "./bed.js";
import { ConsistencyChecker, describeDisagreements } from "./consistency.js";
import type { CheckedStore, DisagreementKind } from "./consistency.js";
import { mustRun } from "./run.js";

const s3 = await s3ForTests(t);

t.test("the consistency checker finds what disagrees", async (t) => {
  const bucket = await s3?.newBucket();
  const bed = await Bed.start(t, s3 === undefined ? {} : { env: s3.environment(bucket) });
  const { stateDirectory, tenantsDirectory } = bed.gateway;
  const { token } = await bed.createFilledTenant("acme", { seed: 21, files: 80, bytes: 3_000_000 });
  const archive = join(bed.archives, "a.tar.zst");
  await bed.backup("acme", "--to", archive);
  const restored = await bed.restore("--from", archive, "--force");
  const stores: CheckedStore[] = [{ kind: "local", root: bed.archives }];
  if (s3 !== undefined && bucket !== undefined) {
    await bed.backup("acme");
    stores.push({ kind: "s3", server: s3, bucket });
  }
  const state = { stateDirectory, stores, tokens: new Map([["acme", token]]) };

  await t.test("nothing, where a gateway has done its work", async (t) => {
    const running = { ...state, gateway: bed.gateway };
    t.equal(describeDisagreements(await new ConsistencyChecker().settled(running)), "");
  });

  await t.test("a tenant that is not served", async (t) => {
    const checker = new ConsistencyChecker();
    const gateway = bed.gateway;
    const wrongToken = { ...state, gateway, tokens: new Map([["acme", `${token}0`]]) };
    t.match(await checker.settled(wrongToken, 0), [{ kind: "tenant", what: /^acme calls/ }]);
    mkdirSync(join(tenantsDirectory, "unknown"));
    const record = JSON.stringify({ id: "unknown", uid: "0".repeat(32), tokenSha256: "0".repeat(64) });
    writeFileSync(join(tenantsDirectory, "unknown/tenant.json"), record);
    t.match(await checker.check({ ...state, gateway }), [{ kind: "tenant", what: /not know unknown/ }]);
    rmSync(join(tenantsDirectory, "unknown"), { recursive: true });
  });

  await bed.gateway.stop();
  const snapshot = join(bed.directory, "snapshot");
  await mustRun("cp", ["-a", stateDirectory, snapshot]);
  const sql = (statement: string) => () => {
    const database = new Database(join(stateDirectory, "backup/ledger.sqlite"));
    // What is planted here, the program itself cannot do.
    database.unsafeMode().pragma("foreign_keys = OFF");
    database.exec(statement);
    database.close();
  };
  const write = (path: string) => () => {
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, "planted");
  };
  const trash = join(tenantsDirectory, ".trash");
  const kept = join(trash, restored.id, "tree");
  const insertJob = (state: string, type = "backup") =>
    `INSERT INTO jobs (id, type, tenant, trigger, actor, request_json, state, created_at, result_json)
     VALUES ('planted', '${type}', 'acme', 'api', 'admin', '{}', '${state}', 0, '{}')`;
  const insertSwap = (phase: string) => `
    INSERT INTO swaps (job_id, tenant, live, result_json, phase, created_at, expires_at)
    VALUES ('planted', 'acme', 'x', '{}', '${phase}', 0, 0)`;
  const planted: [name: string, kind: DisagreementKind, what: RegExp, plant: () => void][] = [
    ["a job that is still queued", "job", /is queued/, sql(insertJob("queued"))],
    ["a job that is still running", "job", /is running/, sql(insertJob("running"))],
    ["a failure without a reason", "job", /does not say why/, sql(insertJob("failed"))],
    ["a restore without a swap", "job", /not on record/, sql(insertJob("succeeded", "restore"))],
    ["a success without a result", "job", /without a result/, sql("UPDATE jobs SET result_json = NULL")],
    [
      "a success that claims another job's archive",
      "job",
      /claims the archive/,
      sql(
        `INSERT INTO jobs (id, type, tenant, tenant_uid, trigger, actor, request_json, state, created_at, result_json)
         SELECT 'planted', type, tenant, tenant_uid, trigger, actor, request_json, state, created_at, result_json
           FROM jobs WHERE type = 'backup' LIMIT 1`,
      ),
    ],
    [
      "a row that refers to nothing",
      "ledger",
      /of archives refers/,
      sql("UPDATE archives SET job_id = 'gone'"),
    ],
    [
      "a damaged ledger",
      "ledger",
      /never used/,
      sql("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'jobs_by_state'"),
    ],
    [
      "a swap that is not settled",
      "swap",
      /prepared/,
      sql(insertJob("succeeded") + ";" + insertSwap("prepared")),
    ],
    [
      "a swap that is done by a job that was interrupted",
      "swap",
      /is interrupted/,
      sql(
        'UPDATE jobs SET state = \'interrupted\', error_json = \'{"code":"X","message":"x"}\' WHERE type = \'restore\'',
      ),
    ],
    [
      "an archive of which nobody knows whether it is there",
      "archive",
      /not found out/,
      sql("INSERT INTO completions (job_id, record_json, created_at) SELECT id, '{}', 0 FROM jobs LIMIT 1"),
    ],
    ["a removal that was cut off", "archive", /is being removed/, sql("UPDATE archives SET removing_at = 1")],
    [
      "a leftover",
      "leftover",
      /has left/,
      sql("INSERT INTO leftovers SELECT 1, id, '{}', 0, NULL FROM jobs LIMIT 1"),
    ],
    ["something in staging", "staging", /planted/, write(join(tenantsDirectory, ".staging/planted"))],
    [
      "a copy of a database",
      "temporary",
      /planted/,
      write(join(stateDirectory, "backup/tmp/planted/1.sqlite")),
    ],
    ["something unknown in the trash", "trash", /does not keep planted/, write(join(trash, "planted"))],
    ["trash that is gone", "trash", /cannot be read/, () => rmSync(kept, { recursive: true })],
    [
      "trash that the ledger does not keep",
      "trash",
      /does not keep/,
      sql("UPDATE trash SET state = 'purged'"),
    ],
    ["trash of an undo that was cut off", "trash", /is undoing/, sql("UPDATE trash SET state = 'undoing'")],
    [
      "another tenant in the trash",
      "trash",
      /instead of acme/,
      sql("UPDATE trash SET replaced_uid = 'another'"),
    ],
    ["a swap whose trash is not on record", "trash", /nothing is on record/, sql("DELETE FROM trash")],
    [
      "a tenant without a record",
      "tenant",
      /cannot be read/,
      () => rmSync(join(tenantsDirectory, "acme/tenant.json")),
    ],
    [
      "a tenant in another's slot",
      "tenant",
      /is that of acme/,
      () => renameSync(join(tenantsDirectory, "acme"), join(tenantsDirectory, "other")),
    ],
    ["what is no tenant", "tenant", /no tenant's directory/, write(join(tenantsDirectory, "PLANTED"))],
    [
      "an archive with another index",
      "archive",
      /another index/,
      sql(`UPDATE archives SET index_sha256 = '' WHERE store_kind = 'local'`),
    ],
    [
      "an archive in a store that nobody checks",
      "archive",
      /none of the stores/,
      sql("UPDATE archives SET key = '/elsewhere/a' WHERE store_kind = 'local'"),
    ],
    [
      "an object that is not listed",
      "unlisted",
      /planted/,
      write(join(bed.archives, "deep/planted.tar.zst")),
    ],
    ["one in the embedded store", "unlisted", /planted/, write(join(stateDirectory, "backups/planted"))],
    ["a partial file", "upload", /partial/, write(join(bed.archives, ".openclaw-0.partial"))],
    // From here on the archive is not what it was.
    [
      "an archive that was written again",
      "archive",
      /has ETag/,
      () => writeFileSync(archive, readFileSync(archive)),
    ],
    [
      "an archive of another size",
      "archive",
      /has \d+ bytes/,
      () => writeFileSync(archive, readFileSync(archive).subarray(1)),
    ],
    ["an archive that is gone", "archive", /is not there/, () => rmSync(archive)],
  ];
  const checker = new ConsistencyChecker();
  t.equal(describeDisagreements(await checker.check(state)), "", "nothing without the gateway, too");
  for (const [name, kind, what, plant] of planted) {
    await t.test(name, async (t) => {
      plant();
      const found = await checker.check(state);
      t.ok(
        found.some((one) => one.kind === kind && what.test(one.what)),
        describeDisagreements(found),
      );
      rmSync(stateDirectory, { recursive: true });
      await mustRun("cp", ["-a", snapshot, stateDirectory]);
    });
  }

  await t.test("in a bucket", { skip: s3 === undefined && "no S3 server" }, async (t) => {
    if (s3 === undefined || bucket === undefined) return;
    const known = new Set((await checker.check(state)).map(({ what }) => what));
    await s3.put(bucket, "planted", Buffer.from("x"));
    await s3.beginUpload(bucket, "unfinished");
    const [listed] = (await s3.objects(bucket)).filter(({ key }) => key !== "planted");
    await s3.put(bucket, listed?.key ?? "", Buffer.from("y"));
    const found = (await checker.check(state)).filter(({ what }) => !known.has(what));
    t.match(
      found.sort((a, b) => (a.kind < b.kind ? -1 : 1)),
      [
        { kind: "archive", what: /has 1 bytes/ },
        { kind: "unlisted", what: "planted" },
        { kind: "upload", what: /multipart upload/ },
      ],
    );
    const foreign = new Set(["planted"]);
    t.notOk((await checker.check({ ...state, foreign })).some(({ what }) => what === "planted"));
  });

  t.test("a leftover that is allowed", async (t) => {
    sql("INSERT INTO leftovers SELECT 1, id, '{}', 0, NULL FROM jobs LIMIT 1")();
    const found = await checker.check({ ...state, allowLeftover: (json) => json === "{}" });
    t.notOk(found.some(({ kind }) => kind === "leftover"));
  });
});
