import { text } from "node:stream/consumers";
import t from "tap";
import { ended, servicesBench, withThreads } from "../test-support/services-bench.js";
import { readArchivedFile, showArchive } from "./archive-parts.js";
import { backupSubmission } from "./backup.js";
import { Views } from "./views.js";

t.test("a few views run at once, and each of the others has its turn", async (t) => {
  const views = new Views();
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = Array.from({ length: 7 }, (_, n) =>
    views.take(async () => {
      begun.push(n);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (n === 0) throw new Error("It failed.");
      return n;
    }),
  );
  t.same(begun, [0, 1, 2, 3]);
  ends[0]?.();
  await t.rejects(Promise.resolve(all[0]), { message: "It failed." });
  await Promise.resolve();
  t.same(begun, [0, 1, 2, 3, 4], "what fails makes room, too");
  for (let n = 1; n < all.length; n++) {
    ends[n]?.();
    t.equal(await all[n], n);
  }
  t.equal(await views.take(() => Promise.resolve("more")), "more");
});

t.test(
  "a hundred looks into archives do not start a hundred threads, and keep no backup waiting",
  async (t) => {
    const { services, tenant } = await servicesBench(t);
    await tenant("acme", { "workspace/a.txt": "content" });
    const backUp = () =>
      ended(services, backupSubmission(services, { tenant: "acme" }, { actor: "admin", trigger: "api" }));
    const archive = String((await backUp()).result?.["archiveId"]);
    let running = 0;
    let most = 0;
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const counted = withThreads(services, async (_operation, _request, proceed) => {
      most = Math.max(most, ++running);
      await released;
      try {
        return await proceed();
      } finally {
        running--;
      }
    });
    const contents = Array.from({ length: 100 }, async (_, n) => {
      if (n % 2 === 0) return (await showArchive(counted, { archive })).found.header.tenant;
      return text((await readArchivedFile(counted, { archive, path: "workspace/a.txt", skip: 0 })).body);
    });
    t.match(await backUp(), { state: "succeeded" });
    t.equal(running, 4, "the backup did not wait for them");
    release();
    t.same(new Set(await Promise.all(contents)), new Set(["acme", "content"]));
    t.ok(most <= 4, `${most} threads at once`);
  },
);
