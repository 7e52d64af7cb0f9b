/** The runbooks as the tests take them: blocks by heading, and which of them somebody has followed. */
import { fileURLToPath } from "node:url";
import { allBlocksOf } from "../support/runbook.js";

const RUNBOOKS = fileURLToPath(new URL("../../../docs/runbooks.md", import.meta.url));

export class Book {
  /** What the reader sets: `NAME=example`, line by line. */
  readonly settings: string;
  readonly #blocks = new Map<string, string[]>();
  readonly #unread: Set<string>;

  constructor() {
    let settings = "";
    for (const { heading, language, content } of allBlocksOf(RUNBOOKS)) {
      if (language === "ini") settings += content;
      else this.#blocks.set(heading, [...(this.#blocks.get(heading) ?? []), content]);
    }
    this.settings = settings;
    this.#unread = new Set(this.#blocks.keys());
  }

  /** The blocks below a heading, to the letter. */
  read(heading: string): string {
    const blocks = this.#blocks.get(heading);
    if (blocks === undefined) throw new Error(`the runbooks have no blocks below "${heading}"`);
    this.#unread.delete(heading);
    return blocks.join("");
  }

  /** Headings whose blocks nobody has read. */
  get unread(): readonly string[] {
    return [...this.#unread];
  }
}
