import { Type } from "@openclaw/schema";
import { parseWorkspacePath } from "../../files/workspace-path.js";
import type { Workspace } from "../../files/workspace.js";
import { FileParams } from "./files-get.js";
import type { TypedApp } from "./typed-app.js";

const schema = {
  summary: "Delete a file, a link, or an empty directory",
  params: FileParams,
  response: { 204: Type.Unknown({ description: "Deleted. No body." }) },
};

export function deleteFileRoute(app: TypedApp, workspace: Workspace): void {
  app.delete("/files/*", { schema, config: { audit: "refusals" } }, async (request, reply) => {
    await workspace.delete(request.tenant, parseWorkspacePath(request.params["*"]));
    return reply.code(204).send();
  });
}
