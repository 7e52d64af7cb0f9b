import { join } from "node:path";
import type { PluginLogger, ScheduleInfo, TenantRecord } from "@openclaw/gateway-core";
import t, { type Test } from "tap";
import { BackupError } from "../../errors.js";
import { FakeTime } from "../../test-support/fake-time.js";
import { IdMaker } from "../ids.js";
import { Ledger } from "../ledger/ledger.js";
import type { JobRecord } from "../types.js";
import { AbsenceWatch } from "./absence.js";
import { Alerts } from "./alerts.js";
import { DeliveryError, type Channel } from "./channel.js";
import type { Alert, AlertEvent } from "./event.js";
import { Outbox } from "./outbox.js";
import { endOf, scheduleEvent, startOf } from "./watch.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

class MemoryChannel implements Channel {
  readonly name: string;
  readonly kind: Channel["kind"];
  readonly taken: Alert[] = [];
  failure: Error | undefined;
  readonly #wanted: readonly AlertEvent["kind"][] | undefined;

  constructor(name: string, kind: Channel["kind"] = "webhook", wanted?: readonly AlertEvent["kind"][]) {
    this.name = name;
    this.kind = kind;
    this.#wanted = wanted;
  }

  wants({ kind }: AlertEvent): boolean {
    return this.#wanted?.includes(kind) ?? true;
  }

  send(alert: Alert): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.taken.push(alert);
    return Promise.resolve();
  }

  test(alert: Alert): Promise<void> {
    return this.send(alert);
  }

  problem(): undefined {
    return undefined;
  }

  /** What it was told, in short. */
  told(): string[] {
    return this.taken.map(({ kind, count }) => (count === undefined ? kind : `${kind} ${count}`));
  }
}

interface Bench {
  readonly time: FakeTime;
  readonly ledger: Ledger;
  readonly alerts: Alerts;
  readonly outbox: Outbox;
  readonly tenants: Map<string, TenantRecord>;
  readonly schedules: ScheduleInfo[];
  readonly logged: string[];
  readonly watch: (config?: { readonly maxAge?: string; readonly except?: string[] }) => AbsenceWatch;
}

function bench(t: Test, channels: readonly Channel[]): Bench {
  const time = new FakeTime(Date.UTC(2026, 2, 7));
  const ledger = Ledger.open(join(t.testdir(), "ledger.sqlite"));
  t.teardown(() => ledger.close());
  const tenants = new Map<string, TenantRecord>();
  const access = { get: (id: string) => tenants.get(id), list: () => [...tenants.values()] };
  const logged: string[] = [];
  const say = (fields: object, message: string): void =>
    void logged.push(`${message} ${JSON.stringify(fields)}`);
  const log: PluginLogger = { debug: say, info: say, warn: say, error: say };
  const alerts = new Alerts({ ledger, tenants: access, clock: time, log, ids: new IdMaker(time), channels });
  const schedules: ScheduleInfo[] = [];
  return {
    ...{ time, ledger, alerts, tenants, schedules, logged },
    outbox: new Outbox({ ledger, clock: time, log, channels }),
    watch: ({ except = [], ...config } = {}) =>
      new AbsenceWatch({
        host: { clock: time, schedules: { list: () => schedules }, tenants: access as never },
        ledger,
        alerts,
        config: { grace: "1h", except, ...config },
      }),
  };
}

function tenant(id: string, uid = `uid-of-${id}`): TenantRecord {
  return { id, uid, createdAt: "2026-03-07T00:00:00Z", tokenSha256: "", quotas: {}, labels: {} };
}

function schedule(name: string, everyMs: number, facts: Partial<ScheduleInfo> = {}): ScheduleInfo {
  return {
    ...{ name, tenant: "acme", job: "backup", parameters: {}, enabled: true, runs: [] },
    createdAt: "2026-03-01T00:00:00Z",
    nextRun: (after) => Math.floor(after / everyMs + 1) * everyMs,
    startsBy: (after) => Math.floor(after / everyMs + 1) * everyMs,
    longestInterval: () => everyMs,
    ...facts,
  };
}

const failed: AlertEvent = {
  kind: "failure",
  tenant: "acme",
  job: "backup",
  code: "X",
  message: "It failed.",
};
const succeeded: AlertEvent = { kind: "success", tenant: "acme", job: "backup", message: "It is done." };

