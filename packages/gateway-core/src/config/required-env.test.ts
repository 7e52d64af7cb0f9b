import t from "tap";
import { createGateway } from "../gateway.js";
import { ADMIN_TOKEN, temporaryDirectory, testGateway } from "../test-support/gateway.js";

const start = async (stateDir: string, env: Record<string, string>) =>
  createGateway({
    ...{ stateDir, plugins: [], logLevel: "silent" },
    env: { OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN, ...env },
  });

t.test("a gateway does not start without what its environment has to hold", async (t) => {
  const stateDir = await temporaryDirectory(t);
  const required = { OPENCLAW_REQUIRED_ENV: " S3_BUCKET  S3_ACCESS_KEY_ID OPENCLAW_GATEWAY_TOKEN " };
  await t.rejects(start(stateDir, { ...required, S3_BUCKET: "" }), {
    code: "ENVIRONMENT_INCOMPLETE",
    exitCode: 2,
    message: "S3_BUCKET, S3_ACCESS_KEY_ID are not set, and OPENCLAW_REQUIRED_ENV names them",
    hint: /existingSecretName/,
  });
  await t.rejects(start(stateDir, { ...required, S3_BUCKET: "b" }), {
    message: "S3_ACCESS_KEY_ID is not set, and OPENCLAW_REQUIRED_ENV names it",
  });
  const complete = {
    ...required,
    S3_BUCKET: "b",
    S3_ACCESS_KEY_ID: "k",
    OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN,
  };
  t.ok(await testGateway(t, { stateDir, env: complete }), "nothing was left locked");
});

t.test("an empty list asks for nothing", async (t) => {
  t.ok(await testGateway(t, { env: { OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN, OPENCLAW_REQUIRED_ENV: " " } }));
});
