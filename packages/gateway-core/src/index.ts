/** The gateway core: everything that another package may import stands here. */
export { createGateway } from "./gateway.js";
export type { CloseOptions, Gateway, GatewayOptions } from "./gateway.js";
export { secretResolver } from "./config/secrets.js";
export { doctorOffline } from "./doctor/offline.js";
export type { OfflineDoctorOptions, OfflineReport } from "./doctor/offline.js";
export { loadConfig } from "./config/load.js";
export type { LoadConfigOptions } from "./config/load.js";
export { configSchema } from "./config/schema.js";
export type { Config } from "./config/schema.js";
export type { LogLevel } from "./http/logger.js";
export type { Problem } from "./http/problem.js";
export { GatewayError, isCodedError } from "./errors.js";
export type { CodedError, ExitCode, GatewayErrorCode, GatewayErrorOptions } from "./errors.js";
export { defaultStateDirectory, gatewayPaths } from "./state/directory.js";
export type { GatewayPaths } from "./state/directory.js";
export { lockState, lockStateToRead } from "./state/locked-state.js";
export type { LockedState } from "./state/locked-state.js";
export { workspaceVolume } from "./state/workspace-volume.js";
export { StateRestores } from "./state/restore/state-restores.js";
export type {
  ReplacedVolume,
  RestoreSettlement,
  StateVolume,
  SwappedState,
  UndoableRestore,
} from "./state/restore/state-restores.js";
export { GATEWAY_VERSION } from "./version.js";
export type * from "./plugin/host.js";
import "./http/private.js";
import "./http/request.js";
