import { join } from "node:path";
import t from "tap";
import { CommandError } from "./errors.js";
import { resolveSecret } from "./secrets.js";

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
