import t from "tap";
import { printable } from "./printable.js";

t.test("escape sequences, line ends and bidirectional overrides in names are shown, not obeyed", (t) => {
  t.equal(printable("a\u001b[2Jb"), "a\\x1b[2Jb");
  t.equal(printable("two\nlines\u009b"), "two\\x0alines\\x9b");
  t.equal(printable("txt.\u202egpj"), "txt.\\u202egpj");
  t.end();
});

t.test("letters of all scripts stay as they are", (t) => {
  t.equal(printable("Grüße → 日本語 🦞"), "Grüße → 日本語 🦞");
  t.end();
});
