import t, { type Test } from "tap";
import { FakeGateway, json } from "../test-support/fake-gateway.js";
import { runHere } from "../test-support/run-cli.js";

const STATUS = {
  version: "0.1.0",
  startedAt: "2026-06-03T02:00:00Z",
  uptimeSeconds: 7260,
  tenants: { count: 3 },
  warnings: ["The gateway listens on 0.0.0.0 without TLS."],
  sections: {},
  failures: [],
};

const GOOD = { check: "disk", severity: "ok", message: "Plenty.", repairable: false };

async function shown(t: Test, status: object, findings: readonly object[]) {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  gateway.on("GET /api/admin/status", json(200, status), json(200, status));
  const doctor = json(200, { findings, worst: "ok" });
  gateway.on("GET /api/admin/doctor?quick=true", doctor, doctor);
  const env = { OPENCLAW_GATEWAY_URL: gateway.url };
  const { stdout } = await runHere(["status"], { env });
  return {
    lines: stdout.split("\n"),
    json: JSON.parse((await runHere(["status", "--json"], { env })).stdout) as unknown,
  };
}

t.test("status shows a section that it does not know as it comes", async (t) => {
  const sections = {
    weather: {
      jobs: { running: 1 },
      tenants: [{ tenant: "acme", size: 30 }, { tenant: "b2" }],
      lastError: null,
      notices: [],
    },
  };
  const { lines } = await shown(t, { ...STATUS, sections }, [GOOD]);
  t.same(lines, [
    "version  0.1.0",
    "started  2026-06-03 02:00:00Z",
    "uptime   2 h 1 min",
    "tenants  3",
    "doctor   0 critical, 0 to look at, 1 ok",
    "warning: The gateway listens on 0.0.0.0 without TLS.",
    "",
    "weather:",
    "  jobs.running  1",
    "  lastError     null",
    "  notices       []",
    "",
    "  tenants:",
    "  tenant  size",
    "  acme    30",
    "  b2",
    "",
  ]);
});

t.test(
  "the worst that the doctor finds stands on the first screen, and the backups below, the worst first",
  async (t) => {
    const tenant = {
      tenant: "acme",
      state: "failing",
      failureCode: "STORE_DENIED",
      lastBackup: "2026-06-01T02:00:00Z",
      ageHours: 49.5,
      location: "/backups/acme",
      size: 1_060_000,
      verified: "2026-06-01T03:00:00Z",
      schedule: "ok",
      nextRun: "2026-06-04T02:00:00Z",
    };
    const postRestore = {
      job: "r-1",
      from: "dest:offsite/set/",
      createdAt: "2026-06-01T02:00:00Z",
      restoredAt: "2026-06-03T02:00:00Z",
      expected: { tenants: 2, files: 1, bytes: 1 },
      items: [
        { name: "readiness", ok: true, message: "The gateway is ready." },
        { name: "tenants", ok: false, message: "1 of 2 tenants are there.", fix: "Ask the doctor." },
      ],
    };
    const backup = {
      activeJobs: 1,
      defaultDestination: { severity: "ok", message: "Backups go to s3://bucket by default." },
      signatures: { key: "ed25519:abc", trusted: [], required: false },
      channels: [{ name: "pager", kind: "webhook", unsent: 2, problem: "it answers 500" }],
      gateway: {
        ...{ state: "ok", lastBackup: "2026-06-02T02:00:00Z", ageHours: 25.5, schedule: "ok" },
        ...{ verified: "2026-06-02T03:00:00Z" },
      },
      tenants: [tenant, { tenant: "beta", state: "none", schedule: "none" }],
      postRestore,
    };
    const bad = Array.from({ length: 6 }, (_, n) => ({
      ...{ check: `check-${n}`, severity: n === 5 ? "critical" : "warning", message: `Number ${n}.` },
      ...{ fix: "Do something.", repairable: false },
    }));
    const status = {
      ...STATUS,
      warnings: [],
      sections: { backup },
      failures: [{ section: "x", message: "down" }],
    };
    const { lines, json } = await shown(t, status, [GOOD, ...bad]);
    t.same(lines, [
      "version  0.1.0",
      "started  2026-06-03 02:00:00Z",
      "uptime   2 h 1 min",
      "tenants  3",
      "doctor   1 critical, 5 to look at, 1 ok",
      "warning: x cannot be shown: down",
      "",
      "critical  check-5: Number 5.",
      "          → Do something.",
      ...[0, 1, 2, 3].flatMap((n) => [`warning   check-${n}: Number ${n}.`, "          → Do something."]),
      "… and 1 more; `openclaw doctor` lists all",
      "",
      "After the restore of dest:offsite/set/ at 2026-06-03 02:00:00Z:",
      "  ✓ readiness: The gateway is ready.",
      "  ✗ tenants: 1 of 2 tenants are there.",
      "    → Ask the doctor.",
      "  `openclaw gateway checklist` goes through it again",
      "",
      "backups      2 of 2 tenants not ok",
      "gateway      ok, backed up 2026-06-02 02:00:00Z (1 d 2 h ago), verified 2026-06-02 03:00:00Z, schedule: ok",
      "jobs         1 waiting or running",
      "destination  Backups go to s3://bucket by default.",
      "signing key  ed25519:abc",
      "alerts       pager, 2 wait: it answers 500",
      "",
      "TENANT  STATE                   LAST BACKUP               AGE     SIZE  VERIFIED              SCHEDULE  NEXT RUN",
      "acme    failing (STORE_DENIED)  2026-06-01 02:00:00Z  2 d 2 h  1.06 MB  2026-06-01 03:00:00Z  ok        2026-06-04 02:00:00Z",
      "beta    none                    never                                                         none",
      "",
    ]);
    t.match(json, {
      version: "0.1.0",
      doctor: { findings: [GOOD] },
      sections: { backup: { activeJobs: 1 } },
    });
  },
);

t.test("a thousand tenants fit on a screen", async (t) => {
  const tenants = Array.from({ length: 1000 }, (_, n) => ({ tenant: `t-${n}`, state: "ok", schedule: "ok" }));
  const backup = {
    activeJobs: 0,
    defaultDestination: { severity: "ok", message: "There." },
    signatures: { problem: "it is gone", trusted: [], required: false },
    channels: [],
    gateway: { state: "none", schedule: "none" },
    tenants,
  };
  const { lines } = await shown(t, { ...STATUS, warnings: [], sections: { backup } }, [GOOD]);
  t.ok(lines.length < 32, `${lines.length} lines`);
  t.ok(lines.includes("backups      all of 1,000 tenants ok"));
  t.ok(lines.includes("gateway      never backed up as a whole; `openclaw gateway backup` does it"));
  t.ok(lines.includes("… and 985 more, none of them worse; `openclaw status --json` lists all"));
});
