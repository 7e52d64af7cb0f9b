import { Type } from "@openclaw/schema";
import { LabelsSchema } from "../../tenants/record.js";
import type { TypedApp } from "./typed-app.js";

const schema = {
  summary: "Which tenant this token is of",
  response: {
    200: Type.Object({
      tenant: Type.String(),
      uid: Type.String(),
      createdAt: Type.String(),
      labels: LabelsSchema,
    }),
  },
};

export function whoamiRoute(app: TypedApp): void {
  app.get("/whoami", { schema }, (request) => {
    const { id, uid, createdAt, labels } = request.tenant;
    return { tenant: id, uid, createdAt, labels };
  });
}
