import { chmod, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { connect } from "node:tls";
import t, { type Test } from "tap";
import type { GatewayOptions } from "../gateway.js";
import { CERTIFICATE_ONE, CERTIFICATE_TWO } from "../test-support/certificates.js";
import { CronTime } from "../test-support/cron.js";
import { ADMIN, temporaryDirectory, testGateway } from "../test-support/gateway.js";

/** A gateway with the first certificate, that listens, and a clock that stands still. */
async function tlsGateway(t: Test, tls: object = {}, options: Partial<GatewayOptions> = {}) {
  const stateDir = await temporaryDirectory(t);
  const cert = path.join(stateDir, "tls.crt");
  const key = path.join(stateDir, "tls.key");
  await writeFile(cert, CERTIFICATE_ONE.cert);
  await writeFile(key, CERTIFICATE_ONE.key);
  const config = { gateway: { tls: { cert: "tls.crt", key, ...tls } } };
  await writeFile(path.join(stateDir, "openclaw.json"), JSON.stringify(config));
  const time = new CronTime("2026-06-03T00:00:00Z");
  const gateway = await testGateway(t, { stateDir, clock: time.clock, ticker: time.ticker, ...options });
  const { url } = await gateway.listen();
  const { port } = gateway.app.server.address() as AddressInfo;
  const findings = async () =>
    (await gateway.app.inject({ url: "/api/admin/doctor", headers: ADMIN }))
      .json<{ findings: { check: string; severity: string; message: string }[] }>()
      .findings.filter(({ check }) => check === "network");
  return { gateway, url, port, cert, key, time, findings };
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Calls `/healthz` over TLS with one trusted certificate. */
function get(port: number, ca: string, host = "127.0.0.1", headers = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(
      { host, port, servername: "localhost", path: "/healthz", ca, agent: false, headers },
      (answer) => {
        answer.resume();
        resolve({ status: answer.statusCode, headers: answer.headers });
      },
    )
      .on("error", reject)
      .end();
  });
}

t.test("a gateway with a certificate speaks TLS and nothing else", async (t) => {
  const { url, port, findings } = await tlsGateway(t);
  t.equal(url, `https://127.0.0.1:${port}`);
  const { status, headers } = await get(port, CERTIFICATE_ONE.cert, "127.0.0.1", { host: "gw.example.org" });
  t.equal(status, 200);
  t.equal(headers["strict-transport-security"], "max-age=31536000");
  const local = await get(port, CERTIFICATE_ONE.cert, "127.0.0.1", { host: `localhost:${port}` });
  t.equal(local.headers["strict-transport-security"], undefined, "other servers of localhost speak HTTP");
  await t.rejects(fetch(`http://127.0.0.1:${port}/healthz`));
  await t.rejects(get(port, CERTIFICATE_TWO.cert), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  t.match(await findings(), [
    { severity: "ok" },
    { severity: "ok", message: /^The TLS certificate is valid until 2126-/ },
  ]);
});

t.test("versions of TLS below the configured one are refused", async (t) => {
  const { port } = await tlsGateway(t, { minVersion: "TLSv1.3" });
  const version = (maxVersion: "TLSv1.2" | "TLSv1.3") =>
    new Promise<string | null>((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", ca: CERTIFICATE_ONE.cert, maxVersion }, () => {
        resolve(socket.getProtocol());
        socket.destroy();
      }).on("error", reject);
    });
  t.equal(await version("TLSv1.3"), "TLSv1.3");
  await t.rejects(version("TLSv1.2"), { code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
});

t.test("a renewed certificate is served at the next beat; one that cannot be used never is", async (t) => {
  const lines: string[] = [];
  const { port, cert, key, time, findings } = await tlsGateway(
    t,
    {},
    { logLevel: "info", logDestination: { write: (line) => void lines.push(line) } },
  );
  const beat = () => time.to("2026-06-03T00:00:01Z");
  await beat();
  t.equal((await get(port, CERTIFICATE_ONE.cert)).status, 200, "nothing has changed");

  await writeFile(cert, CERTIFICATE_TWO.cert);
  await beat();
  t.equal((await get(port, CERTIFICATE_ONE.cert)).status, 200, "the new one has no key yet");
  t.match(await findings(), [
    { severity: "ok" },
    { severity: "critical", message: /tls\.key is not that of the certificate in .*tls\.crt$/ },
    { severity: "ok" },
  ]);
  await writeFile(key, CERTIFICATE_TWO.key);
  await beat();
  t.equal((await get(port, CERTIFICATE_TWO.cert)).status, 200);
  t.equal((await get(port, CERTIFICATE_TWO.cert, "localhost")).status, 200, "by name, too");
  await t.rejects(get(port, CERTIFICATE_ONE.cert));
  t.equal((await findings()).length, 2);

  await rm(cert);
  await beat();
  await beat();
  t.equal((await get(port, CERTIFICATE_TWO.cert)).status, 200, "a file that is gone");
  t.match(await findings(), [{}, { message: /tls\.crt cannot be read: it does not exist$/ }, {}]);
  t.equal(lines.filter((line) => line.includes("cannot be used")).length, 2, "each reason once");
  t.notMatch(lines.join(""), /PRIVATE KEY/);
});

t.test("the end of a certificate is foretold", async (t) => {
  const { time, findings } = await tlsGateway(t);
  for (const [now, severity, message] of [
    ["2126-10-01T00:00:00Z", "ok", /is valid until/],
    ["2126-10-25T00:00:00Z", "warning", /expires at 2126-10-30/],
    ["2126-10-31T00:00:00Z", "critical", /has expired at/],
  ] as const) {
    await time.to(now);
    t.match((await findings())[1], { severity, message }, now);
  }
});

t.test("a certificate or key that cannot be used stops the start and is named", async (t) => {
  const stateDir = await temporaryDirectory(t);
  const file = (name: string) => path.join(stateDir, name);
  await writeFile(file("one.crt"), CERTIFICATE_ONE.cert);
  await writeFile(file("one.key"), CERTIFICATE_ONE.key);
  await writeFile(file("two.key"), CERTIFICATE_TWO.key);
  await writeFile(file("text"), "no PEM");
  await writeFile(file("large"), Buffer.alloc(1024 * 1024 + 1));
  await writeFile(file("closed"), "");
  await chmod(file("closed"), 0);
  for (const [tls, message] of [
    [
      { cert: "none.crt", key: "one.key" },
      /^gateway\.tls\.cert: .*none\.crt cannot be read: it does not exist$/,
    ],
    [
      { cert: "one.crt", key: "none.key" },
      /^gateway\.tls\.key: .*none\.key cannot be read: it does not exist$/,
    ],
    [{ cert: "one.crt", key: stateDir }, /cannot be read: it is not a regular file$/],
    [{ cert: "/dev/zero", key: "one.key" }, /cannot be read: it is not a regular file$/],
    [{ cert: "large", key: "one.key" }, /cannot be read: it is larger than/],
    [{ cert: "text", key: "one.key" }, /text is not a certificate in PEM form$/],
    [{ cert: "one.crt", key: "text" }, /text is not a private key in PEM form/],
    [
      { cert: "one.crt", key: "two.key" },
      /^gateway\.tls: the key in .*two\.key is not that of the certificate/,
    ],
  ] as const) {
    await writeFile(file("openclaw.json"), JSON.stringify({ gateway: { tls } }));
    await t.rejects(testGateway(t, { stateDir }), { code: "CONFIG_INVALID", message }, String(message));
  }
});
