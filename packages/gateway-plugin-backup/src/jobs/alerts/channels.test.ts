import { createServer } from "node:net";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Value } from "@openclaw/schema";
import { httpReceiver, smtpReceiver } from "../../test-support/alert-receivers.js";
import { LOCALHOST_CERTIFICATE } from "../../test-support/localhost-certificate.js";
import { AddressGuard } from "../../stores/address-guard.js";
import { wants, type Channel } from "./channel.js";
import { openChannels } from "./channels.js";
import type { Alert } from "./event.js";
import { problemOf } from "./outbox.js";
import { NotifySchema, type ChannelConfig } from "./schema.js";

const SECRETS: Readonly<Record<string, string>> = {
  KEY: "sixteen-bytes-at-least",
  SHORT: "short",
  CODED: `whsec_${Buffer.from("sixteen-bytes-at-least").toString("base64")}`,
  USER: "gateway",
  PASSWORD: "mail-password",
  WRONG: "a-wrong-password",
};

const alert: Alert = {
  id: "n1",
  at: Date.UTC(2026, 2, 7),
  kind: "failure",
  tenant: "acme",
  job: "backup",
  jobId: "j1",
  archive: "a1",
  code: "STORE_DENIED",
  message: "The backup of tenant acme failed.",
  count: 3,
  since: Date.UTC(2026, 2, 6),
};

function config(values: object): ChannelConfig {
  const [one] = Value.Parse(NotifySchema, Value.Default(NotifySchema, [{ name: "x", ...values }]));
  if (one === undefined) throw new Error("It is no channel.");
  return one;
}

function channel(values: object, guard = new AddressGuard([])): Channel {
  const [one] = openChannels([config(values)], {
    clock: { now: () => Date.UTC(2026, 2, 7) },
    guard,
    resolveSecret: (reference) => {
      if (typeof reference === "string") return reference;
      const value = "env" in reference ? SECRETS[reference.env] : undefined;
      if (value !== undefined) return value;
      throw Object.assign(new Error("The variable is not set"), { code: "CONFIG_INVALID" });
    },
  });
  if (one === undefined) throw new Error("It was not opened.");
  return one;
}

/** What a person is told of a send; undefined: it was taken. */
async function outcome(
  of: Channel,
  what = alert,
  signal = new AbortController().signal,
): Promise<string | undefined> {
  try {
    await of.send(what, signal);
    return undefined;
  } catch (error) {
    return problemOf(error);
  }
}

const hook = { kind: "webhook", secret: { env: "KEY" } };
const mail = { kind: "email", host: "127.0.0.1", from: "gateway@example.org", to: ["ops@example.org"] };
const login = { user: { env: "USER" }, password: { env: "PASSWORD" } };

