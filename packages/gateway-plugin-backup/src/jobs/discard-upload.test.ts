import t from "tap";
import { Value } from "@openclaw/schema";
import { BackupConfigSchema, type BackupConfig } from "../config.js";
import { Destinations } from "./destinations.js";
import { discardUpload } from "./discard-upload.js";
import { JobThreads } from "./thread/pool.js";

const { signal } = new AbortController();

t.test("an upload is ended by what it left", async (t) => {
  const config = Value.Default(BackupConfigSchema, {}) as BackupConfig;
  const destinations = new Destinations({ config, env: {}, embedded: "/b", resolveSecret: () => "" });
  const asked: unknown[] = [];
  const threads = Object.assign(new JobThreads(), {
    run: (...all: unknown[]) => Promise.resolve(void asked.push(all)),
  });
  const leftover = { kind: "partial-file", path: "/b/acme/1.part" } as const;
  await discardUpload(
    { threads, destinations },
    { kind: "upload", store: { kind: "local" }, leftover },
    signal,
  );
  t.match(asked, [["discard", { store: { kind: "local" }, leftover }, { signal }]]);
});

t.test("an upload to a store that the config does not lead to any more cannot be ended", async (t) => {
  const config = Value.Default(BackupConfigSchema, {}) as BackupConfig;
  const destinations = new Destinations({ config, env: {}, embedded: "/b", resolveSecret: () => "" });
  const upload = {
    kind: "upload",
    store: { kind: "s3", bucket: "archive", endpoint: "https://gone" },
    leftover: { kind: "multipart", key: "acme/1", uploadId: "u" },
  } as const;
  await t.rejects(discardUpload({ threads: new JobThreads(), destinations }, upload, signal), {
    code: "CREDENTIALS_MISSING",
    message: /acme\/1/,
    hint: /lifecycle rule/,
  });
});
