import t, { type Test } from "tap";
import { FakeGateway, events, job, json } from "../test-support/fake-gateway.js";
import { runHere } from "../test-support/run-cli.js";

async function start(t: Test, route: string, last: object) {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  gateway
    .on(`POST ${route}`, json(202, { job: job("queued"), joined: false }))
    .on("GET /api/admin/jobs/j1/events", events([job("succeeded", last)], "end"));
  const env = { OPENCLAW_GATEWAY_URL: gateway.url };
  return { gateway, cli: (...args: string[]) => runHere(["backups", ...args], { env }) };
}

t.test("a rebuild tells what it found, by tenant and place", async (t) => {
  const result = {
    places: [
      { location: "s3://b/gw/", objects: 5, archives: 3 },
      { location: "/srv/x/", objects: 0, archives: 0, problem: "Nobody answers." },
    ],
    tenants: [{ tenant: "acme", uid: "u1", archives: 2 }],
    added: 2,
    known: 1,
    moved: { count: 1, first: [{ id: "a1", from: "/a", to: "/b" }] },
    lost: { count: 1, first: [{ id: "a2", location: "/c" }] },
    damaged: { count: 1, first: [{ location: "/d", reason: "cut" }] },
    foreign: { count: 1, first: [{ location: "/e", reason: "it is a gzip file" }] },
    unread: { count: 1, first: [{ location: "/f", reason: "denied" }] },
  };
  const { gateway, cli } = await start(t, "/api/admin/backups/rebuild", { type: "rebuild", result });
  const { code, stdout } = await cli("rebuild", "--dest", "offsite", "--pin", "--region", "eu-1");
  t.equal(code, 0);
  t.equal(
    stdout,
    [
      "2 archives added, 1 known already",
      "  acme (uid u1): 2 archives",
      "moved: /a → /b",
      "lost: /c",
      "damaged: /d: cut",
      "not looked at: /f: denied",
      "not ours, and left alone: 1 object",
      "PLACE       OBJECTS  ARCHIVES  LOOKED AT",
      "s3://b/gw/        5         3  all",
      "/srv/x/           0         0  not all: Nobody answers.",
      "",
    ].join("\n"),
  );
  t.same(gateway.requests[0]?.body, { dest: "offsite", pin: true, s3: { region: "eu-1" } });
});

t.test("a dry run of a rebuild says so", async (t) => {
  const result = { dryRun: true, added: 1, known: 0, places: [] };
  const { gateway, cli } = await start(t, "/api/admin/backups/rebuild", { type: "rebuild", result });
  t.match((await cli("rebuild", "--dry-run")).stdout, /^1 archive would be added, 0 known already \(dry run/);
  t.same(gateway.requests[0]?.body, { dryRun: true });
});

t.test("a check of a destination tells what was found, and what follows", async (t) => {
  const findings = [
    { what: "write", outcome: "ok", message: "Objects can be stored." },
    {
      what: "copy",
      outcome: "lacking",
      message: "It does not copy.",
      consequence: "Every backup is a full upload.",
    },
  ];
  const speed = { latencyMs: 3, writeBytesPerSecond: 5_000_000, readBytesPerSecond: 9_000_000 };
  const result = { location: "s3://b/gw/", findings, speed };
  const { gateway, cli } = await start(t, "/api/admin/destinations/check", { type: "check", result });
  const { code, stdout } = await cli("check-destination", "dest:offsite");
  t.equal(code, 0);
  t.equal(
    stdout,
    [
      "s3://b/gw/: backups can be made here",
      "ok       Objects can be stored.",
      "lacking  It does not copy.",
      "         Every backup is a full upload.",
      "an answer takes 3 ms, writing 5.00 MB/s, reading 9.00 MB/s",
      "",
    ].join("\n"),
  );
  t.same(gateway.requests[0]?.body, { dest: "dest:offsite" });
});

t.test("a destination that cannot be used gives the exit code of its error", async (t) => {
  const error = { code: "STORE_DENIED", message: "Not for you.", exitCode: 5 };
  const failed = job("failed", { type: "check", error });
  const { gateway, cli } = await start(t, "/api/admin/destinations/check", {});
  gateway.on("GET /api/admin/jobs/j1/events", events([failed], "end"));
  const { code, stderr } = await cli("check-destination");
  t.equal(code, 5);
  t.match(stderr, /Not for you/);
});
