import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { Type } from "@openclaw/schema";
import { GatewayError } from "../errors.js";
import type { SecretReference } from "../plugin/host.js";
import { errorText } from "../system-error.js";

/** Schema of a {@link SecretReference}. References keep secrets out of openclaw.json. */
export const SecretSchema = Type.Union(
  [
    Type.String({ minLength: 1 }),
    Type.Object({ env: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
    Type.Object({ file: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
  ],
  { description: 'a string, {"env": "NAME"} or {"file": "PATH"}' },
);

/** Throws `CONFIG_INVALID` naming the variable or the file, never what is in it. */
export type SecretResolver = (reference: SecretReference) => string;

/** No secret is longer; it keeps a wrong path (a log, a device) from being read whole. */
const MAX_SECRET_BYTES = 64 * 1024;

/** `directory`: what a relative `file` path is relative to (the directory of the config file). */
export function secretResolver(env: NodeJS.ProcessEnv, directory: string): SecretResolver {
  return (reference) => {
    if (typeof reference === "string") return reference;
    if ("env" in reference) {
      const value = env[reference.env];
      if (value === undefined || value === "") {
        throw new GatewayError("CONFIG_INVALID", `The environment variable ${reference.env} is not set`, {
          hint: "Set it, or change the reference in openclaw.json.",
        });
      }
      return value;
    }
    return readSecretFile(path.resolve(directory, reference.file));
  };
}

function readSecretFile(file: string): string {
  let content: string;
  try {
    const { size } = statSync(file);
    if (size > MAX_SECRET_BYTES) throw new Error(`it is larger than ${MAX_SECRET_BYTES} bytes`);
    // Editors and `echo` end a file with a newline; no secret does.
    content = readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    const reason = errorText(error);
    throw new GatewayError("CONFIG_INVALID", `The secret in ${file} cannot be read: ${reason}`, {
      hint: "Make the file readable for the gateway, or change the reference in openclaw.json.",
      cause: error,
    });
  }
  if (content === "") throw new GatewayError("CONFIG_INVALID", `The secret in ${file} is empty`);
  return content;
}
