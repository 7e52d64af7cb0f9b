/** What a pod's template says, typed as far as the tests look at it. */
import type { Manifest } from "./helm.js";

export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvironmentVariable[];
  readonly envFrom?: readonly { readonly secretRef?: { readonly name: string } }[];
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly runAsUser?: number;
    readonly privileged?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
  readonly [field: string]: unknown;
}

export interface Volume {
  readonly name: string;
  readonly emptyDir?: object;
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string };
  readonly persistentVolumeClaim?: { readonly claimName: string };
}

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken?: boolean;
  readonly restartPolicy?: string;
  readonly securityContext: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser: number;
    readonly runAsGroup: number;
    readonly fsGroup: number;
    readonly seccompProfile?: { readonly type: string };
  };
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly affinity?: Readonly<Record<string, unknown>>;
}

/** The spec of the pods that an object makes; undefined for one that makes none. */
export function podOf(manifest: Manifest): PodSpec | undefined {
  const template = templateOf(manifest);
  return template?.spec;
}

interface PodTemplate {
  readonly metadata: Manifest["metadata"];
  readonly spec: PodSpec;
}

export function templateOf(manifest: Manifest): PodTemplate | undefined {
  switch (manifest.kind) {
    case "Pod":
      return manifest as unknown as PodTemplate;
    case "StatefulSet":
    case "Job":
      return (manifest["spec"] as { template: PodTemplate }).template;
    case "CronJob":
      return (manifest["spec"] as { jobTemplate: { spec: { template: PodTemplate } } }).jobTemplate.spec
        .template;
    default:
      return undefined;
  }
}

export function containersOf(pod: PodSpec): readonly Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

/**
 * What keeps a pod from the "restricted" profile of the Pod Security Standards, and from the read-only root that the chart
 * promises beside it; empty when nothing does. https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export function unrestricted(pod: PodSpec): string[] {
  const problems: string[] = [];
  const demand = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  const { securityContext } = pod;
  demand(securityContext.runAsNonRoot === true, "runAsNonRoot");
  demand(securityContext.runAsUser !== 0, "runAsUser");
  demand(securityContext.seccompProfile?.type === "RuntimeDefault", "seccompProfile");
  demand(!pod.hostNetwork && !pod.hostPID && !pod.hostIPC, "host namespaces");
  for (const volume of pod.volumes ?? []) {
    const kinds = Object.keys(volume).filter((key) => key !== "name");
    const allowed = ["configMap", "downwardAPI", "emptyDir", "persistentVolumeClaim", "projected", "secret"];
    demand(
      kinds.every((kind) => allowed.includes(kind)),
      `volume ${volume.name}`,
    );
  }
  for (const { name, securityContext: own = {}, ports = [] } of containersOf(pod)) {
    demand(own.allowPrivilegeEscalation === false, `${name}: allowPrivilegeEscalation`);
    demand(own.readOnlyRootFilesystem === true, `${name}: readOnlyRootFilesystem`);
    demand(own.privileged !== true, `${name}: privileged`);
    demand(own.runAsUser !== 0, `${name}: runAsUser`);
    demand(own.capabilities?.drop?.includes("ALL") === true, `${name}: capabilities.drop`);
    demand((own.capabilities?.add ?? []).length === 0, `${name}: capabilities.add`);
    demand(
      ports.every((port) => !("hostPort" in port)),
      `${name}: hostPort`,
    );
  }
  return problems;
}
