/** The same on each kind of store; `config` leads the default destination there. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { pruneSubmission } from "../jobs/prune.js";
import { rebuildSubmission } from "../jobs/rebuild/rebuild.js";
import { incrementalBench, sentBytes } from "./incremental-bench.js";
import { loseCatalogue } from "./lost-ledger.js";
import { ended, type servicesBench } from "./services-bench.js";

export async function testSecondBackup(t: Test, config: Parameters<typeof servicesBench>[1]): Promise<void> {
  const { backUp, check, removeBehindLedger, services, directory } = await incrementalBench(t, config);
  const first = await backUp();
  t.match(first.result, { mode: "full", fullReason: "there is no earlier archive in this store" });
  const firstId = String(first.result?.["archiveId"]);
  const second = await backUp();
  const secondId = String(second.result?.["archiveId"]);
  const { size = 0, ...archive } = services.ledger.archives.get(secondId) ?? {};
  t.match(second.result, {
    mode: "incremental",
    base: firstId,
    fullReason: undefined,
    bytes: { stored: size, reused: size - sentBytes(second) },
  });
  t.ok(sentBytes(second) < 20_000, `${sentBytes(second)} bytes sent of ${size}`);
  t.match(archive, { baseId: firstId, checkedAt: services.ledger.archives.get(firstId)?.checkedAt });
  appendFileSync(join(directory("acme"), "s1"), "more");
  const third = await backUp({ rehash: true });
  t.match(third.result, { mode: "incremental", base: secondId });
  await removeBehindLedger(first);
  await removeBehindLedger(second);
  await check(third);
}

export async function testLostBase(t: Test, config: Parameters<typeof servicesBench>[1]): Promise<void> {
  const { backUp, check, removeBehindLedger } = await incrementalBench(t, config);
  const first = await backUp();
  const inPlace = await backUp({ to: String(first.result?.["location"]), overwrite: true });
  t.match(
    inPlace.result,
    { mode: "incremental" },
    "an archive can be the base of the one that overwrites it",
  );
  await check(inPlace);
  await removeBehindLedger(inPlace);
  const full = await backUp();
  t.match(full.result, { mode: "full", fullReason: "the base is gone" });
  await check(full);
}

export async function testRebuiltCatalogue(
  t: Test,
  config: Parameters<typeof servicesBench>[1],
): Promise<void> {
  const { backUp, check, services } = await incrementalBench(t, config);
  await backUp();
  const second = await backUp();
  const known = services.ledger.archives.get(String(second.result?.["archiveId"]));
  loseCatalogue(services);
  const caller = { actor: "admin", trigger: "api" } as const;
  const { result } = await ended(services, rebuildSubmission(services, {}, caller));
  t.match(result, { added: 2, foreign: { count: 0 } });
  const [base] = services.ledger.archives.list({ limit: 1 });
  t.match(base, { location: known?.location, etag: known?.etag, indexSha256: known?.indexSha256 });

  const third = await backUp();
  t.match(third.result, { mode: "incremental", base: base?.id });
  const { planned, read } = third.result?.["bytes"] as { readonly planned: number; readonly read: number };
  t.equal(read, planned, "every file was read");
  t.ok(sentBytes(third) < 20_000, `${sentBytes(third)} bytes sent`);
  await check(third);

  const prune = { tenant: "acme", keepLast: 1 };
  t.match((await ended(services, pruneSubmission(services, prune, caller))).result, { trashed: 2, kept: 1 });
}
