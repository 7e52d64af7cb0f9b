import { steadyLoad } from "@openclaw/test/support";
import type { Latencies } from "@openclaw/test/support";
import { setTimeout as delay } from "node:timers/promises";
import { OURS } from "../results/results.js";
import type { Values } from "../results/results.js";
import { rounds } from "../scenario.js";
import type { Scenario } from "../scenario.js";
import { describeTenant } from "./describe.js";

export const IDLE = "whoami, idle";
export const DURING_BACKUP = "whoami, during a backup";
export const DURING_RESTORE = "whoami, during a restore";

const IDLE_MS = 10_000;

export const latency: Scenario = {
  id: "latency",
  title: "Latency of the gateway's other calls",
  about:
    "`whoami` 200 times a second: for ten seconds on an idle gateway, during a first backup to S3, during a restore. Each call counts from " +
    "the moment at which it was due, so that a stall shows in every call that it delays.",
  settings: describeTenant,
  run: async (lab, notebook) => {
    const field = await lab.field("s3", { rivals: [] });
    const { ours, token } = field;
    try {
      for (const round of rounds(lab.options.rounds)) {
        await notebook.attempt(ours, "latency", async () => {
          await ours.reset();
          const measure = async (step: string, until: () => Promise<unknown>) => {
            const values = await lab.measure(async () => {
              const work = until();
              const calls = await steadyLoad(ours.gateway.url, token, work);
              await work;
              return latencies(calls);
            }, ours.standingPid());
            notebook.record({ tool: OURS, step, round, values });
          };
          await measure(IDLE, () => delay(IDLE_MS));
          await measure(DURING_BACKUP, () => ours.backup());
          await measure(DURING_RESTORE, () => ours.restore());
          ours.setRestoredAside();
        });
      }
    } finally {
      await field.close();
    }
  },
};

function latencies({ p50, p99, worst, failures }: Latencies): Values {
  return { p50, p99, worst, failed: failures };
}
