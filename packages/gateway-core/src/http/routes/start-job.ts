import { Type } from "@openclaw/schema";
import { GatewayError } from "../../errors.js";
import type { JobType } from "../../plugin/host.js";
import { faultText, schemaCheck } from "../../schema/check.js";
import type { TenantLifecycle } from "../../tenants/lifecycle.js";
import type { TypedApp } from "./typed-app.js";

const schema = {
  summary: "Start a job by its type's name",
  params: Type.Object({ name: Type.String() }),
  body: Type.Object(
    {
      tenant: Type.Optional(Type.String()),
      parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    },
    { additionalProperties: false },
  ),
  response: { 202: Type.Object({ jobId: Type.String() }) },
};

export function startJobRoute(
  app: TypedApp,
  jobTypes: ReadonlyMap<string, JobType>,
  lifecycle: TenantLifecycle,
): void {
  const checks = new Map([...jobTypes].map(([name, type]) => [name, schemaCheck(type.parameters)]));

  app.post("/job-types/:name/jobs", { schema }, async (request, reply) => {
    const { name } = request.params;
    const { tenant, parameters } = request.body;
    request.audit({ tenant });
    const type = jobTypes.get(name);
    const check = checks.get(name);
    if (type === undefined || check === undefined) {
      throw new GatewayError("NOT_FOUND", `There is no job type ${name}`, {
        hint: `Job types: ${[...jobTypes.keys()].join(", ")}.`,
      });
    }
    checkScope(type, tenant, lifecycle);
    const checked = check(parameters ?? {});
    if (!checked.ok) {
      throw new GatewayError("REQUEST_INVALID", faultText(checked.fault, "parameters"), {
        details: { in: "parameters", path: checked.fault.path },
      });
    }
    const { jobId } = await type.start({
      ...(tenant === undefined ? {} : { tenant }),
      parameters: checked.value,
      trigger: request.trigger,
      actor: request.actor,
    });
    request.audit({ details: { job: jobId } });
    return reply.code(202).send({ jobId });
  });
}

function checkScope(type: JobType, tenant: string | undefined, lifecycle: TenantLifecycle): void {
  if (type.scope === "gateway" && tenant !== undefined) {
    throw new GatewayError("REQUEST_INVALID", `A ${type.name} job is the gateway's: no tenant can be given`);
  }
  if (type.scope === "tenant") {
    if (tenant === undefined) {
      throw new GatewayError("REQUEST_INVALID", `A ${type.name} job needs a tenant`);
    }
    lifecycle.existing(tenant);
  }
}
