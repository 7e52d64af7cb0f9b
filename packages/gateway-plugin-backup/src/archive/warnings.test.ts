import { openSync } from "node:fs";
import t from "tap";
import { rawPath } from "./raw-path.js";
import { MAX_WARNINGS, Warnings } from "./warnings.js";

t.test("ten thousand warnings are kept, the rest is counted", (t) => {
  const warnings = new Warnings("Tenant acme", false);
  for (let i = 0; i < MAX_WARNINGS + 5; i++) warnings.add("SPECIAL_FILE", rawPath(`s${i}`), "A socket.");
  const list = warnings.list();
  t.equal(list.length, MAX_WARNINGS + 1);
  t.match(list.at(-1), { code: "SPECIAL_FILE", path: "", message: /^5 further/ });
  t.end();
});

t.test(
  "a system error is told without its call; one that is not the file's own fault is never allowed",
  (t) => {
    const warnings = new Warnings("Tenant acme", true);
    try {
      openSync("/none/at/all", "r");
    } catch (error) {
      warnings.unreadableBecause(rawPath("a\nb"), error);
    }
    t.strictSame(warnings.list(), [
      {
        code: "FILE_UNREADABLE",
        path: "a\\x0ab",
        message: "Left out, it cannot be read: ENOENT: no such file or directory.",
      },
    ]);
    const tooMany = Object.assign(new Error("EMFILE: too many open files, open 'x'"), {
      code: "EMFILE",
      syscall: "open",
    });
    t.throws(
      () => {
        warnings.unreadableBecause(rawPath("x"), tooMany);
      },
      {
        code: "IO_FAILED",
        message: "Tenant acme: x could not be opened: EMFILE: too many open files.",
        hint: /ulimit -n/,
      },
    );
    t.throws(() => warnings.unreadableBecause(rawPath(""), tooMany), {
      message: /^Tenant acme: \. could not/,
    });
    const fault = new TypeError("A fault of the program.");
    t.throws(() => warnings.unreadableBecause(rawPath("x"), fault), fault);
    t.end();
  },
);

t.test("the tenant's own directory has a name in messages", (t) => {
  const warnings = new Warnings("Tenant acme", false);
  t.throws(() => warnings.unreadable("FILE_UNREADABLE", rawPath(""), "EIO: i/o error"), {
    message: "Tenant acme: file . cannot be read: EIO: i/o error.",
  });
  t.end();
});
