/** The chart, rendered by the real helm over a matrix of values. */
import fc from "fast-check";
import t from "tap";
import { schemaFaults, unknownFields } from "./api-schemas.js";
import { brokenInvariants } from "./invariants.js";
import { CHART, Helm, NAMESPACE, only, RELEASE, WITH_SNAPSHOTS, type Manifest, type Values } from "./helm.js";
import { containersOf, podOf, type PodSpec } from "./pods.js";

const S3 = {
  S3_BUCKET: "bucket",
  S3_ACCESS_KEY_ID: "id-of-the-key",
  S3_SECRET_ACCESS_KEY: "secret-of-the-key",
};
const TOKEN = { OPENCLAW_GATEWAY_TOKEN: "a-token-for-tests" };
const BACKED_UP = { secret: { data: { ...TOKEN, ...S3 } }, backup: { enabled: true } };

const helm = await Helm.forTests(t);
if (helm !== undefined) {
  function pod(manifests: readonly Manifest[], kind: string, name: string): PodSpec {
    const found = podOf(only(manifests, kind, name));
    if (found === undefined) throw new Error(`${kind} ${name} has no pods`);
    return found;
  }

  t.test("helm lint has nothing to say", async (t) => {
    for (const values of [{}, BACKED_UP, { ...BACKED_UP, persistence: { splitVolumes: true } }]) {
      const { code, stdout } = await helm.run(["lint", "--strict", CHART, "-f", helm.valuesFile(values)]);
      t.equal(code, 0, stdout);
      t.match(stdout, /1 chart\(s\) linted, 0 chart\(s\) failed/);
      t.notMatch(stdout, /\[(WARNING|ERROR)\]/);
    }
  });

  t.test("nothing is named but after the release, and what people rely on has its name", async (t) => {
    const manifests = await helm.render({
      values: { ...BACKED_UP, persistence: { splitVolumes: true } },
    });
    const set = only(manifests, "StatefulSet", "openclaw");
    t.match(set["spec"], {
      replicas: 1,
      volumeClaimTemplates: [{ metadata: { name: "state" } }, { metadata: { name: "workspace" } }],
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    });
    const [gateway] = pod(manifests, "StatefulSet", "openclaw").containers;
    t.match(gateway, {
      name: "gateway",
      command: ["node", "dist/index.js"],
      volumeMounts: [
        { name: "state", mountPath: "/home/node/.openclaw" },
        { name: "workspace", mountPath: "/home/node/.openclaw/workspace" },
        { name: "tmp", mountPath: "/tmp" },
      ],
      envFrom: [{ secretRef: { name: "openclaw-secret" } }],
    });
    const environment = Object.fromEntries((gateway?.env ?? []).map(({ name, value }) => [name, value]));
    t.match(environment, {
      OPENCLAW_STATE_DIR: "/home/node/.openclaw",
      OPENCLAW_WORKSPACE_DIR: "/home/node/.openclaw/workspace",
      S3_PREFIX: "gateways/openclaw",
      OPENCLAW_REQUIRED_ENV: "OPENCLAW_GATEWAY_TOKEN S3_BUCKET S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY",
    });
  });

  t.test("the CronJob calls the running gateway, one run at a time, and knows no S3 keys", async (t) => {
    const retention = { keepLast: 3, keepDaily: 7, keepMonthly: 12 };
    const manifests = await helm.render({
      values: { ...BACKED_UP, backup: { enabled: true, retention }, service: { port: 80 } },
    });
    const cronJob = only(manifests, "CronJob", "openclaw-backup");
    t.match(cronJob["spec"], {
      schedule: "0 2 * * *",
      timeZone: "Etc/UTC",
      concurrencyPolicy: "Forbid",
      suspend: false,
      startingDeadlineSeconds: Number,
      successfulJobsHistoryLimit: Number,
      failedJobsHistoryLimit: Number,
      jobTemplate: { spec: { activeDeadlineSeconds: Number, backoffLimit: Number } },
    });
    const spec = pod(manifests, "CronJob", "openclaw-backup");
    const [container] = spec.containers;
    t.equal(
      spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined),
      false,
    );
    t.notOk(container?.envFrom, "the keys are the gateway's");
    t.match(container?.env, [
      { name: "OPENCLAW_GATEWAY_URL", value: "http://openclaw:80" },
      {
        name: "OPENCLAW_GATEWAY_TOKEN",
        valueFrom: { secretKeyRef: { name: "openclaw-secret", key: "OPENCLAW_GATEWAY_TOKEN" } },
      },
    ]);
    t.strictSame(container?.args?.slice(1), [
      ...["backup", "--keep-daily", "7", "--keep-last", "3", "--keep-monthly", "12", "--tz", "Etc/UTC"],
    ]);
  });

  t.test("the final backup is a hook that runs before an uninstall, beside the gateway", async (t) => {
    const manifests = await helm.render({ values: BACKED_UP });
    const job = only(manifests, "Job", "openclaw-final-backup");
    t.match(job.metadata.annotations, {
      "helm.sh/hook": "pre-delete",
      "helm.sh/hook-weight": "-5",
      "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
    });
    t.match(job["spec"], { activeDeadlineSeconds: 1800, backoffLimit: 1 });
    const spec = pod(manifests, "Job", "openclaw-final-backup");
    t.match(spec, {
      restartPolicy: "Never",
      affinity: {
        podAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 100,
              podAffinityTerm: {
                topologyKey: "kubernetes.io/hostname",
                labelSelector: {
                  matchLabels: {
                    "app.kubernetes.io/instance": "openclaw",
                    "app.kubernetes.io/component": "gateway",
                  },
                },
              },
            },
          ],
        },
      },
    });
    t.match(
      spec.volumes?.find(({ name }) => name === "state"),
      { persistentVolumeClaim: { claimName: "state-openclaw-0" } },
    );
    const without = await helm.render({
      values: { ...BACKED_UP, backup: { enabled: true, onDelete: { enabled: false } } },
    });
    t.notOk(without.some(({ kind }) => kind === "Job"));
  });

  t.test("a volume for one pod only is not mounted beside the gateway", async (t) => {
    const manifests = await helm.render({
      values: { ...BACKED_UP, persistence: { accessModes: ["ReadWriteOncePod"] } },
    });
    const spec = pod(manifests, "Job", "openclaw-final-backup");
    t.strictSame(
      spec.volumes?.map(({ name }) => name),
      ["tmp"],
    );
    t.strictSame(spec.containers[0]?.args?.slice(1), ["final-backup", "no-volume"]);
  });

  t.test("secrets stand in the Secret and nowhere else", async (t) => {
    const manifests = await helm.render({ values: BACKED_UP });
    const secret = only(manifests, "Secret");
    t.strictSame(
      Object.entries(secret["data"] as Record<string, string>).map(([key, value]) => [
        key,
        Buffer.from(value, "base64").toString(),
      ]),
      Object.entries({ ...TOKEN, ...S3 }).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
    const others = JSON.stringify(manifests.filter((manifest) => manifest !== secret));
    for (const value of [...Object.values(TOKEN), S3.S3_ACCESS_KEY_ID, S3.S3_SECRET_ACCESS_KEY]) {
      t.notOk(others.includes(value));
      t.notOk(others.includes(Buffer.from(value).toString("base64")));
    }
  });

  t.test("a token is made where none is given, and one is not like the other", async (t) => {
    const tokens = await Promise.all(
      [1, 2].map(async () => {
        const { OPENCLAW_GATEWAY_TOKEN: token = "" } = only(await helm.render(), "Secret")["data"] as Record<
          string,
          string
        >;
        return Buffer.from(token, "base64").toString();
      }),
    );
    for (const token of tokens) t.match(token, /^[A-Za-z0-9]{48}$/);
    t.not(tokens[0], tokens[1]);
  });

  t.test("an existing secret is used everywhere, and none is made", async (t) => {
    const manifests = await helm.render({
      values: { secret: { create: false, existingSecretName: "mine" }, backup: { enabled: true } },
    });
    t.notOk(manifests.some(({ kind }) => kind === "Secret"));
    const named = manifests.flatMap((manifest) => {
      const spec = podOf(manifest);
      return (spec === undefined ? [] : containersOf(spec)).flatMap(({ env = [], envFrom = [] }) => [
        ...env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []),
        ...envFrom.flatMap(({ secretRef }) => secretRef?.name ?? []),
      ]);
    });
    t.ok(named.length >= 3);
    t.strictSame(new Set(named), new Set(["mine"]));
  });

  t.test("a restore comes before the gateway; what is desired as config comes after it", async (t) => {
    const manifests = await helm.render({
      values: {
        restore: { from: "s3://bucket/a/2026-03-07T02-00-00Z/" },
        config: { desired: { plugins: { backup: { concurrency: 3 } } } },
      },
    });
    const { initContainers = [] } = pod(manifests, "StatefulSet", "openclaw");
    t.strictSame(
      initContainers.map(({ name }) => name),
      ["restore", "config"],
    );
    t.strictSame(initContainers[0]?.args?.slice(1), ["restore", "s3://bucket/a/2026-03-07T02-00-00Z/"]);
    const { "openclaw.json": config = "" } = only(manifests, "ConfigMap")["data"] as Record<string, string>;
    t.strictSame(JSON.parse(config), { plugins: { backup: { concurrency: 3 } } });
  });

  t.test("config as a text in JSON5 is passed on as it is", async (t) => {
    const desired = "{\n  // a comment\n  gateway: { trustedProxies: ['10.0.0.0/8'] },\n}";
    const manifests = await helm.render({ values: { config: { desired, mode: "overwrite" } } });
    t.equal(
      (only(manifests, "ConfigMap")["data"] as Record<string, string>)["openclaw.json"]?.trim(),
      desired,
    );
  });

  t.test("a volume is made of a snapshot, under the name that the StatefulSet looks for", async (t) => {
    const manifests = await helm.render({
      values: {
        persistence: { splitVolumes: true, storageClass: "fast", size: "20Gi" },
        restore: { volumeSnapshot: "monday", workspaceVolumeSnapshot: "monday-workspace" },
      },
    });
    t.match(only(manifests, "PersistentVolumeClaim", "state-openclaw-0"), {
      metadata: { annotations: { "helm.sh/resource-policy": "keep" } },
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: "fast",
        resources: { requests: { storage: "20Gi" } },
        dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: "monday" },
      },
    });
    t.match(only(manifests, "PersistentVolumeClaim", "workspace-openclaw-0"), {
      spec: { dataSource: { name: "monday-workspace" } },
    });
    const templates = JSON.stringify(only(manifests, "StatefulSet")["spec"]);
    t.notMatch(templates, /dataSource/, "the templates cannot be changed later");
  });

  t.test("in maintenance the pod holds its volumes and runs no gateway", async (t) => {
    const manifests = await helm.render({
      values: { ...BACKED_UP, maintenance: true, restore: { from: "s3://bucket/a/set/" } },
    });
    const spec = pod(manifests, "StatefulSet", "openclaw");
    const [container] = spec.containers;
    t.notOk(spec.initContainers);
    t.notMatch(JSON.stringify(container?.command), /dist/);
    t.notOk(container?.["livenessProbe"]);
    t.match(only(manifests, "CronJob")["spec"], { suspend: true });
    t.ok(only(manifests, "Job"), "a final backup is still taken");
  });

  t.test("notes say what an uninstall needs, and what is not protected", async (t) => {
    const backedUp = await helm.notes({ values: BACKED_UP });
    t.match(backedUp, "s3://bucket/gateways/openclaw/");
    t.match(backedUp, "helm -n gateways uninstall openclaw --timeout 35m");
    t.match(backedUp, "uninstall openclaw --no-hooks");
    t.notMatch(backedUp, /WARNING/);
    t.match(await helm.notes({}), /WARNING: there are NO backups/);
    const noFinal = { ...BACKED_UP, backup: { enabled: true, onDelete: { enabled: false } } };
    t.match(await helm.notes({ values: noFinal }), /WARNING: an uninstall takes NO final backup/);
    for (const notes of [backedUp, await helm.notes({})]) t.notMatch(notes, /secret-of-the-key|a-token/);
  });

  /** A boolean or absent, so that defaults are met, too. */
  const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(arbitrary, { nil: undefined });

  const accessModes = fc.subarray(["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"], { minLength: 1 });
  const volume = {
    storageClass: maybe(fc.constantFrom("", "-", "fast")),
    size: maybe(fc.constantFrom("1Gi", "500Mi", "2Ti")),
    accessModes: maybe(accessModes),
  };
  const keys = fc.constantFrom(
    "keepLast",
    "keepHourly",
    "keepDaily",
    "keepWeekly",
    "keepMonthly",
    "keepYearly",
  );

  /** Values that the chart must take. What has to agree is made so below. */
  const values = fc
    .record({
      image: maybe(
        fc.record(
          { tag: fc.constantFrom("", "1.2.3"), digest: fc.constantFrom("", `sha256:${"a".repeat(64)}`) },
          { requiredKeys: [] },
        ),
      ),
      replicaCount: maybe(fc.constantFrom(0, 1)),
      maintenance: maybe(fc.boolean()),
      gateway: maybe(fc.record({ port: fc.integer({ min: 1024, max: 65_535 }) })),
      service: maybe(
        fc.record({
          port: fc.integer({ min: 1, max: 65_535 }),
          type: fc.constantFrom("ClusterIP", "NodePort", "LoadBalancer"),
          annotations: fc.constantFrom({}, { "example.com/a": 'yes: "quoted"' }),
        }),
      ),
      persistence: fc.record(
        { ...volume, splitVolumes: fc.boolean(), workspace: fc.record(volume) },
        { requiredKeys: ["splitVolumes"] },
      ),
      backup: fc.record(
        {
          enabled: fc.boolean(),
          schedule: fc.constantFrom(
            "*/15 * * * *",
            "@daily",
            "0 2 1,15 JAN-mar Mon-FRI/2",
            "5-59/10 0 ? * 0",
          ),
          timeZone: fc.constantFrom("Europe/Berlin", "Etc/GMT+3"),
          pathPrefix: fc.constantFrom("", "prod", "team/eu-1/gateway"),
          retention: fc.dictionary(keys, fc.integer({ min: 1, max: 400 })),
          workloadIdentity: fc.boolean(),
          suspend: fc.boolean(),
          onDelete: fc.record({ enabled: fc.boolean() }),
        },
        { requiredKeys: ["enabled", "workloadIdentity"] },
      ),
      restore: fc.constantFrom("nothing", "s3", "path", "snapshot"),
      volumeSnapshots: fc.record({ enabled: fc.boolean(), className: fc.constantFrom("", "csi") }),
      serviceAccount: maybe(
        fc.record(
          { create: fc.boolean(), name: fc.constantFrom("", "account-of-the-operator") },
          { requiredKeys: [] },
        ),
      ),
      existing: fc.boolean(),
      networkPolicy: maybe(
        fc.record(
          {
            enabled: fc.boolean(),
            from: fc.constantFrom([], [{ ipBlock: { cidr: "10.0.0.0/8" } }]),
            egress: fc.constantFrom(
              { allowAll: true },
              { allowAll: false },
              { allowAll: false, rules: [{ to: [{ ipBlock: { cidr: "192.0.2.0/24" } }] }] },
            ),
          },
          { requiredKeys: [] },
        ),
      ),
      config: maybe(
        fc.record({
          desired: fc.constantFrom({}, { gateway: { audit: { keepDays: 30 } } }, "{ gateway: {} }"),
          mode: fc.constantFrom("once", "overwrite"),
        }),
      ),
      pod: maybe(
        fc.record(
          {
            annotations: fc.constant({ "example.com/note": "a" }),
            labels: fc.constant({ team: "a" }),
            nodeSelector: fc.constant({ "kubernetes.io/arch": "amd64" }),
            tolerations: fc.constant([{ key: "a", operator: "Exists", effect: "NoSchedule" }]),
            affinity: fc.constant({
              nodeAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: {
                  nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }] }],
                },
              },
            }),
            priorityClassName: fc.constantFrom("", "high"),
            runtimeClassName: fc.constantFrom("", "gvisor"),
          },
          { requiredKeys: [] },
        ),
      ),
      extras: fc.boolean(),
      imagePullSecrets: maybe(fc.constant([{ name: "registry" }])),
    })
    .map(({ restore, existing, extras, ...rest }): Values => {
      const { backup, persistence } = rest;
      const data = backup.workloadIdentity ? { S3_BUCKET: "bucket" } : S3;
      const snapshots = persistence.splitVolumes
        ? { volumeSnapshot: "monday", workspaceVolumeSnapshot: "monday-workspace" }
        : { volumeSnapshot: "monday" };
      const sources = {
        nothing: {},
        s3: { from: "s3://bucket/prefix/set/" },
        path: { from: "/var/backups/openclawmu/state.tar.gz", existingClaim: "tarballs" },
        snapshot: snapshots,
      };
      return {
        ...rest,
        restore: sources[restore],
        secret: existing ? { create: false, existingSecretName: "mine" } : { data },
        ...(extras
          ? {
              extraEnv: [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }],
              extraVolumes: [{ name: "tls", secret: { secretName: "tls" } }],
              extraVolumeMounts: [{ name: "tls", mountPath: "/etc/tls", readOnly: true }],
            }
          : {}),
      };
    });

  const release = fc.oneof(
    fc.constantFrom(RELEASE, "a", `r${"-x".repeat(20)}x`),
    fc.stringMatching(/^[a-z][-a-z0-9]{0,30}[a-z0-9]$/),
  );

  t.test(
    "whatever the values: objects as Kubernetes has them, restricted pods, no name that leads nowhere",
    async (t) => {
      const namespace = fc.constantFrom(NAMESPACE, "default");
      const all: Manifest[] = [];
      await fc.assert(
        fc.asyncProperty(release, namespace, values, async (release, namespace, values) => {
          const manifests = await helm.render({ release, namespace, values, flags: WITH_SNAPSHOTS });
          const problems = [
            ...(await Promise.all(manifests.map(schemaFaults))).flat(),
            ...brokenInvariants(manifests, release, namespace),
          ];
          if (problems.length > 0) throw new Error(problems.join("\n"));
          all.push(...manifests);
        }),
        { numRuns: 60 },
      );
      t.ok(new Set(all.map(({ kind }) => kind)).size >= 11, "objects of every kind that the chart has");
      t.strictSame([...new Set(unknownFields(all))], []);
    },
  );

  t.test("the schemas find what is wrong", async (t) => {
    const manifests = await helm.render({ values: BACKED_UP });
    const spoilt = (change: (spec: Record<string, unknown>) => void): Manifest => {
      const copy = structuredClone(only(manifests, "CronJob"));
      change(copy["spec"] as Record<string, unknown>);
      return copy;
    };
    t.match(await schemaFaults(spoilt((spec) => (spec["concurrencyPolicy"] = "Forbidden"))), [
      /concurrencyPolicy/,
    ]);
    t.match(await schemaFaults(spoilt((spec) => delete spec["schedule"])), [/schedule/]);
    const typos = [
      spoilt((spec) => (spec["sheduleTimeZone"] = "Etc/UTC")),
      spoilt((spec) => Object.assign(spec["jobTemplate"] as object, { sepc: {} })),
    ];
    t.match(unknownFields(typos), [/sheduleTimeZone/, /sepc/]);
  });
}
