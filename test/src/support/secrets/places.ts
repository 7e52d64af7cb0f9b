/**
 * Every place that takes a secret, found from what defines it: the config's schema, the flags of the command line, the bodies
 * of the routes, and the environment's variables in the sources. A new one is found without anybody's doing.
 */
import { configSchema } from "@openclaw/gateway-core";
import { backupPlugin } from "@openclaw/gateway-plugin-backup";
import { Context } from "@openclaw/cli-shim/dist/context.js";
import { Output } from "@openclaw/cli-shim/dist/output/output.js";
import { SecretOption } from "@openclaw/cli-shim/dist/commands/options.js";
import { buildProgram } from "@openclaw/cli-shim/dist/program.js";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Names that speak of secrets; what is none all the same is listed where it is asked for. */
const TELLING = /key|secret|token|passw|passphrase|credential|identit/i;

interface Schema {
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly const?: unknown;
}

/** `config plugins.backup.notify[webhook].secret`: where a reference such as {"env": "NAME"} may stand. */
export function configPlaces(): readonly string[] {
  const found = new Set<string>();
  const walk = (schema: Schema, path: string): void => {
    const { anyOf = [], properties = {}, patternProperties = {}, items } = schema;
    const keys = anyOf.map((one) => Object.keys(one.properties ?? {}).join());
    if (keys.includes("env") && keys.includes("file")) found.add(`config ${path}`);
    else
      for (const one of anyOf) walk(one, path.replace("[]", `[${String(one.properties?.["kind"]?.const)}]`));
    for (const [key, value] of Object.entries(properties)) walk(value, path === "" ? key : `${path}.${key}`);
    for (const value of Object.values(patternProperties)) walk(value, `${path}.*`);
    if (items !== undefined) walk(items, `${path}[]`);
  };
  walk(configSchema([backupPlugin()]) as Schema, "");
  return [...found];
}

/** Flags with telling names that take no secret. */
const NO_SECRET_FLAGS = ["--token"];

/** `flag --secret-key`: those that the command line knows for secrets, and those that sound like it. */
export function flagPlaces(): readonly string[] {
  const io = {
    stdout: process.stdout,
    stderr: process.stderr,
    env: {},
    clock: { now: () => 0, sleep: () => Promise.resolve() },
    allowReports: () => true,
    onSignal: () => () => undefined,
  };
  const program = buildProgram(new Context(io, new Output({ ...io, json: false })));
  const found = new Set<string>();
  const commands = [program];
  for (let command = commands.pop(); command !== undefined; command = commands.pop()) {
    commands.push(...command.commands);
    for (const option of command.options) {
      const { long } = option;
      if (long == null || NO_SECRET_FLAGS.includes(long)) continue;
      if (option instanceof SecretOption || TELLING.test(long)) found.add(`flag ${long}`);
    }
  }
  return [...found];
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly requestBody?: unknown }>>>>;
}

/** Fields of bodies with telling names that take no secret. */
const NO_SECRET_FIELDS = ["token"];

/** `body secretKey`: fields of requests, by their names. */
export function bodyPlaces(document: unknown): readonly string[] {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value as Readonly<Record<string, unknown>>)) {
      if (key === "properties" && typeof inner === "object" && inner !== null) {
        for (const name of Object.keys(inner))
          if (TELLING.test(name) && !NO_SECRET_FIELDS.includes(name)) found.add(`body ${name}`);
      }
      walk(inner);
    }
  };
  const { paths } = document as OpenApi;
  for (const methods of Object.values(paths)) for (const one of Object.values(methods)) walk(one.requestBody);
  return [...found];
}

/** Variables with telling names that hold addresses, and a prefix of such. */
const NO_SECRET_VARIABLES = /_URI$|_$/;

const PACKAGES = fileURLToPath(new URL("../../../../packages", import.meta.url));

/** `environment S3_SECRET_ACCESS_KEY`: variables that the sources speak of, by their names. */
export function environmentPlaces(): readonly string[] {
  const found = new Set<string>();
  for (const name of readdirSync(PACKAGES, { recursive: true, encoding: "utf8" })) {
    if (!/^[^/]+\/src\/(?!test-support\/).*(?<!\.test)\.ts$/.test(name)) continue;
    for (const [variable] of readFileSync(join(PACKAGES, name), "utf8").matchAll(
      /\b(?:OPENCLAW|S3|AWS)_[A-Z0-9_]+\b/g,
    ))
      if (TELLING.test(variable) && !NO_SECRET_VARIABLES.test(variable)) found.add(`environment ${variable}`);
  }
  return [...found];
}
