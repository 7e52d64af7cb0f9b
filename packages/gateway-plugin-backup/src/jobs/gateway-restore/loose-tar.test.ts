import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { TarReader, type ForeignEntry } from "../../archive/foreign-tar.js";
import { LocalStore } from "../../stores/local/local-store.js";
import type { ObjectInfo } from "../../stores/store.js";
import { looseTar } from "./loose-tar.js";

const { signal } = new AbortController();

t.test("objects become the tar that would hold them", async (t) => {
  const root = t.testdir();
  const contents: Record<string, string> = {
    "openclaw.json": "{}",
    empty: "",
    large: "l".repeat(1024 * 1024 + 3),
    "bin/latest.rclonelink": "../openclaw.json",
    "no-link.rclonelink": "x".repeat(5000),
    [`long/${"n".repeat(200)}`]: "long",
  };
  for (let number = 0; number < 40; number++) contents[`many/${number}`] = String(number);
  for (const [path, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  symlinkSync("../empty", join(root, "bin/link"));
  const store = new LocalStore({ kind: "local", roots: [root] });
  const files: ObjectInfo[] = [];
  for await (const file of store.list(`${root}/`)) files.push(file);
  const directory = { ...(files[0] as ObjectInfo), key: `${root}/shown-as-directory/`, size: 0 };
  const mixed = [...files.filter((_, n) => n % 2 === 0), ...files.filter((_, n) => n % 2 === 1)];
  const source = looseTar(store, `${root}/`, [...mixed, directory], signal);

  const found = new Map<string, { readonly entry: ForeignEntry; content: string }>();
  let current: { readonly entry: ForeignEntry; content: string } | undefined;
  const tar = new TarReader("The tar", {
    entry: (entry) => found.set(entry.path, (current = { entry, content: "" })),
    content: (bytes) => {
      if (current !== undefined) current.content += Buffer.from(bytes).toString();
    },
    entryEnd: () => undefined,
  });
  let bytes = 0;
  for await (const chunk of source.read(0, source.size)) {
    tar.write(chunk);
    bytes += chunk.length;
  }
  tar.end();
  t.match(found.get("bin/link")?.entry, { type: "symlink", target: "../empty" });
  found.delete("bin/link");
  const { "bin/latest.rclonelink": target, ...others } = contents;
  t.same(
    Object.fromEntries(
      [...found].filter(([path]) => path !== "bin/latest").map(([path, { content }]) => [path, content]),
    ),
    others,
  );
  t.match(found.get("bin/latest")?.entry, { type: "symlink", target });
  const modifiedAt = files.find(({ key }) => key.endsWith("/openclaw.json"))?.modifiedAt.getTime() ?? 0;
  const mtimeNs = BigInt(Math.floor(modifiedAt / 1000)) * 1_000_000_000n;
  t.match(found.get("openclaw.json")?.entry, { mode: 0o600, mtimeNs });
  t.ok(Math.abs(source.size - bytes) <= 1024, "its size is told but for links");
});

t.test("what cannot be read is an error, though it was fetched ahead", async (t) => {
  const root = t.testdir({ a: "a", b: "b" });
  const store = new LocalStore({ kind: "local", roots: [root] });
  const files: ObjectInfo[] = [];
  for await (const file of store.list(`${root}/`)) files.push(file);
  writeFileSync(join(root, "b"), "changed");
  const read = async (): Promise<number> => {
    let bytes = 0;
    for await (const chunk of looseTar(store, `${root}/`, files, signal).read(0, 0)) bytes += chunk.length;
    return bytes;
  };
  await t.rejects(read(), { code: "STORE_FAILED" });
});
