/** `GET /audit` and `GET /audit/verify`. */
import { Type } from "@openclaw/schema";
import type { AuditLog } from "../../audit/audit-log.js";
import { AuditLineSchema } from "../../audit/line.js";
import { listLines } from "../../audit/list.js";
import { verifyLog } from "../../audit/verify.js";
import { GatewayError } from "../../errors.js";
import type { TypedApp } from "./typed-app.js";

const strict = { additionalProperties: false } as const;

const Moment = (description: string) =>
  Type.Optional(Type.String({ maxLength: 64, description: `RFC 3339. ${description}` }));

const listSchema = {
  summary: "Lines of the audit log, the newest first",
  description:
    "A page can hold fewer lines than `limit`, or none, where many were looked through; as long as there is a `next`, more may follow.",
  querystring: Type.Object(
    {
      since: Moment("Inclusive."),
      until: Moment("Exclusive."),
      tenant: Type.Optional(Type.String()),
      actor: Type.Optional(
        Type.String({ description: "admin, tenant:<id>, schedule, gateway or anonymous." }),
      ),
      action: Type.Optional(Type.String({ description: "What the action holds." })),
      result: Type.Optional(Type.String({ description: "An HTTP status, or how a job ended." })),
      failed: Type.Optional(Type.Boolean({ description: "Only what was refused, or failed." })),
      limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
      before: Type.Optional(
        Type.Integer({
          minimum: 1,
          description: "`next` of the page before: only lines with lower numbers.",
        }),
      ),
    },
    strict,
  ),
  response: {
    200: Type.Object({
      lines: Type.Array(
        Type.Object({
          ...AuditLineSchema.properties,
          // A choice in an answer's schema makes the serializer compile a validator.
          details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
        }),
      ),
      next: Type.Optional(Type.Integer()),
    }),
  },
};

const HeadSchema = Type.Object({ seq: Type.Integer(), hash: Type.String() });

const verifySchema = {
  summary: "Check the whole audit log for lines that were changed, taken out, put in or moved",
  querystring: Type.Object(
    {
      noted: Type.Optional(
        Type.String({
          pattern: "^\\d{1,15}:[0-9a-f]{64}$",
          description:
            "SEQ:HASH, a `head` of an earlier answer that was kept elsewhere: the log must still hold that line.",
        }),
      ),
    },
    strict,
  ),
  response: {
    200: Type.Object({
      ok: Type.Boolean(),
      files: Type.Integer(),
      lines: Type.Integer(),
      torn: Type.Integer({ description: "Lines that a crash had cut off; the log itself tells of each." }),
      first: Type.Optional(Type.Object({ seq: Type.Integer(), time: Type.String() })),
      head: HeadSchema,
      noted: Type.Optional(Type.Enum(["found", "pruned", "missing"], { type: "string" })),
      faultCount: Type.Integer(),
      faults: Type.Array(
        Type.Object({
          file: Type.String(),
          line: Type.Integer({ description: "From 1. 0: the file itself." }),
          seq: Type.Optional(Type.Integer()),
          problem: Type.String(),
        }),
        { description: "The first hundred." },
      ),
    }),
  },
};

export function auditRoutes(app: TypedApp, audit: AuditLog): void {
  app.get("/audit", { schema: listSchema }, async (request) => {
    const { since, until, limit, before, ...filter } = request.query;
    const page = await audit.read((snapshot) =>
      listLines(
        snapshot,
        {
          ...filter,
          ...(since === undefined ? {} : { since: moment("since", since) }),
          ...(until === undefined ? {} : { until: moment("until", until) }),
        },
        { limit, ...(before === undefined ? {} : { before }) },
      ),
    );
    return { ...page, lines: [...page.lines] };
  });

  app.get("/audit/verify", { schema: verifySchema }, async (request) => {
    const [seq, hash] = request.query.noted?.split(":") ?? [];
    const noted = seq === undefined || hash === undefined ? undefined : { seq: Number(seq), hash };
    const found = await audit.read((snapshot) => verifyLog(snapshot, noted));
    return { ...found, faults: [...found.faults] };
  });
}

function moment(name: string, text: string): number {
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new GatewayError("REQUEST_INVALID", `${name} '${text}' is no time`, {
    hint: "Times are written as in 2026-03-07T02:00:00Z.",
    details: { in: "querystring", path: name },
  });
}
