/** A gateway with its plugin that was down for a week, by a clock of the test's. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createGateway, type Gateway } from "@openclaw/gateway-core";
import { backupPlugin } from "@openclaw/gateway-plugin-backup";
import t, { type Test } from "tap";
import { ADMIN_TOKEN, temporaryDirectory } from "./support/bed.js";

interface Started {
  readonly gateway: Gateway;
  /** Makes the schedules look at the clock. */
  readonly tick: () => Promise<void>;
  readonly call: (method: "GET" | "POST", url: string, payload?: object) => Promise<Record<string, unknown>>;
}

async function start(t: Test, stateDir: string, now: () => number): Promise<Started> {
  let tick: () => Promise<void> = () => Promise.resolve();
  const gateway = await createGateway({
    stateDir,
    plugins: [backupPlugin()],
    env: { OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN },
    port: 0,
    logLevel: "silent",
    clock: { now },
    ticker: (beat) => {
      tick = beat;
      return () => undefined;
    },
  });
  t.teardown(() => gateway.close({ graceMs: 0 }));
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  return {
    gateway,
    tick: () => tick(),
    call: async (method, url, payload) => {
      const request = payload === undefined ? { method, url, headers } : { method, url, headers, payload };
      return (await gateway.app.inject(request)).json();
    },
  };
}

t.test("each schedule that was missed runs once, and its archive is there", async (t) => {
  const directory = temporaryDirectory(t);
  const stateDir = join(directory, "state");
  const archives = join(directory, "archives");
  mkdirSync(stateDir, { mode: 0o700 });
  const config = { plugins: { backup: { localRoots: [archives] } } };
  writeFileSync(join(stateDir, "openclaw.json"), JSON.stringify(config), { mode: 0o600 });
  let now = Date.parse("2026-03-22T12:00:00Z");

  const first = await start(t, stateDir, () => now);
  const schedules = [
    ["acme", "hourly", "@hourly"],
    ["acme", "nightly", "30 2 * * *"],
    ["other", "nightly", "30 2 * * *"],
    ["other", "weekly", "0 0 * * 0"],
    ["other", "monthly", "0 0 1 * *"],
  ] as const;
  for (const id of ["acme", "other"]) await first.call("POST", "/api/admin/tenants", { id });
  for (const [tenant, name, schedule] of schedules) {
    const choice = { name, schedule, tz: "Europe/Berlin", job: "backup" };
    const parameters = { to: `${archives}/${tenant}/${name}/$(date +%F).tar.zst` };
    await first.call("POST", `/api/admin/tenants/${tenant}/cron`, { ...choice, parameters });
  }
  await first.gateway.close();

  now = Date.parse("2026-03-29T12:10:00Z");
  const second = await start(t, stateDir, () => now);
  for (let beat = 0; beat < 3; beat += 1) {
    await second.tick();
    now += 1000;
  }
  const ran: string[] = [];
  for (const [tenant, name] of schedules) {
    const { runs } = (await second.call("GET", `/api/admin/tenants/${tenant}/cron/${name}/runs`)) as {
      runs: readonly { readonly by: string; readonly due: string; readonly jobId: string }[];
    };
    for (const { by, due, jobId } of runs) {
      await second.gateway.app.inject({
        url: `/api/admin/jobs/${jobId}/events`,
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      });
      const { state } = await second.call("GET", `/api/admin/jobs/${jobId}`);
      ran.push(`${tenant} ${name} ${by} ${due.slice(0, 16)} ${String(state)}`);
    }
  }
  t.same(ran, [
    "acme hourly missed 2026-03-29T12:00 succeeded",
    // The clocks have just skipped 02:30.
    "acme nightly missed 2026-03-29T01:00 succeeded",
    "other nightly missed 2026-03-29T01:00 succeeded",
    "other weekly missed 2026-03-28T23:00 succeeded",
  ]);
  t.same(
    readdirSync(archives, { recursive: true })
      .filter((name) => String(name).endsWith(".zst"))
      .sort(),
    [
      "acme/hourly/2026-03-29.tar.zst",
      "acme/nightly/2026-03-29.tar.zst",
      "other/nightly/2026-03-29.tar.zst",
      "other/weekly/2026-03-29.tar.zst",
    ],
  );
});
