/** Every key is replaced while its owner looks: the old one opens nothing any more, the new one everything. */
import type { S3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { existsSync, writeFileSync } from "node:fs";
import type { Test } from "tap";
import { run } from "../support/run.js";
import type { Book } from "./book.js";
import { everybody, Reader } from "./reader.js";

interface Listed {
  readonly archives: readonly { readonly tenant: string; readonly location: string }[];
}

export async function rotation(t: Test, book: Book, s3: S3ForTests): Promise<void> {
  const bucket = await s3.newBucket();
  const settings = s3.environment(bucket);
  const reader = await Reader.atAMachine(t, book, { settings });
  reader.configure();

  await t.test("of the store: the one that it does not take any more is replaced", async (t) => {
    const { S3_SECRET_ACCESS_KEY: good = "" } = settings;
    reader.set("S3_SECRET_ACCESS_KEY", "revoked");
    await reader.type("start_gateway");
    t.match(await reader.try("openclaw backups check-destination"), { code: 5 });
    reader.set("S3_SECRET_ACCESS_KEY", good);
    await reader.follow("Keys of the store");
    await reader.type("openclaw gateway backup");
  });

  await t.test("the admin's", async (t) => {
    const old = /^OPENCLAW_GATEWAY_TOKEN=(.+)$/m.exec(reader.read("openclaw.env"))?.[1] ?? "";
    await reader.follow("The admin token");
    const token = /^OPENCLAW_GATEWAY_TOKEN=(.+)$/m.exec(reader.read("openclaw.env"))?.[1] ?? "";
    t.match(token, /^[0-9a-f]{64}$/);
    const status = async (token: string): Promise<number> =>
      (await fetch(`${reader.url}/api/admin/status`, { headers: { authorization: `Bearer ${token}` } }))
        .status;
    t.equal(await status(token), 200);
    t.equal(await status(old), 401);
  });

  await t.test("tenants'", async (t) => {
    const old = new Map<string, string>();
    for (const id of ["acme", "bravo"]) {
      old.set(id, (await reader.json<{ token: string }>(`tenants create ${id}`)).token);
    }
    await reader.follow("Tokens of tenants");
    const told = reader.read("new-tokens.txt");
    const tokens = new Map(
      [...old.keys()].map((id) => [id, new RegExp(`tk_${id}_\\w+`).exec(told)?.[0] ?? ""]),
    );
    t.same(await reader.answers(tokens), everybody(tokens));
    t.same(await reader.answers(old), { acme: 401, bravo: 401 });
  });

  await t.test("the one that encrypts", async (t) => {
    const recipient = (await reader.type("age-keygen -o key.txt\nage-keygen -y key.txt")).trim();
    await reader.type("openclaw tenants backup bravo");
    await reader.type(`openclaw tenants backup acme --recipient ${recipient}`);
    await reader.type(`openclaw gateway backup --recipient ${recipient}`);
    await reader.follow("The key that encrypts");
    const { archives } = await reader.json<Listed>("backups list");
    const sealed = archives.filter(({ tenant, location }) => tenant === "acme" && location.endsWith(".age"));
    t.equal(sealed.length, 1);
    for (const { location } of sealed) {
      const file = reader.path("sealed.age");
      writeFileSync(file, await s3.get(bucket, location.slice(`s3://${bucket}/`.length)));
      const opens = async (key: string): Promise<number> =>
        (await run("age", ["-d", "-o", "/dev/null", "-i", reader.path(key), file])).code;
      t.equal(await opens("new-key.txt"), 0);
      t.not(await opens("key.txt"), 0, "not by the old key any more");
    }
  });

  await t.test("the one that signs", async (t) => {
    await reader.follow("The key that signs");
    const [old, now] = [reader.read("signing-key.old.txt"), reader.read("signing-key.txt")];
    t.match(old, /^ed25519:/);
    t.match(now, /^ed25519:/);
    t.not(now, old);
    t.ok(existsSync(reader.path("signing-key.old.pem")));
    t.match(await reader.json("backups verify @gateway --require-signature"), { state: "succeeded" });
  });
}
