/** The image's tree: what is in it, and a gateway that runs from it as the image says, on a read-only root. */
import { lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { freePort } from "../support/processes.js";
import { Image, imageConfig, withoutNamespaces, type Container, type Mount } from "./image.js";

const TOKEN = "a-token-of-the-image-tests-0123456789";
const STATE = "/home/node/.openclaw";

await t.test(
  "the image runs the gateway as a user that is not root, from the command's own directory",
  (t) => {
    t.strictSame(imageConfig(), {
      user: "1000:1000",
      workingDirectory: "/app",
      environment: { NODE_ENV: "production", HOME: "/home/node", OPENCLAW_STATE_DIR: STATE },
      entrypoint: ["node", "dist/index.js"],
      command: ["gateway", "run", "--bind", "0.0.0.0"],
    });
    t.end();
  },
);

const skip = withoutNamespaces();
await t.test("the image's tree, without a container engine", { skip }, async (t) => {
  const image = await Image.layOut(t);
  const state = image.volume("state");
  const mounts: Mount[] = [
    { source: state, path: STATE },
    { source: image.scratch(), path: "/tmp" },
  ];
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { OPENCLAW_GATEWAY_TOKEN: TOKEN, OPENCLAW_GATEWAY_URL: url };
  const inside = (...command: string[]) => image.run({ command, env, mounts });

  await t.test("it holds what runs, and nothing of what builds and tests", (t) => {
    const files = (readdirSync(image.root, { recursive: true }) as string[]).map((name) => `/${name}`);
    t.ok(files.includes("/app/dist/index.js"));
    const own = /^\/app\/(dist|bin)\/|\/node_modules\/@openclaw\/[^/]+\/(?!node_modules\/)/;
    const odd = files.filter(
      (name) => own.test(name) && /\.(test\.js|ts|map)$|\/test-support\b|\/src\//.test(name),
    );
    t.strictSame(odd, []);
    for (const dev of ["typescript", "tap", "playwright-core", "vite"]) {
      t.notOk(
        files.some((name) => name.endsWith(`/node_modules/${dev}/package.json`)),
        dev,
      );
    }
    const open = files.filter((name) => {
      const stat = lstatSync(join(image.root, name));
      return !stat.isSymbolicLink() && !name.startsWith("/tmp") && (stat.mode & 0o022) !== 0;
    });
    t.strictSame(open, [], "nothing that others could write");
    t.end();
  });

  const start = async (t: Test): Promise<Container> => {
    const gateway = image.start({
      args: [...image.config.command, "--port", String(port)],
      ...{ env, mounts },
    });
    t.teardown(() => gateway.stop());
    for (let tries = 0; tries < 600 && gateway.child.exitCode === null; tries++) {
      if ((await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true) return gateway;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the gateway does not answer: ${gateway.output}`);
  };

  await t.test(
    "the gateway runs there: user 1000, a root that nobody can write, a volume as clusters have it",
    async (t) => {
      const gateway = await start(t);
      const status = readFileSync(`/proc/${gateway.child.pid ?? 0}/status`, "utf8");
      t.match(status, /^Uid:\t1000\t1000\t1000\t1000$/m);
      t.match(status, /^Gid:\t1000\t1000\t1000\t1000$/m);
      t.match(status, /^CapEff:\t0+$/m);
      const touched = await inside(
        "sh",
        "-c",
        "for d in / /app /usr/bin /home/node; do (: >$d/x); done; true",
      );
      t.equal(touched.output.match(/Read-only file system/g)?.length, 4, touched.output);

      const created = await inside("node", "dist/index.js", "tenants", "create", "acme", "--json");
      t.equal(created.code, 0, created.output);
      const backup = await inside("node", "dist/index.js", "tenants", "backup", "acme");
      t.equal(backup.code, 0, backup.output);
      const { mode, uid } = lstatSync(join(state, "openclaw.json"));
      t.strictSame({ mode: mode & 0o777, uid }, { mode: 0o600, uid: 1000 });
    },
  );

  await t.test("the lines of the runbooks work in it", async (t) => {
    const gateway = await start(t);
    const doctor = await inside("node", "dist/index.js", "doctor");
    t.equal(doctor.code, 0, doctor.output);
    const tar = await inside("sh", "-c", `tar czf - ${STATE} | tar tzf -`);
    t.equal(tar.code, 0, tar.output);
    t.match(tar.output, "home/node/.openclaw/tenants/acme/tenant.json");
    writeFileSync(join(state, "openclaw.json"), "no config any more");
    t.not((await gateway.stop()).code, 128);
    const failed = await image.run({ args: [...image.config.command, "--port", String(port)], env, mounts });
    t.equal(failed.code, 2, failed.output);
    t.match(failed.output, /openclaw\.json is not JSON5/);
    t.equal((await inside("rm", `${STATE}/openclaw.json`)).code, 0);
    await start(t);
    t.match((await inside("node", "dist/index.js", "tenants", "list", "--names")).output, "acme");
  });
});
