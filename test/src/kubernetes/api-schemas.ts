/**
 * Kubernetes' own schemas, from the npm package kubernetes-models, which is made of the cluster's OpenAPI document. Its
 * validators check types, enumerations and what is required, and let pass what they do not know; its types know every field,
 * and TypeScript refuses others in a literal. Custom resources (VolumeSnapshot) are in no such package.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import type { Manifest } from "./helm.js";

interface ModelClass {
  new (data: Manifest): { validate(): void };
}

/** What a manifest lacks or has in the wrong form; empty when nothing. Throws for a kind that there is no schema of. */
export async function schemaFaults(manifest: Manifest): Promise<string[]> {
  const { kind } = manifest;
  const module = (await import(moduleOf(manifest))) as Readonly<Record<string, ModelClass>>;
  const Model = module[kind];
  if (Model === undefined) throw new Error(`there is no model of ${kind}`);
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [`${kind} ${manifest.metadata.name}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function moduleOf({ apiVersion, kind }: Manifest): string {
  return `kubernetes-models/${apiVersion}/${kind}`;
}

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));

/** What TypeScript says of the manifests as literals of their types: fields that Kubernetes does not have, above all. */
export function unknownFields(manifests: readonly Manifest[]): string[] {
  // Below the package, because that is where the types are looked for.
  const directory = mkdtempSync(join(PACKAGE, "dist/manifests-"));
  try {
    const file = join(directory, "manifests.ts");
    const literals = manifests.map(
      (manifest, at) =>
        `import type { I${manifest.kind} as T${at} } from "${moduleOf(manifest)}";\nconst m${at}: T${at} = ${JSON.stringify(manifest)};\n`,
    );
    writeFileSync(file, `${literals.join("")}export {};\n`);
    const program = ts.createProgram([file], {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
    });
    return ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
