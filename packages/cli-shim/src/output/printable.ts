/**
 * File names, and with them warnings and errors, come out of tenants and archives. A terminal would obey the escape
 * sequences in them, and a bidirectional override shows another name than the one that is there.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}
