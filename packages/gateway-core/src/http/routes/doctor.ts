import { Type } from "@openclaw/schema";
import { quick, repairAll, runDoctor } from "../../doctor/run.js";
import type { DoctorCheck } from "../../plugin/host.js";
import type { TypedApp } from "./typed-app.js";

const SeveritySchema = Type.Enum(["ok", "info", "warning", "critical"], { type: "string" });

const report = {
  findings: Type.Array(
    Type.Object({
      check: Type.String(),
      severity: SeveritySchema,
      message: Type.String(),
      fix: Type.Optional(Type.String({ description: "What to do." })),
      tenant: Type.Optional(Type.String()),
      repairable: Type.Boolean({ description: "Whether a POST puts it right." }),
    }),
  ),
  worst: SeveritySchema,
};

const look = {
  summary: "Check the gateway, its tenants and its plugins",
  querystring: Type.Object(
    {
      quick: Type.Optional(
        Type.Boolean({ description: "Leave out what asks stores or reads much: the answer comes at once." }),
      ),
    },
    { additionalProperties: false },
  ),
  response: { 200: Type.Object(report) },
};

const repair = {
  summary: "Repair what can be repaired without losing anything, then check",
  response: {
    200: Type.Object({
      ...report,
      repairs: Type.Array(
        Type.Object({
          check: Type.String(),
          tenant: Type.Optional(Type.String()),
          finding: Type.String({ description: "The message of the finding." }),
          ok: Type.Boolean(),
          outcome: Type.String({ description: "What was done, or why it could not be." }),
        }),
      ),
    }),
  },
};

export function doctorRoutes(app: TypedApp, checks: () => Iterable<DoctorCheck>): void {
  app.get("/doctor", { schema: look }, async (request) => {
    const { findings, worst } = await runDoctor(request.query.quick === true ? quick(checks()) : checks());
    return { findings: [...findings], worst };
  });

  app.post("/doctor", { schema: repair }, async (request) => {
    const { findings, worst, repairs } = await repairAll(() => Promise.resolve(checks()));
    request.audit({ details: { repairs: repairs.length, failed: repairs.filter(({ ok }) => !ok).length } });
    return { findings: [...findings], worst, repairs: [...repairs] };
  });
}
