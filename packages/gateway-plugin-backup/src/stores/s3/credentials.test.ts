import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import t, { type Test } from "tap";
import { AwsServices } from "../../test-support/aws-services.js";
import { rejectsWith } from "../conformance.js";
import { openStore } from "../open.js";
import type { S3Credentials } from "../settings.js";
import type { Store } from "../store.js";
import { credentialsFault, sourceOf } from "./credentials.js";

const HOUR_MS = 3_600_000;

/** A home directory, the services' environment and nothing else of AWS's, and a store that takes its credentials from them. */
async function bench(t: Test, env: Readonly<Record<string, string>> = {}) {
  const home = t.testdir({ ".aws": {} });
  const aws = await AwsServices.start(t);
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) unset(name);
  Object.assign(process.env, aws.environment, { HOME: home }, env);
  t.teardown(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) unset(name);
    Object.assign(process.env, before);
  });
  const open = (credentials?: S3Credentials): Store => {
    const opened = openStore({
      ...{ kind: "s3", bucket: "bucket", endpoint: aws.url, destination: "offsite" },
      ...(credentials === undefined ? {} : { credentials }),
    });
    t.teardown(() => opened.close());
    return opened;
  };
  return {
    aws,
    open,
    path: (name: string) => join(home, name),
    write: (name: string, text: string) => {
      mkdirSync(join(home, name, ".."), { recursive: true });
      writeFileSync(join(home, name), text);
    },
    /** Who signed the last request to the store. */
    signer: () => {
      const { accessKey, token } = aws.of("s3").at(-1) ?? {};
      return `${accessKey} ${token}`.trim();
    },
    give: (name: string, more: object = {}) => {
      aws.keys = { ...aws.keys, accessKey: `AK${name}`, sessionToken: `session-${name}`, ...more };
    },
  };
}

function unset(name: string): void {
  Reflect.deleteProperty(process.env, name);
}

/** From here on the clock shows so much more: the SDK compares it with what expires. */
function letPass(t: Test, ms: number): void {
  const { now } = Date;
  Date.now = () => now() + ms;
  t.teardown(() => (Date.now = now));
}

const ini = (sections: Readonly<Record<string, Readonly<Record<string, string>>>>): string =>
  Object.entries(sections)
    .map(([name, keys]) => [
      `[${name}]`,
      ...Object.entries(keys).map(([key, value]) => `${key} = ${value}`),
      "",
    ])
    .flat()
    .join("\n");

const keysOf = (name: string) => ({
  aws_access_key_id: `AK${name}`,
  aws_secret_access_key: `secret-${name}`,
});

/** Where the SDK looks for the token of an SSO start URL or session. */
const ssoCache = (id: string): string =>
  join(".aws", "sso", "cache", `${createHash("sha1").update(id).digest("hex")}.json`);

const ssoToken = (more: object = {}): string =>
  JSON.stringify({
    accessToken: "sso-token",
    expiresAt: new Date(Date.now() + 8 * HOUR_MS).toISOString(),
    ...more,
  });

const START_URL = "https://signin.example/start";
const ssoAccount = { sso_account_id: "123456789012", sso_role_name: "backup" };
const ssoConfig = ini({
  "profile signed-in": { ...ssoAccount, sso_start_url: START_URL, sso_region: "eu-central-1" },
  "profile session": { ...ssoAccount, sso_session: "company" },
  "sso-session company": { sso_start_url: START_URL, sso_region: "eu-central-1" },
});

