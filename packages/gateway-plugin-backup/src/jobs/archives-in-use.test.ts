import t from "tap";
import { ArchivesInUse } from "./archives-in-use.js";

const archive = { settings: { kind: "local" as const, roots: [] }, key: "/b/a", location: "/b/a" };

/** Work that ends when a test says so. */
function work(): { readonly done: Promise<void>; readonly end: () => void } {
  let end = (): void => undefined;
  const done = new Promise<void>((resolve) => (end = resolve));
  return { done, end };
}

t.test("an archive is not removed before its last reader has ended", async (t) => {
  const inUse = new ArchivesInUse();
  const [one, other] = [work(), work()];
  const first = inUse.use(archive, () => one.done);
  const second = inUse.use(archive, () => other.done);
  t.equal(inUse.reserveForRemoval(archive), undefined);
  one.end();
  await first;
  t.ok(inUse.isUsed(archive));
  t.equal(inUse.reserveForRemoval(archive), undefined);
  other.end();
  await second;
  t.notOk(inUse.isUsed(archive));
  t.ok(inUse.reserveForRemoval(archive));
});

t.test("a reader that fails holds nothing", async (t) => {
  const inUse = new ArchivesInUse();
  await t.rejects(
    inUse.use(archive, () => Promise.reject(new Error("broken"))),
    { message: "broken" },
  );
  t.ok(inUse.reserveForRemoval(archive));
});

t.test("what is being removed is not read, nor removed twice at once", async (t) => {
  const inUse = new ArchivesInUse();
  const release = inUse.reserveForRemoval(archive);
  t.equal(inUse.reserveForRemoval(archive), undefined);
  await t.rejects(
    inUse.use(archive, () => Promise.resolve()),
    { code: "ARCHIVE_BUSY", message: /\/b\/a/ },
  );
  const bucket = { settings: { kind: "s3" as const, bucket: "b" }, key: "/b/a", location: "s3://b//b/a" };
  await inUse.use(bucket, () => Promise.resolve());
  release?.();
  t.equal(await inUse.use(archive, () => Promise.resolve("read")), "read");
});
