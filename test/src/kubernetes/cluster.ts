/** Runs what the chart renders: each container's own command, environment and mounts, in the image's tree. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Container as Running, Finished, Image, Mount } from "./image.js";
import { only, type Manifest } from "./helm.js";
import { podOf, type Container, type PodSpec, type Volume } from "./pods.js";

export class Cluster {
  readonly #image: Image;
  /** By claim. */
  readonly #volumes = new Map<string, string>();

  constructor(image: Image) {
    this.#image = image;
  }

  /** The directory of a claim's volume; made, empty, when it is first asked for. */
  volume(claim: string): string {
    const directory = this.#volumes.get(claim) ?? this.#image.volume(claim);
    this.#volumes.set(claim, directory);
    return directory;
  }

  /** Runs a pod's init containers to their ends, then starts its container. Throws when one of the former fails. */
  async start(manifests: readonly Manifest[], kind: string, name: string): Promise<Running> {
    const pod = this.#podOf(manifests, kind, name);
    for (const container of pod.spec.initContainers ?? []) {
      const { code, output } = await this.#begin(manifests, pod, container).finished;
      if (code !== 0) throw new Error(`init container ${container.name} ended with ${code}: ${output}`);
    }
    const [container] = pod.spec.containers;
    if (container === undefined) throw new Error(`${kind} ${name} has no container`);
    return this.#begin(manifests, pod, container);
  }

  /** Runs a job's pod once to its end. */
  async run(manifests: readonly Manifest[], kind: string, name: string): Promise<Finished> {
    return (await this.start(manifests, kind, name)).finished;
  }

  /** Runs one init container of the gateway's pod. */
  init(manifests: readonly Manifest[], name: string): Promise<Finished> {
    const pod = this.#podOf(manifests, "StatefulSet");
    const container = pod.spec.initContainers?.find((init) => init.name === name);
    if (container === undefined) throw new Error(`there is no init container ${name}`);
    return this.#begin(manifests, pod, container).finished;
  }

  /** As `kubectl exec` in the gateway's container. */
  exec(manifests: readonly Manifest[], ...command: string[]): Promise<Finished> {
    const pod = this.#podOf(manifests, "StatefulSet");
    const [container] = pod.spec.containers;
    if (container === undefined) throw new Error("the gateway's pod has no container");
    return this.#begin(manifests, pod, { ...container, command, args: [] }).finished;
  }

  #podOf(manifests: readonly Manifest[], kind: string, name?: string): OwnedPod {
    const owner = only(manifests, kind, name);
    const spec = podOf(owner);
    if (spec === undefined) throw new Error(`${kind} ${name ?? ""} has no pods`);
    return { owner, spec };
  }

  #begin(manifests: readonly Manifest[], pod: OwnedPod, container: Container): Running {
    const { command, args } = container;
    return this.#image.start({
      ...(command === undefined ? {} : { command }),
      ...(args === undefined ? {} : { args }),
      env: environmentOf(manifests, container),
      mounts: (container.volumeMounts ?? []).map(({ name, mountPath, readOnly }): Mount => ({
        source: this.#source(manifests, pod, name),
        path: mountPath,
        ...(readOnly === undefined ? {} : { readOnly }),
      })),
    });
  }

  #source(manifests: readonly Manifest[], { owner, spec }: OwnedPod, name: string): string {
    const volume: Volume | undefined = spec.volumes?.find((found) => found.name === name);
    if (volume === undefined) return this.volume(`${name}-${owner.metadata.name}-0`);
    if (volume.persistentVolumeClaim !== undefined)
      return this.volume(volume.persistentVolumeClaim.claimName);
    const directory = this.#image.scratch();
    if (volume.configMap === undefined) return directory;
    const { data } = only(manifests, "ConfigMap", volume.configMap.name) as { data?: Record<string, string> };
    mkdirSync(directory, { recursive: true });
    for (const [file, content] of Object.entries(data ?? {})) {
      writeFileSync(join(directory, file), content, { mode: 0o644 });
    }
    return directory;
  }
}

interface OwnedPod {
  readonly owner: Manifest;
  readonly spec: PodSpec;
}

function environmentOf(manifests: readonly Manifest[], container: Container): Record<string, string> {
  const secret = (name: string): Record<string, string> => {
    const { data } = only(manifests, "Secret", name) as { data?: Record<string, string> };
    return Object.fromEntries(
      Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
    );
  };
  const environment: Record<string, string> = {};
  for (const { secretRef } of container.envFrom ?? []) {
    if (secretRef !== undefined) Object.assign(environment, secret(secretRef.name));
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const reference = valueFrom?.secretKeyRef;
    const given = reference === undefined ? (value ?? "") : secret(reference.name)[reference.key];
    if (given === undefined) throw new Error(`${name}: the secret has no ${reference?.key ?? ""}`);
    environment[name] = given;
  }
  return environment;
}
