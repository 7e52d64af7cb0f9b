import { join } from "node:path";
import t from "tap";
import { nodeSwapDisk } from "./swap-disk.js";

t.test("what cannot be looked at is not taken for absent", async (t) => {
  const root = t.testdir({ file: "" });
  t.equal(await nodeSwapDisk.exists(join(root, "file")), true);
  t.equal(await nodeSwapDisk.exists(join(root, "absent")), false);
  await t.rejects(nodeSwapDisk.exists(join(root, "file", "tree")), { code: "ENOTDIR" });
  await t.rejects(nodeSwapDisk.exists("no\0path"), { code: "ERR_INVALID_ARG_VALUE" });
});
