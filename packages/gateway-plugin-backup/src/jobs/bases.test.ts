import { mkdirSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { BackupError } from "../errors.js";
import type { S3StoreSettings, StoreSettings } from "../stores/settings.js";
import { FakeTime } from "../test-support/fake-time.js";
import { ArchivesInUse } from "./archives-in-use.js";
import { chooseBase, withBase, type BaseChoice } from "./bases.js";
import { KnownAbilities } from "./known-abilities.js";
import { Ledger } from "./ledger/ledger.js";
import type { NewArchive } from "./ledger/archives.js";

const DAY_MS = 24 * 3_600_000;
const s3: S3StoreSettings = { kind: "s3", bucket: "b", endpoint: "http://s" };
const totals = {
  entries: 1,
  files: 1,
  directories: 0,
  symlinks: 0,
  contentBytes: 1,
  segments: 1,
  tarBytes: 1,
};

function setUp(t: Test, trusted?: readonly string[]) {
  const ledger = Ledger.open(join(t.testdir(), "ledger.sqlite"));
  t.teardown(() => ledger.close());
  const time = new FakeTime();
  ledger.jobs.insert({
    ...{ id: "j", type: "backup", tenant: "acme", trigger: "api", actor: "admin", request: {} },
    ...{ state: "queued", createdAt: 1, warnings: [] },
  });
  const add = (id: string, changes: Partial<NewArchive> = {}): void => {
    const now = time.now();
    const place = {
      storeKind: "s3",
      endpoint: "http://s",
      bucket: "b",
      key: id,
      location: `s3://b/${id}`,
    } as const;
    const made = { id, jobId: "j", tenant: "acme", tenantUid: "u1", createdAt: now, checkedAt: now } as const;
    const object = { size: 10_000_000, etag: "e", indexSha256: "0", formatVersion: 1, totals } as const;
    ledger.transaction(() =>
      ledger.archives.add({ ...place, ...made, ...object, state: "good", ...changes }),
    );
  };
  const services = {
    ledger,
    knownAbilities: new KnownAbilities(),
    archivesInUse: new ArchivesInUse(),
    signatures: { required: () => Promise.resolve(trusted === undefined ? undefined : { trusted }) },
    host: { clock: time },
  };
  const target = (settings: StoreSettings = s3, key = "new") => ({
    settings,
    key,
    location: "s3://b/new",
    isAutomatic: true,
  });
  const choose = (settings: StoreSettings = s3, key = "new"): Promise<BaseChoice> =>
    chooseBase(services, { tenant: "acme", tenantUid: "u1", target: target(settings, key) });
  return { ledger, time, add, services, choose, target };
}

t.test(
  "the base is the newest good archive of the tenant in the store, by the order of the ledger",
  async (t) => {
    const { ledger, time, add, choose } = setUp(t);
    t.match(await choose(), { fullReason: /no earlier archive/ });
    add("a1");
    time.advance(-DAY_MS);
    add("a2");
    add("elsewhere", { bucket: "other" });
    add("far", { endpoint: "http://far" });
    add("another's", { tenantUid: "u2" });
    add("broken", { state: "damaged" });
    add("lost");
    ledger.archives.setLost("lost", 1);
    add("going");
    ledger.archives.beginRemoval("going", 1);
    t.match(await choose(), { base: { id: "a2" } });
  },
);

t.test("what makes an archive unfit as a base", async (t) => {
  const { time, add, services, choose } = setUp(t);
  add("old");
  time.advance(31 * DAY_MS);
  t.match(await choose(), { fullReason: /30 days/ });
  time.advance(-62 * DAY_MS);
  t.match(await choose(), { fullReason: /30 days/ }, "a clock that was set back says nothing");
  add("small", { size: 5 * 1024 * 1024 - 1 });
  t.match(await choose(), { fullReason: /smaller/ });
  add("other", { formatVersion: 2 });
  t.match(await choose(), { fullReason: /format version/ });
  add("good");
  t.match(await choose(), { base: { id: "good" } });
  services.knownAbilities.learn(s3, { copy: false });
  t.match(await choose(), { fullReason: "the store cannot copy" });
});

t.test("where signatures are required, an archive that no trusted key has signed is no base", async (t) => {
  const { add, choose } = setUp(t, ["ours", "theirs"]);
  add("unsigned");
  t.match(await choose(), { fullReason: /not signed by a trusted key/ });
  add("stranger's", { signedBy: "a stranger" });
  t.match(await choose(), { fullReason: /not signed by a trusted key/ });
  add("trusted", { signedBy: "theirs" });
  t.match(await choose(), { base: { id: "trusted", signedBy: "theirs" } });
});

t.test("local: the base lies on the same file system", async (t) => {
  const { add, choose } = setUp(t);
  const directory = t.testdir();
  const local: StoreSettings = { kind: "local", roots: ["/"] };
  const place = { storeKind: "local", endpoint: "", bucket: "" } as const;
  mkdirSync(join(directory, "a"));
  add("near", { ...place, key: join(directory, "a", "1.tar.zst") });
  add("beside", { ...place, key: join(directory, "a", "2.tar.zst") });
  add("on another", { ...place, key: "/proc/3.tar.zst" });
  add("on another, too", { ...place, key: "/proc/4.tar.zst" });
  add("gone", { ...place, key: join(directory, "b", "5.tar.zst") });
  t.match(await choose(local, join(directory, "not", "made", "yet.tar.zst")), { base: { id: "beside" } });
  t.match(await choose(local, "/proc/x"), { base: { id: "on another, too" } });
  t.match(await choose(local, "/sys/x"), { fullReason: /no earlier archive/ });
});

t.test("a base is held while it is used, and done without when it is of no use", async (t) => {
  const { add, services, choose, target } = setUp(t);
  add("a1");
  const choice = await choose();
  const held = { ...target(), key: "a1" };
  const seen: (string | undefined)[] = [];
  const work = (error?: BackupError) => (chosen: BaseChoice) => {
    seen.push(chosen.base?.id ?? chosen.fullReason);
    if (chosen.base === undefined) return Promise.resolve("full");
    t.equal(services.archivesInUse.isUsed(held), true);
    return error === undefined ? Promise.resolve("incremental") : Promise.reject(error);
  };
  const run = (error?: BackupError) => withBase(services, { choice, target: target() }, work(error));
  t.equal(await run(), "incremental");
  const details = { reason: "the base is gone" };
  t.equal(await run(new BackupError("BASE_UNUSABLE", "It is gone.", { details })), "full");
  await t.rejects(run(new BackupError("DISK_FULL", "Full.")), { code: "DISK_FULL" });
  t.equal(services.archivesInUse.isUsed(held), false);
  const end = services.archivesInUse.reserveForRemoval(held);
  t.equal(await run(), "full");
  end?.();
  t.strictSame(seen, ["a1", "a1", "the base is gone", "a1", "the earlier archive is just being removed"]);
});

t.test("a store that refuses parts gets equal ones, and no copies if it refuses those, too", async (t) => {
  const { add, services, choose, target } = setUp(t);
  add("a1");
  const details = { reason: "the store refused the parts" };
  const abilities = (): unknown => (services.knownAbilities.apply(s3) as S3StoreSettings).abilities;
  for (const learnt of [{ equalParts: true }, { equalParts: true, copy: false }]) {
    const run = withBase(services, { choice: await choose(), target: target() }, ({ base, fullReason }) => {
      if (base !== undefined) throw new BackupError("BASE_UNUSABLE", "It refused them.", { details });
      return Promise.resolve(fullReason);
    });
    t.equal(await run, "the store refused the parts");
    t.strictSame(abilities(), learnt);
  }
  t.match(await choose(), { fullReason: "the store cannot copy" });
});
