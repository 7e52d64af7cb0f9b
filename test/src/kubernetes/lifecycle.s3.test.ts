/**
 * A release's life: what the chart renders is run, command by command, with its environment and its mounts, against a real
 * gateway and a real store, as user 1000 in the image's tree.
 */
import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { freePort } from "../support/processes.js";
import { Cluster } from "./cluster.js";
import { Helm, type Manifest, type Values } from "./helm.js";
import { Image, withoutNamespaces, type Container } from "./image.js";

const TOKEN = "admin-token-of-the-release-0123456789";

/** The way to the store, which can be cut and mended. */
class Line {
  readonly #sockets = new Set<Socket>();
  readonly #server;
  readonly #port: number;
  #isCut = false;

  static async to(t: Test, endpoint: string): Promise<Line> {
    const { hostname, port } = new URL(endpoint);
    const line = new Line(hostname, Number(port), await freePort());
    line.#server.listen(line.#port, "127.0.0.1");
    await once(line.#server, "listening");
    t.teardown(() => {
      line.cut();
      line.#server.close();
    });
    return line;
  }

  private constructor(host: string, port: number, own: number) {
    this.#port = own;
    this.#server = createServer((socket) => {
      if (this.#isCut) return void socket.destroy();
      const upstream = connect(port, host);
      for (const one of [socket, upstream]) {
        this.#sockets.add(one);
        one.on("close", () => this.#sockets.delete(one)).on("error", () => undefined);
      }
      socket.pipe(upstream).pipe(socket);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }
}

const skip = withoutNamespaces();
const s3 = await s3ForTests(t);
const helm = await Helm.forTests(t);
if (s3 !== undefined && helm !== undefined) {
  await t.test("from the first backup to another cluster", { skip }, async (t) => {
    const image = await Image.layOut(t);
    image.addHost("openclaw");
    const bucket = await s3.newBucket();
    const line = await Line.to(t, s3.endpoint);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const values = (more: Values = {}): Values => ({
      secret: { data: { OPENCLAW_GATEWAY_TOKEN: TOKEN, ...s3.environment(bucket, line.url) } },
      ...{ gateway: { port }, service: { port }, persistence: { splitVolumes: true } },
      backup: { enabled: true, retention: { keepLast: 2 } },
      ...more,
    });
    const manifests = await helm.render({ values: values() });
    const cluster = new Cluster(image);

    const started = async (on: Cluster, rendered: readonly Manifest[]): Promise<Container> => {
      const gateway = await on.start(rendered, "StatefulSet", "openclaw");
      t.teardown(() => gateway.stop());
      for (let tries = 0; tries < 1200 && gateway.child.exitCode === null; tries++) {
        if ((await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true) return gateway;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`the gateway does not answer: ${gateway.output}`);
    };
    const call = async (method: string, path: string, token: string, body?: string): Promise<Response> =>
      fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body }),
      });
    const keys = async (): Promise<string[]> => (await s3.objects(bucket)).map(({ key }) => key).sort();

    let gateway = await started(cluster, manifests);
    const created = await call("POST", "/api/admin/tenants", TOKEN, JSON.stringify({ id: "acme" }));
    const { token } = (await created.json()) as { token: string };
    const whoami = async (): Promise<unknown> => (await call("GET", "/api/tenant/whoami", token)).json();
    writeFileSync(join(cluster.volume("workspace-openclaw-0"), "notes.md"), "of the workspace", {
      mode: 0o644,
    });

    await t.test("the CronJob's run makes a whole backup below <namespace>/<release>", async (t) => {
      const { code, output } = await cluster.run(manifests, "CronJob", "openclaw-backup");
      t.equal(code, 0, output);
      const made = (await keys()).map((key) => key.replace(/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ/, "TIME"));
      t.strictSame(made, [
        "gateways/openclaw/TIME/backup.json",
        "gateways/openclaw/TIME/state.tar.zst",
        "gateways/openclaw/TIME/workspace.tar.zst",
      ]);
      t.notMatch(output, TOKEN);
    });

    await t.test("a run while the store is away fails, and so does the uninstall", async (t) => {
      line.cut();
      const scheduled = await cluster.run(manifests, "CronJob", "openclaw-backup");
      t.not(scheduled.code, 0);
      const final = await cluster.run(manifests, "Job", "openclaw-final-backup");
      t.not(final.code, 0, final.output);
      t.match(final.output, /the uninstall stops here[^]*--no-hooks/);
      line.mend();
      t.notOk((await keys()).some((key) => key.includes("/pre-delete/backup.json")));
    });

    await t.test("an uninstall takes its final backup through the gateway", async (t) => {
      const { code, output } = await cluster.run(manifests, "Job", "openclaw-final-backup");
      t.equal(code, 0, output);
      t.ok((await keys()).includes("gateways/openclaw/pre-delete/backup.json"));
      t.notMatch(output, /from its volume/);
    });

    await t.test("where the gateway is down, from its volumes", async (t) => {
      await gateway.stop();
      const before = (await keys()).filter((key) => key.includes("/pre-delete/"));
      const { code, output } = await cluster.run(manifests, "Job", "openclaw-final-backup");
      t.equal(code, 0, output);
      t.match(output, /from its volume/);
      const after = (await keys()).filter((key) => key.includes("/pre-delete/"));
      t.equal(after.length, before.length, "the one before is gone, but not its mark");
      t.notSame(after, before);
    });

    await t.test(
      "and not at all where the store is away as well, or the volumes are not to be had",
      async (t) => {
        line.cut();
        t.not((await cluster.run(manifests, "Job", "openclaw-final-backup")).code, 0);
        line.mend();
        const onePod = await helm.render({
          values: values({ persistence: { splitVolumes: true, accessModes: ["ReadWriteOncePod"] } }),
        });
        const { code, output } = await cluster.run(onePod, "Job", "openclaw-final-backup");
        t.equal(code, 6);
        t.match(output, "ReadWriteOncePod");
      },
    );

    await t.test(
      "another cluster is restored from it, and serves the same tenants with the same tokens",
      async (t) => {
        const there = new Cluster(image);
        const restored = await helm.render({
          values: values({ restore: { from: `s3://${bucket}/gateways/openclaw/pre-delete/` } }),
        });
        gateway = await started(there, restored);
        t.match(await whoami(), { tenant: "acme" });
        t.equal(
          readFileSync(join(there.volume("workspace-openclaw-0"), "notes.md"), "utf8"),
          "of the workspace",
        );
        t.match((await there.exec(restored, "node", "dist/index.js", "status")).code, 0);
        const doctor = await there.exec(restored, "node", "dist/index.js", "doctor");
        t.equal(doctor.code, 0, doctor.output);

        await t.test("its next start restores nothing", async (t) => {
          await call("POST", "/api/admin/tenants", TOKEN, JSON.stringify({ id: "later" }));
          await gateway.stop();
          const { code, output } = await there.init(restored, "restore");
          t.equal(code, 0, output);
          t.match(output, /nothing is restored/);
          gateway = await started(there, restored);
          t.equal((await call("GET", "/api/admin/tenants/later", TOKEN)).status, 200);
          await gateway.stop();
        });
      },
    );

    await t.test(
      "a restore that cannot be had leaves the gateway unstarted and the volumes empty",
      async (t) => {
        const empty = new Cluster(image);
        const wrong = await helm.render({
          values: values({ restore: { from: `s3://${bucket}/no/such/set/` } }),
        });
        await t.rejects(empty.start(wrong, "StatefulSet", "openclaw"), /init container restore ended with/);
        const right = await helm.render({
          values: values({ restore: { from: `s3://${bucket}/gateways/openclaw/pre-delete/` } }),
        });
        const { code, output } = await empty.init(right, "restore");
        t.equal(code, 0, output);
        t.match(readdirSync(empty.volume("state-openclaw-0")).join(" "), "tenants");
        t.notMatch(output, /nothing is restored/);
      },
    );

    await t.test("a workspace without its state is not replaced", async (t) => {
      const half = new Cluster(image);
      writeFileSync(join(half.volume("workspace-openclaw-0"), "only.md"), "the last there is");
      const restored = await helm.render({
        values: values({ restore: { from: `s3://${bucket}/gateways/openclaw/pre-delete/` } }),
      });
      const { code, output } = await half.init(restored, "restore");
      t.equal(code, 1, output);
      t.strictSame(readdirSync(half.volume("workspace-openclaw-0")), ["only.md"]);
    });
  });
}
