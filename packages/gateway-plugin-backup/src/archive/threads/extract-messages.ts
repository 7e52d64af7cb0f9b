/** What a job and its extract thread say to each other. */
import type { SerializedError } from "../../errors.js";
import type { ExtractionResult, ExtractionTask } from "../extraction.js";
import type { WriteLink } from "./write-messages.js";

/** The thread's worker data. */
export interface ExtractStart {
  readonly task: ExtractionTask;
  /** The thread that writes; undefined: everything is checked and nothing written. */
  readonly writer: WriteLink | undefined;
}

export type ToExtractThread =
  /** `length` stored bytes at the front of the buffer, which goes back with `taken`. */
  | { readonly type: "chunk"; readonly buffer: ArrayBuffer; readonly length: number }
  | { readonly type: "end" };

export type FromExtractThread =
  | {
      readonly type: "taken";
      readonly buffer: ArrayBuffer;
      /** Files and content bytes extracted so far. */
      readonly files: number;
      readonly contentBytes: number;
    }
  | { readonly type: "done"; readonly result: ExtractionResult }
  | { readonly type: "failed"; readonly error: SerializedError };
