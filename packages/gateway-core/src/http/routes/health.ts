import { Type } from "@openclaw/schema";
import type { Readiness } from "../../plugin/contributions.js";
import type { TypedApp } from "./typed-app.js";

const ReadySchema = Type.Object({
  status: Type.Enum(["ready", "unavailable"], { type: "string" }),
  checks: Type.Record(Type.String(), Type.String(), { description: "`ok`, or what is missing." }),
});

/** `/healthz`: the process answers. `/readyz`: it can do its work. */
export function healthRoutes(app: TypedApp, probes: () => Iterable<Readiness>): void {
  app.get(
    "/healthz",
    { schema: { tags: ["health"], response: { 200: Type.Object({ status: Type.Literal("ok") }) } } },
    () => ({ status: "ok" as const }),
  );

  app.get(
    "/readyz",
    { schema: { tags: ["health"], response: { 200: ReadySchema, 503: ReadySchema } } },
    (_request, reply) => {
      const checks: Record<string, string> = {};
      let ready = true;
      for (const { name, probe } of probes()) {
        const missing = probe();
        checks[name] = missing ?? "ok";
        ready &&= missing === undefined;
      }
      void reply.code(ready ? 200 : 503);
      return { status: ready ? ("ready" as const) : ("unavailable" as const), checks };
    },
  );
}
