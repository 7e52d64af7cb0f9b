/** The checklist that a restore of the whole gateway leaves. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@openclaw/schema";
import { PostRestoreSchema, type PostRestoreNote } from "../jobs/post-restore.js";
import type { Services } from "../jobs/services.js";

const AnswerSchema = Type.Object({
  pending: Type.Boolean({ description: "False: no restore is to be looked after." }),
  checklist: Type.Optional(PostRestoreSchema),
});

const path = "/gateway/checklist";

export function checklistRoutes({ postRestore }: Services): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    const tags = ["gateway"];

    app.get(
      path,
      {
        schema: {
          summary: "The checklist after a restore of the whole gateway, as it was found last",
          tags,
          response: { 200: AnswerSchema },
        },
      },
      async () => answer(await postRestore.pending()),
    );

    app.post(
      path,
      {
        schema: {
          summary: "Go through that checklist again",
          tags,
          response: { 200: AnswerSchema },
        },
      },
      async () => answer(await postRestore.run(new AbortController().signal)),
    );

    app.delete(
      path,
      {
        schema: {
          summary: "Take note that all of that checklist is done; refused until it is",
          tags,
          response: { 200: AnswerSchema },
        },
      },
      async () => {
        await postRestore.clear();
        return answer(undefined);
      },
    );
    done();
  };
}

function answer(checklist: PostRestoreNote | undefined) {
  return { pending: checklist !== undefined, ...(checklist === undefined ? {} : { checklist }) };
}
