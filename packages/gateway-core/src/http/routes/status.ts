import { type TSchema, Type } from "@openclaw/schema";
import type { Clock, StatusSection } from "../../plugin/host.js";
import { errorText } from "../../system-error.js";
import type { Tenants } from "../../tenants/tenants.js";
import { GATEWAY_VERSION } from "../../version.js";
import type { TypedApp } from "./typed-app.js";

export interface StatusParts {
  readonly clock: Clock;
  readonly tenants: Tenants;
  readonly warnings: () => readonly string[];
  /** All of them: the route's schema is made of theirs. */
  readonly sections: readonly StatusSection[];
}

/** A section that fails stands under `failures`; the others answer all the same. */
export function statusRoute(app: TypedApp, parts: StatusParts): void {
  const startedAt = parts.clock.now();
  const sectionSchemas: Record<string, TSchema> = {};
  for (const section of parts.sections) sectionSchemas[section.name] = Type.Optional(section.schema);
  const schema = {
    summary: "The gateway's state in figures",
    response: {
      200: Type.Object({
        version: Type.String(),
        startedAt: Type.String(),
        uptimeSeconds: Type.Integer(),
        tenants: Type.Object({ count: Type.Integer() }),
        warnings: Type.Array(Type.String(), { description: "Of the gateway itself, one sentence each." }),
        sections: Type.Object(sectionSchemas),
        failures: Type.Array(Type.Object({ section: Type.String(), message: Type.String() })),
      }),
    },
  };

  app.get("/status", { schema }, async () => {
    const sections: Record<string, unknown> = {};
    const failures: { section: string; message: string }[] = [];
    await Promise.all(
      parts.sections.map(async (section) => {
        try {
          sections[section.name] = await section.read();
        } catch (error) {
          failures.push({ section: section.name, message: errorText(error) });
        }
      }),
    );
    return {
      version: GATEWAY_VERSION,
      startedAt: new Date(startedAt).toISOString(),
      uptimeSeconds: Math.floor((parts.clock.now() - startedAt) / 1000),
      tenants: { count: parts.tenants.list().length },
      warnings: [...parts.warnings()],
      sections,
      failures,
    };
  });
}
