/** The real `helm` and `kubectl`, and the project's chart as they see it. */
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import { parseAllDocuments } from "yaml";
import { run, type RunResult } from "../support/run.js";

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
export const CHART = join(REPOSITORY, "deploy/helm/openclaw-gateway");
const FETCH = join(REPOSITORY, "test/kubernetes/fetch-tools.sh");

/** A Kubernetes object as YAML has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** What `values.yaml` has, in part: whatever a test wants to say. */
export type Values = Readonly<Record<string, unknown>>;

export interface RenderOptions {
  readonly release?: string;
  readonly namespace?: string;
  readonly values?: Values;
  /** More flags of `helm template`. */
  readonly flags?: readonly string[];
}

export const RELEASE = "openclaw";
export const NAMESPACE = "gateways";

/** Flags with which a cluster that has CSI snapshots is rendered for. */
export const WITH_SNAPSHOTS = ["--api-versions", "snapshot.storage.k8s.io/v1/VolumeSnapshot"];

export class Helm {
  readonly #directory: string;
  /** Empties itself when the test ends. */
  readonly #scratch: string;

  /** Undefined, after one visible line, where the programs cannot be had; with `CI=true` that throws. */
  static async forTests(t: Test): Promise<Helm | undefined> {
    const directory = process.env["KUBERNETES_TOOLS"] ?? join(REPOSITORY, ".cache/kubernetes-tools");
    if (!isExecutable(join(directory, "helm"))) {
      const { code, stderr } = await run(FETCH, [directory]);
      if (code !== 0) {
        if (process.env["CI"] === "true") throw new Error(`there is no helm: ${stderr}`);
        t.pass("the chart", { skip: `no helm to render it (${stderr.trim().split("\n").at(-1) ?? ""})` });
        return undefined;
      }
    }
    const scratch = mkdtempSync(join(tmpdir(), "openclaw-helm-"));
    t.teardown(() => rmSync(scratch, { recursive: true, force: true }));
    return new Helm(directory, scratch);
  }

  private constructor(directory: string, scratch: string) {
    this.#directory = directory;
    this.#scratch = scratch;
  }

  /** Runs helm, with nothing of this machine's own settings. */
  run(args: readonly string[]): Promise<RunResult> {
    return run(join(this.#directory, "helm"), args, { env: this.#environment(), cwd: REPOSITORY });
  }

  /** Runs kubectl for a cluster that does not answer. */
  kubectl(args: readonly string[]): Promise<RunResult> {
    return run(join(this.#directory, "kubectl"), ["--server=http://127.0.0.1:1", ...args], {
      env: this.#environment(),
      cwd: REPOSITORY,
    });
  }

  /** `helm template`; throws with helm's message where the chart refuses. */
  async render(options: RenderOptions = {}): Promise<readonly Manifest[]> {
    const { code, stdout, stderr } = await this.template(options);
    if (code !== 0) throw new Error(stderr);
    return parse(stdout);
  }

  template(options: RenderOptions): Promise<RunResult> {
    return this.run(["template", options.release ?? RELEASE, CHART, ...this.#settings(options)]);
  }

  /** What `helm install` prints, by a trial run without a cluster. */
  async notes(options: RenderOptions): Promise<string> {
    const { stdout } = await this.run([
      "install",
      options.release ?? RELEASE,
      CHART,
      "--dry-run=client",
      ...this.#settings(options),
    ]);
    return stdout.split("\nNOTES:\n")[1] ?? "";
  }

  /** A file of values, for `-f`. */
  valuesFile(values: Values): string {
    const file = join(mkdtempSync(join(this.#scratch, "values-")), "values.json");
    writeFileSync(file, JSON.stringify(values));
    return file;
  }

  #settings({ namespace = NAMESPACE, values = {}, flags = [] }: RenderOptions): string[] {
    return ["--namespace", namespace, "-f", this.valuesFile(values), ...flags];
  }

  #environment(): NodeJS.ProcessEnv {
    const { PATH } = process.env;
    return { PATH, HOME: this.#scratch, KUBECONFIG: join(this.#scratch, "none"), LC_ALL: "C.UTF-8" };
  }
}

/** All objects of a stream of YAML documents. */
export function parse(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors[0] !== undefined) throw document.errors[0];
      return document.toJS() as Manifest | null;
    })
    .filter((object) => object !== null);
}

/** The one object of this kind and name. */
export function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter(
    (manifest) => manifest.kind === kind && (name === undefined || manifest.metadata.name === name),
  );
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(`there are ${found.length} of ${kind} ${name ?? ""}`);
  }
  return first;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
