import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import t, { type Test } from "tap";
import { testGateway, type TestGateway } from "../test-support/gateway.js";
import { servicesBench, withThreads } from "../test-support/services-bench.js";
import { PostRestore, type PostRestoreNote } from "./post-restore.js";

const NOTE = {
  job: "r-1",
  from: "dest:offsite/2026-06-03T02-00-00Z/",
  createdAt: "2026-06-03T02:00:00Z",
  restoredAt: "2026-06-04T02:00:00Z",
  expected: { tenants: 0, files: 1, bytes: 1 },
};

const ROUTE = "/api/admin/gateway/checklist";

interface Restored {
  readonly host: TestGateway;
  readonly file: string;
  readonly tick: () => Promise<void>;
  /** Of the log: what is wrong. */
  readonly lines: readonly string[];
}

/** A gateway that was restored just now. */
async function restored(
  t: Test,
  note: object | string,
  env: Readonly<Record<string, string>> = {},
): Promise<Restored> {
  const stateDir = join(t.testdir(), "state");
  const file = join(stateDir, "backup/post-restore.json");
  mkdirSync(join(stateDir, "backup"), { recursive: true, mode: 0o700 });
  writeFileSync(file, typeof note === "string" ? note : JSON.stringify(note), { mode: 0o600 });
  const lines: string[] = [];
  let beat: () => Promise<void> = () => Promise.resolve();
  const ticker = (tick: () => Promise<void>) => {
    beat = tick;
    return () => undefined;
  };
  const host = await testGateway(t, {}, stateDir, [], {
    ticker,
    env,
    logLevel: "error",
    logDestination: { write: (line) => void lines.push(line) },
  });
  return { host, file, tick: () => beat(), lines };
}

async function checklist(host: TestGateway): Promise<PostRestoreNote | undefined> {
  return (await host.call("GET", ROUTE)).body["checklist"] as PostRestoreNote | undefined;
}

await t.test(
  "the start after a restore goes through the checklist, and an admin takes note of it",
  async (t) => {
    const { host, file, tick } = await restored(t, NOTE);
    t.same(await checklist(host), NOTE, "nothing was looked at yet");
    t.match(await host.call("DELETE", ROUTE), { status: 409, body: { code: "CHECKLIST_OPEN" } });
    await tick();
    while ((await checklist(host))?.items === undefined) await setImmediate();
    const { items = [] } = (await checklist(host)) ?? {};
    t.same(
      items.map(({ name, ok }) => [name, ok]),
      ["readiness", "doctor", "status", "ui", "tenants", "sizes"].map((name) => [name, true]),
    );
    t.equal(statSync(file).mode & 0o777, 0o600);
    const status = await host.call("GET", "/api/admin/status");
    t.match(status.body, {
      sections: { backup: { postRestore: { from: NOTE.from, items: [{ ok: true }] } } },
    });
    const { findings } = (await host.call("GET", "/api/admin/doctor")).body as {
      findings: { check: string }[];
    };
    t.match(
      findings.filter(({ check }) => check === "post-restore"),
      [{ severity: "info", message: /All is well/, fix: /--clear/, repairable: true }],
    );
    t.same((await host.call("DELETE", ROUTE)).body, { pending: false });
    t.notOk(existsSync(file));
    t.same((await host.call("DELETE", ROUTE)).body, { pending: false }, "once is enough");
    t.same((await host.call("POST", ROUTE)).body, { pending: false });
  },
);

await t.test("what is missing is told until it is there", async (t) => {
  const { host } = await restored(t, { ...NOTE, expected: { tenants: 1, files: 100_000, bytes: 1 } });
  const first = (await host.call("POST", ROUTE)).body["checklist"] as PostRestoreNote;
  t.match(
    first.items?.filter(({ ok }) => !ok),
    [
      { name: "tenants", message: "0 of 1 tenants are there.", fix: /openclaw doctor/ },
      { name: "sizes", message: /the archive has 100000/, fix: /--undo/ },
    ],
  );
  t.match(await host.call("DELETE", ROUTE), {
    status: 409,
    body: { code: "CHECKLIST_OPEN", detail: /not done: tenants, sizes/ },
  });
  await host.tenant("acme");
  const second = (await host.call("POST", ROUTE)).body["checklist"] as PostRestoreNote;
  t.same(
    second.items?.filter(({ ok }) => !ok).map(({ name }) => name),
    ["sizes"],
  );
});

for (const text of ["{", '{"job":1}'])
  await t.test(`a note that is none is told, and nothing else suffers: ${text}`, async (t) => {
    const { host, tick, lines } = await restored(t, text);
    await tick();
    while (lines.length === 0) await setImmediate();
    t.match(lines.join(""), /checklist of a restore could not be gone through/);
    t.match(await host.call("GET", ROUTE), { status: 500, body: { code: "IO_FAILED", hint: /remove it/ } });
    t.equal((await host.call("GET", "/api/admin/status")).status, 200);
  });

await t.test("a workspace on a volume of its own counts", async (t) => {
  const volume = mkdtempSync(join(tmpdir(), "workspace-"));
  t.teardown(() => rmSync(volume, { recursive: true }));
  for (let n = 0; n < 300; n++) writeFileSync(join(volume, String(n)), "");
  const expected = { tenants: 0, files: 300, bytes: 1 };
  const { host } = await restored(t, { ...NOTE, expected }, { OPENCLAW_WORKSPACE_DIR: volume });
  const { items } = (await host.call("POST", ROUTE)).body["checklist"] as PostRestoreNote;
  t.match(items?.at(-1), { name: "sizes", ok: true });
});

await t.test("a disk that fails is told", async (t) => {
  const { services } = await servicesBench(t);
  const file = join(services.host.paths.backup, "post-restore.json");
  mkdirSync(file);
  await t.rejects(services.postRestore.pending(), { code: "IO_FAILED" });
  const { threads } = withThreads(services, () => Promise.reject(new Error("EIO: i/o error")));
  const other = new PostRestore(
    { ...services.host, paths: { ...services.host.paths, backup: services.host.paths.root } },
    threads,
  );
  writeFileSync(join(services.host.paths.root, "post-restore.json"), JSON.stringify(NOTE));
  const note = await other.run(new AbortController().signal);
  t.match(note?.items?.at(-1), { name: "sizes", ok: false, message: /EIO/ });
  t.match(JSON.parse(readFileSync(join(services.host.paths.root, "post-restore.json"), "utf8")), note);
});
