import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { BackupError } from "../../errors.js";
import { backUp, filesIn, gatewayBench, inLedger } from "../../test-support/gateway-sets.js";
import { MemoryLog } from "../../test-support/memory-log.js";
import { withThreads } from "../../test-support/services-bench.js";
import { knownSets, newestGoodSet } from "./known-sets.js";
import { awaitsSets, settleSet, settleSets } from "./settle-sets.js";

const { signal } = new AbortController();
const NAME = "2026-03-07T00-00-00Z";
const RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/** As a copy of the ledger has it that was made while the set was begun. */
const BEGUN = `UPDATE gateway_sets SET state = 'writing', parts_json = '[]', manifest_sha256 = NULL;
  DELETE FROM archives; UPDATE jobs SET state = 'interrupted', result_json = NULL`;

await t.test("a gateway restored from a set finds that the set is complete, and lists it", async (t) => {
  const { services } = await gatewayBench(t);
  const job = await backUp(services);
  const [before] = knownSets(services);
  const archives = services.ledger.archives.list({ limit: 10 });
  inLedger(services, BEGUN);
  t.match(knownSets(services), [{ state: "incomplete", parts: [] }]);
  t.equal(newestGoodSet(services), undefined);
  await settleSets(services, signal);
  t.match(knownSets(services), [{ id: before?.id, state: "complete", size: before?.size, parts: [{}, {}] }]);
  t.match(newestGoodSet(services), { id: before?.id });
  t.match(
    services.ledger.archives.list({ limit: 10 }),
    archives.map(({ location, size, etag, indexSha256, signedBy, setId, tenant, totals }) => ({
      ...{ location, size, etag, indexSha256, signedBy, setId, tenant, totals },
    })),
  );
  t.match(services.ledger.jobs.get(job.id), { state: "succeeded", warnings: [{ code: "RECOVERED" }] });
  t.equal(filesIn(services.host.paths.backups).length, 3);
});

await t.test(
  "what a pre-delete set had replaced is taken away when it is listed, or warned of",
  async (t) => {
    const { services, time } = await gatewayBench(t);
    await backUp(services, { preDelete: true });
    time.advance(60_000);
    const directory = join(services.host.paths.backups, "pre-delete");
    const stray = "2020-01-01T00-00-00Z.state.tar.zst";
    await backUp(services, { preDelete: true });
    for (const outcome of [{ outcome: "locked", reason: "locked until 2030" }, undefined]) {
      inLedger(services, `${BEGUN}; DELETE FROM gateway_sets WHERE created_at < ${time.now()}`);
      writeFileSync(join(directory, stray), "");
      const locked = withThreads(services, (operation, _request, proceed) =>
        operation === "removeObjects" && outcome !== undefined ? [outcome] : proceed(),
      );
      await settleSets(locked, signal);
      t.match(knownSets(services), [{ kind: "pre-delete", state: "complete" }]);
      t.equal(existsSync(join(directory, stray)), outcome !== undefined);
    }
  },
);

await t.test("a set that cannot be described is left as it is, and not listed", async (t) => {
  for (const make of ["sealed", "lost"] as const) {
    await t.test(make, async (t) => {
      const { services } = await gatewayBench(t);
      await backUp(services, make === "sealed" ? { recipients: [RECIPIENT] } : {});
      inLedger(services, BEGUN);
      const { backups } = services.host.paths;
      if (make === "lost") rmSync(join(backups, NAME, "workspace.tar.zst"));
      const files = filesIn(backups);
      await settleSets(services, signal);
      t.strictSame(knownSets(services), []);
      t.strictSame(filesIn(backups), files);
    });
  }
});

await t.test("what is sealed and was noted is listed", async (t) => {
  const { services } = await gatewayBench(t);
  let crash = true;
  const dying = withThreads(services, async (operation, _request, proceed) => {
    const result = await proceed();
    if (crash && (operation === "writeManifest" || operation === "readManifest")) throw new Error("killed");
    return result;
  });
  await backUp(dying, { recipients: [RECIPIENT] });
  crash = false;
  await settleSets(services, signal);
  t.match(knownSets(services), [{ state: "complete", parts: [{ encryption: "age" }, {}] }]);
});

