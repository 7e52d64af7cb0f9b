/** Routes of the schedules: the same for the gateway's, for a tenant's by the admin, and for a tenant's by itself. */
import type { FastifyRequest } from "fastify";
import { Type } from "@openclaw/schema";
import type { Cron, CronCaller } from "../../cron/cron.js";
import type { Owner } from "../../cron/owner.js";
import { choiceProperties } from "../../cron/schedule.js";
import { RunViewSchema, ScheduleViewSchema, runView, scheduleView } from "./schedule-view.js";
import type { TypedApp } from "./typed-app.js";

const ListSchema = Type.Object({ schedules: Type.Array(ScheduleViewSchema) });

const AddBody = Type.Object(
  {
    ...choiceProperties,
    cmd: Type.Optional(
      Type.String({ minLength: 1, maxLength: 8192, description: "A command of openclaw; no shell is run." }),
    ),
    job: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "Name of a job type." })),
    parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { additionalProperties: false, description: "Either `cmd`, or `job` and its `parameters`." },
);

const ApprovalHash = Type.String({
  pattern: "^[0-9a-f]{8,64}$",
  description:
    "`hash` of the schedule that was looked at, or how it begins: another one that stands there by now is not approved.",
});

/** Where routes stand, and whose schedules they are about. */
export interface ScheduleScope {
  /** `/tenants/:id/cron`. */
  readonly path: string;
  readonly scope: CronCaller["scope"];
  /** For titles in the API's documentation: "a tenant". */
  readonly whose: string;
  readonly owner: (request: FastifyRequest) => Owner;
}

/** `GET /cron`: all schedules, the gateway's and the tenants'. */
export function allSchedulesRoute(app: TypedApp, cron: Cron): void {
  const schema = { summary: "List all schedules", response: { 200: ListSchema } };
  app.get("/cron", { schema }, () => ({
    schedules: cron.all().map((found) => scheduleView(cron, found)),
  }));
}

export function scheduleRoutes(
  app: TypedApp,
  cron: Cron,
  { path, scope, whose, owner }: ScheduleScope,
): void {
  const one = `${path}/:name`;
  const ids = path.includes(":id") ? { id: Type.String() } : {};
  const all = Type.Object(ids);
  const params = Type.Object({ ...ids, name: Type.String() });
  const view = { 200: ScheduleViewSchema };
  const caller = ({ actor, trigger }: FastifyRequest): CronCaller => ({ scope, actor, trigger });

  app.get(
    path,
    { schema: { summary: `List the schedules of ${whose}`, params: all, response: { 200: ListSchema } } },
    async (request) => ({
      schedules: (await cron.of(owner(request))).map((found) => scheduleView(cron, found)),
    }),
  );

  app.post(
    path,
    {
      schema: {
        summary: `Add a schedule of ${whose}`,
        params: all,
        body: AddBody,
        response: { 201: ScheduleViewSchema },
      },
    },
    async (request, reply) => {
      request.audit({ details: { name: request.body.name } });
      const added = await cron.add(owner(request), request.body, caller(request));
      return reply.code(201).send(scheduleView(cron, added));
    },
  );

  app.get(
    one,
    { schema: { summary: `Show a schedule of ${whose}`, params, response: view } },
    async (request) => scheduleView(cron, await cron.find(owner(request), request.params.name)),
  );

  app.delete(
    one,
    {
      schema: {
        summary: `Remove a schedule of ${whose}`,
        params,
        response: { 200: Type.Object({ removed: Type.String() }) },
      },
    },
    async (request) => {
      await cron.remove(owner(request), request.params.name, caller(request));
      return { removed: request.params.name };
    },
  );

  for (const [action, enabled] of [
    ["enable", true],
    ["disable", false],
  ] as const) {
    app.post(
      `${one}/${action}`,
      {
        schema: {
          summary: `Switch a schedule of ${whose} ${enabled ? "on" : "off"}`,
          params,
          response: view,
        },
      },
      async (request) =>
        scheduleView(
          cron,
          await cron.setEnabled(owner(request), request.params.name, enabled, caller(request)),
        ),
    );
  }

  app.post(
    `${one}/run`,
    { schema: { summary: `Run a schedule of ${whose} now`, params, response: { 202: RunViewSchema } } },
    async (request, reply) => {
      const run = await cron.runNow(owner(request), request.params.name, caller(request));
      request.audit({ details: { job: run.jobId } });
      return reply.code(202).send(run);
    },
  );

  app.get(
    `${one}/runs`,
    {
      schema: {
        summary: `List the last runs of a schedule of ${whose}, the newest first`,
        params,
        response: { 200: Type.Object({ runs: Type.Array(RunViewSchema) }) },
      },
    },
    async (request) => {
      const found = await cron.find(owner(request), request.params.name);
      const runs = found.book.log.get(found.entry.schedule.name)?.runs ?? [];
      return { runs: runs.map((run) => runView(cron, found, run)) };
    },
  );

  if (scope === "tenant") return;
  app.post(
    `${one}/approve`,
    {
      schema: {
        summary: `Let a schedule of ${whose} run as it stands`,
        params,
        querystring: Type.Object({ hash: Type.Optional(ApprovalHash) }, { additionalProperties: false }),
        response: view,
      },
    },
    async (request) =>
      scheduleView(cron, await cron.approve(owner(request), request.params.name, request.query.hash)),
  );
}
