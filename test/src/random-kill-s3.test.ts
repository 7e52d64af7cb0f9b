import { s3ForTests, startFaultProxy } from "@openclaw/gateway-plugin-backup/testing";
import { fileURLToPath } from "node:url";
import t from "tap";
import { Bed } from "./support/bed.js";
import { RandomKill } from "./support/random-kill/random-kill.js";
import { randomKillSettings } from "./support/random-kill/settings.js";

const script = fileURLToPath(new URL("./support/random-kill/remembering-gateway.js", import.meta.url));
const { seed, kills } = randomKillSettings();
const s3 = await s3ForTests(t);

t.test(
  "a gateway that is killed again and again keeps everything consistent, with a bucket in S3",
  { skip: s3 === undefined },
  async (t) => {
    if (s3 === undefined) return;
    t.comment(`OPENCLAW_TEST_SEED=${seed}`);
    const bucket = await s3.newBucket();
    const proxy = await startFaultProxy(t, s3.endpoint);
    const bed = await Bed.start(t, { script, env: s3.environment(bucket, proxy.endpoint) });
    await new RandomKill(t, {
      bed,
      seed,
      kills,
      stores: [
        { kind: "local", root: bed.archives },
        { kind: "s3", server: s3, bucket },
      ],
      // Mostly to S3.
      places: [undefined, undefined, `${bed.archives}/`],
      directories: [bed.archives],
      proxy,
      tenants: new Map([
        ["large", 17_000_000],
        ["acme", 500_000],
        ["initech", 0],
      ]),
    }).run();
  },
);