await t.test("the troubles of a tenant that was deleted are forgotten, and no others", (t) => {
  const { alerts, tenants } = bench(t, []);
  tenants.set("acme", tenant("acme"));
  alerts.raise(failed);
  alerts.raise({ kind: "failure", job: "rebuild", message: "It failed." });
  const jobs = (): unknown =>
    alerts
      .conditions()
      .map(({ event }) => event.job)
      .sort();
  alerts.forgetDeleted();
  t.same(jobs(), ["backup", "rebuild"]);
  tenants.delete("acme");
  alerts.forgetDeleted();
  t.same(jobs(), ["rebuild"]);
  t.end();
});

await t.test("a schedule that never comes again is expected all the same", (t) => {
  const { ledger, schedules, tenants, watch } = bench(t, []);
  tenants.set("acme", tenant("acme"));
  schedules.push(schedule("once", DAY, { longestInterval: () => undefined }));
  watch().look();
  t.match(ledger.expectations.list(), [{ schedule: "once", intervalMs: 0 }]);
  t.end();
});

await t.test("one store that fails and another that works are two things", async (t) => {
  const channel = new MemoryChannel("x", "webhook", ["failure", "recovered"]);
  const { alerts, outbox } = bench(t, [channel]);
  alerts.raise({ ...failed, subject: "dest:far" });
  alerts.raise({ ...succeeded, subject: "dest:near" });
  alerts.raise({ ...failed, subject: "dest:far" });
  alerts.raise({ kind: "success", job: "prune", message: "It is pruned." });
  alerts.forgetDeleted();
  await outbox.send();
  t.same(channel.told(), ["failure 1"]);
  alerts.raise({ ...succeeded, subject: "dest:far" });
  await outbox.send();
  t.same(channel.told(), ["failure 1", "recovered 2"]);
  t.same(alerts.conditions(), []);
});

await t.test("warnings are folded as long as each success has some, and end without a word", async (t) => {
  const channel = new MemoryChannel("x", "webhook", ["warning", "recovered"]);
  const { alerts, outbox } = bench(t, [channel]);
  for (let i = 0; i < 3; i++) {
    alerts.raise({ ...succeeded, warnings: 1 });
    alerts.raise({ ...succeeded, kind: "warning" });
  }
  alerts.raise(succeeded);
  alerts.raise({ ...succeeded, kind: "warning" });
  await outbox.send();
  t.same(channel.told(), ["warning 1", "warning 1"]);
});

await t.test(
  "a damaged archive is told of, and when it is found good after all; another says nothing of it",
  async (t) => {
    const channel = new MemoryChannel("x");
    const { alerts, outbox } = bench(t, [channel]);
    alerts.raise({ kind: "damaged", tenant: "acme", archive: "a1", message: "A hash is wrong." });
    alerts.raise({ kind: "damaged", tenant: "acme", archive: "a1", message: "A hash is wrong." });
    alerts.raise({ kind: "recovered", tenant: "acme", archive: "a2", message: "It is good." });
    alerts.raise({ kind: "recovered", tenant: "acme", archive: "a1", message: "It is good." });
    alerts.raise({ kind: "damaged", message: "Of no tenant, and far too long. ".repeat(1000) });
    await outbox.send();
    t.same(channel.told(), ["damaged 1", "recovered 2", "damaged 1"]);
    t.equal(channel.taken.at(-1)?.message.length, 2000);
  },
);

await t.test(
  "a ping that waits is replaced by what is so now; others wait until there are too many",
  async (t) => {
    const ping = new MemoryChannel("ping", "ping");
    const full = new MemoryChannel("full");
    const { alerts, outbox, ledger } = bench(t, [ping, full]);
    const dropped: (readonly [string, number])[] = [];
    alerts.onDropped((channel, count) => dropped.push([channel, count]));
    alerts.raise({ ...failed, tenant: "beta" });
    ledger.transaction(() => {
      for (let i = 0; i < 1001; i++) alerts.raise({ ...succeeded, kind: "start" });
    });
    t.same(dropped, [
      ["full", 1],
      ["full", 1],
    ]);
    t.same(
      [...ledger.deliveries.waiting()],
      [
        ["full", 1000],
        ["ping", 2],
      ],
    );
    await outbox.send();
    t.same(ping.told(), ["failure 1", "start"]);
    t.equal(full.told()[0], "failure 1", "chatter goes first");
  },
);

