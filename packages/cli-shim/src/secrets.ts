import { readFileSync } from "node:fs";
import { gatewayUrl } from "./client.js";
import type { Environment } from "./context.js";
import { cliError } from "./errors.js";

/** A file that is larger holds no access key; `file:/dev/zero` must end as well. */
const MAX_SECRET_BYTES = 64 * 1024;

/**
 * The secret that a flag stands for: `env:NAME`, `file:PATH` (without the line end that editors add), both read on this
 * machine, or the value itself. Throws `SECRET_UNREADABLE` and `USAGE`, and never names the value.
 */
export function resolveSecret(flag: string, value: string, env: Environment): string {
  const secret = read(flag, value, env);
  // An empty variable in `--access-key $KEY --secret-key $SECRET` makes the next flag the value of the one before.
  if (secret === "" || secret.startsWith("--")) {
    throw cliError("USAGE", `${flag} has no value`, {
      hint: "Is the variable that should hold it set in this shell?",
    });
  }
  return secret;
}

/**
 * Like {@link resolveSecret}, for what goes into a request. Throws `SECRET_EXPOSED` before anything is read when the request
 * would cross a network in clear text.
 */
export function secretToSend(flag: string, value: string, env: Environment): string {
  const url = new URL(gatewayUrl(env));
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw cliError("SECRET_EXPOSED", `${flag} would be sent to ${url.origin} in clear text`);
  }
  return resolveSecret(flag, value, env);
}

/** Of a host as `URL` writes it: IPv4 addresses in four numbers, IPv6 ones in brackets. RFC 6761, section 6.3: all of localhost. */
function isLoopback(host: string): boolean {
  return /^127(\.\d+){3}$/.test(host) || host === "[::1]" || /(^|\.)localhost$/.test(host);
}

function read(flag: string, value: string, env: Environment): string {
  if (value.startsWith("env:")) {
    const name = value.slice("env:".length);
    const found = env[name];
    if (found !== undefined && found !== "") return found;
    throw cliError("SECRET_UNREADABLE", `${flag}: the environment variable ${name} is not set`);
  }
  if (value.startsWith("file:")) return readSecretFile(flag, value.slice("file:".length));
  return value;
}

/** What stands in a file on this machine, without the line end that editors add. Throws `SECRET_UNREADABLE`. */
export function readSecretFile(flag: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw cliError("SECRET_UNREADABLE", `${flag}: could not read ${path}: ${reason}`, { cause: error });
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "" || secret.length > MAX_SECRET_BYTES) {
    throw cliError(
      "SECRET_UNREADABLE",
      `${flag}: ${path} is ${secret === "" ? "empty" : "too large for a secret"}`,
    );
  }
  return secret;
}
