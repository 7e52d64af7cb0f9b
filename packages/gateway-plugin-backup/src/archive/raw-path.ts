/**
 * Paths as bytes. File names on Linux are bytes, not text; a name that is not UTF-8 must survive a backup. A
 * {@link RawPath} is a string in which each character is one byte (Latin-1): it sorts by byte with `<`, works as a map
 * key and splits on "/", and turns into the Buffer that `fs` wants without loss.
 */

declare const brand: unique symbol;
export type RawPath = string & { readonly [brand]: "RawPath" };

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** From the bytes that `readdir` or a tar header gives. */
export function rawPathFromBytes(bytes: Uint8Array): RawPath {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1") as RawPath;
}

/** From ordinary text. */
export function rawPath(text: string): RawPath {
  return (isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1")) as RawPath;
}

export function rawPathBytes(path: RawPath): Buffer {
  return Buffer.from(path, "latin1");
}

/** The text of a path, or undefined when its bytes are not UTF-8. */
export function rawPathText(path: RawPath): string | undefined {
  if (isAscii(path)) return path;
  try {
    return strictUtf8.decode(rawPathBytes(path));
  } catch {
    return undefined;
  }
}

/** What a terminal obeys (control characters), and what shows another name than the one that is there (line breaks, bidi). */
const UNSAFE_TEXT = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const UNSAFE_BYTES = /[\x00-\x1f\x7f-\xff]/g;

/**
 * A form fit for messages: control characters and bytes that are not UTF-8 are shown as \xNN, line separators and
 * bidirectional controls as \uNNNN.
 */
export function displayPath(path: RawPath): string {
  const text = rawPathText(path);
  return text === undefined ? path.replace(UNSAFE_BYTES, escaped) : text.replace(UNSAFE_TEXT, escaped);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}

export function joinRaw(directory: RawPath, name: RawPath): RawPath {
  return (directory === "" ? name : `${directory}/${name}`) as RawPath;
}

function isAscii(path: string): boolean {
  for (let i = 0; i < path.length; i++) if (path.charCodeAt(i) > 0x7f) return false;
  return true;
}
