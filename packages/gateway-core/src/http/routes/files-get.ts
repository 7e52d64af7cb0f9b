import { Type } from "@openclaw/schema";
import { parseWorkspacePath } from "../../files/workspace-path.js";
import type { Workspace } from "../../files/workspace.js";
import type { TypedApp } from "./typed-app.js";

export const FileParams = Type.Object({
  "*": Type.String({ description: "Path below the tenant's workspace/, percent-encoded." }),
});

const schema = {
  summary: "Read a file, or list a directory",
  description: "A file comes as application/octet-stream. `after` and `limit` page through a directory.",
  params: FileParams,
  querystring: Type.Object({
    after: Type.Optional(Type.String()),
    limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 }),
  }),
  response: {
    200: {
      description: "The file's bytes, or the directory's entries in order of their names.",
      content: {
        "application/json": {
          schema: Type.Object({
            entries: Type.Array(
              Type.Object({
                name: Type.String(),
                type: Type.Enum(["file", "directory", "link", "other"], { type: "string" }),
                size: Type.Integer(),
                mtime: Type.String(),
              }),
            ),
            next: Type.Optional(
              Type.String({ description: "There is more: ask again with this as `after`." }),
            ),
          }),
        },
        "application/octet-stream": { schema: Type.Unknown() },
      },
    },
  },
};

export function getFileRoute(app: TypedApp, workspace: Workspace): void {
  app.get("/files/*", { schema }, async (request, reply) => {
    const { after, limit } = request.query;
    const page = after === undefined ? { limit } : { limit, after };
    const found = await workspace.get(request.tenant, parseWorkspacePath(request.params["*"]), page);
    if (found.kind === "directory") {
      const { entries, next } = found;
      return reply.type("application/json").send(next === undefined ? { entries } : { entries, next });
    }
    return (
      reply
        .type("application/octet-stream")
        .header("content-length", String(found.size))
        .header("last-modified", found.mtime.toUTCString())
        // Whatever a tenant stored is data, never a page of the gateway's origin.
        .header("content-disposition", "attachment")
        .send(found.content)
    );
  });
}