/** A server that takes connections and says nothing. */
async function silentServer(t: Test): Promise<number> {
  const server = createServer((socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => new Promise((resolve) => server.close(() => resolve(undefined))));
  server.unref();
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

await t.test("a webhook is signed the same with a secret in either form", async (t) => {
  const http = await httpReceiver(t);
  t.equal(await outcome(channel({ ...hook, url: http.url })), undefined);
  t.equal(await outcome(channel({ ...hook, url: http.url, secret: { env: "CODED" } })), undefined);
  const [plain, coded] = http.requests;
  t.equal(plain?.headers["webhook-signature"], coded?.headers["webhook-signature"]);
  t.same(JSON.parse(plain?.body ?? ""), {
    type: "backup.failure",
    id: "n1",
    timestamp: "2026-03-07T00:00:00.000Z",
    data: {
      ...{ kind: "failure", tenant: "acme", job: "backup", jobId: "j1", archive: "a1", code: "STORE_DENIED" },
      ...{ message: "The backup of tenant acme failed.", count: 3, since: "2026-03-06T00:00:00.000Z" },
    },
  });
  t.match(
    await outcome(channel({ ...hook, url: http.url, secret: { env: "SHORT" } })),
    /shorter than 16 bytes/,
  );
});

await t.test("what keeps a request from being taken is told without the URL", async (t) => {
  const http = await httpReceiver(t);
  const url = `${http.url}/a-secret-path`;
  http.status = 307;
  t.equal(await outcome(channel({ ...hook, url })), "it answered 307, and redirects are not followed");
  t.equal(http.requests.length, 1);
  http.status = 404;
  t.equal(await outcome(channel({ ...hook, url })), "it answered 404");
  http.status = 0;
  t.equal(await outcome(channel({ ...hook, url, timeoutSeconds: 1 })), "it did not answer within 1 s");
  const stopped = new AbortController();
  stopped.abort();
  t.equal(await outcome(channel({ ...hook, url }), alert, stopped.signal), "the request failed: ABORT_ERR");
  t.match(
    await outcome(channel({ ...hook, url: "http://127.0.0.1:1/x" })),
    "the request failed: ECONNREFUSED",
  );
  t.equal(await outcome(channel({ ...hook, url: { env: "USER" } })), "its URL is not one of http or https");
  t.match(await outcome(channel({ ...hook, url: { env: "NOWHERE" } })), "The variable is not set");
});

await t.test("TLS is for every other machine, and its certificates are checked", async (t) => {
  const http = await httpReceiver(t, { tls: true });
  const { ca } = { ca: join(t.testdir({ "ca.pem": LOCALHOST_CERTIFICATE }), "ca.pem") };
  t.equal(await outcome(channel({ ...hook, url: http.url, ca })), undefined);
  t.match(await outcome(channel({ ...hook, url: http.url })), /^the request failed: [A-Z_]*SELF_SIGNED/);
  t.match(
    await outcome(channel({ ...hook, url: http.url, ca: `${ca}.not` })),
    "the file of its ca cannot be read",
  );
  t.match(
    await outcome(channel({ ...hook, url: "http://hooks.invalid/" })),
    /not https, and allowPlain is not set/,
  );
  t.match(
    await outcome(channel({ ...hook, url: "http://hooks.invalid/", allowPlain: true })),
    /^the request failed: E/,
  );
});

await t.test("a ping says by its path how it is; a test of it says nothing of any backup", async (t) => {
  const http = await httpReceiver(t);
  const ping = channel({ kind: "ping", url: `${http.url}/uuid/{tenant}/` });
  for (const kind of ["start", "success", "failure", "absence", "damaged", "recovered", "warning"] as const) {
    t.equal(await outcome(ping, { ...alert, kind }), undefined);
  }
  await ping.test({ id: "n2", at: 0, kind: "test", message: "A test." }, new AbortController().signal);
  t.same(
    http.requests.map(({ path }) => path),
    ["/start", "", "/fail", "/fail", "/fail", "", "/log"]
      .map((end) => `/uuid/acme${end}`)
      .concat("/uuid/gateway/log"),
  );
  t.match(
    http.requests[2]?.body,
    /^The backup of tenant acme failed\.\n\ntime .*\ntenant {3}acme\ntype {5}backup\njob {6}j1\n/,
  );
});

await t.test("mail needs TLS and the right password", async (t) => {
  const smtp = await smtpReceiver(t);
  const ca = join(t.testdir({ "ca.pem": LOCALHOST_CERTIFICATE }), "ca.pem");
  const to = { ...mail, port: smtp.port };
  t.equal(await outcome(channel({ ...to, ...login, ca })), undefined);
  t.match(smtp.mails[0]?.text, /Message-ID: <n1@example.org>/);
  t.equal(
    await outcome(channel({ ...to, ...login, ca, password: { env: "WRONG" } })),
    "the server did not take it: EAUTH 535",
  );
  t.match(await outcome(channel({ ...to, ...login })), /^the server did not take it: E/);
  t.match(await outcome(channel({ ...to, ca })), /^the server did not take it: EENVELOPE 530/);
  t.equal(await outcome(channel({ ...to, ca: `${ca}.not` })), "the file of its ca cannot be read");
  t.equal(smtp.mails.length, 1);

  const withoutTls = await smtpReceiver(t, { hideSTARTTLS: true, disabledCommands: ["AUTH", "STARTTLS"] });
  t.match(await outcome(channel({ ...to, port: withoutTls.port })), /^the server did not take it: E/);
  t.equal(await outcome(channel({ ...to, port: withoutTls.port, tls: "none" })), undefined);
  t.match(
    await outcome(channel({ ...to, host: "mail.invalid", tls: "none" })),
    /tls is none, and allowPlain is not set/,
  );
  const implicit = await smtpReceiver(t, { secure: true });
  t.equal(await outcome(channel({ ...to, ...login, ca, port: implicit.port, tls: "implicit" })), undefined);
});

await t.test("a mail server that says nothing is not waited for", async (t) => {
  const port = await silentServer(t);
  t.match(await outcome(channel({ ...mail, port, timeoutSeconds: 1 })), /^the server did not take it/);
  const stopped = new AbortController();
  const sending = outcome(channel({ ...mail, port, timeoutSeconds: 60 }), alert, stopped.signal);
  stopped.abort();
  t.match(await sending, /^the server did not take it/);
});

await t.test("no alert goes to a link-local or metadata address, by number or by name", async (t) => {
  const refusal =
    /it leads to (169\.254\.169\.254|fe80::1); link-local and metadata addresses are not connected to/;
  const rebound = new AddressGuard([], (_name, _options, done) =>
    done(null, [{ address: "169.254.169.254", family: 4 }]),
  );
  for (const host of ["169.254.169.254", "[fe80::1]"]) {
    for (const scheme of ["http", "https"]) {
      const url = `${scheme}://${host}/latest/meta-data`;
      const told = await outcome(channel({ ...hook, url, allowPlain: true }));
      t.match(told, refusal, url);
      t.notMatch(told, /meta-data/);
      t.match(await outcome(channel({ kind: "ping", url, allowPlain: true })), refusal);
    }
  }
  const named = { url: "https://hooks.example.org/secret-path" };
  t.match(await outcome(channel({ ...hook, ...named }, rebound)), refusal);
  t.match(await outcome(channel({ kind: "ping", ...named }, rebound)), refusal);
  t.match(await outcome(channel({ ...mail, host: "169.254.169.254" })), refusal);
  t.match(await outcome(channel({ ...mail, host: "mail.example.org" }, rebound)), refusal);

  const toLoopback = new AddressGuard([], (_name, _options, done) =>
    done(null, [{ address: "127.0.0.1", family: 4 }]),
  );
  const receiver = await httpReceiver(t);
  const url = receiver.url.replace("127.0.0.1", "hooks.example.org");
  t.equal(await outcome(channel({ ...hook, url, allowPlain: true }, toLoopback)), undefined);
  t.equal(receiver.requests.length, 1);
});

await t.test("a channel takes what it was made for", (t) => {
  const isFor = (values: object, event: Partial<Alert>): boolean =>
    wants(config(values))({ kind: "failure", message: "", ...event } as never);
  const plain = { ...hook, url: "https://x" };
  t.ok(isFor(plain, {}));
  t.notOk(isFor(plain, { kind: "success" }));
  t.ok(isFor({ ...plain, events: ["success"] }, { kind: "success" }));
  const some = { ...plain, tenants: ["prod-*", "acme"], jobs: ["backup"] };
  t.ok(isFor(some, { tenant: "prod-1", job: "backup" }));
  t.ok(isFor(some, { tenant: "acme" }));
  t.notOk(isFor(some, { tenant: "demo", job: "backup" }));
  t.notOk(isFor(some, { tenant: "acme", job: "prune" }));
  t.notOk(isFor(some, {}), "what is the gateway's own is for those that take all tenants");
  t.end();
});

await t.test("names are used once, and a user has a password", (t) => {
  const host = { clock: { now: () => 0 }, resolveSecret: () => "", guard: new AddressGuard([]) };
  const one = config({ ...hook, url: "https://x" });
  t.throws(() => openChannels([one, one], host), {
    code: "REQUEST_INVALID",
    message: /notify\[1\].*'x' already/,
  });
  const half = config({ ...mail, user: { env: "USER" } });
  t.throws(() => openChannels([half], host), {
    code: "REQUEST_INVALID",
    message: /user and password go together/,
  });
  t.equal(problemOf(new Error("with a secret in it")), "it failed in an unexpected way");
  t.equal(channel({ ...mail, ...login, password: { env: "NOWHERE" } }).problem(), "The variable is not set");
  t.equal(channel({ kind: "ping", url: "https://x" }).problem(), undefined);
  t.end();
});
