/** Says what the demo does, in aligned lines; colours only on a terminal that wants them. */
import { styleText } from "node:util";

/** Where the text behind a step's name begins. */
const COLUMN = 32;

export class Narrator {
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  title(text: string): void {
    this.#line(`\n${this.#style("bold", text)}\n`);
  }

  done(step: string, detail: string): void {
    this.#step(this.#style("green", "ok"), step, detail);
  }

  note(step: string, detail: string): void {
    this.#step("--", step, detail);
  }

  failed(text: string): void {
    this.#line(`${this.#style("red", "FAILED")}  ${text}`);
  }

  section(heading: string, facts: readonly (readonly [name: string, value: string])[]): void {
    this.#line(`\n${this.#style("bold", heading)}`);
    for (const [name, value] of facts) this.#line(`  ${name.padEnd(COLUMN - 6)}${value}`);
  }

  end(text: string): void {
    this.#line(`\n${text}`);
  }

  #step(mark: string, step: string, detail: string): void {
    this.#line(`  ${mark}  ${step.padEnd(COLUMN - 6)}${detail}`);
  }

  #style(format: "bold" | "green" | "red", text: string): string {
    const plain = !this.#stream.isTTY || (process.env["NO_COLOR"] ?? "") !== "";
    return plain ? text : styleText(format, text);
  }

  #line(text: string): void {
    this.#stream.write(`${text}\n`);
  }
}

export function count(number: number): string {
  return number.toLocaleString("en-US");
}

export function bytes(number: number): string {
  return `${(number / 1e6).toFixed(1)} MB`;
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

export function rate(byteCount: number, milliseconds: number): string {
  return `${Math.round(byteCount / 1e6 / (milliseconds / 1000))} MB/s`;
}
