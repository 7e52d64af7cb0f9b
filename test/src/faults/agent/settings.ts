/** What the test and the fault agent agree on: the environment, and the files of the control directory. */
import { join } from "node:path";

/** Environment of the gateway under test; {@link AgentSettings} as JSON. */
export const SETTINGS_VARIABLE = "OPENCLAW_FAULTS";
/** Which thread or process of the gateway this is; the agent sets it for those it sees started. */
export const PLACE_VARIABLE = "OPENCLAW_FAULTS_PLACE";
/** The gateway's process, for faults that end it from a helper. */
export const PID_VARIABLE = "OPENCLAW_FAULTS_PID";

export interface AgentSettings {
  readonly stateDirectory: string;
  /** The local root of the gateway's config. */
  readonly archives: string;
  /** Holds {@link ORDER_FILE} and what the agent leaves. */
  readonly control: string;
  /** In worker threads waits are so many times shorter: the pauses between attempts, and the network's timeouts. */
  readonly haste: number;
}

/** Replaced by rename; read again whenever it was. */
export const ORDER_FILE = "order.json";

export type Order =
  /** Writes down every point that is passed, a line each. */
  | { readonly kind: "trace"; readonly id: string }
  /** Makes `fault` when `point` is passed for the `hit`th time, counted from 1 over all threads and processes. */
  | {
      readonly kind: "strike";
      readonly id: string;
      readonly point: string;
      readonly hit: number;
      readonly fault: AgentFault;
    };

export type Errno = "EIO" | "ENOSPC" | "EROFS" | "EMFILE";

export type AgentFault =
  /** The call fails. */
  | Errno
  /** The whole gateway, as a power cut would. */
  | "SIGKILL"
  /** The gateway is asked to stop; the call goes on. */
  | "SIGTERM"
  /** The worker thread, or the helper process, is gone. */
  | "dies"
  /** The worker thread uses up its heap. */
  | "out of memory";

export const traceFile = (control: string, id: string): string => join(control, `trace-${id}`);
/** There once the fault was made. */
export const struckFile = (control: string, id: string): string => join(control, `struck-${id}`);
/** There once the point was passed for the `hit`th time. */
export const hitFile = (control: string, id: string, hit: number): string =>
  join(control, `hit-${id}-${hit}`);
