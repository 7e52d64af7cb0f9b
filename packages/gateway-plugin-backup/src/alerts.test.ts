import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import t, { type Test } from "tap";
import {
  httpReceiver,
  smtpReceiver,
  type HttpReceiver,
  type ReceivedRequest,
  type SmtpReceiver,
} from "./test-support/alert-receivers.js";
import { testGateway, type TestGateway } from "./test-support/gateway.js";
import { LOCALHOST_CERTIFICATE } from "./test-support/localhost-certificate.js";
import { TickingTime } from "./test-support/ticking-time.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const HOOK_SECRET = "a-secret-of-the-hook-0123456789";
const ENV = {
  HOOK_SECRET,
  PING_UUID: "8f4c1d2e-uuid-of-the-ping",
  MAIL_USER: "gateway",
  MAIL_PASSWORD: "mail-password",
};

interface AlertsBed {
  readonly time: TickingTime;
  readonly http: HttpReceiver;
  readonly smtp: SmtpReceiver;
  readonly host: TestGateway;
  readonly archives: string;
  readonly log: () => string;
  /** The same state with another gateway on it. */
  again(): Promise<TestGateway>;
}

async function alertsBed(t: Test, config: object = {}): Promise<AlertsBed> {
  const [http, smtp] = await Promise.all([httpReceiver(t), smtpReceiver(t)]);
  const time = new TickingTime("2026-03-07T12:00:00Z");
  const directory = t.testdir({ "ca.pem": LOCALHOST_CERTIFICATE, archives: {} });
  const archives = join(directory, "archives");
  const lines: string[] = [];
  const log = { write: (line: string) => void lines.push(line) };
  const start = (): Promise<TestGateway> =>
    testGateway(
      t,
      {
        localRoots: [archives],
        notify: [
          { name: "hook", kind: "webhook", url: `${http.url}/alerts`, secret: { env: "HOOK_SECRET" } },
          { name: "pings", kind: "ping", url: { env: "PING_URL" } },
          {
            ...{
              name: "mail",
              kind: "email",
              host: "127.0.0.1",
              port: smtp.port,
              ca: join(directory, "ca.pem"),
            },
            ...{ user: { env: "MAIL_USER" }, password: { env: "MAIL_PASSWORD" } },
            ...{ from: "gateway@example.org", to: ["ops@example.org"] },
          },
        ],
        ...config,
      },
      join(directory, "state"),
      [],
      {
        clock: time.clock,
        ticker: time.ticker,
        env: { ...ENV, PING_URL: `${http.url}/${ENV.PING_UUID}/{tenant}` },
        logLevel: "debug",
        logDestination: log,
      },
    );
  const host = await start();
  return { time, http, smtp, host, archives, log: () => lines.join(""), again: start };
}

/** As docs/alerts.md has receivers do it. */
function isSigned({ headers, body }: ReceivedRequest, secret: string, now: number): boolean {
  const id = String(headers["webhook-id"]);
  const timestamp = String(headers["webhook-timestamp"]);
  const expected = createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64");
  return headers["webhook-signature"] === `v1,${expected}` && Math.abs(now / 1000 - Number(timestamp)) < 300;
}

/** Lets a tick start what is due, and waits until the jobs it started have ended. */
async function settle({ host, time }: AlertsBed): Promise<void> {
  for (;;) {
    const { body } = await host.call("GET", "/api/admin/jobs");
    const jobs = body["jobs"] as { id: string; state: string }[];
    const open = jobs.filter(({ state }) => state === "queued" || state === "running");
    if (open.length === 0) break;
    for (const { id } of open) {
      await host.gateway.app.inject({ url: `/api/admin/jobs/${id}/events`, headers: host.headers });
    }
  }
  await time.pass(1000);
}

async function addSchedule({ host }: AlertsBed, schedule: object = {}): Promise<void> {
  const nightly = { name: "nightly", schedule: "0 3 * * *", job: "backup", parameters: {}, ...schedule };
  const { status, body } = await host.call("POST", "/api/admin/tenants/acme/cron", nightly);
  if (status !== 201) throw new Error(JSON.stringify(body));
}

