import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";
import { parse } from "yaml";
import { testGateway } from "./test-support/gateway.js";

const RULES = fileURLToPath(new URL("../../../deploy/prometheus/alert-rules.yml", import.meta.url));
const DASHBOARD = fileURLToPath(new URL("../../../deploy/grafana/openclaw-backups.json", import.meta.url));

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const { groups } = parse(readFileSync(RULES, "utf8")) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

/** The suffixes of a histogram's series. */
const SUFFIX = /_(bucket|sum|count)$/;

function namesIn(text: string): Set<string> {
  return new Set([...text.matchAll(/openclaw_[a-z_]+/g)].map(([name]) => name));
}

await t.test(
  "the sample rules and the dashboard name metrics that exist, and the dashboard shows all",
  async (t) => {
    const host = await testGateway(t);
    const { body } = await host.gateway.app.inject({ url: "/metrics", headers: host.headers });
    const metrics = new Set(
      [...body.matchAll(/^# TYPE (openclaw_backup_\w+) /gm)].map(([, name = ""]) => name),
    );
    const exists = (name: string): boolean => metrics.has(name) || metrics.has(name.replace(SUFFIX, ""));
    const dashboard = readFileSync(DASHBOARD, "utf8");
    const { panels } = JSON.parse(dashboard) as {
      readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
    };
    const shown = namesIn(panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join("\n"));
    const ruled = namesIn(rules.map(({ expr }) => expr).join("\n"));
    t.ok(ruled.size >= 8);
    t.same(
      [...shown, ...ruled].filter((name) => !exists(name)),
      [],
    );
    const plain = new Set([...shown].map((name) => name.replace(SUFFIX, "")));
    t.same(
      [...metrics].filter((name) => !plain.has(name)),
      [
        "openclaw_backup_last_success_timestamp_seconds",
        "openclaw_backup_gateway_last_success_timestamp_seconds",
      ],
      "its age is shown instead",
    );
  },
);

await t.test("each sample rule has what Prometheus wants of it", (t) => {
  t.ok(rules.length >= 8);
  for (const rule of rules)
    t.match(rule, {
      alert: /^OpenClaw\w+$/,
      expr: /\bopenclaw_|^up\{/,
      labels: { severity: /^(warning|critical)$/ },
      annotations: { summary: /\.$/ },
    });
  const times = rules.flatMap((rule) => rule.for ?? []);
  t.ok(times.length > 0 && times.every((time) => /^\d+[mh]$/.test(time)));
  const keys = new Set(rules.flatMap((rule) => Object.keys(rule)));
  t.strictSame([...keys].sort(), ["alert", "annotations", "expr", "for", "labels"]);
  const checked = spawnSync("promtool", ["check", "rules", RULES], { encoding: "utf8" });
  // Where it is installed.
  if (checked.error === undefined) t.equal(checked.status, 0, checked.stderr);
  t.end();
});

await t.test("a tenant that is deleted leaves no series", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme", { "workspace/notes.md": "notes" });
  await host.call("POST", "/api/admin/tenants/acme/cron", {
    ...{ name: "nightly", schedule: "0 3 * * *", job: "backup", parameters: {} },
  });
  await host.job("/api/admin/tenants/acme/backups");
  const read = async (): Promise<string> =>
    (await host.gateway.app.inject({ url: "/metrics", headers: host.headers })).body;
  const before = await read();
  t.match(before, /openclaw_backup_overdue\{tenant="acme"\} 0/);
  t.match(before, /openclaw_backup_last_stored_bytes\{tenant="acme"\} [1-9]/);
  t.match(before, /openclaw_backup_bytes_total\{direction="sent"\} [1-9]/);
  t.match(before, /openclaw_backup_schedule_enabled\{tenant="acme",schedule="nightly",job="backup"\} 1/);
  t.match(
    before,
    /openclaw_backup_schedule_next_run_timestamp_seconds\{tenant="acme",schedule="nightly",job="backup"\} \d/,
  );
  const deleted = await host.gateway.app.inject({
    method: "DELETE",
    url: "/api/admin/tenants/acme?confirm=acme",
    headers: host.headers,
  });
  t.equal(deleted.statusCode, 200);
  t.notMatch(await read(), /tenant="acme"/);
});