await t.test("a channel that fails is tried again ever more seldom, and in the end given up", async (t) => {
  const channel = new MemoryChannel("x");
  channel.failure = new DeliveryError("it is down");
  const { alerts, outbox, time, ledger, logged } = bench(t, [channel]);
  const outcomes: string[] = [];
  outbox.onOutcome((_channel, outcome) => outcomes.push(outcome));
  alerts.raise(failed);
  await Promise.all([outbox.send(), outbox.send()]);
  await outbox.send();
  t.same(outcomes, ["failed"], "not before its time, and never twice at once");
  t.match(ledger.deliveries.channel("x"), {
    failures: 1,
    problem: "it is down",
    retryAt: time.now() + 10_000,
  });
  time.advance(10_000);
  await outbox.send();
  t.match(ledger.deliveries.channel("x"), { failures: 2, retryAt: time.now() + 20_000 });
  time.advance(-2 * DAY);
  await outbox.send();
  t.equal(outcomes.length, 3, "a clock that was set back keeps it from nothing");
  alerts.raise({ ...failed, tenant: "beta" });
  time.advance(7 * DAY);
  channel.failure = undefined;
  alerts.raise({ ...failed, tenant: "late" });
  await outbox.send();
  t.same(outcomes.slice(3), ["dropped", "sent", "dropped"]);
  t.match(logged.join("\n"), /An alert was given up\./);
  t.match(ledger.deliveries.channel("x"), { failures: 0, sentAt: time.now() });
});

await t.test("what a stop cuts off is sent after the next start", async (t) => {
  const channel = new MemoryChannel("x");
  let aborted = false;
  channel.send = (_alert: Alert, signal?: AbortSignal) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener("abort", () => {
        aborted = true;
        reject(new DeliveryError("it was cut off"));
      });
    });
  const { alerts, outbox, ledger } = bench(t, [channel]);
  alerts.raise(failed);
  const sending = outbox.send();
  await outbox.stop();
  await sending;
  t.ok(aborted);
  t.match(ledger.deliveries.next("x"), { attempts: 0 });
  t.equal(ledger.deliveries.channel("x").failures, 0);
});

await t.test("what waits for a channel that is gone is dropped", (t) => {
  const { alerts, outbox, ledger, logged, time } = bench(t, [new MemoryChannel("here")]);
  const gone: Alert = { ...failed, id: "n1", at: time.now() };
  ledger.deliveries.add({ channel: "gone", alert: gone, isChatter: false, topic: "" });
  alerts.raise(failed);
  outbox.forgetOthers();
  t.same([...ledger.deliveries.waiting()], [["here", 1]]);
  t.match(logged.join("\n"), /not configured any more/);
  t.end();
});

await t.test("no work fails for want of an alert", async (t) => {
  const channel = new MemoryChannel("x");
  const { alerts, outbox, ledger, logged } = bench(t, [channel]);
  Object.assign(ledger, {
    transaction: () => {
      throw new BackupError("DISK_FULL", "The disk is full.");
    },
  });
  alerts.raise(failed);
  Object.assign(ledger.deliveries, {
    channel: () => {
      throw new BackupError("LEDGER_UNUSABLE", "The ledger is gone.");
    },
  });
  await outbox.send();
  t.match(logged, [/could not be noted.*The disk is full/, /could not be sent.*The ledger is gone/]);
});

