import { readFileSync } from "node:fs";
import t from "tap";
import { keyPair } from "../archive/testing/key-pair.js";
import { testGateway } from "../test-support/gateway.js";

const BACKUPS = "/api/admin/tenants/acme/backups";

t.test("archives are encrypted, opened and encrypted anew by route", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme", { "workspace/b.md": "of acme" });
  const [key, next] = [await keyPair(), await keyPair()];
  const { result, request } = await host.job(BACKUPS, { recipients: [key.recipient] });
  t.match(request, { recipients: [key.recipient] });
  const location = String(result?.["location"]);
  t.match(readFileSync(location, "latin1"), /^age-encryption\.org\/v1\n-> X25519 /);
  const decrypt = { identity: key.identity };

  t.match((await host.call("GET", BACKUPS)).body, { archives: [{ location, encryption: "age" }] });
  t.match(await host.call("POST", "/api/admin/archives/show", { archive: location }), {
    status: 422,
    body: { code: "ARCHIVE_ENCRYPTED", exitCode: 7, hint: /--identity/ },
  });
  t.match(await host.call("POST", "/api/admin/archives/show", { archive: location, decrypt }), {
    status: 200,
    body: { tenant: "acme", catalogue: { encryption: "age" } },
  });
  t.match(
    await host.call("POST", "/api/admin/restores", { from: location, decrypt: { identity: next.identity } }),
    {
      status: 422,
      body: { code: "AGE_KEY_WRONG", exitCode: 7 },
    },
  );
  t.match(await host.job("/api/admin/restores", { from: location, as: "copy", decrypt }), {
    state: "succeeded",
  });
  const rekeyed = await host.job("/api/admin/backups/rekey", {
    archive: location,
    recipients: [next.recipient],
    decrypt,
  });
  t.match(rekeyed, { type: "rekey", state: "succeeded" });
  t.match(await host.call("POST", "/api/admin/archives/show", { archive: location, decrypt }), {
    body: { code: "AGE_KEY_WRONG" },
  });
  for (const body of [
    { from: location, decrypt: {} },
    { from: location, decrypt: { ...decrypt, passphrase: "x" } },
    { from: location, decrypt: { key: "x" } },
  ])
    t.match(await host.call("POST", "/api/admin/restores", body), { status: 400 });
  t.notMatch(JSON.stringify((await host.call("GET", "/api/admin/jobs")).body), "AGE-SECRET-KEY");
});

t.test("keys are not taken from elsewhere in clear text", async (t) => {
  const host = await testGateway(t);
  const { identity } = await keyPair();
  for (const [url, decrypt] of [
    ["/api/admin/restores", { identity }],
    ["/api/admin/archives/show", { passphrase: "p" }],
    ["/api/admin/backups/rekey", { identity }],
  ] as const) {
    const answer = await host.gateway.app.inject({
      method: "POST",
      url,
      headers: host.headers,
      remoteAddress: "203.0.113.9",
      payload: { from: "/x", archive: "/x", decrypt },
    });
    t.match(answer.json(), { code: /TLS_REQUIRED|REQUEST_INVALID|VALIDATION/ }, url);
  }
  const refused = await host.gateway.app.inject({
    method: "POST",
    url: "/api/admin/restores",
    headers: host.headers,
    remoteAddress: "203.0.113.9",
    payload: { from: "/x", decrypt: { identity } },
  });
  t.match(refused.json(), { code: "TLS_REQUIRED", exitCode: 5 });
});

t.test("a schedule may name recipients and a pipe, and no keys", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme");
  const { recipient } = await keyPair();
  const put = (name: string, cmd: string) =>
    host.call("POST", "/api/admin/tenants/acme/cron", { name, schedule: "0 3 * * *", cmd });
  const line = `openclaw tenants backup acme --recipient ${recipient} --recipient=${recipient}`;
  t.match(await put("nightly", line), {
    body: { job: "backup", parameters: { recipients: [recipient, recipient] } },
  });
  t.match(await put("piped", "openclaw tenants backup acme --pipe 'age -R /etc/r.txt'"), {
    body: { parameters: { pipe: "age -R /etc/r.txt" } },
  });
  t.match(await put("drill", "openclaw backups drill acme --identity key.txt"), {
    body: { code: "COMMAND_REFUSED" },
  });
});