await t.test("where another set's backup.json stands, ours is not complete", async (t) => {
  const { services } = await gatewayBench(t);
  const directory = join(services.host.paths.backups, NAME);
  await backUp(services);
  inLedger(services, BEGUN);
  const file = join(directory, "backup.json");
  writeFileSync(file, readFileSync(file, "utf8").replace(services.ledger.sets.uid, "0".repeat(32)));
  await settleSets(services, signal);
  t.strictSame(knownSets(services), []);
  t.ok(existsSync(join(directory, "state.tar.zst")), "it is not provably ours");
});

await t.test("what cannot be settled stays, with the reason", async (t) => {
  const { services } = await gatewayBench(t);
  const directory = join(services.host.paths.backups, NAME);
  await backUp(services);
  inLedger(services, BEGUN);
  writeFileSync(join(directory, "backup.json"), "{");
  await settleSets(services, signal);
  t.match(knownSets(services), [{ state: "incomplete", problem: /it is not JSON/ }]);
  writeFileSync(join(directory, "backup.json"), " ".repeat(70_000));
  await settleSets(services, signal);
  t.match(knownSets(services), [{ problem: /70000 bytes/ }]);
  inLedger(
    services,
    `UPDATE gateway_sets SET store_json = '{"kind":"s3","bucket":"b","endpoint":"https://gone.example.org"}'`,
  );
  await settleSets(services, signal);
  t.match(knownSets(services), [{ problem: /no settings for the store/ }]);
  const aborted = AbortSignal.abort(new BackupError("SHUTTING_DOWN", "It stops."));
  await settleSets(services, aborted);
  await settleSet(services, "unknown", signal, { mayStillCome: false });

  const failing = {
    ...services,
    ledger: {
      sets: {
        get: () => {
          throw new Error("no ledger");
        },
        setProblem: () => {
          throw new Error("no ledger");
        },
      },
    },
  } as never;
  await settleSet(failing, "s1", signal, { mayStillCome: false });

  const log = new MemoryLog();
  const broken = {
    ...services,
    host: { ...services.host, log },
    ledger: {
      sets: {
        unsettled: () => {
          throw new Error("no ledger");
        },
      },
    },
  } as never;
  await settleSets(broken, signal);
  t.match(log.lines, [{ message: /could not be looked after/ }]);
});

await t.test("what a store may still be carrying out is waited for", async (t) => {
  const { services, time } = await gatewayBench(t);
  let isDying = true;
  const dying = withThreads(services, async (operation, _request, proceed) => {
    if (operation === "writeManifest" && isDying) throw new Error("killed");
    return proceed();
  });
  const stay = withThreads(dying, (operation, _request, proceed) => {
    if (operation === "readManifest" && isDying) throw new Error("killed");
    return proceed();
  });
  await backUp(stay);
  isDying = false;
  const { backups } = services.host.paths;
  inLedger(services, `UPDATE gateway_sets SET problem = NULL, store_json = '{"kind":"s3","bucket":"b"}'`);
  t.ok(awaitsSets(services));
  const remembered = {
    ...services,
    destinations: { remembered: () => ({ kind: "local", roots: [backups] }) },
  } as never;
  await settleSets(remembered, signal);
  t.equal(filesIn(backups).length, 2);
  time.advance(10_000);
  t.notOk(awaitsSets(services));
  await settleSets(remembered, signal);
  t.strictSame(filesIn(backups), []);
});

await t.test(
  "an archive of an incomplete set that cannot be removed keeps the set in the ledger",
  async (t) => {
    const { services } = await gatewayBench(t);
    const failing = withThreads(services, (operation, request, proceed) => {
      if (operation === "backup" && "tenant" in request && request.tenant === "@workspace")
        throw new BackupError("STORE_FAILED", "No.");
      return operation === "remove" ? [outcome] : proceed();
    });
    let outcome: object = { outcome: "locked", reason: "locked until 2030" };
    await backUp(failing);
    t.match(knownSets(services), [{ state: "incomplete", problem: /state\.tar\.zst is locked until 2030/ }]);
    outcome = { outcome: "failed", error: { code: "STORE_DENIED", message: "Not allowed." }, asked: true };
    await settleSets(failing, signal);
    t.match(knownSets(services), [{ problem: "Not allowed." }]);
    rmSync(join(services.host.paths.backups, NAME, "state.tar.zst"));
    await settleSets(services, signal);
    t.strictSame(knownSets(services), []);
  },
);
