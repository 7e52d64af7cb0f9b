import t from "tap";
import { createLogger } from "./logger.js";

t.test("secrets are redacted wherever a logged object holds them", (t) => {
  const lines: string[] = [];
  const log = createLogger("info", { write: (line: string) => void lines.push(line) });
  log.info(
    {
      token: "S3CRET",
      s3: { accessKey: "S3CRET", secretKey: "S3CRET", region: "eu" },
      req: { headers: { authorization: "Bearer S3CRET" } },
    },
    "message",
  );
  t.equal(lines.length, 1);
  t.notMatch(lines[0], "S3CRET");
  t.match(JSON.parse(lines[0] ?? ""), { s3: { secretKey: "[redacted]", region: "eu" }, msg: "message" });
  log.debug({}, "below the level");
  t.equal(lines.length, 1);
  t.end();
});

t.test("an error is logged with its causes and its place, and without its other fields", (t) => {
  const lines: string[] = [];
  const log = createLogger("trace", { write: (line: string) => void lines.push(line) });
  const request = { headers: { cookie: "S3CRET" } };
  const cause = Object.assign(new Error("inner"), { code: "ECONNRESET", request });
  log.error({ err: Object.assign(new TypeError("outer", { cause }), { request }) }, "failed");
  log.error({ err: request }, "not even an error");
  t.match(JSON.parse(lines[0] ?? ""), {
    err: {
      type: "TypeError",
      message: "outer",
      stack: /at /,
      cause: { message: "inner", code: "ECONNRESET" },
    },
  });
  t.match(JSON.parse(lines[1] ?? ""), { err: { type: "object" } });
  t.notMatch(lines.join(""), "S3CRET");
  t.end();
});
