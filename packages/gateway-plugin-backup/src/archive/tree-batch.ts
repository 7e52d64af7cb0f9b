/**
 * What a {@link TreeSink} is asked to do, as data: so that one thread can check an archive while another one writes what
 * has been checked.
 */
import type { RawPath } from "./raw-path.js";
import type { TreeSink } from "./tree-sink.js";

export type TreeStep = FileBegin | FileMore | OtherEntry;

/** The next bytes of the file that is being written. */
interface FilePart {
  /** Content bytes of this part, next in the batch's content. */
  bytes: number;
  isLast: boolean;
}

interface FileBegin extends FilePart {
  readonly type: "file";
  readonly path: RawPath;
  readonly mode: number;
  readonly mtimeNs: bigint;
}

/** For a file that does not end in the batch in which it begins. */
interface FileMore extends FilePart {
  readonly type: "more";
}

type OtherEntry =
  | { readonly type: "directory"; readonly path: RawPath; readonly mode: number; readonly mtimeNs: bigint }
  | { readonly type: "symlink"; readonly path: RawPath; readonly target: RawPath; readonly mtimeNs: bigint }
  | {
      readonly type: "copy";
      readonly from: RawPath;
      readonly path: RawPath;
      readonly mode: number;
      readonly mtimeNs: bigint;
    };

export interface TreeBatch {
  readonly steps: readonly TreeStep[];
  /** Content of the files in {@link steps}, one part behind the other. */
  readonly content: ArrayBuffer;
}

/** Collects steps and their content, to be taken as a batch. */
export class TreeSteps {
  #steps: TreeStep[] = [];
  #part: FilePart | undefined;

  get length(): number {
    return this.#steps.length;
  }

  add(entry: OtherEntry): void {
    this.#steps.push(entry);
  }

  beginFile(path: RawPath, mode: number, mtimeNs: bigint): void {
    const begin: FileBegin = { type: "file", path, mode, mtimeNs, bytes: 0, isLast: false };
    this.#steps.push(begin);
    this.#part = begin;
  }

  /** `bytes` more of the file that was begun. */
  content(bytes: number): void {
    this.#currentPart().bytes += bytes;
  }

  endFile(): void {
    this.#currentPart().isLast = true;
    this.#part = undefined;
  }

  /** All steps since the last call. A file that has not ended goes on in those that follow. */
  take(): TreeStep[] {
    const steps = this.#steps;
    this.#steps = [];
    if (this.#part !== undefined) {
      const more: FileMore = { type: "more", bytes: 0, isLast: false };
      this.#steps.push(more);
      this.#part = more;
    }
    return steps;
  }

  #currentPart(): FilePart {
    if (this.#part === undefined) throw new Error("content outside of a file");
    return this.#part;
  }
}

/** Does what the batch says, in its order. Throws what the sink throws. */
export function replay({ steps, content }: TreeBatch, sink: TreeSink): void {
  let position = 0;
  for (const step of steps) {
    switch (step.type) {
      case "directory":
        sink.directory(step.path, step.mode, step.mtimeNs);
        break;
      case "symlink":
        sink.symlink(step.path, step.target, step.mtimeNs);
        break;
      case "copy":
        sink.copyFile(step.from, step.path, step.mode, step.mtimeNs);
        break;
      case "file":
      case "more":
        if (step.type === "file") sink.beginFile(step.path, step.mode, step.mtimeNs);
        sink.content(new Uint8Array(content, position, step.bytes));
        position += step.bytes;
        if (step.isLast) sink.endFile();
    }
  }
}
