import { closeSync, openSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import t from "tap";
import { checkLedger } from "./check-ledger.js";

await t.test("a database is told from one with a page of garbage, and from what is none", async (t) => {
  const file = join(t.testdir(), "ledger.sqlite");
  const database = new Database(file);
  database.exec("CREATE TABLE t (a); CREATE INDEX i ON t (a)");
  database.exec(
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 9000) INSERT INTO t SELECT x FROM n",
  );
  database.close();
  t.equal(await checkLedger({ file }), undefined);
  const handle = openSync(file, "r+");
  writeSync(handle, Buffer.alloc(4096, 0xa5), 0, 4096, Math.floor(statSync(file).size / 4096 / 2) * 4096);
  closeSync(handle);
  t.match(await checkLedger({ file }), /\w/);
  writeFileSync(file, "no database".repeat(1000));
  await t.rejects(checkLedger({ file }), { code: "SQLITE_NOTADB" });
});
