/** The control UI's shell: one document at `/`, and the files that it loads. The same for everybody, so there is no token. */
import fastifyStatic from "@fastify/static";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TypedApp } from "./typed-app.js";

/** Where vite puts the shell; see `ui/vite.config.js`. */
const BUILT = fileURLToPath(new URL("../../ui/", import.meta.url));

/** Their names hold a hash of their content. */
const YEAR_MS = 31_536_000_000;

/** @param root Replaced in tests. */
export async function controlUi(app: TypedApp, root = BUILT): Promise<void> {
  if (!existsSync(root)) {
    app.get("/", { schema: { hide: true } }, (_request, reply) =>
      reply
        .code(503)
        .type("text/plain; charset=utf-8")
        .send("The control UI has not been built: npx -y pnpm@10 build\n"),
    );
    return;
  }
  await app.register(fastifyStatic, {
    root: `${root}ui/shell`,
    prefix: "/ui/shell/",
    index: false,
    dotfiles: "ignore",
    immutable: true,
    maxAge: YEAR_MS,
  });
  app.get("/", { schema: { hide: true } }, (_request, reply) =>
    reply.header("cache-control", "no-cache").sendFile("index.html", root, { cacheControl: false }),
  );
}