await t.test("a store that fails for three days is told of, folded, and told to be good again", async (t) => {
  const bed = await alertsBed(t);
  const { archives, host, http, smtp, time } = bed;
  await host.tenant("acme", { "workspace/notes.md": "notes" });
  await addSchedule(bed, {
    schedule: "0 */6 * * *",
    parameters: { to: `${archives}/store/$(date +%s).tar.zst` },
  });
  await time.pass(5 * MINUTE);
  await time.pass(6 * HOUR - 5 * MINUTE);
  await settle(bed);
  t.same(http.documents(), [], "a success is no news");
  t.equal(http.requests.at(-1)?.path, `/${ENV.PING_UUID}/acme`);
  t.equal(smtp.mails.length, 0);

  // The store: a file stands where its directory was.
  rmSync(join(archives, "store"), { recursive: true });
  writeFileSync(join(archives, "store"), "no directory");
  for (let hours = 0; hours < 72; hours += 6) {
    await time.pass(6 * HOUR - 1000);
    await settle(bed);
  }
  const told = http.documents().filter(({ data }) => data.kind === "failure");
  t.same(
    told.map(({ data }) => data.count),
    [1, 2, 3, 4, 6, 9],
    "at once, at the first run that is an hour later, then two, four, eight, sixteen",
  );
  t.match(told[0], { type: "backup.failure", data: { tenant: "acme", job: "backup", code: /^[A-Z_]+$/ } });
  const absences = http.documents().filter(({ data }) => data.kind === "absence");
  t.match(absences[0], {
    data: { tenant: "acme", message: /no good backup since 2026-03-07T18:0.*in time/ },
  });
  t.ok(absences.length < 10, "folded, too");
  const failures = http.requests.filter(({ path }) => path.endsWith(`/${ENV.PING_UUID}/acme/fail`));
  t.ok(failures.length >= 12, "a ping says how it is now");
  t.equal(smtp.mails.length, told.length + absences.length);
  t.match(smtp.mails[0], { from: "gateway@example.org", to: ["ops@example.org"] });
  t.match(smtp.mails[0]?.text, /Subject: \[openclaw\] failure: backup of acme \([A-Z_]+\)/);
  t.match(smtp.logins[0], ["gateway", "mail-password", true]);
  for (const request of http.requests.filter(({ headers }) => headers["webhook-id"] !== undefined)) {
    const sentAt = Date.parse((JSON.parse(request.body) as { timestamp: string }).timestamp);
    t.ok(isSigned(request, HOOK_SECRET, sentAt));
    t.notOk(isSigned({ ...request, body: `${request.body} ` }, HOOK_SECRET, sentAt));
  }

  const doctor = await host.call("GET", "/api/admin/doctor");
  const findings = doctor.body["findings"] as { check: string; severity: string; message: string }[];
  t.match(
    findings.filter(({ check }) => check === "backup-age"),
    [
      { severity: "critical", message: /taken at 2026-03-07T18:0.*It is overdue/ },
      { severity: "warning", message: /The last backup of tenant acme failed at 2026-03-10T1/ },
    ],
  );
  rmSync(join(archives, "store"));
  await time.pass(6 * HOUR - 1000);
  await settle(bed);
  const recovered = http.documents().filter(({ data }) => data.kind === "recovered");
  t.match(recovered, [{ data: { tenant: "acme", count: 13, since: /^2026-03-08T00:0/ } }], "one for all");
  t.equal(http.documents().at(-1)?.data.kind, "recovered");

  const everything = bed.log();
  const metrics = await host.gateway.app.inject({ url: "/metrics", headers: host.headers });
  for (const secret of [HOOK_SECRET, ENV.PING_UUID, ENV.MAIL_PASSWORD]) {
    t.notOk(everything.includes(secret), "no secret in the log");
    t.notOk(metrics.body.includes(secret), "nor in the metrics");
  }
});

await t.test("a schedule that is silently disabled raises its alert", async (t) => {
  const bed = await alertsBed(t);
  const { host, http, smtp, time } = bed;
  await host.tenant("acme", { "workspace/notes.md": "notes" });
  await host.tenant("idle");
  await addSchedule(bed);
  await time.pass(MINUTE);
  await time.pass(15 * HOUR);
  await settle(bed);
  await host.call("POST", "/api/admin/tenants/acme/cron/nightly/disable");
  await time.pass(23 * HOUR);
  t.same(http.documents(), [], "its next time has not come");
  await time.pass(2 * HOUR);
  t.match(http.documents(), [
    {
      type: "backup.absence",
      data: { tenant: "acme", message: /since 2026-03-08T03:.*: schedule nightly is disabled\.$/ },
    },
  ]);
  await time.pass(MINUTE);
  t.match(smtp.mails, [{ text: /schedule=?\s+nightly is disabled/ }]);
  await time.pass(30 * MINUTE);
  t.equal(http.documents().length, 1, "told once");
  const { body } = await host.call("GET", "/api/admin/status");
  const { tenants, channels } = (body["sections"] as { backup: { tenants: object[]; channels: object[] } })
    .backup;
  t.match(tenants, [
    { tenant: "acme", state: "overdue", schedule: "disabled" },
    { tenant: "idle", state: "none", schedule: "none" },
  ]);
  t.match(channels, [
    { name: "hook", kind: "webhook", unsent: 0 },
    { name: "pings", unsent: 0 },
    { name: "mail", unsent: 0 },
  ]);

  await host.job("/api/admin/tenants/acme/backups");
  await time.pass(1000);
  t.match(http.documents().at(-1), { type: "backup.recovered", data: { tenant: "acme" } });
});

