import type { Output } from "./output.js";

/** Lines that are sent together. */
const BATCH_CHARACTERS = 64 * 1024;

/** Documents as JSON lines, sent by the batch. */
export class JsonLines {
  readonly #output: Output;
  #batch = "";

  constructor(output: Output) {
    this.#output = output;
  }

  async add(document: object): Promise<void> {
    this.#batch += `${JSON.stringify(document)}\n`;
    if (this.#batch.length >= BATCH_CHARACTERS) await this.#send();
  }

  /** After the last document. */
  async end(): Promise<void> {
    await this.#send();
    await this.#output.end();
  }

  async #send(): Promise<void> {
    const bytes = Buffer.from(this.#batch);
    this.#batch = "";
    await this.#output.write(bytes);
  }
}
