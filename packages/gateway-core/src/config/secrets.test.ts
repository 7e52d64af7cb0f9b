import path from "node:path";
import t from "tap";
import { secretResolver } from "./secrets.js";

t.test("a secret is given as itself, by a variable or by a file", (t) => {
  const directory = t.testdir({ key: "from-file\n" });
  const resolve = secretResolver({ KEY: "from-env" }, directory);
  t.equal(resolve("itself"), "itself");
  t.equal(resolve({ env: "KEY" }), "from-env");
  t.equal(resolve({ file: "key" }), "from-file", "relative to the state directory, without the last newline");
  t.equal(resolve({ file: path.join(directory, "key") }), "from-file");
  t.end();
});

t.test("a reference that leads nowhere is named, with no secret in the message", (t) => {
  const directory = t.testdir({ empty: "\n", large: "s".repeat(70_000) });
  const resolve = secretResolver({ EMPTY: "" }, directory);
  t.throws(() => resolve({ env: "MISSING" }), { code: "CONFIG_INVALID", message: /MISSING is not set/ });
  t.throws(() => resolve({ env: "EMPTY" }), { code: "CONFIG_INVALID", message: /EMPTY is not set/ });
  t.throws(() => resolve({ file: "missing" }), { code: "CONFIG_INVALID", message: /missing cannot be read/ });
  t.throws(() => resolve({ file: "empty" }), { code: "CONFIG_INVALID", message: /empty is empty/ });
  t.throws(() => resolve({ file: "large" }), { code: "CONFIG_INVALID", message: /larger than 65536 bytes$/ });
  t.end();
});