await t.test(
  "silence is told once, whatever has become of the schedule, until there is a backup",
  async (t) => {
    const channel = new MemoryChannel("x", "webhook", ["absence", "recovered"]);
    const { alerts, outbox, tenants, schedules, time, watch, ledger } = bench(t, [channel]);
    tenants.set("acme", tenant("acme"));
    tenants.set("idle", tenant("idle"));
    tenants.set("demo-1", tenant("demo-1"));
    schedules.push(
      schedule("nightly", DAY),
      schedule("hourly", HOUR, { tenant: "demo-1" }),
      schedule("sweep", HOUR, { job: "prune" }),
      schedule("copied", HOUR, { tenant: "idle", enabled: false }),
      schedule("once", HOUR, { tenant: "gone" }),
      schedule("twice", HOUR, { tenant: "gone" }),
    );
    const absence = watch({ except: ["demo-*"] });
    const passes = async (ms: number): Promise<void> => {
      time.advance(ms);
      absence.look();
      await outbox.send();
    };
    await passes(0);
    t.same(
      ledger.expectations.list().map((one) => [one.tenantUid, one.schedule, one.intervalMs / HOUR]),
      [
        ["uid-of-acme", "nightly", 24],
        ["uid-of-demo-1", "hourly", 1],
      ],
    );
    schedules.splice(0, 1);
    await passes(DAY + HOUR);
    t.same(channel.told(), []);
    await passes(61_000);
    t.match(channel.taken, [
      { tenant: "acme", message: /^Tenant acme has no good backup: schedule nightly was removed/ },
    ]);
    await passes(30_000);
    await passes(10 * 60_000);
    t.equal(channel.taken.length, 1);
    await passes(HOUR);
    t.same(channel.told(), ["absence 1", "absence 1"], "it goes on, it has not happened twice");

    alerts.raise(succeeded);
    await outbox.send();
    t.same(channel.told().slice(2), ["recovered 1"]);
    // The catalogue knows of none, so it is absent again; another schedule gives it time.
    await passes(61_000);
    schedules.push(schedule("nightly2", DAY));
    await passes(61_000);
    t.same(channel.told().slice(3), ["absence 1", "recovered 1"]);
    t.same(
      ledger.expectations.list().map((one) => one.schedule),
      ["nightly2", "hourly"],
      "the one that was removed is needless now",
    );
    // Made anew under its name, with other times.
    schedules.splice(
      -1,
      1,
      schedule("nightly2", HOUR, { createdAt: new Date(time.now() + 1000).toISOString() }),
    );
    await passes(61_000);
    t.match(ledger.expectations.list()[0], { intervalMs: HOUR, since: time.now() });
    await passes(3 * HOUR);
    t.equal(alerts.conditions().length, 1);
    time.advance(-DAY);
    absence.look();
    tenants.delete("acme");
    await passes(61_000);
    t.same(alerts.conditions(), [], "nobody waits for a tenant that is gone");
    t.same(
      ledger.expectations.list().map((one) => one.schedule),
      ["hourly"],
    );
  },
);

await t.test("a tenant without a schedule has the config's time, and a start its own", (t) => {
  const { alerts, tenants, time, watch, schedules } = bench(t, []);
  tenants.set("idle", tenant("idle"));
  schedules.push(
    schedule("last", HOUR, {
      tenant: "idle",
      startsBy: () => undefined,
      longestInterval: () => undefined,
      enabled: false,
    }),
  );
  time.advance(10 * DAY);
  const absence = watch({ maxAge: "2d" });
  absence.look();
  t.same(alerts.conditions(), [], "first it may make up for what it has missed");
  time.advance(5 * 60_000);
  absence.look();
  t.match(alerts.conditions(), [{ event: { kind: "absence", message: /it has no schedule/ } }]);
  t.end();
});

await t.test("silence about the whole gateway is told, too, where a schedule asks for its backup", (t) => {
  const { alerts, time, watch, schedules } = bench(t, []);
  const { tenant: _, ...ofGateway } = schedule("weekly", 7 * DAY, { job: "gateway-backup" });
  schedules.push({ ...ofGateway, enabled: false });
  const absence = watch();
  const passes = (ms: number): readonly unknown[] => {
    time.advance(ms);
    absence.look();
    return alerts.conditions();
  };
  t.same(passes(20 * DAY), [], "an admin has disabled it");
  const createdAt = new Date(time.now()).toISOString();
  schedules[0] = { ...ofGateway, createdAt };
  t.same(passes(HOUR), []);
  const message = "The gateway has no good backup: schedule weekly has never run.";
  t.match(passes(8 * DAY), [
    { tenantUid: undefined, event: { kind: "absence", job: "gateway-backup", message } },
  ]);
  const next = Math.floor(time.now() / (7 * DAY) + 1) * 7 * DAY;
  t.equal(absence.gatewayDeadline(time.now())?.at, next + HOUR, "after one that is good, the next");
  schedules.pop();
  t.same(passes(HOUR), [], "nothing asks for it any more");
  t.end();
});

