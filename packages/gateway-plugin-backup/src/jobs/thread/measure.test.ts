import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { measure } from "./measure.js";

const { signal } = new AbortController();

await t.test("files are counted, whatever their names, and nothing is followed", async (t) => {
  const tree = join(t.testdir(), "tree");
  mkdirSync(join(tree, "a/b"), { recursive: true });
  mkdirSync(join(tree, "left/deep"), { recursive: true });
  writeFileSync(join(tree, "a/b/x"), "12345");
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/a/`), Buffer.from([0xff, 0xfe])]), "123");
  writeFileSync(join(tree, "left/deep/y"), "not counted");
  symlinkSync("/", join(tree, "a/out"));
  t.same(await measure({ tree, except: ["left"] }, { signal }), { files: 2, bytes: 8 });
  t.same(await measure({ tree: join(tree, "gone"), except: [] }, { signal }), { files: 0, bytes: 0 });
  await t.rejects(measure({ tree: join(tree, "a/b/x"), except: [] }, { signal }), {
    code: "IO_FAILED",
    message: /a\/b\/x/,
  });
});

await t.test("a count of very many files can be given up", async (t) => {
  const tree = join(t.testdir(), "many");
  mkdirSync(tree);
  for (let n = 0; n < 4100; n++) writeFileSync(join(tree, String(n)), "");
  const stopped = new AbortController();
  const counting = measure({ tree, except: [] }, stopped);
  stopped.abort(new Error("enough"));
  await t.rejects(counting, { message: "enough" });
  t.same(await measure({ tree, except: [] }, { signal }), { files: 4100, bytes: 0 });
});
