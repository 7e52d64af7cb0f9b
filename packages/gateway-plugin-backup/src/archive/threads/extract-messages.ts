/** What a job and its extract thread say to each other; the task itself is the thread's worker data. */
import type { SerializedError } from "../../errors.js";
import type { ExtractionResult } from "../extraction.js";

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
