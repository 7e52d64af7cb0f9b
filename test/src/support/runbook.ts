/** The shell lines of a Markdown document, taken apart as far as the documents of this project go. */
import { readFileSync } from "node:fs";

/** One simple command: its words, without quotes, redirections and pipes. */
export interface Command {
  readonly words: readonly string[];
  /** As it stands in the document. */
  readonly line: string;
}

/** The commands of all blocks in `sh`, in order; those inside `$(…)` and behind pipes stand for themselves. */
export function commandsOf(file: string): readonly Command[] {
  return blocksOf(file, "sh").flatMap((block) =>
    block
      .replaceAll(/\\\n\s*/g, " ")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"))
      .flatMap((line) => simpleCommands(line).map((words) => ({ words, line }))),
  );
}

/** The contents of the code blocks in a language, without their indentation. */
export function blocksOf(file: string, language: string): readonly string[] {
  return allBlocksOf(file)
    .filter((block) => block.language === language)
    .map(({ content }) => content);
}

export interface Block {
  /** The nearest heading before it, of any level; empty before the first. */
  readonly heading: string;
  readonly language: string;
  /** Without its indentation. */
  readonly content: string;
}

/** Every code block, in order. */
export function allBlocksOf(file: string): readonly Block[] {
  const blocks: Block[] = [];
  let heading = "";
  // A block is matched as a whole, so that a comment in it is no heading.
  for (const found of readFileSync(file, "utf8").matchAll(/^( *)```(\w*)\n([^]*?)^ *```$|^#+ (.+)$/gm)) {
    const [, indent = "", language = "", content = "", title] = found;
    if (title !== undefined) heading = title;
    else blocks.push({ heading, language, content: content.replaceAll(new RegExp(`^${indent}`, "gm"), "") });
  }
  return blocks;
}

/** The commands in `inline code` that begins with one of these programs; two words (`helm upgrade`) only name one. */
export function inlineCommandsOf(file: string, programs: readonly string[]): readonly Command[] {
  const text = readFileSync(file, "utf8").replaceAll(/^( *)```[^]*?^ *```$/gm, "");
  return [...text.matchAll(/`([^`]+)`/g)]
    .map(([, line = ""]) => line.replaceAll(/\s+/g, " "))
    .filter((line) => programs.includes(line.split(" ")[0] ?? "") && line.split(" ").length > 2)
    .flatMap((line) => simpleCommands(line).map((words) => ({ words, line })));
}

function simpleCommands(line: string): string[][] {
  const nested: string[][] = [];
  const commands: string[][] = [[]];
  let word: string | undefined;
  const add = (text: string): void => void (word = (word ?? "") + text);
  const end = (): void => {
    if (word !== undefined) commands.at(-1)?.push(word);
    word = undefined;
  };
  /** Takes `$(…)` out at `from`; gives the place behind it. */
  const substitution = (from: number): number => {
    const close = line.indexOf(")", from);
    if (close < 0) throw new Error(`a $( that does not end: ${line}`);
    nested.push(...simpleCommands(line.slice(from + 2, close)));
    add("substituted");
    return close + 1;
  };
  for (let at = 0; at < line.length;) {
    const character = line.charAt(at);
    if (character === "'") {
      const close = line.indexOf("'", at + 1);
      add(line.slice(at + 1, close));
      at = close + 1;
    } else if (character === '"') {
      add("");
      at += 1;
      while (line.charAt(at) !== '"') {
        if (at >= line.length) throw new Error(`a quote that does not end: ${line}`);
        if (line.startsWith("$(", at)) at = substitution(at);
        else add(line.charAt(at++));
      }
      at += 1;
    } else if (line.startsWith("$(", at)) {
      at = substitution(at);
    } else if (character === " ") {
      end();
      at += 1;
    } else if (character === "|" || character === ";" || line.startsWith("&&", at)) {
      end();
      commands.push([]);
      at += character === "&" ? 2 : 1;
    } else if (character === ">" || character === "<") {
      end();
      // The file's name is no word of the command.
      at = line.slice(at + 1).search(/\S/) + at + 1;
      while (at < line.length && line.charAt(at) !== " ") at += 1;
    } else {
      add(character);
      at += 1;
    }
  }
  end();
  return [...nested, ...commands.filter((words) => words.length > 0)];
}
