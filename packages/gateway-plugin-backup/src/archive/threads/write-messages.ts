/** What an extract thread and the thread that writes for it say to each other. */
import type { MessagePort } from "node:worker_threads";
import type { SerializedError } from "../../errors.js";
import type { TreeRoute } from "../routed-tree.js";
import type { TreeBatch } from "../tree-batch.js";

/** One end of the way between the two. */
export interface WriteLink {
  readonly port: MessagePort;
  /** In shared memory, of one number: how many replies were sent. Whoever waits for one sleeps on it. */
  readonly replies: Int32Array;
}

export interface WriteStart extends WriteLink {
  /** Existing, empty directory that becomes the tenant's. */
  readonly into: string;
  /** Directories of the tree that are written elsewhere. */
  readonly routes: readonly TreeRoute[];
}

export type ToWriteThread = ({ readonly type: "batch" } & TreeBatch) | { readonly type: "finish" };

export type FromWriteThread =
  /** The batch is written; the buffer of its content comes back. */
  | { readonly type: "taken"; readonly buffer: ArrayBuffer }
  | { readonly type: "finished" }
  | { readonly type: "failed"; readonly error: SerializedError };
