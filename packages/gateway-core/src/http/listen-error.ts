import { GatewayError } from "../errors.js";
import { errorText, isSystemError } from "../system-error.js";

/** Why the gateway cannot listen there, as an error of one clear line: `PORT_IN_USE`, `CONFIG_INVALID`, `INTERNAL`. */
export function listenError(error: unknown, host: string, port: number): GatewayError {
  if (isSystemError(error, "EADDRINUSE")) {
    return new GatewayError("PORT_IN_USE", `Port ${port} of ${host} is in use`, { details: { port } });
  }
  if (isSystemError(error, "EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN", "EINVAL")) {
    return new GatewayError("CONFIG_INVALID", `gateway.bind ${host} is not an address of this machine`, {
      hint: "Choose 127.0.0.1, 0.0.0.0, or an address of a network interface.",
    });
  }
  if (isSystemError(error, "EACCES")) {
    return new GatewayError("CONFIG_INVALID", `The gateway's user may not listen on port ${port}`, {
      hint: "Choose a port of 1024 or more.",
    });
  }
  return new GatewayError("INTERNAL", `The gateway cannot listen on ${host}:${port}: ${errorText(error)}`, {
    cause: error,
  });
}
