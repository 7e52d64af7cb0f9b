import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { backUp, filesIn, gatewayBench, inLedger, put } from "../../test-support/gateway-sets.js";
import { withThreads } from "../../test-support/services-bench.js";
import { knownSets } from "./known-sets.js";
import { setsAt } from "./list-sets.js";

const NAME = "2026-03-07T00-00-00Z";
const RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

await t.test("what stands in a place is listed, whether the catalogue knows it or not", async (t) => {
  const { services, time } = await gatewayBench(t);
  const { backups } = services.host.paths;
  await backUp(services);
  time.advance(60_000);
  await backUp(services, { preDelete: true });
  time.advance(60_000);
  await backUp(services, { to: join(backups, "chosen") });
  put(backups, {
    "2020-01-01T00-00-00Z/state.tar.zst": "cut off",
    "2020-01-02T00-00-00Z/backup.json": "{",
    "2020-01-02T00-00-00Z/state.tar.zst": "?",
    "pre-delete/2020-01-03T00-00-00Z.state.tar.zst": "cut off",
    "other/backup.json": "{}",
    "other/state.tar.zst": "",
    "tenants/acme/2020-01-01T00-00-00Z.tar.zst": "",
    "pre-delete/mine.txt": "",
  });
  const shown = await setsAt(services, undefined);
  t.match(
    shown.map(({ id, kind, state, location, createdAt }) => [
      id !== undefined,
      kind,
      state,
      location.slice(backups.length + 1),
      new Date(createdAt).toISOString().slice(0, 16),
    ]),
    [
      [true, "scheduled", "complete", "chosen/", "2026-03-07T00:02"],
      [true, "pre-delete", "complete", "pre-delete/backup.json", "2026-03-07T00:01"],
      [true, "scheduled", "complete", `${NAME}/`, "2026-03-07T00:00"],
      [false, "pre-delete", "incomplete", "pre-delete/2020-01-03T00-00-00Z", "2020-01-03T00:00"],
      [false, "scheduled", "damaged", "2020-01-02T00-00-00Z/", "2020-01-02T00:00"],
      [false, "scheduled", "incomplete", "2020-01-01T00-00-00Z/", "2020-01-01T00:00"],
    ],
  );
  t.match(shown[3], { parts: [{ name: "state", size: 7 }], size: 7 });

  inLedger(services, "DELETE FROM archives; DELETE FROM gateway_sets");
  const [, , unknown] = await setsAt(services, `${backups}/`);
  t.match(unknown, { id: undefined, state: "complete", parts: [{ name: "state" }, { name: "workspace" }] });
  rmSync(join(backups, NAME, "workspace.tar.zst"));
  t.match((await setsAt(services, undefined))[2], {
    state: "damaged",
    problem: /workspace\.tar\.zst: not there/,
  });
  const gone = withThreads(services, (operation, _request, proceed) =>
    operation === "readManifest" ? undefined : proceed(),
  );
  t.match(
    (await setsAt(gone, undefined)).map(({ state }) => state),
    Array(5).fill("incomplete"),
  );
});

await t.test(
  "a set that is being written is told by the catalogue's id, an encrypted one by its names",
  async (t) => {
    const { services } = await gatewayBench(t);
    await backUp(services, { recipients: [RECIPIENT] });
    inLedger(services, "UPDATE gateway_sets SET state = 'writing'");
    rmSync(join(services.host.paths.backups, NAME, "backup.json"));
    const [known] = knownSets(services);
    t.match(await setsAt(services, undefined), [{ id: known?.id, state: "incomplete" }]);
  },
);

await t.test("an encrypted set that the catalogue does not know is shown as such", async (t) => {
  const { services } = await gatewayBench(t);
  await backUp(services, { recipients: [RECIPIENT] });
  inLedger(services, "DELETE FROM archives; DELETE FROM gateway_sets");
  t.match(await setsAt(services, undefined), [{ parts: [{ encryption: "age" }, { encryption: "age" }] }]);
});

await t.test("a set of the catalogue whose archive was lost is no good one", async (t) => {
  const { services } = await gatewayBench(t);
  await backUp(services);
  inLedger(services, "UPDATE archives SET lost_at = 1 WHERE tenant = '@state'");
  t.match(knownSets(services), [{ state: "damaged" }]);
});

await t.test(
  "older sets that were cut off and that no ledger knows are taken away, if they are this gateway's",
  async (t) => {
    const { services, time } = await gatewayBench(t);
    const { backups } = services.host.paths;
    await backUp(services);
    const ours = readFileSync(join(backups, NAME, "state.tar.zst"));
    put(backups, {
      "2020-01-01T00-00-00Z/state.tar.zst": ours,
      "2020-01-02T00-00-00Z/state.tar.zst.age": randomBytes(100),
      "2020-01-03T00-00-00Z/workspace.tar.zst": "not an archive",
      "deep/2020-01-01T00-00-00Z/state.tar.zst": ours,
      "2030-01-01T00-00-00Z/state.tar.zst": ours,
    });
    time.advance(60_000);
    const job = await backUp(services);
    t.match(job, {
      state: "succeeded",
      warnings: [
        { code: "INCOMPLETE_SET", message: /2020-01-02/ },
        { code: "INCOMPLETE_SET", message: /2020-01-03/ },
      ],
    });
    t.strictSame(
      filesIn(backups).filter((file) => /2020|2030/.test(file)),
      [
        "2020-01-02T00-00-00Z/state.tar.zst.age",
        "2020-01-03T00-00-00Z/workspace.tar.zst",
        "2030-01-01T00-00-00Z/state.tar.zst",
        "deep/2020-01-01T00-00-00Z/state.tar.zst",
      ],
    );
    time.advance(60_000);
    let lists = 0;
    const failing = withThreads(services, (operation, _request, proceed) => {
      if (operation === "list" && ++lists > 1) throw new Error("no list");
      return proceed();
    });
    t.match(await backUp(failing), {
      state: "succeeded",
      warnings: [{ code: "NOT_SWEPT", message: /no list/ }],
    });
    mkdirSync(join(backups, "chosen"), { recursive: true });
    writeFileSync(join(backups, "2020-01-04"), "");
    t.match(await backUp(services, { to: join(backups, "elsewhere") }), { state: "succeeded", warnings: [] });
  },
);
