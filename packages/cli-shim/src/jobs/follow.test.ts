import t from "tap";
import { GatewayClient } from "../client.js";
import { CommandError } from "../errors.js";
import {
  FakeGateway,
  breakConnection,
  events,
  job,
  json,
  problem,
  text,
} from "../test-support/fake-gateway.js";
import { SleepingClock } from "../test-support/run-cli.js";
import type { JobView } from "../views.js";
import { followJob } from "./follow.js";

const EVENTS = "GET /api/admin/jobs/j1/events";
const JOB = "GET /api/admin/jobs/j1";

interface Followed {
  readonly states: string[];
  readonly lost: string[];
  readonly clock: SleepingClock;
  readonly error?: CommandError;
}

async function follow(gateway: FakeGateway, silenceMs?: number): Promise<Followed> {
  const client = new GatewayClient({ OPENCLAW_GATEWAY_URL: gateway.url });
  const states: string[] = [];
  const lost: string[] = [];
  const clock = new SleepingClock();
  try {
    const updates = followJob(client, "j1", {
      clock,
      signal: new AbortController().signal,
      onLost: (reason) => lost.push(reason),
      ...(silenceMs === undefined ? {} : { silenceMs }),
    });
    for await (const { state } of updates) states.push(state);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { states, lost, clock, error };
  }
  return { states, lost, clock };
}

t.test("a job is followed to its last state", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  gateway.on(EVENTS, events([job("queued"), job("running"), job("succeeded")], "hold"));
  const { states, lost } = await follow(gateway);
  t.same(states, ["queued", "running", "succeeded"]);
  t.same(lost, []);
  t.equal(gateway.requests.length, 1);
});

t.test("a connection that breaks, or ends too early, is made again", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  gateway.on(
    EVENTS,
    events([job("queued")], "break"),
    events([job("running")], "end"),
    breakConnection,
    events([job("failed")], "end"),
  );
  const { states, lost } = await follow(gateway);
  t.same(states, ["queued", "running", "failed"]);
  t.equal(gateway.requests.length, 4);
  t.equal(lost.length, 2);
});

t.test("a gateway that is restarting is waited for", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  gateway.on(
    EVENTS,
    events([job("running")], "end"),
    problem(503, { code: "SHUTTING_DOWN", detail: "The gateway is stopping", exitCode: 6 }),
    events([job("interrupted")], "end"),
  );
  t.same((await follow(gateway)).states, ["running", "interrupted"]);
});

t.test("a stream that has gone silent is given up for a new one", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  gateway.on(EVENTS, events([job("running")], "hold"), events([job("succeeded")], "end"));
  const { states, lost } = await follow(gateway, 1000);
  t.same(states, ["running", "succeeded"]);
  t.match(lost[0], /silent for too long/);
});

t.test("where event streams do not come through, the job is asked for instead", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  gateway
    .on(EVENTS, text(200, "<html>a proxy</html>"))
    .on(JOB, json(200, job("running")), json(200, job("running")), json(200, job("succeeded")));
  const { states } = await follow(gateway);
  t.same(states, ["running", "running", "succeeded"]);
  t.same(
    gateway.requests.map(({ url }) => url.endsWith("/events")),
    [true, false, false, false],
  );
});

t.test("a gateway that is gone for a minute is given up", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  gateway.on(EVENTS, events([job("running")], "end"), breakConnection);
  const { states, error, lost, clock } = await follow(gateway);
  t.same(states, ["running"]);
  t.equal(lost.length, 1);
  t.match(error?.problem, { code: "GATEWAY_UNREACHABLE", exitCode: 6, hint: /jobs show j1/ });
  const waited = clock.sleeps.reduce((sum, ms) => sum + ms, 0);
  t.ok(waited >= 60_000 && waited < 70_000, `waited ${waited} ms`);
});

t.test("what the gateway refuses is passed on at once", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  gateway.on(EVENTS, problem(404, { code: "JOB_NOT_FOUND", detail: "There is no job 'j1'.", exitCode: 3 }));
  const { error, clock } = await follow(gateway);
  t.match(error?.problem, { code: "JOB_NOT_FOUND", exitCode: 3 });
  t.same(clock.sleeps, []);
});

t.test("an abort ends the following without an error", async (t) => {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  gateway.on(EVENTS, events([job("running")], "hold"));
  const abort = new AbortController();
  const seen: JobView[] = [];
  const client = new GatewayClient({ OPENCLAW_GATEWAY_URL: gateway.url });
  for await (const update of followJob(client, "j1", { clock: new SleepingClock(), signal: abort.signal })) {
    seen.push(update);
    abort.abort();
  }
  t.equal(seen.length, 1);
});
