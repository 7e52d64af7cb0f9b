import { Type } from "typebox";
import { runDoctor } from "../../doctor/run.js";
import type { DoctorCheck } from "../../plugin/host.js";
import type { TypedApp } from "./typed-app.js";

const SeveritySchema = Type.Enum(["ok", "info", "warning", "critical"], { type: "string" });

const schema = {
  summary: "Check the gateway, its tenants and its plugins",
  response: {
    200: Type.Object({
      findings: Type.Array(
        Type.Object({
          check: Type.String(),
          severity: SeveritySchema,
          message: Type.String(),
          fix: Type.Optional(Type.String()),
          tenant: Type.Optional(Type.String()),
        }),
      ),
      worst: SeveritySchema,
    }),
  },
};

export function doctorRoute(app: TypedApp, checks: () => Iterable<DoctorCheck>): void {
  app.get("/doctor", { schema }, async () => {
    const { findings, worst } = await runDoctor(checks());
    return { findings: [...findings], worst };
  });
}
