/**
 * Everything the command writes. Human output: results on stdout, notes and errors on stderr. With `--json`: one JSON
 * document on stdout (JSON lines for a stream) and nothing else, on success as on failure.
 */
import type { CommandError } from "../errors.js";
import { printable } from "./printable.js";

export interface OutputStream {
  write(text: string): unknown;
}

/** Where results go. */
export interface ResultStream extends OutputStream {
  write(content: string | Uint8Array, done?: (error?: Error | null) => void): unknown;
}

export class Output {
  readonly json: boolean;
  readonly #stdout: ResultStream;
  readonly #stderr: OutputStream;

  constructor(options: {
    readonly stdout: ResultStream;
    readonly stderr: OutputStream;
    readonly json: boolean;
  }) {
    this.json = options.json;
    this.#stdout = options.stdout;
    this.#stderr = options.stderr;
  }

  /** The command's result, once per command: the document as it is, or lines made for people. */
  result(document: unknown, human: () => readonly string[]): void {
    if (this.json) this.#stdout.write(`${JSON.stringify(document)}\n`);
    else for (const line of human()) this.#stdout.write(`${printable(line)}\n`);
  }

  /** One document of a stream, on one line. */
  item(document: unknown): void {
    if (this.json) this.#stdout.write(`${JSON.stringify(document)}\n`);
  }

  /** One item of a stream as text: with `--json` the JSON that came, else a line made for people. */
  line(json: string, human: () => string): void {
    this.#stdout.write(`${this.json ? json : printable(human())}\n`);
  }

  /** Bytes of a file as they are. Resolves when there is room for more. */
  async bytes(chunk: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#stdout.write(chunk, (error) => (error == null ? resolve() : reject(error)));
    });
  }

  /** Something beside the result, for people only. */
  note(line: string): void {
    if (!this.json) this.#stderr.write(`${printable(line)}\n`);
  }

  /** Help that was asked for. Commander's text is the program's own. */
  help(text: string): void {
    this.#stdout.write(text);
  }

  /** Help because a command is missing. */
  usage(text: string): void {
    if (!this.json) this.#stderr.write(text);
  }

  error(error: CommandError): void {
    const { problem } = error;
    if (this.json) {
      this.#stdout.write(`${JSON.stringify(problem)}\n`);
      return;
    }
    this.#stderr.write(`error: ${printable(problem.detail)}\n`);
    // The gateway's log has what it does not tell its callers, under this id.
    if (problem.code === "INTERNAL" && typeof problem["instance"] === "string") {
      this.#stderr.write(`request: ${printable(problem["instance"])}\n`);
    }
    if (problem.hint !== undefined) this.#stderr.write(`hint: ${printable(problem.hint)}\n`);
  }
}
