import { Type } from "typebox";
import type { JobType } from "../../plugin/host.js";
import type { TypedApp } from "./typed-app.js";

const schema = {
  summary: "List what jobs can be started by name",
  response: {
    200: Type.Object({
      jobTypes: Type.Array(
        Type.Object({
          name: Type.String(),
          description: Type.String(),
          scope: Type.Enum(["tenant", "gateway"], { type: "string" }),
          parameters: Type.Record(Type.String(), Type.Unknown(), { description: "JSON schema." }),
        }),
      ),
    }),
  },
};

export function listJobTypesRoute(app: TypedApp, jobTypes: ReadonlyMap<string, JobType>): void {
  app.get("/job-types", { schema }, () => ({
    jobTypes: [...jobTypes.values()].map(({ name, description, scope, parameters }) => ({
      name,
      description,
      scope,
      parameters: { ...parameters },
    })),
  }));
}
