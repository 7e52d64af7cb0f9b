import { Type } from "@openclaw/schema";
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
  app.get("/job-types", { schema }, () => ({ jobTypes: [...jobTypes.values()].map(jobTypeView) }));
}

/** Those that a tenant may ever start by itself. Which of their parameters it may give is said when it does. */
export function listTenantJobTypesRoute(app: TypedApp, jobTypes: ReadonlyMap<string, JobType>): void {
  const ofTenants = { ...schema, summary: "List what jobs the calling tenant can have in its schedules" };
  app.get("/job-types", { schema: ofTenants }, () => ({
    jobTypes: [...jobTypes.values()]
      .filter((type) => type.scope === "tenant" && type.tenantRefusal !== undefined)
      .map(jobTypeView),
  }));
}

function jobTypeView({ name, description, scope, parameters }: JobType) {
  return { name, description, scope, parameters: { ...parameters } };
}
