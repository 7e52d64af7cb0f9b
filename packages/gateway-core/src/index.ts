/** The gateway core: everything that another package may import stands here. */
export { createGateway } from "./gateway.js";
export type { CloseOptions, Gateway, GatewayOptions } from "./gateway.js";
export { loadConfig } from "./config/load.js";
export type { LoadConfigOptions } from "./config/load.js";
export { configSchema } from "./config/schema.js";
export type { Config } from "./config/schema.js";
export type { LogLevel } from "./http/logger.js";
export type { Problem } from "./http/problem.js";
export { GatewayError, isCodedError } from "./errors.js";
export type { CodedError, ExitCode, GatewayErrorCode, GatewayErrorOptions } from "./errors.js";
export { defaultStateDirectory } from "./state/directory.js";
export { workspaceVolume } from "./state/workspace-volume.js";
export { GATEWAY_VERSION } from "./version.js";
export type * from "./plugin/host.js";
import "./http/private.js";
import "./http/request.js";
