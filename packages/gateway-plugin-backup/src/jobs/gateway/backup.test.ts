import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import t from "tap";
import { extractInProcess } from "../../archive/testing/extract-in-process.js";
import { stagingDirectory } from "../../archive/testing/staging.js";
import { BackupError } from "../../errors.js";
import {
  ADMIN,
  backUp,
  entriesOf,
  filesIn,
  gatewayBench,
  manifestAt,
  put,
} from "../../test-support/gateway-sets.js";
import { ended, servicesBench, withThreads } from "../../test-support/services-bench.js";
import { gatewayBackupSubmission } from "./backup.js";
import { knownSets } from "./known-sets.js";
import { settleSets } from "./settle-sets.js";

const RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const NAME = "2026-03-07T00-00-00Z";

await t.test("a set has an archive of each volume, and a backup.json that says what they are", async (t) => {
  const { services, workspace } = await gatewayBench(t);
  const { root, backups } = services.host.paths;
  put(root, {
    "backups/tenants/acme/old.tar.zst": "an archive",
    "tenants/.staging/j1/tree/a": "a restore under way",
    "tenants/.trash/j1/tree/a": "what a restore replaced",
    "tenants/acme/pty/0": "a terminal",
    ".restore/journal.json": "{}",
    "lost+found/1": "",
    "backup/keys/old.pem": "private",
    "backup/facts/a1": "",
    "backup/plans/j1.jsonl": "",
  });
  const job = await backUp(services);
  t.match(job, {
    state: "succeeded",
    type: "gateway-backup",
    tenant: "",
    warnings: [],
    result: {
      kind: "scheduled",
      location: join(backups, NAME, "backup.json"),
      parts: [
        { name: "state", mode: "full", fullReason: /no earlier archive/ },
        { name: "workspace", totals: { files: 1 } },
      ],
      signedBy: { trust: "own" },
    },
  });
  t.strictSame(
    filesIn(backups).filter((file) => file.startsWith(NAME)),
    [`${NAME}/backup.json`, `${NAME}/state.tar.zst`, `${NAME}/workspace.tar.zst`],
  );
  const manifest = manifestAt(join(backups, NAME, "backup.json"));
  const [state, other] = services.ledger.archives.list({ limit: 10 }).reverse();
  t.match(manifest, {
    kind: "scheduled",
    uid: services.ledger.sets.uid,
    createdAt: "2026-03-07T00:00:00.000Z",
    parts: [
      { name: "state", key: "state.tar.zst", size: state?.size, indexSha256: state?.indexSha256 },
      { name: "workspace", key: "workspace.tar.zst", files: 1, bytes: 8 },
    ],
  });
  t.match(
    [state, other],
    [
      { tenant: "@state", tenantUid: services.ledger.sets.uid, setId: job.result?.["setId"] },
      { tenant: "@workspace" },
    ],
  );
  t.match(knownSets(services), [
    { state: "complete", kind: "scheduled", location: `${join(backups, NAME)}/`, pinned: false },
  ]);
  const entries = await entriesOf(join(backups, NAME, "state.tar.zst"));
  const made = /^state\/(?:audit|tenant-records|tenants\/acme\/[a-z]+$)/;
  t.strictSame(entries.filter((path) => !made.test(path)).sort(), [
    "state",
    "state/backup",
    "state/backup/ledger.sqlite",
    "state/cron",
    "state/cron/jobs.json",
    "state/openclaw.json",
    "state/tenants",
    "state/tenants/acme",
    ...["sessions/a.jsonl", "tenant.json", "workspace/b.md"].map((path) => `state/tenants/acme/${path}`),
  ]);
  t.strictSame((await entriesOf(join(backups, NAME, "workspace.tar.zst"))).sort(), [
    "workspace",
    "workspace/notes.md",
  ]);
  t.ok(existsSync(join(workspace, "notes.md")));

  // What a gateway that is restored from it will know of it.
  const tree = stagingDirectory(t);
  await extractInProcess(readFileSync(join(backups, NAME, "state.tar.zst")), tree);
  const ledger = new Database(join(tree, "backup/ledger.sqlite"));
  t.match(ledger.prepare("SELECT state, parts_json FROM gateway_sets").all(), [
    { state: "writing", parts_json: "[]" },
  ]);
  t.match(ledger.prepare("SELECT state FROM jobs").all(), [{ state: "running" }]);
  ledger.close();
  t.strictSame(filesIn(join(root, "backup/tmp")), []);
});

