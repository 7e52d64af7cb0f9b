/**
 * Characters that a reader does not see and that change how others look: controls, and those that turn the direction of text.
 * https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
const UNSEEN = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** A name, or a path, as it can be shown: what cannot be seen stands as `‹U+202E›`. */
export function shownName(name: string): string {
  return name.replace(
    UNSEEN,
    (character) => `‹U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}›`,
  );
}
