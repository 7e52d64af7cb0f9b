import t from "tap";
import { adminToken } from "./admin-token.js";
import { secretResolver } from "./secrets.js";

function token(
  env: NodeJS.ProcessEnv,
  configured?: string | { env: string },
  dev = false,
): ReturnType<typeof adminToken> {
  return adminToken({ env, configured, dev, resolveSecret: secretResolver(env, "/nowhere") });
}

t.test("the environment goes before the config", (t) => {
  t.same(token({ OPENCLAW_GATEWAY_TOKEN: "e" }, "c"), { token: "e", made: false });
  t.same(token({ OPENCLAW_GATEWAY_TOKEN: "" }, "c"), { token: "c", made: false });
  t.same(token({ MINE: "m" }, { env: "MINE" }), { token: "m", made: false });
  t.end();
});

t.test("without a token the gateway does not start, and the message names the variable", (t) => {
  t.throws(() => token({}), { code: "TOKEN_MISSING", message: /OPENCLAW_GATEWAY_TOKEN is not set/ });
  t.throws(() => token({}, { env: "MINE" }), {
    code: "TOKEN_MISSING",
    message: /MINE is not set/,
    exitCode: 2,
  });
  t.end();
});

t.test("dev makes a token only when none is given", (t) => {
  t.same(token({ OPENCLAW_GATEWAY_TOKEN: "e" }, undefined, true), { token: "e", made: false });
  t.same(token({}, "c", true), { token: "c", made: false });
  const made = token({}, { env: "MINE" }, true);
  t.match(made, { token: /^[0-9a-f]{48}$/, made: true });
  t.not(made.token, token({}, undefined, true).token);
  t.end();
});
