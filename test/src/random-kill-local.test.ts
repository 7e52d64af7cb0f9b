import { fileURLToPath } from "node:url";
import t from "tap";
import { Bed } from "./support/bed.js";
import { RandomKill } from "./support/random-kill/random-kill.js";
import { randomKillSettings } from "./support/random-kill/settings.js";

const script = fileURLToPath(new URL("./support/random-kill/remembering-gateway.js", import.meta.url));
const { seed, kills } = randomKillSettings();

t.test("a gateway that is killed again and again keeps everything consistent, on local disks", async (t) => {
  t.comment(`OPENCLAW_TEST_SEED=${seed}`);
  const bed = await Bed.start(t, { script });
  const directories = [bed.archives, `${bed.gateway.stateDirectory}/backups`];
  await new RandomKill(t, {
    bed,
    seed,
    kills,
    stores: [{ kind: "local", root: bed.archives }],
    places: [undefined, `${bed.archives}/`],
    directories,
    tenants: new Map([
      ["large", 17_000_000],
      ["acme", 500_000],
      ["initech", 0],
    ]),
  }).run();
});