await t.test("the next set sends what has changed, and has nothing of the one before in it", async (t) => {
  const { services, time } = await gatewayBench(t);
  const { root, backups } = services.host.paths;
  put(root, { "tenants/acme/memory/large.bin": randomBytes(6 * 1024 * 1024) });
  const first = await backUp(services);
  time.advance(3_600_000);
  const second = await backUp(services);
  t.match(second.result, {
    parts: [
      { mode: "incremental", base: (first.result?.["parts"] as { archiveId: string }[])[0]?.archiveId },
      { mode: "full", fullReason: /smaller than the least/ },
    ],
  });
  const [before, after] = [first, second].map(({ result }) => Number(result?.["size"]));
  t.ok(Math.abs((after ?? 0) - (before ?? 0)) < 4096, `${before} and ${after} bytes`);
  t.notOk(
    (await entriesOf(join(backups, "2026-03-07T01-00-00Z/state.tar.zst"))).some((path) =>
      /backups/.test(path),
    ),
  );
  const rehashed = await backUp(services, { rehash: true, compressionLevel: 1, limitUpload: "1GiB" });
  t.match(rehashed.result, { parts: [{ mode: "incremental" }, {}] });
});

await t.test(
  "a name that is taken gives way to that of the next second; one that a person chose does not",
  async (t) => {
    const { services } = await gatewayBench(t);
    const { backups } = services.host.paths;
    const here = (second: number): string => join(backups, `2026-03-07T00-00-0${second}Z`);
    for (const second of [0, 1]) put(here(second), { x: "" });
    t.match(await backUp(services), { result: { location: join(here(2), "backup.json") } });
    for (const second of [3, 4]) put(here(second), { x: "" });
    t.match(await backUp(services), {
      state: "failed",
      error: { code: "ARCHIVE_EXISTS", message: /00-00-04Z/ },
    });

    const to = join(backups, "by-hand-{date}");
    t.match(await backUp(services, { to }), {
      result: { location: join(backups, "by-hand-2026-03-07/backup.json") },
    });
    t.match(await backUp(services, { to }), { error: { code: "ARCHIVE_EXISTS" } });
  },
);

await t.test("a pre-delete set takes the place of the one before, which is whole until then", async (t) => {
  const { services, time } = await gatewayBench(t);
  const { backups } = services.host.paths;
  const directory = join(backups, "pre-delete");
  const first = await backUp(services, { preDelete: true });
  const names = (now: string): string[] => [
    `${now}.state.tar.zst`,
    `${now}.workspace.tar.zst`,
    "backup.json",
  ];
  t.strictSame(filesIn(directory), names(NAME));
  t.match(manifestAt(join(directory, "backup.json")), {
    kind: "pre-delete",
    parts: [{ key: `${NAME}.state.tar.zst` }, {}],
  });
  // The same second: its names are taken.
  const failing = withThreads(services, (operation, _request, proceed) => {
    if (operation === "writeManifest") throw new BackupError("STORE_UNREACHABLE", "It is gone.");
    return proceed();
  });
  t.match(await backUp(failing, { preDelete: true }), {
    state: "failed",
    error: { code: "STORE_UNREACHABLE" },
  });
  t.strictSame(filesIn(directory), names(NAME));
  t.match(knownSets(services), [{ id: first.result?.["setId"], state: "complete" }]);

  time.advance(60_000);
  put(directory, { "mine.txt": "", "2020-01-01T00-00-00Z.state.tar.zst": "of an older gateway" });
  let before: string[] = [];
  const watched = withThreads(services, (operation, _request, proceed) => {
    if (operation === "writeManifest") before = filesIn(directory);
    return proceed();
  });
  const second = await backUp(watched, { preDelete: true, to: backups });
  t.ok(names(NAME).every((name) => before.includes(name)));
  t.strictSame(filesIn(directory), [...names("2026-03-07T00-01-00Z"), "mine.txt"]);
  t.match(knownSets(services), [{ id: second.result?.["setId"], location: join(directory, "backup.json") }]);
  t.equal(services.ledger.archives.list({ limit: 10 }).length, 2);
});