await t.test(
  "an alert that could not be sent outlives a restart, and is sent under the same id",
  async (t) => {
    const bed = await alertsBed(t);
    const { archives, host, http, smtp, time } = bed;
    http.status = 503;
    await host.tenant("acme");
    writeFileSync(join(archives, "store"), "no directory");
    const failed = await host.job("/api/admin/tenants/acme/backups", { to: `${archives}/store/` });
    t.equal(failed.state, "failed");
    await time.pass(1000);
    const [first] = http.documents();
    t.match(first, { type: "backup.failure" });
    t.equal(smtp.mails.length, 1, "another channel does not wait for it");
    const { body } = await host.call("GET", "/api/admin/doctor");
    t.match(
      (body["findings"] as { check: string }[]).filter(({ check }) => check === "backup-alerts"),
      [
        {
          severity: "warning",
          message: /^Channel hook does not take alerts: it answered 503 \(1 times.*1 alerts wait\.$/,
        },
        { severity: "warning", message: /^Channel pings/ },
        { severity: "ok" },
      ],
    );
    await host.gateway.close({ graceMs: 0 });
    await bed.again();
    await time.pass(5000);
    t.equal(http.documents().length, 1, "not before its time");
    http.status = 204;
    await time.pass(6000);
    t.same(http.documents(), [first, first]);
    const [one, two] = http.requests.filter(({ headers }) => headers["webhook-id"] !== undefined);
    t.equal(one?.headers["webhook-id"], two?.headers["webhook-id"]);
    await time.pass(HOUR);
    t.equal(http.documents().length, 2, "once it is taken it is not sent again");
  },
);

await t.test("channels are tried by hand, and say what is wrong with them", async (t) => {
  const bed = await alertsBed(t);
  const { host, http, smtp } = bed;
  const url = "/api/admin/backups/notify/test";
  t.same((await host.call("POST", url, {})).body, {
    channels: [
      { name: "hook", kind: "webhook", sent: true },
      { name: "pings", kind: "ping", sent: true },
      { name: "mail", kind: "email", sent: true },
    ],
  });
  t.match(http.documents(), [{ type: "backup.test" }]);
  t.match(
    http.requests.find(({ path }) => path.endsWith("/log")),
    { method: "POST" },
  );
  t.match(smtp.mails, [{ text: /Subject: \[openclaw\] test/ }]);
  http.status = 302;
  t.same((await host.call("POST", url, { channel: "hook" })).body, {
    channels: [
      {
        name: "hook",
        kind: "webhook",
        sent: false,
        problem: "it answered 302, and redirects are not followed",
      },
    ],
  });
  t.match(await host.call("POST", url, { channel: "none" }), {
    status: 400,
    body: { code: "REQUEST_INVALID", hint: /hook, pings, mail/ },
  });
});

await t.test(
  "a gateway without channels says so, and one whose channel lacks its secret serves all the same",
  async (t) => {
    const none = await testGateway(t, {}, join(t.testdir(), "none"));
    const findingsOf = async (host: TestGateway): Promise<object[]> => {
      const { body } = await host.call("GET", "/api/admin/doctor");
      return (body["findings"] as { check: string }[]).filter(({ check }) => check === "backup-alerts");
    };
    t.match(await findingsOf(none), [{ severity: "info", message: /nobody is told/ }]);
    t.same((await none.call("POST", "/api/admin/backups/notify/test", {})).body, { channels: [] });
    mkdirSync(join(t.testdirName, "x"), { recursive: true });
    chmodSync(t.testdirName, 0o700);
    const lacking = await testGateway(
      t,
      {
        notify: [{ name: "hook", kind: "webhook", url: { env: "NOWHERE" }, secret: { env: "HOOK_SECRET" } }],
      },
      join(t.testdirName, "lacking"),
    );
    t.match(await findingsOf(lacking), [
      {
        severity: "critical",
        message: /^Channel hook cannot be used: The environment variable NOWHERE is not set/,
      },
    ]);
  },
);
