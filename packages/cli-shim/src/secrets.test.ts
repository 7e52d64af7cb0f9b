import { join } from "node:path";
import t from "tap";
import { CommandError } from "./errors.js";
import { resolveSecret, secretToSend } from "./secrets.js";

function failure(value: string, env: Record<string, string> = {}): CommandError {
  try {
    resolveSecret("--secret-key", value, env);
  } catch (error) {
    if (error instanceof CommandError) return error;
  }
  throw new Error("resolveSecret should have thrown a CommandError");
}

t.test("a secret is the value itself, a variable's, or a file's without its line end", (t) => {
  const directory = t.testdir({ secret: "s3cr3t\n", spaced: " inner space \r\n" });
  t.equal(resolveSecret("--secret-key", "plain", {}), "plain");
  t.equal(resolveSecret("--secret-key", "env:S3_SK", { S3_SK: "s3cr3t" }), "s3cr3t");
  t.equal(resolveSecret("--secret-key", `file:${join(directory, "secret")}`, {}), "s3cr3t");
  t.equal(resolveSecret("--secret-key", `file:${join(directory, "spaced")}`, {}), " inner space ");
  t.end();
});

t.test("a variable that is not set and a file that is not there are named", (t) => {
  const directory = t.testdir({ empty: "\n", huge: "x".repeat(70_000) });
  t.match(failure("env:S3_SK").problem, {
    code: "SECRET_UNREADABLE",
    exitCode: 2,
    detail: /S3_SK is not set/,
  });
  t.match(failure("env:S3_SK", { S3_SK: "" }).problem.detail, /S3_SK is not set/);
  t.match(failure(`file:${join(directory, "none")}`).problem, {
    code: "SECRET_UNREADABLE",
    detail: /none: ENOENT/,
  });
  t.match(failure(`file:${join(directory, "empty")}`).problem.detail, /is empty/);
  t.match(failure(`file:${join(directory, "huge")}`).problem.detail, /too large/);
  t.end();
});

t.test("the next flag is not taken for a secret, and is not shown as one", (t) => {
  const { problem } = failure("--sneaky");
  t.match(problem, { code: "USAGE", exitCode: 2, detail: "--secret-key has no value" });
  t.equal(failure("").problem.code, "USAGE");
  t.end();
});

t.test("a secret is sent over TLS or to this machine only, and not even read otherwise", (t) => {
  const send = (url: string | undefined): string =>
    secretToSend("--secret-key", "marked-secret", { OPENCLAW_GATEWAY_URL: url });
  for (const url of [
    undefined,
    "http://127.0.0.1:18789",
    "http://127.9.9.9",
    "http://2130706433",
    "http://[::1]:18789",
    "http://LocalHost:18789/path",
    "http://gw.localhost",
    "https://gw.example.org",
  ]) {
    t.equal(send(url), "marked-secret", url ?? "by default");
  }
  for (const url of [
    "http://gw.example.org",
    "http://10.0.0.7:18789",
    "http://127.0.0.1.example.org",
    "http://localhost.example.org",
    "http://notlocalhost",
    "http://[::2]",
  ]) {
    t.match(
      refusal(() => send(url)),
      { code: "SECRET_EXPOSED", exitCode: 5, detail: /^--secret-key would be sent to http:/, hint: /https:/ },
      url,
    );
  }
  const unread = { OPENCLAW_GATEWAY_URL: "http://gw.example.org" };
  t.match(
    refusal(() => secretToSend("--secret-key", "file:/nowhere", unread)),
    { code: "SECRET_EXPOSED" },
  );
  t.end();
});

function refusal(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error instanceof CommandError ? error.problem : error;
  }
}
