/** Makes the faults. */
import { constants } from "node:os";
import { isMainThread } from "node:worker_threads";
import { PID_VARIABLE } from "./settings.js";
import type { AgentFault, Errno } from "./settings.js";

const texts: Readonly<Record<Errno, string>> = {
  EIO: "i/o error",
  ENOSPC: "no space left on device",
  EROFS: "read-only file system",
  EMFILE: "too many open files",
};

const KILLED_WITHIN_MS = 1_000;

/** The error that the call is to fail with; undefined where the call is to go on. */
export function strike(
  fault: AgentFault,
  call: { readonly syscall: string; readonly path: string },
): Error | undefined {
  switch (fault) {
    case "SIGKILL":
      process.kill(gatewayPid(), "SIGKILL");
      // The signal may take a moment to arrive; nothing more is done until then. A helper process lives on.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, KILLED_WITHIN_MS);
      return undefined;
    case "SIGTERM":
      process.kill(gatewayPid(), "SIGTERM");
      return undefined;
    case "dies":
      if (isMainThread) process.kill(process.pid, "SIGKILL");
      process.exit(7);
    case "out of memory":
      useUpTheHeap();
      return undefined;
    default:
      return errnoError(fault, call);
  }
}

function gatewayPid(): number {
  return Number(process.env[PID_VARIABLE] ?? process.pid);
}

function useUpTheHeap(): void {
  const hoard: number[][] = [];
  for (;;) hoard.push(new Array<number>(100_000).fill(Math.random()));
}

function errnoError(
  code: Errno,
  { syscall, path }: { readonly syscall: string; readonly path: string },
): Error {
  const message = `${code}: ${texts[code]}, ${syscall} '${path}'`;
  return Object.assign(new Error(message), { code, errno: -constants.errno[code], syscall, path });
}
