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
