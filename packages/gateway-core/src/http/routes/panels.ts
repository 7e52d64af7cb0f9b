import fastifyStatic from "@fastify/static";
import { existsSync } from "node:fs";
import { Type } from "@openclaw/schema";
import type { UiPanel } from "../../plugin/host.js";
import type { TypedApp } from "./typed-app.js";

const schema = {
  summary: "List the pages of the control UI that plugins bring",
  response: {
    200: Type.Object({
      panels: Type.Array(
        Type.Object({
          id: Type.String(),
          title: Type.String(),
          element: Type.String({ description: "Custom element that the module defines." }),
          url: Type.String({ description: "The module." }),
        }),
      ),
    }),
  },
};

export function listPanelsRoute(app: TypedApp, panels: ReadonlyMap<string, UiPanel>): void {
  app.get("/ui/panels", { schema }, () => ({
    panels: [...panels.values()].map(({ id, title, element, entry }) => ({
      id,
      title,
      element,
      url: `/ui/panels/${id}/${entry}`,
    })),
  }));
}

/** Serves the panels' files. They are program text, the same for everybody: no token. */
export async function panelAssets(app: TypedApp, panels: ReadonlyMap<string, UiPanel>): Promise<void> {
  for (const panel of panels.values()) {
    // A gateway that was built without its UI serves its routes all the same.
    if (!existsSync(panel.assets)) continue;
    await app.register(fastifyStatic, {
      root: panel.assets,
      prefix: `/ui/panels/${panel.id}/`,
      decorateReply: false,
      index: false,
      dotfiles: "ignore",
    });
  }
}
