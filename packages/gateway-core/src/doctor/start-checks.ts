/** What would keep a gateway that is down from starting, beside its config and its lock. */
import { createServer } from "node:net";
import { adminToken } from "../config/admin-token.js";
import type { Config } from "../config/schema.js";
import type { SecretResolver } from "../config/secrets.js";
import { Certificate } from "../http/certificate.js";
import { listenError } from "../http/listen-error.js";
import { proxyTrust } from "../http/trusted-proxies.js";
import { isCodedError } from "../errors.js";
import type { Clock, DoctorCheck, Finding } from "../plugin/host.js";
import { createLogger } from "../http/logger.js";
import { errorText, isSystemError } from "../system-error.js";
import { adminTokenCheck } from "./core-checks.js";
import { networkCheck } from "./network-check.js";

export interface StartParts {
  readonly config: Config;
  /** The state directory. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly resolveSecret: SecretResolver;
}

export function startChecks(parts: StartParts): readonly DoctorCheck[] {
  return [
    { name: "admin-token", run: () => checkToken(parts) },
    { name: "network", run: () => checkNetwork(parts) },
    { name: "port", run: async () => [await checkPort(parts.config)] },
  ];
}

async function checkToken({ config, env, resolveSecret }: StartParts): Promise<readonly Finding[]> {
  try {
    const { token } = adminToken({ env, configured: config.gateway.token, resolveSecret, dev: false });
    return await adminTokenCheck(token.length).run();
  } catch (error) {
    // The gateway's environment may be another one than that of whoever asks.
    const isMissing = isCodedError(error) && error.code === "TOKEN_MISSING";
    return [
      {
        severity: isMissing ? "info" : "critical",
        message: isMissing ? "Neither the config nor this environment has an admin token." : errorText(error),
        fix: "See that OPENCLAW_GATEWAY_TOKEN is set where the gateway is started, or set gateway.token in openclaw.json.",
      },
    ];
  }
}

async function checkNetwork({ config, root, clock }: StartParts): Promise<readonly Finding[]> {
  const { bind, tls, trustedProxies = [] } = config.gateway;
  try {
    proxyTrust(trustedProxies);
    const certificate = tls === undefined ? undefined : new Certificate(tls, root, createLogger("silent"));
    return await networkCheck({ bind, certificate, trustsProxies: trustedProxies.length > 0 }, clock).run();
  } catch (error) {
    const fix = (isCodedError(error) ? error.hint : undefined) ?? "Correct gateway in openclaw.json.";
    return [{ severity: "critical", message: `The gateway cannot start: ${errorText(error)}`, fix }];
  }
}

async function checkPort({ gateway: { bind, port } }: Config): Promise<Finding> {
  try {
    await new Promise<void>((resolve, reject) => {
      const server = createServer();
      server.once("error", reject);
      server.listen({ host: bind, port, exclusive: true }, () => server.close(() => resolve()));
    });
    return { severity: "ok", message: `Port ${port} of ${bind} is free for the gateway.` };
  } catch (error) {
    const { message, hint } = listenError(error, bind, port);
    const isTaken = isSystemError(error, "EADDRINUSE");
    return {
      severity: "critical",
      message: isTaken ? `${message}, by another program than this state directory's gateway.` : message,
      fix: hint ?? "Correct gateway.bind and gateway.port in openclaw.json.",
    };
  }
}
