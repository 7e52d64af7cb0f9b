/** Limits of rate, from the command line to what passes: only the least time that a transfer may take can be told for sure. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { archivePlaces } from "./support/archive-places.js";
import { Noise } from "./support/seeded.js";

const BYTES = 3_000_000;
/** Bytes per second. */
const RATE = 1_048_576;
/** A tenth of a second may pass at once. */
const LEAST_MS = (BYTES / RATE) * 1000 - 200;

for (const { name, open } of await archivePlaces(t)) {
  t.test(`${name}: no more is sent, and fetched, in a second than a job may`, async (t) => {
    const { bed } = await open(t);
    await bed.createTenant("acme");
    const large = join(bed.gateway.tenantDirectory("acme"), "workspace/large");
    writeFileSync(large, new Noise(6).read(BYTES));
    const { result } = await bed.backup("acme", "--limit-upload", "1MiB");
    t.ok(result.durationMs >= LEAST_MS, `sent in ${result.durationMs} ms`);

    const whole = await bed.restore(
      "--from",
      result.archiveId,
      "--as",
      "copy",
      "--limit-download",
      String(RATE),
    );
    t.ok(whole.result.durationMs >= LEAST_MS, `fetched in ${whole.result.durationMs} ms`);
    rmSync(large);
    const limits = ["--limit-download", String(RATE)];
    const file = await bed.restore(
      "--from",
      result.archiveId,
      "--path",
      "workspace/large",
      "--force",
      ...limits,
    );
    t.ok(file.result.durationMs >= LEAST_MS, `one file fetched in ${file.result.durationMs} ms`);
  });
}
