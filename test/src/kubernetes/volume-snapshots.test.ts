/** The CronJob that takes snapshots of the volumes, run against a server that answers as the cluster's API does. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import t, { type Test } from "tap";
import { run, type RunResult } from "../support/run.js";
import { Helm, only, WITH_SNAPSHOTS } from "./helm.js";
import { podOf } from "./pods.js";

interface Snapshot {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: object;
  status?: { readyToUse: boolean };
}

const SNAPSHOTS = "/apis/snapshot.storage.k8s.io/v1/namespaces/gateways/volumesnapshots";

/** What of the API the job uses. A snapshot is ready when it was asked for once. */
async function clusterApi(t: Test, snapshots: Map<string, Snapshot>, { canCreate = true } = {}) {
  const calls: string[] = [];
  const answer = async (request: IncomingMessage): Promise<[status: number, body: object]> => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://api");
    const name = pathname.slice(SNAPSHOTS.length + 1);
    calls.push(`${request.method ?? ""} ${name}`.trim());
    if (request.headers.authorization !== "Bearer token-of-the-account" || !pathname.startsWith(SNAPSHOTS))
      return [401, { message: "who are you?" }];
    if (request.method === "POST") {
      const made = (await json(request)) as Snapshot;
      if (!canCreate) return [403, { message: "volumesnapshots is forbidden" }];
      snapshots.set(made.metadata.name, made);
      return [201, made];
    }
    if (request.method === "DELETE") return [snapshots.delete(name) ? 200 : 404, {}];
    if (name === "") {
      const labels = (searchParams.get("labelSelector") ?? "").split(",").map((term) => term.split("="));
      const items = [...snapshots.values()].filter(({ metadata }) =>
        labels.every(([label = "", value]) => metadata.labels?.[label] === value),
      );
      return [200, { items }];
    }
    const found = snapshots.get(name);
    if (found === undefined) return [404, {}];
    const shown = structuredClone(found);
    found.status = { readyToUse: true };
    return [200, shown];
  };
  const server = createServer((request, response) => {
    void answer(request).then(([status, body]) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
}

function snapshot(name: string, claim: string, isReady: boolean): [string, Snapshot] {
  const labels = {
    "app.kubernetes.io/instance": "openclaw",
    "app.kubernetes.io/component": "volume-snapshots",
    "openclaw/claim": claim,
  };
  return [name, { metadata: { name, labels }, status: { readyToUse: isReady } }];
}

const helm = await Helm.forTests(t);
if (helm !== undefined) {
  const manifests = await helm.render({
    values: {
      persistence: { splitVolumes: true },
      volumeSnapshots: { enabled: true, keep: 2, className: "csi" },
    },
    flags: WITH_SNAPSHOTS,
  });
  const [container] = podOf(only(manifests, "CronJob", "openclaw-snapshots"))?.containers ?? [];
  const scripts = only(manifests, "ConfigMap", "openclaw-snapshots")["data"] as Record<string, string>;

  const take = (t: Test, api: string): Promise<RunResult> => {
    const directory = t.testdir();
    for (const [file, content] of Object.entries(scripts)) writeFileSync(join(directory, file), content);
    const account = join(directory, "account");
    mkdirSync(account);
    writeFileSync(join(account, "token"), "token-of-the-account");
    writeFileSync(join(account, "namespace"), "gateways");
    const env = Object.fromEntries((container?.env ?? []).map(({ name, value = "" }) => [name, value]));
    const [, script = ""] = container?.command ?? [];
    return run(process.execPath, [join(directory, script.replace("/scripts/", ""))], {
      env: { ...env, NODE_EXTRA_CA_CERTS: "", API: api, ACCOUNT_DIR: account },
    });
  };

  t.test("each volume gets a snapshot, and of the older ones the newest good ones stay", async (t) => {
    const state = "state-openclaw-0";
    const snapshots = new Map([
      ...[1, 2, 3].map((day) => snapshot(`${state}-2026010${day}-030000`, state, true)),
      snapshot(`${state}-20260104-030000`, state, false),
      snapshot("workspace-openclaw-0-20260101-030000", "workspace-openclaw-0", true),
      ["by-hand", { metadata: { name: "by-hand" }, status: { readyToUse: true } }] as [string, Snapshot],
    ]);
    const { url, calls } = await clusterApi(t, snapshots);
    const { code, stdout, stderr } = await take(t, url);
    t.equal(code, 0, stderr);
    const names = [...snapshots.keys()].map((name) =>
      name.replace(/-20[2-9]\d{5}-\d{6}$/, (time) => (time < "-20260201" ? time : "-NEW")),
    );
    t.strictSame(names, [
      `${state}-20260103-030000`,
      `${state}-20260104-030000`,
      "workspace-openclaw-0-20260101-030000",
      "by-hand",
      `${state}-NEW`,
      "workspace-openclaw-0-NEW",
    ]);
    t.match([...snapshots.values()].at(-1), {
      apiVersion: "snapshot.storage.k8s.io/v1",
      kind: "VolumeSnapshot",
      spec: {
        volumeSnapshotClassName: "csi",
        source: { persistentVolumeClaimName: "workspace-openclaw-0" },
      },
    });
    t.ok(
      calls.findIndex((call) => call.startsWith("DELETE")) >
        calls.findLastIndex((call) => /^GET ./.test(call)),
      "nothing goes before all new ones are ready",
    );
    t.match(stdout, /ready state-openclaw-0-[^]*removed state-openclaw-0-20260101-030000/);
  });

  t.test("where none can be taken, the run fails and nothing goes", async (t) => {
    const old = [1, 2, 3].map((day) => snapshot(`a-2026010${day}-030000`, "state-openclaw-0", true));
    const snapshots = new Map(old);
    const { url, calls } = await clusterApi(t, snapshots, { canCreate: false });
    const { code, stderr } = await take(t, url);
    t.not(code, 0);
    t.match(stderr, /403 volumesnapshots is forbidden/);
    t.equal(snapshots.size, 3);
    t.strictSame(calls, ["POST"]);
  });

  t.test("its account may do what it does, in its namespace, and nothing else", (t) => {
    t.match(only(manifests, "Role", "openclaw-snapshots")["rules"], [
      {
        apiGroups: ["snapshot.storage.k8s.io"],
        resources: ["volumesnapshots"],
        verbs: ["create", "get", "list", "delete"],
      },
    ]);
    t.notOk(manifests.some(({ kind }) => kind.startsWith("ClusterRole")));
    t.end();
  });
}
