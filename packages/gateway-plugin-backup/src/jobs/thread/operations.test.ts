import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { DEFAULT_LIMITS } from "../../archive/format.js";
import { writeToMemory } from "../../archive/testing/write-to-memory.js";
import { openStore } from "../../stores/open.js";
import { operations } from "./operations.js";

t.test("a tenant's quota binds its restore where it is less than the disk has", async (t) => {
  const root = t.testdir({ acme: { "a.jsonl": "x".repeat(1000) }, backups: {}, into: {} });
  const { bytes } = await writeToMemory(join(root, "acme"));
  const key = join(root, "backups/a.tar.zst");
  writeFileSync(key, bytes);
  const request = {
    store: { kind: "local", roots: [join(root, "backups")] },
    key,
    into: undefined,
    fileSystem: root,
    as: undefined,
    limits: DEFAULT_LIMITS,
    signatures: undefined,
  } as const;
  const context = {
    signal: new AbortController().signal,
    openStore,
    progress: () => undefined,
    leftover: () => Promise.resolve(),
    gone: () => undefined,
    completing: () => Promise.resolve(),
  };
  await t.rejects(operations.extract({ ...request, quotaBytes: 10 }, context), { message: /quota/ });
  t.match(await operations.extract({ ...request, quotaBytes: 1_000_000 }, context), { totals: { files: 1 } });
});