await t.test("what a pre-delete set replaces and cannot be removed is warned of", async (t) => {
  const { services, time } = await gatewayBench(t);
  await backUp(services, { preDelete: true });
  time.advance(60_000);
  const outcomes = [
    { outcome: "locked", reason: "locked until 2030" },
    { outcome: "failed", error: { code: "STORE_DENIED", message: "Not allowed." }, asked: true },
  ];
  const locked = withThreads(services, (operation, _request, proceed) =>
    operation === "removeObjects" ? outcomes : proceed(),
  );
  t.match(await backUp(locked, { preDelete: true }), {
    state: "succeeded",
    warnings: [
      { code: "NOT_REMOVED", message: /locked until 2030/ },
      { code: "NOT_REMOVED", message: /Not allowed/ },
    ],
  });
  time.advance(60_000);
  const gone = withThreads(services, (operation, _request, proceed) =>
    operation === "readManifest" ? undefined : proceed(),
  );
  t.match(await backUp(gone, { preDelete: true }), { state: "succeeded", warnings: [] });
});

await t.test("a destination's recipients encrypt the archives", async (t) => {
  const directory = t.testdirName;
  const { services } = await gatewayBench(t, {
    localRoots: [directory],
    destinations: { vault: { url: join(directory, "vault"), recipients: [RECIPIENT] } },
  });
  const job = await backUp(services, { to: "dest:vault" });
  t.match(job, { state: "succeeded", result: { parts: [{ fullReason: /encrypted/ }, {}] } });
  const place = join(directory, "vault", NAME);
  t.strictSame(filesIn(place), ["backup.json", "state.tar.zst.age", "workspace.tar.zst.age"]);
  t.match(manifestAt(join(place, "backup.json")).parts[0], {
    encryption: "age",
    objectSha256: /^[0-9a-f]{64}$/,
  });
  t.match(knownSets(services), [{ parts: [{ encryption: "age" }, {}] }]);
});

await t.test("a set whose second archive fails leaves nothing behind", async (t) => {
  const { services } = await gatewayBench(t);
  const failing = withThreads(services, (operation, request, proceed) => {
    if (operation === "backup" && "tenant" in request && request.tenant === "@workspace")
      throw new BackupError("STORE_UNREACHABLE", "It is gone.");
    return proceed();
  });
  t.match(await backUp(failing), { state: "failed", error: { code: "STORE_UNREACHABLE" } });
  t.strictSame(filesIn(services.host.paths.backups), []);
  t.strictSame(knownSets(services), []);
  t.strictSame(filesIn(join(services.host.paths.backup, "facts")), []);
});

await t.test(
  "a backup.json that was written though the store says otherwise makes a set complete",
  async (t) => {
    const { services } = await gatewayBench(t);
    const lying = withThreads(services, async (operation, _request, proceed) => {
      const result = await proceed();
      if (operation === "writeManifest") throw new BackupError("STORE_FAILED", "Perhaps.");
      return result;
    });
    t.match(await backUp(lying), { state: "succeeded" });
    t.match(knownSets(services), [{ state: "complete" }]);
  },
);

await t.test(
  "where nobody can tell whether backup.json was written, the set stays until it is known",
  async (t) => {
    const { services } = await gatewayBench(t);
    let isDown = true;
    const down = withThreads(services, async (operation, _request, proceed) => {
      if (isDown && operation === "readManifest") throw new BackupError("STORE_UNREACHABLE", "It is gone.");
      const result = await proceed();
      if (operation === "writeManifest") throw new BackupError("STORE_UNREACHABLE", "It is gone.");
      return result;
    });
    const job = await backUp(down);
    t.match(job, { state: "failed" });
    t.match(knownSets(services), [
      { state: "incomplete", problem: "It is gone.", parts: [{ name: "state" }, {}] },
    ]);
    isDown = false;
    await settleSets(down, new AbortController().signal);
    t.match(knownSets(services), [{ state: "complete" }]);
    t.match(services.ledger.jobs.get(job.id), { state: "succeeded", warnings: [{ code: "RECOVERED" }] });
  },
);

