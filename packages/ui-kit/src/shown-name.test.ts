import t from "tap";
import { shownName } from "./shown-name.js";

t.test("what cannot be seen in a name is shown", (t) => {
  t.equal(shownName("notes.md"), "notes.md");
  t.equal(shownName("שלום ä 文"), "שלום ä 文");
  t.equal(shownName("\u202egpj.exe"), "‹U+202E›gpj.exe");
  t.equal(shownName("a\nb\u0000\u200b"), "a‹U+000A›b‹U+0000›‹U+200B›");
  t.end();
});
