/** What must hold of everything that the chart renders, whatever the values. */
import type { Manifest } from "./helm.js";
import { containersOf, podOf, templateOf, unrestricted, type PodSpec } from "./pods.js";

/** Sentences about what does not hold; empty when all does. */
export function brokenInvariants(
  manifests: readonly Manifest[],
  release: string,
  namespace: string,
): string[] {
  return [
    ...identities(manifests, release, namespace),
    ...manifests.flatMap((manifest) => {
      const pod = podOf(manifest);
      if (pod === undefined) return [];
      const where = `${manifest.kind} ${manifest.metadata.name}`;
      return [
        ...unrestricted(pod),
        ...danglingNames(manifests, manifest, pod),
        ...ownedByRelease(manifest, release),
      ].map((problem) => `${where}: ${problem}`);
    }),
  ];
}

/** Longest name of each kind that the cluster takes: a CronJob's jobs get 11 characters more, a pod's label takes 63. */
const LONGEST: Readonly<Record<string, number>> = { CronJob: 52, StatefulSet: 52, Service: 63, Job: 63 };

function identities(manifests: readonly Manifest[], release: string, namespace: string): string[] {
  const seen = new Set<string>();
  return manifests.flatMap(({ kind, metadata: { name, namespace: place, labels } }) => {
    const identity = `${kind} ${name}`;
    const problems: string[] = [];
    if (seen.has(identity)) problems.push("stands twice");
    seen.add(identity);
    if (place !== namespace) problems.push("is not in the release's namespace");
    // The account's name is the operator's to choose.
    if (!name.includes(release) && kind !== "ServiceAccount") problems.push("is not named after the release");
    if (name.length > (LONGEST[kind] ?? 253)) problems.push("has too long a name");
    if (labels?.["app.kubernetes.io/instance"] !== release) problems.push("has no instance label");
    return problems.map((problem) => `${identity} ${problem}`);
  });
}

/** Service accounts that are there without the chart. */
export const FOREIGN_ACCOUNTS = ["default", "account-of-the-operator"];

/** Names in a pod that lead nowhere. */
function danglingNames(manifests: readonly Manifest[], owner: Manifest, pod: PodSpec): string[] {
  const has = (kind: string, name: string): boolean =>
    manifests.some((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  const claimsOfPod = owner.kind === "StatefulSet" ? templatesOf(owner) : [];
  const volumes = [...(pod.volumes ?? []).map(({ name }) => name), ...claimsOfPod];
  const problems: string[] = [];
  const claims = manifests
    .filter(({ kind }) => kind === "StatefulSet")
    .flatMap((set) => templatesOf(set).map((name) => `${name}-${set.metadata.name}-0`));
  if (new Set(volumes).size !== volumes.length) problems.push("a volume's name stands twice");
  if (!has("ServiceAccount", pod.serviceAccountName) && !FOREIGN_ACCOUNTS.includes(pod.serviceAccountName)) {
    problems.push(`there is no service account ${pod.serviceAccountName}`);
  }
  for (const { configMap, persistentVolumeClaim, name } of pod.volumes ?? []) {
    if (configMap !== undefined && !has("ConfigMap", configMap.name))
      problems.push(`volume ${name}: no ConfigMap`);
    const claim = persistentVolumeClaim?.claimName;
    if (claim !== undefined && name !== "archives" && !claims.includes(claim)) {
      problems.push(`volume ${name}: no pod has the claim ${claim}`);
    }
  }
  for (const { name, volumeMounts = [], env = [] } of containersOf(pod)) {
    for (const mount of volumeMounts) {
      if (!volumes.includes(mount.name)) problems.push(`${name}: no volume ${mount.name}`);
    }
    const paths = volumeMounts.map(({ mountPath }) => mountPath);
    if (new Set(paths).size !== paths.length) problems.push(`${name}: two volumes at one path`);
    const names = env.map((variable) => variable.name);
    if (new Set(names).size !== names.length) problems.push(`${name}: a variable stands twice`);
  }
  return problems;
}

/** Names of the volumes that a StatefulSet claims. */
export function templatesOf(statefulSet: Manifest): string[] {
  const { volumeClaimTemplates = [] } = statefulSet["spec"] as {
    volumeClaimTemplates?: { metadata: { name: string } }[];
  };
  return volumeClaimTemplates.map(({ metadata }) => metadata.name);
}

/** Pods carry the labels by which policies and selectors find them. */
function ownedByRelease(manifest: Manifest, release: string): string[] {
  const labels = templateOf(manifest)?.metadata.labels ?? {};
  return labels["app.kubernetes.io/instance"] === release && "app.kubernetes.io/component" in labels
    ? []
    : ["its pods have no labels of the release"];
}
