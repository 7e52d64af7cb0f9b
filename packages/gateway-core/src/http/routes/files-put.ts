import type { Readable } from "node:stream";
import { Type } from "@openclaw/schema";
import { parseWorkspacePath } from "../../files/workspace-path.js";
import type { Workspace } from "../../files/workspace.js";
import { FileParams } from "./files-get.js";
import type { TypedApp } from "./typed-app.js";

const schema = {
  summary: "Write a file, whole or not at all; directories above it are made",
  consumes: ["application/octet-stream"],
  params: FileParams,
  response: {
    201: Type.Unknown({ description: "A new file. No body." }),
    204: Type.Unknown({ description: "Replaced. No body." }),
  },
};

/** `app` must be a context of its own: every body comes as a stream here, whatever its type. */
export function putFileRoute(app: TypedApp, workspace: Workspace): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));

  app.put("/files/*", { schema, config: { audit: "refusals" } }, async (request, reply) => {
    const announced = request.headers["content-length"];
    const outcome = await workspace.put(
      request.tenant,
      parseWorkspacePath(request.params["*"]),
      (request.body ?? request.raw) as Readable,
      announced === undefined ? undefined : Number(announced),
    );
    return reply.code(outcome === "created" ? 201 : 204).send();
  });
}