const job: JobRecord = {
  ...{ id: "j1", type: "backup", tenant: "acme", trigger: "cron", actor: "admin", state: "succeeded" },
  ...{
    request: { to: "dest:far/x" },
    createdAt: 0,
    warnings: [],
    result: { archiveId: "a1", location: "/x" },
  },
};

await t.test("jobs and schedules become events", (t) => {
  t.match(startOf(job), { kind: "start", tenant: "acme", job: "backup", jobId: "j1", subject: "dest:far" });
  t.match(startOf({ ...job, request: { to: "s3://b/x" } }), { subject: "s3://b" });
  t.match(startOf({ ...job, request: { to: "/a/b/c" } }), { subject: "/a/b" });
  t.match(startOf({ ...job, request: { to: "/c" } }), { subject: "/" });
  t.equal(startOf({ ...job, request: {} })?.subject, undefined);
  t.equal(startOf({ ...job, request: { dryRun: true } }), undefined);
  t.same(endOf({ ...job, request: { dryRun: true } }), []);
  t.same(endOf({ ...job, state: "cancelled" }), []);
  t.match(endOf(job), [{ kind: "success", archive: "a1", message: /succeeded: \/x\.$/ }]);
  t.notOk("tenant" in (startOf({ ...job, type: "gateway-backup", tenant: "" }) ?? { tenant: "" }));
  t.match(endOf({ ...job, type: "undo", result: {} }), [{ kind: "success", message: /succeeded\.$/ }]);
  const warnings = Array.from({ length: 7 }, (_, i) => ({ code: "W", message: `Warning ${i}.` }));
  t.match(endOf({ ...job, warnings }), [
    { kind: "success", warnings: 7 },
    { kind: "warning", message: /Warning 4\. And 2 more\.$/ },
  ]);
  t.match(endOf({ ...job, warnings: warnings.slice(0, 1) })[1], { message: /warnings: Warning 0\.$/ });
  const error = { code: "STORE_DENIED", message: "No." } as const;
  const { result, ...bare } = job;
  t.ok(result);
  t.match(endOf(bare), [{ kind: "success", message: /succeeded\.$/ }]);
  t.match(endOf({ ...job, state: "interrupted" }), [{ kind: "failure", message: /failed$/ }]);
  t.match(scheduleEvent({ schedule: "x", job: "y", run: { at: "", by: "schedule", outcome: "failed" } }), {
    message: /it is not known why/,
  });
  t.match(endOf({ ...job, state: "failed", error }), [
    { kind: "failure", code: "STORE_DENIED", message: /failed: No\.$/ },
  ]);
  const run = { at: "", by: "schedule" };
  const of = { tenant: "acme", schedule: "nightly", job: "backup" };
  t.match(scheduleEvent({ ...of, run: { ...run, outcome: "started" } }), {
    kind: "recovered",
    subject: "schedule nightly",
  });
  t.equal(scheduleEvent({ ...of, run: { ...run, outcome: "skipped" } }), undefined);
  const refused = { ...run, outcome: "refused", code: "SCHEDULE_UNAPPROVED", reason: "It waits." } as const;
  t.match(scheduleEvent({ ...of, run: refused }), {
    kind: "failure",
    message: /^Schedule nightly of tenant acme.*It waits/,
  });
  t.match(scheduleEvent({ schedule: "sweep", job: "sweep", run: { ...refused, outcome: "failed" } }), {
    message: /^Schedule sweep of the gateway could not/,
  });
  t.end();
});

await t.test("a schedule that starts its jobs again has recovered", async (t) => {
  const channel = new MemoryChannel("x");
  const { alerts, outbox } = bench(t, [channel]);
  const facts = { tenant: "acme", job: "backup", subject: "schedule nightly" };
  alerts.raise({ ...facts, kind: "recovered", message: "It starts." });
  alerts.raise({ ...facts, kind: "failure", message: "It does not." });
  alerts.raise({ ...facts, kind: "recovered", message: "It starts." });
  await outbox.send();
  t.same(channel.told(), ["failure 1", "recovered 1"]);
});
