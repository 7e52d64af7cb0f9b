import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { mountTmpfs, withoutMount } from "../../test-support/mount.js";
import { copy, crash, create, places } from "../testing/databases.js";

const skip = withoutMount();

t.test("a copy that does not fit is a lack of room, not damage", { skip }, async (t) => {
  const { tenant } = places(t);
  const target = join(mountTmpfs(t, "size=1m"), "copy");
  const database = create(join(tenant, "m.sqlite"), "delete");
  database.exec("INSERT INTO t (filling) VALUES (zeroblob(2000000))");
  database.close();
  t.match(await copy(tenant, "m.sqlite", target), { kind: "no-room", code: "ENOSPC" });
  t.notOk(existsSync(target));
});

t.test("a copy whose WAL does not fit into it any more is a lack of room, too", { skip }, async (t) => {
  const { tenant } = places(t);
  const target = join(mountTmpfs(t, "size=1m"), "copy");
  const path = join(tenant, "m.sqlite");
  create(path, "wal").close();
  await crash(
    `const d = new Database(${JSON.stringify(path)}); d.pragma("wal_autocheckpoint = 0");` +
      `d.exec("INSERT INTO t (filling) VALUES (randomblob(700000))")`,
  );
  rmSync(`${path}-shm`);
  t.match(await copy(tenant, "m.sqlite", target), { kind: "no-room", code: "ENOSPC" });
  t.notOk(existsSync(target) || existsSync(`${target}-wal`));
});
