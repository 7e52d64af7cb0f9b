import t from "tap";
import { nameSuffix } from "./sealing-of.js";
import type { Sealing } from "./thread/encryption.js";

const pipe = (name: string): Sealing => ({
  kind: "pipe",
  command: { name, program: `/usr/bin/${name}`, args: [] },
  directory: "/tmp",
});

t.test("the name of what age made says so; other programs' formats have no name here", (t) => {
  t.equal(nameSuffix(undefined), "");
  t.equal(nameSuffix({ kind: "age", recipients: ["age1…"] }), ".age");
  t.equal(nameSuffix(pipe("age")), ".age");
  t.equal(nameSuffix(pipe("rage")), ".age");
  t.equal(nameSuffix(pipe("gpg")), ".piped");
  t.end();
});