await t.test(
  "a cancelled backup leaves nothing, and one that a stop cuts off is settled by the next start",
  async (t) => {
    const { services } = await gatewayBench(t);
    const during = (act: (jobId: string) => void) =>
      withThreads(services, (operation, request, proceed) => {
        const [running] = services.engine.list({ state: "running", limit: 1 });
        if (operation === "backup" && "tenant" in request && request.tenant === "@workspace")
          act(running?.id ?? "");
        return proceed();
      });
    const cancelled = await backUp(during((id) => services.engine.cancel(id)));
    t.match(cancelled, { state: "cancelled" });
    t.strictSame(filesIn(services.host.paths.backups), []);

    const stopped = await backUp(during(() => void services.engine.stop()));
    t.match(stopped, { state: "interrupted" });
    t.strictSame(filesIn(services.host.paths.backups), [`${NAME}/state.tar.zst`]);
    t.match(knownSets(services), [{ state: "incomplete" }]);
    await settleSets(services, new AbortController().signal);
    t.strictSame(filesIn(services.host.paths.backups), []);
    t.strictSame(knownSets(services), []);
  },
);

await t.test("a set that would lie in what it is made of is refused at once", async (t) => {
  const place = t.testdirName;
  const { services } = await gatewayBench(t, { localRoots: [place] });
  const { root, workspace = "" } = services.host.paths;
  const submit = (to: string) => () => gatewayBackupSubmission(services, { to }, ADMIN);
  t.throws(submit(`${root}/`), { code: "LOCATION_INVALID" });
  t.throws(submit(`${workspace}/`), { code: "LOCATION_INVALID" });
  t.throws(submit(join(root, "by-hand")), { code: "LOCATION_INVALID" });
  symlinkSync(root, join(place, "link"));
  t.throws(submit(`${place}/link/`), { code: "LOCATION_INVALID" });
  t.throws(submit("dest:nowhere/"), { code: "DESTINATION_UNKNOWN" });
  const recipients = { recipients: ["age1"] };
  t.throws(() => gatewayBackupSubmission(services, recipients, ADMIN), { code: "RECIPIENT_INVALID" });
});

await t.test("places for archives, other volumes and private keys below the state stay out", async (t) => {
  const place = t.testdirName;
  const { services: bench } = await gatewayBench(t, {
    localRoots: [place, "/nonexistent/roots"],
    destinations: {
      near: { url: join(place, "state/near") },
      linked: { url: join(place, "linked") },
      far: { url: "s3://bucket/far", region: "eu-central-1" },
    },
  });
  const { root } = bench.host.paths;
  const paths = {
    ...bench.host.paths,
    workspace: join(root, "workspace"),
    privateKeys: [join(root, "tls/key.pem"), "/elsewhere/key.pem"],
  };
  const services = { ...bench, host: { ...bench.host, paths } };
  put(root, {
    "near/a.tar.zst": "",
    "hidden/a.tar.zst": "",
    "chosen/x": "",
    "workspace/w.md": "",
    "tls/key.pem": "private",
    "tls/cert.pem": "public",
  });
  symlinkSync(join(root, "hidden"), join(place, "linked"));
  t.match(await backUp(services, { to: `${root}/chosen/` }), { state: "succeeded" });
  const entries = await entriesOf(join(root, "chosen", NAME, "state.tar.zst"));
  t.ok(entries.includes("state/tls/cert.pem"));
  for (const left of ["near", "hidden", "chosen", "workspace", "tls/key.pem"])
    t.notOk(
      entries.some((path) => path.startsWith(`state/${left}`)),
      left,
    );
  t.ok((await entriesOf(join(root, "chosen", NAME, "workspace.tar.zst"))).includes("workspace/w.md"));
  rmSync(join(place, "linked"));
});

