import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import type { BackupJob, RestoreJob } from "./support/answers.js";
import { Bed, temporaryDirectory } from "./support/bed.js";
import { endOfJob, startJob } from "./support/jobs.js";

const ROUNDS = 4;

/** Lets two gateways write the same archives at the same time. */
async function race(t: Test, beds: readonly Bed[], locationOf: (round: number) => string): Promise<void> {
  for (const bed of beds) await bed.createFilledTenant("acme", { seed: 4, files: 40, bytes: 500_000 });
  for (let round = 1; round <= ROUNDS; round++) {
    const to = locationOf(round);
    const ends = await Promise.all(
      beds.map(async (bed) => {
        const { id } = await startJob<BackupJob>(bed, "/api/admin/tenants/acme/backups", { to });
        return { bed, job: await endOfJob<BackupJob>(bed, id) };
      }),
    );
    const won = ends.filter(({ job }) => job.state === "succeeded");
    const lost = ends.filter(({ job }) => job.state === "failed");
    t.equal(won.length, 1, `round ${round}: one gateway has written it`);
    for (const { job } of lost) t.match(job.error, { code: "ARCHIVE_EXISTS" }, "the other is told");
    let listed = 0;
    for (const bed of beds) {
      const { archives } = (await bed.get("/api/admin/backups")) as { archives: { location: string }[] };
      listed += archives.filter(({ location }) => location === to).length;
    }
    t.equal(listed, 1, "one catalogue lists it");
    for (const { bed } of won) {
      const { id } = await startJob<RestoreJob>(bed, "/api/admin/restores", {
        from: to,
        as: "copy",
        dryRun: true,
      });
      t.match(await endOfJob<RestoreJob>(bed, id), { state: "succeeded" }, "every byte of it is right");
    }
  }
}

t.test("of two gateways that write the same file, one wins and the other is told", async (t) => {
  const shared = join(temporaryDirectory(t), "shared");
  const options = { backup: { localRoots: [shared] } };
  const beds = await Promise.all([Bed.start(t, options), Bed.start(t, options)]);
  const locationOf = (round: number): string => join(shared, "acme", `${round}.tar.zst`);
  await race(t, beds, locationOf);
  t.strictSame(readdirSync(dirname(locationOf(1))).sort(), [
    "1.tar.zst",
    "2.tar.zst",
    "3.tar.zst",
    "4.tar.zst",
  ]);
});

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  t.test("of two gateways that write the same S3 object, one wins and the other is told", async (t) => {
    const bucket = await s3.newBucket();
    const env = s3.environment();
    const beds = await Promise.all([Bed.start(t, { env }), Bed.start(t, { env })]);
    await race(t, beds, (round) => `s3://${bucket}/acme/${round}.tar.zst`);
    t.strictSame(await s3.unfinishedUploads(bucket), []);
  });
}
