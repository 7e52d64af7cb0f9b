/** Looking into archives: what they hold, single files. Bodies, because S3 settings hold secrets and URLs are logged. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import type { FastifyRequest } from "fastify";
import { Type } from "@openclaw/schema";
import { diffArchive, listFiles, readArchivedFile, showArchive } from "../jobs/archive-parts.js";
import type { Services } from "../jobs/services.js";
import { archiveContentsView } from "./archive-contents-view.js";
import { ArchiveContentsSchema, DecryptSchema, S3OptionsSchema } from "./schemas.js";

const strict = { additionalProperties: false } as const;

const archiveChoice = {
  archive: Type.String({
    minLength: 1,
    maxLength: 4096,
    description: "dest:NAME/key, s3://bucket/key, a path on the gateway's machine, or an archive's id.",
  }),
  decrypt: Type.Optional(DecryptSchema),
  s3: Type.Optional(S3OptionsSchema),
};

const PathText = Type.String({ minLength: 1, maxLength: 4096 });

export function archivePartRoutes(services: Services): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      "/archives/show",
      {
        schema: {
          summary: "What an archive's index tells of it, and what the catalogue knows",
          description:
            "Reads the archive's end alone. Any archive in the store, known to the catalogue or not.",
          tags: ["archives"],
          body: Type.Object(archiveChoice, strict),
          response: { 200: ArchiveContentsSchema },
        },
      },
      async (request) => {
        noteArchive(services, request, { archive: request.body.archive });
        return archiveContentsView(await showArchive(services, request.body));
      },
    );

    app.post(
      "/archives/files",
      {
        schema: {
          summary: "The entries of an archive as JSON lines",
          description:
            "A line for each entry (`kind` is `entry`; path, type, mode, size, mtimeNs, sha256, target, flags), then an `end` " +
            "line, without which the list is not complete. A path that is not UTF-8 stands as `path64`.",
          tags: ["archives"],
          body: Type.Object(
            {
              ...archiveChoice,
              patterns: Type.Array(PathText, {
                maxItems: 1000,
                default: [],
                description: "Paths and globs; each also stands for what is below it. None: everything.",
              }),
            },
            strict,
          ),
          produces: ["application/jsonl"],
        },
      },
      async (request, reply) => {
        const { patterns, ...choice } = request.body;
        noteArchive(services, request, { archive: choice.archive });
        const { body } = await listFiles(services, choice, patterns);
        return reply.type("application/jsonl; charset=utf-8").header("cache-control", "no-store").send(body);
      },
    );

    app.post(
      "/archives/cat",
      {
        schema: {
          summary: "The content of one file of an archive",
          description:
            "Read by ranges; each stretch is checked against the index before it is sent, and the last one after the whole " +
            "file was. An answer that is cut off is not to be trusted: asked again with `skip`, the route says why.",
          tags: ["archives"],
          body: Type.Object(
            {
              ...archiveChoice,
              path: Type.String({
                minLength: 1,
                maxLength: 4096,
                description: "Relative to the tenant's directory.",
              }),
              skip: Type.Integer({
                minimum: 0,
                default: 0,
                description: "Bytes of the content to leave out, for a caller that has them.",
              }),
            },
            strict,
          ),
          produces: ["application/octet-stream"],
        },
      },
      async (request, reply) => {
        const { archive, path } = request.body;
        noteArchive(services, request, { archive, path });
        const { facts, body } = await readArchivedFile(services, request.body);
        return reply
          .type("application/octet-stream")
          .headers({
            "cache-control": "no-store",
            "content-length": Math.max(facts.size - request.body.skip, 0),
            // RFC 9530, section 3.
            "repr-digest": `sha-256=:${Buffer.from(facts.sha256, "hex").toString("base64")}:`,
          })
          .send(body);
      },
    );

    app.post(
      "/archives/diff",
      {
        schema: {
          summary: "What differs between two archives, or between an archive and its tenant, as JSON lines",
          description:
            "A line for each difference: `added`, `removed`, `changed` (with `changes`, `before` and `after`), `unexplained` " +
            "(other content though size, mode and time are the same); then an `end` line with totals, without which the list " +
            "is not complete. Of archives, only the indexes are read.",
          tags: ["archives"],
          body: Type.Object(
            {
              ...archiveChoice,
              with: Type.Optional(
                Type.String({
                  minLength: 1,
                  maxLength: 4096,
                  description: "Another archive; without it, the first one's tenant as it is now.",
                }),
              ),
              content: Type.Optional(
                Type.Boolean({ description: "Of a tenant: read every file and compare its content, too." }),
              ),
            },
            strict,
          ),
          produces: ["application/jsonl"],
        },
      },
      async (request, reply) => {
        const { archive, with: other } = request.body;
        noteArchive(services, request, { archive, with: other });
        const { body } = await diffArchive(services, request.body);
        return reply.type("application/jsonl; charset=utf-8").header("cache-control", "no-store").send(body);
      },
    );
    done();
  };
}

/** What was looked into stands in the audit log, and whose it is, if the catalogue knows it. */
function noteArchive(
  { ledger }: Services,
  request: Pick<FastifyRequest, "audit">,
  details: { readonly archive: string; readonly path?: string; readonly with?: string | undefined },
): void {
  const { archive } = details;
  const known = ledger.archives.get(archive) ?? ledger.archives.atLocation(archive)[0];
  request.audit({ tenant: known?.tenant, details: { ...details } });
}