await t.test("a gateway without a volume for its workspace has a set of one archive", async (t) => {
  const { services } = await servicesBench(t);
  put(services.host.paths.root, { "workspace/w.md": "" });
  symlinkSync("/etc/passwd", join(services.host.paths.root, "outside"));
  t.match(await backUp(services), {
    state: "succeeded",
    result: { parts: [{ name: "state" }] },
    warnings: [{ code: "LINK_ESCAPES", path: "outside" }],
  });
  t.ok(
    (await entriesOf(join(services.host.paths.backups, NAME, "state.tar.zst"))).includes(
      "state/workspace/w.md",
    ),
  );
});

await t.test(
  "every tenant is prepared; one that cannot be is warned of, and the others are backed up",
  async (t) => {
    const { services, tenant } = await gatewayBench(t);
    await tenant("beta");
    await tenant("gamma");
    const seen: string[] = [];
    const { hooks } = services.host;
    hooks.on(
      "beforeBackup",
      ({ tenant: id }) => {
        seen.push(`before ${id}`);
        if (id === "beta") throw new Error("it is busy");
      },
      { onError: "fail" },
    );
    hooks.on("afterBackup", ({ tenant: id, succeeded }) => void seen.push(`after ${id} ${succeeded}`));
    rmSync(join(services.host.paths.tenants, "gamma/tenant.json"));
    mkdirSync(join(services.host.paths.tenants, "gamma/tenant.json"));
    writeFileSync(join(services.host.paths.tenants, "gamma/tenant.json/x"), "");
    const job = await backUp(services, { allowUnreadable: true });
    t.match(job, {
      state: "succeeded",
      warnings: [
        { code: "HOOK_FAILED", message: /^Tenant beta: .*it is busy/ },
        { message: /^Tenant gamma: / },
      ],
    });
    t.strictSame(seen, [
      "before acme",
      "before beta",
      "after acme true",
      "after beta true",
      "after gamma true",
    ]);
  },
);

await t.test("a cancelled preparation ends the backup", async (t) => {
  const { services } = await gatewayBench(t);
  services.host.hooks.on("beforeBackup", ({ jobId }) => void services.engine.cancel(jobId));
  t.match(await backUp(services), { state: "cancelled" });
});

await t.test(
  "a backup waits for a tenant that is being replaced, and a restore for the backup",
  async (t) => {
    const { services } = await gatewayBench(t);
    let end = (): void => undefined;
    const change = services.layout.change(
      "acme",
      { signal: new AbortController().signal, onWait: () => undefined },
      () => new Promise<void>((resolve) => (end = resolve)),
    );
    const messages: (string | undefined)[] = [];
    const { job } = services.start(gatewayBackupSubmission(services, {}, ADMIN));
    services.engine.subscribe(job.id, ({ progress }) => void messages.push(progress?.message));
    await new Promise((resolve) => setImmediate(resolve));
    end();
    await change;
    const last = await ended(services, gatewayBackupSubmission(services, {}, ADMIN));
    t.match(last, { id: job.id, state: "succeeded" }, "an equal backup is joined");
    t.ok(messages.includes("waits for a tenant that is being replaced"));
  },
);

await t.test(
  "facts that cannot be kept are logged, and a base that is none any more is done without",
  async (t) => {
    const { services, time } = await gatewayBench(t);
    const { root, backups } = services.host.paths;
    put(root, { "tenants/acme/memory/large.bin": randomBytes(6 * 1024 * 1024) });
    await backUp(services);
    time.advance(60_000);
    writeFileSync(join(backups, NAME, "state.tar.zst"), "another");
    rmSync(join(services.host.paths.backup, "facts"), { recursive: true });
    writeFileSync(join(services.host.paths.backup, "facts"), "");
    t.match(await backUp(services), { state: "succeeded", result: { parts: [{ mode: "full" }, {}] } });
  },
);