t.test("a web identity: the token is changed for keys, and read again when they run out", async (t) => {
  const bed = await bench(t, { AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/backup" });
  bed.write("token", "token-1");
  process.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = bed.path("token");
  const store = bed.open();
  bed.give("one");
  await store.head("key");
  await store.head("key");
  t.equal(bed.signer(), "AKone session-one");
  t.match(bed.aws.of("sts"), [{ action: "AssumeRoleWithWebIdentity", token: "token-1" }]);
  t.equal(bed.aws.of("sts").length, 1, "keys that are good are kept");

  bed.write("token", "token-2");
  bed.give("two", { expiration: new Date(Date.now() + 3 * HOUR_MS) });
  letPass(t, 2 * HOUR_MS);
  await store.head("key");
  t.equal(bed.signer(), "AKtwo session-two", "the same store goes on with new keys");
  t.equal(bed.aws.of("sts").at(-1)?.token, "token-2");
});

t.test("a web identity that does not work says why", async (t) => {
  const bed = await bench(t, { AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/backup" });
  process.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = bed.path("token");
  const gone = await rejectsWith(t, bed.open().head("key"), "CREDENTIALS_MISSING");
  t.match(gone.message, `the token file ${bed.path("token")} of the web identity`);
  t.match(gone.message, /\(destination offsite\)/);

  bed.write("token", "a-token");
  const hints: Readonly<Record<string, RegExp>> = {
    ExpiredTokenException: /has expired or is not trusted/,
    InvalidIdentityToken: /has expired or is not trusted/,
    AccessDenied: /trust policy/,
  };
  for (const [name, hint] of Object.entries(hints)) {
    bed.aws.refusal = { status: name === "AccessDenied" ? 403 : 400, name };
    const error = await rejectsWith(t, bed.open().head("key"), "CREDENTIALS_MISSING");
    t.match(
      error.message,
      `AWS STS gave the web identity (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN) no credentials`,
    );
    t.match(error.hint, hint, name);
    t.notMatch(inspect(error, { depth: null, showHidden: true }), /a-token/);
  }
  t.strictSame(bed.aws.of("s3"), [], "nothing was sent unsigned");
});

t.test("a profile with keys: who replaces them is heard by the next job", async (t) => {
  const bed = await bench(t);
  bed.write(".aws/credentials", ini({ production: keysOf("old") }));
  await bed.open({ profile: "production" }).head("key");
  t.equal(bed.signer(), "AKold");
  bed.write(".aws/credentials", ini({ production: keysOf("new"), default: keysOf("usual") }));
  await bed.open({ profile: "production" }).head("key");
  t.equal(bed.signer(), "AKnew");
  await bed.open().head("key");
  t.equal(bed.signer(), "AKusual", "without a profile: the default one");
  bed.write(".aws/credentials", ini({ default: keysOf("changed"), named: keysOf("named") }));
  await bed.open().head("key");
  t.equal(bed.signer(), "AKchanged");
  process.env["AWS_PROFILE"] = "named";
  await bed.open().head("key");
  t.equal(bed.signer(), "AKnamed");
});

t.test("a profile that takes on a role with another's keys", async (t) => {
  const bed = await bench(t);
  bed.write(".aws/credentials", ini({ base: keysOf("base") }));
  bed.write(
    ".aws/config",
    ini({
      "profile role": { role_arn: "arn:aws:iam::123456789012:role/backup", source_profile: "base" },
    }),
  );
  bed.give("role");
  const store = bed.open({ profile: "role" });
  await store.head("key");
  t.equal(bed.signer(), "AKrole session-role");
  t.match(bed.aws.of("sts"), [{ action: "AssumeRole", accessKey: "AKbase" }]);

  bed.give("later", { expiration: new Date(Date.now() + 3 * HOUR_MS) });
  letPass(t, 2 * HOUR_MS);
  await store.head("key");
  t.equal(bed.signer(), "AKlater session-later");
});

t.test("a profile with a credential_process", async (t) => {
  const bed = await bench(t);
  const answer = {
    Version: 1,
    AccessKeyId: "AKprocess",
    SecretAccessKey: "s",
    SessionToken: "session-process",
  };
  bed.write("answer.json", JSON.stringify(answer));
  const failing = `sh -c 'echo said-by-the-program >&2; exit 3' --password in-the-command`;
  bed.write(
    ".aws/config",
    ini({
      "profile works": { credential_process: `cat ${bed.path("answer.json")}` },
      "profile fails": { credential_process: failing },
      "profile odd": { credential_process: "echo nonsense" },
    }),
  );
  await bed.open({ profile: "works" }).head("key");
  t.equal(bed.signer(), "AKprocess session-process");
  for (const profile of ["fails", "odd"]) {
    const error = await rejectsWith(t, bed.open({ profile }).head("key"), "CREDENTIALS_MISSING");
    t.match(error.message, `the credential_process of the profile ${profile} failed`);
    t.notMatch(
      inspect(error, { depth: null, showHidden: true }),
      /said-by-the-program|in-the-command|nonsense/,
    );
  }
});

for (const profile of ["signed-in", "session"]) {
  t.test(`a profile of SSO (${profile})`, async (t) => {
    const bed = await bench(t);
    const cache = ssoCache(profile === "session" ? "company" : START_URL);
    bed.write(".aws/config", ssoConfig);
    const signIn = {
      message: `the SSO session of the profile ${profile} has expired, or there is none`,
      hint: `aws sso login --profile ${profile}`,
    };
    const none = await rejectsWith(t, bed.open({ profile }).head("key"), "CREDENTIALS_MISSING");
    t.match(none, signIn, "never signed in");

    bed.write(cache, ssoToken());
    bed.give("sso");
    const store = bed.open({ profile });
    await store.head("key");
    t.equal(bed.signer(), "AKsso session-sso");
    t.match(bed.aws.of("sso"), [{ action: /account_id=123456789012/, token: "sso-token" }]);

    bed.aws.refusal = { status: 401, name: "UnauthorizedException" };
    const refused = await rejectsWith(t, bed.open({ profile }).head("key"), "CREDENTIALS_MISSING");
    t.match(refused, signIn, "signed out elsewhere");
    bed.aws.refusal = { status: 403, name: "ForbiddenException" };
    const forbidden = await rejectsWith(t, bed.open({ profile }).head("key"), "CREDENTIALS_MISSING");
    t.match(forbidden, {
      message: `the SSO session of the profile ${profile} has no right`,
      hint: /sso_role_name/,
    });
    bed.aws.refusal = undefined;

    bed.write(cache, ssoToken({ expiresAt: new Date(Date.now() - HOUR_MS).toISOString() }));
    const expired = await rejectsWith(t, bed.open({ profile }).head("key"), "CREDENTIALS_MISSING");
    t.match(expired, signIn, "expired");
    t.notMatch(inspect(expired, { depth: null, showHidden: true }), /sso-token/);

    bed.write(cache, ssoToken({ expiresAt: new Date(Date.now() + 24 * HOUR_MS).toISOString() }));
    bed.give("renewed", { expiration: new Date(Date.now() + 3 * HOUR_MS) });
    letPass(t, 2 * HOUR_MS);
    await store.head("key");
    t.equal(bed.signer(), "AKrenewed session-renewed", "signing in again helps the job that runs");
  });
}

t.test("an SSO session that can be renewed is, without anybody", async (t) => {
  const bed = await bench(t);
  bed.write(".aws/config", ssoConfig);
  bed.write(
    ssoCache("company"),
    ssoToken({
      expiresAt: new Date(Date.now() - HOUR_MS).toISOString(),
      ...{ clientId: "client", clientSecret: "client-secret", refreshToken: "refresh-token" },
    }),
  );
  await bed.open({ profile: "session" }).head("key");
  t.equal(bed.signer(), "AKIDOUBLE session-of-the-double");
  t.match(bed.aws.of("oidc"), [{ token: "refresh-token" }]);
  t.match(bed.aws.of("sso"), [{ token: "renewed-sso-token" }]);
  t.match(JSON.parse(readFileSync(bed.path(ssoCache("company")), "utf8")), {
    accessToken: "renewed-sso-token",
  });
});

t.test("a container's credentials service, with its token read anew", async (t) => {
  const bed = await bench(t);
  bed.write("token", "container-1");
  process.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = bed.aws.containerUrl;
  process.env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = bed.path("token");
  bed.give("task");
  const store = bed.open();
  await store.head("key");
  t.equal(bed.signer(), "AKtask session-task");
  t.match(bed.aws.of("container"), [{ token: "container-1" }]);

  bed.write("token", "container-2");
  bed.give("next", { expiration: new Date(Date.now() + 3 * HOUR_MS) });
  letPass(t, 2 * HOUR_MS);
  await store.head("key");
  t.equal(bed.signer(), "AKnext session-next");
  t.equal(bed.aws.of("container").at(-1)?.token, "container-2");
});

t.test("keys that are given: with a session token, and from the environment", async (t) => {
  const bed = await bench(t);
  await bed.open({ accessKeyId: "AKgiven", secretAccessKey: "s", sessionToken: "session-given" }).head("key");
  t.equal(bed.signer(), "AKgiven session-given");
  const none = await rejectsWith(t, bed.open().head("key"), "CREDENTIALS_MISSING");
  t.match(none.message, /no credentials were found/);
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: "AKenv",
    AWS_SECRET_ACCESS_KEY: "s",
    AWS_SESSION_TOKEN: "session-env",
  });
  await bed.open().head("key");
  t.equal(bed.signer(), "AKenv session-env");
});

t.test("what is asked for credentials, from what the environment says", (t) => {
  t.match(sourceOf("a", { AWS_PROFILE: "b" }), {
    subject: "the profile a",
    profile: "a",
    isConfigured: true,
  });
  t.match(sourceOf(undefined, { AWS_PROFILE: "b" }), {
    subject: "the profile b (AWS_PROFILE)",
    profile: "b",
  });
  t.match(sourceOf(undefined, { AWS_PROFILE: "", AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/x" }), {
    subject: /container/,
    isConfigured: true,
  });
  t.match(sourceOf(undefined, {}), { subject: "the AWS chain", profile: "default", isConfigured: false });
  t.end();
});

t.test("each failure of a provider, and what it means", (t) => {
  const profile = sourceOf("production", {});
  const container = sourceOf(undefined, { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://localhost/x" });
  const provider = (message: string) =>
    Object.assign(new Error(message), { name: "CredentialsProviderError" });
  t.match(credentialsFault(provider("Could not resolve"), profile), {
    ...{ code: "CREDENTIALS_MISSING", repeat: "never", uncertain: false },
    reason: "the profile production gives no credentials",
    hint: /~\/\.aws\/config/,
  });
  t.match(credentialsFault(provider("status 404"), container), { reason: /service .* gives no credentials/ });
  t.notOk(credentialsFault(provider("status 404"), container).hint);
  const answered = (name: string, httpStatusCode: number) => ({ name, $metadata: { httpStatusCode } });
  for (const busy of [answered("InternalFailure", 500), answered("x", 429), answered("Throttling", 400)])
    t.match(credentialsFault(busy, profile), {
      code: "STORE_UNREACHABLE",
      repeat: "again",
      uncertain: false,
    });
  t.match(credentialsFault({ name: "Error", code: "ECONNREFUSED" }, profile), {
    ...{ code: "STORE_UNREACHABLE", repeat: "again", uncertain: false },
    reason:
      "the service that gives the profile production its credentials cannot be reached: the connection was refused",
  });
  t.match(credentialsFault(new RangeError("a secret"), profile), {
    code: "CREDENTIALS_MISSING",
    reason: "asking the profile production for credentials failed with RangeError",
  });
  t.match(credentialsFault("a secret", profile), { reason: /failed with Unknown$/ });
  t.end();
});
