import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { BackupResult } from "./support/answers.js";
import { Bed } from "./support/bed.js";
import { Noise } from "./support/seeded.js";

const YEAR_MS = 365 * 24 * 3_600_000;
const CLOCK = new URL("./fixtures/shifted-clock.js", import.meta.url).href;

t.test("a clock that is set back by a year, and right again, harms nothing", async (t) => {
  const env = { NODE_OPTIONS: `--import=${CLOCK}`, OPENCLAW_TEST_CLOCK_MS: "0" };
  const bed = await Bed.start(t, { env });
  await bed.createTenant("acme");
  const workspace = join(bed.gateway.tenantDirectory("acme"), "workspace");
  writeFileSync(join(workspace, "large"), new Noise(5).read(7_000_000));
  const made: BackupResult[] = [];
  /** A backup of a file that has other content of the same size than the last time. */
  const backUp = async (t: Test, expected: object): Promise<BackupResult> => {
    writeFileSync(join(workspace, "diary"), `entry ${made.length}\n`);
    const { result } = await bed.backup("acme");
    made.push(result);
    t.match(result, expected);
    t.equal(
      await bed.cli.ok(["backups", "cat", result.archiveId, "workspace/diary"]),
      `entry ${made.length - 1}\n`,
    );
    return result;
  };
  const setClock = async (shiftMs: number): Promise<void> => {
    await bed.gateway.stop();
    env.OPENCLAW_TEST_CLOCK_MS = String(shiftMs);
    await bed.restart();
  };
  const unchecked = "the oldest bytes of the earlier archive were last checked more than 30 days ago";
  const year = new Date().getUTCFullYear();

  const before = await backUp(t, { mode: "full" });
  await setClock(-YEAR_MS);
  const early = await backUp(t, { mode: "full", fullReason: unchecked });
  t.match(early.location, new RegExp(`/${year - 1}-|/${year}-`));
  t.ok(early.location < before.location, "its name tells the gateway's time");
  await backUp(t, { mode: "incremental", base: early.archiveId });
  await setClock(0);
  const right = await backUp(t, { mode: "full", fullReason: unchecked });
  const last = await backUp(t, { mode: "incremental", base: right.archiveId });
  t.equal(new Set(made.map(({ location }) => location)).size, made.length, "no name was given twice");

  for (const { archiveId } of made)
    t.match(await bed.restore("--from", archiveId, "--as", "copy", "--dry-run"), { state: "succeeded" });
  await bed.cli.json(["backups", "prune", "acme", "--keep-last", "1"]);
  const { archives } = (await bed.cli.json(["tenants", "backups", "acme"])) as {
    readonly archives: readonly { readonly id: string }[];
  };
  t.match(archives, [{ id: last.archiveId }], "the newest is the one that was made last");
});
