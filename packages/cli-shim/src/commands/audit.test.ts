import t, { type Test } from "tap";
import { FakeGateway, json, problem } from "../test-support/fake-gateway.js";
import { runHere, type CliRun } from "../test-support/run-cli.js";

async function start(
  t: Test,
): Promise<{ gateway: FakeGateway; cli: (...args: string[]) => Promise<CliRun> }> {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  const env = { OPENCLAW_GATEWAY_URL: gateway.url };
  return { gateway, cli: (...args) => runHere(["audit", ...args], { env }) };
}

const line = {
  seq: 7,
  time: "2026-06-03T02:00:00.123Z",
  actor: "admin",
  from: "127.0.0.1",
  action: "DELETE /api/admin/tenants/:id",
  tenant: "acme",
  result: "409",
  code: "TENANT_BUSY",
};

t.test("lines are listed by what was asked for, page by page", async (t) => {
  const { gateway, cli } = await start(t);
  const filter = "tenant=acme&actor=admin&action=DELETE&since=2026-06-02T22%3A00%3A00.000Z&failed=true";
  const later = {
    ...line,
    seq: 3,
    tenant: undefined,
    code: undefined,
    details: { job: "j1", trigger: "cli" },
  };
  gateway
    .on(`GET /api/admin/audit?${filter}&limit=3`, json(200, { lines: [line], next: 5 }))
    .on(`GET /api/admin/audit?${filter}&limit=2&before=5`, json(200, { lines: [later] }));
  const flags = ["--tenant", "acme", "--actor", "admin", "--action", "DELETE", "--since", "4h", "--failed"];
  const { code, stdout } = await cli("list", ...flags, "--limit", "3");
  t.equal(code, 0);
  t.equal(
    stdout,
    [
      "SEQ  TIME                  ACTOR  FROM       ACTION                         TENANT  RESULT           DETAILS",
      "  7  2026-06-03 02:00:00Z  admin  127.0.0.1  DELETE /api/admin/tenants/:id  acme    409 TENANT_BUSY",
      "  3  2026-06-03 02:00:00Z  admin  127.0.0.1  DELETE /api/admin/tenants/:id          409              job=j1 trigger=cli",
      "",
    ].join("\n"),
  );
  const asJson = await cli("list", ...flags, "--limit", "3", "--json");
  t.same(JSON.parse(asJson.stdout), { lines: [line, JSON.parse(JSON.stringify(later))] });
});

t.test("no more lines are asked for than are wanted, and that there are more is said", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on("GET /api/admin/audit?limit=1", json(200, { lines: [line], next: 7 }));
  t.same(JSON.parse((await cli("list", "--limit", "1", "--json")).stdout), { lines: [line], next: 7 });
  gateway.on("GET /api/admin/audit?limit=100", json(200, { lines: [] }));
  t.equal((await cli("list")).stdout, "no lines\n");
});

t.test("a time is a moment, a day, or how long ago; anything else is refused", async (t) => {
  const { gateway, cli } = await start(t);
  const asked = async (when: string): Promise<string | null> => {
    await cli("list", "--until", when);
    return new URL(gateway.requests.at(-1)?.url ?? "", gateway.url).searchParams.get("until");
  };
  t.equal(await asked("2026-03-07"), "2026-03-07T00:00:00.000Z");
  t.equal(await asked("2026-03-07T02:00+01:00"), "2026-03-07T01:00:00.000Z");
  t.equal(await asked("7d"), "2026-05-27T02:00:00.000Z");
  const before = gateway.requests.length;
  for (const wrong of ["yesterday", "2026-03-07T02:00", "3", "2026-13-01", "7w"]) {
    const { code, stderr } = await cli("list", "--since", wrong);
    t.equal(code, 2, wrong);
    t.match(stderr, `--since '${wrong}' is no time`);
  }
  t.equal(gateway.requests.length, before);
});

const head = { seq: 12, hash: "ab".repeat(32) };
const whole = {
  ok: true,
  files: 2,
  lines: 10,
  torn: 1,
  first: { seq: 3, time: "2026-06-01T00:00:00.000Z" },
  head,
  noted: "found",
  faultCount: 0,
  faults: [],
};

t.test("a log that is whole is said to be, with the line to note", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on(`GET /api/admin/audit/verify?noted=12%3A${head.hash}`, json(200, whole));
  const { code, stdout } = await cli("verify", "--noted", `12:${head.hash}`);
  t.equal(code, 0);
  t.equal(
    stdout,
    [
      "10 lines in 2 files: the log is what the gateway has written",
      "lines before 3 (2026-06-01 00:00:00Z) were pruned, as the log itself says",
      "1 line cut off by a crash, each noted by the start that followed",
      "the noted line is there",
      `head: 12:${head.hash}`,
      "",
    ].join("\n"),
  );
  t.equal((await cli("verify", "--noted", "12:xyz")).code, 2);
});

t.test("a log that was tampered with ends with 7, and the places are named", async (t) => {
  const { gateway, cli } = await start(t);
  const faults = [
    { file: "audit-000000000003.jsonl", line: 4, seq: 6, problem: "was changed" },
    { file: "audit-000000000003.jsonl", line: 0, problem: "cannot be read" },
  ];
  const found = { ...whole, ok: false, noted: "pruned", faults, faultCount: 1200 };
  gateway.on("GET /api/admin/audit/verify", json(200, found));
  const { code, stdout } = await cli("verify");
  t.equal(code, 7);
  t.match(stdout, /^damaged: audit-000000000003\.jsonl, line 4, was changed$/m);
  t.match(stdout, /^damaged: audit-000000000003\.jsonl: cannot be read$/m);
  t.match(stdout, /^… and 1,198 more places$/m);
  t.match(stdout, /the log is NOT what the gateway has written/);
  t.match(stdout, /^the noted line is older than what is kept/m);
  const asJson = await cli("verify", "--json");
  t.equal(asJson.code, 7);
  t.same(JSON.parse(asJson.stdout), found);
  gateway.on("GET /api/admin/audit/verify", problem(403, { code: "FORBIDDEN", detail: "No.", exitCode: 5 }));
  t.equal((await cli("verify")).code, 5);
});
