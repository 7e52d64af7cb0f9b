import { Type } from "@openclaw/schema";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify from "fastify";
import path from "node:path";
import t, { type Test } from "tap";
import { ADMIN, testGateway, testTenant } from "../../test-support/gateway.js";
import { browserHeaders } from "../browser-headers.js";
import { controlUi } from "./control-ui.js";

/** A server with nothing but the shell of the control UI, as it is built, or not. */
async function uiServer(t: Test, root: string) {
  const app = fastify().withTypeProvider<TypeBoxTypeProvider>();
  t.teardown(() => app.close());
  await browserHeaders(app);
  await controlUi(app, root);
  return app;
}

t.test("the shell is served: its document is asked for anew each time, its files are kept", async (t) => {
  const root = t.testdir({
    "index.html": '<script type="module" src="/ui/shell/index-abc.js"></script>',
    "secret.txt": "beside the document",
    ui: { shell: { "index-abc.js": "export {};", "index-abc.css": ":root {}", ".env": "SECRET=1" } },
  });
  const app = await uiServer(t, `${root}/`);

  const document = await app.inject({ url: "/" });
  t.equal(document.statusCode, 200);
  t.match(document.headers, { "content-type": /^text\/html/, "cache-control": "no-cache" });
  t.match(document.body, /index-abc\.js/);

  const script = await app.inject({ url: "/ui/shell/index-abc.js" });
  t.equal(script.body, "export {};");
  t.match(script.headers, {
    "content-type": /javascript/,
    "cache-control": "public, max-age=31536000, immutable",
  });
  t.match((await app.inject({ url: "/ui/shell/index-abc.css" })).headers, { "content-type": /^text\/css/ });

  for (const url of [
    "/ui/shell/.env",
    "/ui/shell/",
    "/ui/shell/none.js",
    "/ui/shell/..%2f..%2fsecret.txt",
    "/ui/shell/..%5c..%5csecret.txt",
    "/secret.txt",
  ]) {
    const refused = await app.inject({ url });
    t.ok([400, 403, 404].includes(refused.statusCode), `${url}: ${refused.statusCode}`);
    t.notMatch(refused.body, /SECRET|beside/, url);
  }
});

t.test("the policy lets the page load what comes from here, and nothing inline", async (t) => {
  const root = t.testdir({ "index.html": "<p></p>", ui: { shell: { "index-abc.js": "export {};" } } });
  const app = await uiServer(t, `${root}/`);
  for (const url of ["/", "/ui/shell/index-abc.js"]) {
    const { headers } = await app.inject({ url });
    const policy = String(headers["content-security-policy"]).split(";");
    t.ok(policy.includes("default-src 'none'"), url);
    t.ok(policy.includes("script-src 'self'"), url);
    t.ok(policy.includes("style-src 'self'"), url);
    t.ok(policy.includes("frame-ancestors 'none'"), url);
    t.ok(policy.includes("form-action 'none'"), url);
    t.notMatch(policy.join(";"), /unsafe|https?:|\*/, url);
    t.match(headers, { "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
  }
});

t.test("a gateway without its UI says how to build it", async (t) => {
  const app = await uiServer(t, path.join(t.testdir({}), "ui/"));
  const answer = await app.inject({ url: "/" });
  t.equal(answer.statusCode, 503);
  t.match(answer.headers, { "content-type": /^text\/plain/ });
  t.match(answer.body, /has not been built: npx -y pnpm@10 build/);
});

t.test("a tenant sees the plugins' pages as the admin does", async (t) => {
  const gateway = await testGateway(t, {
    plugins: [
      {
        name: "test",
        version: "1.0.0",
        configSchema: Type.Object({}),
        setup: (host) => {
          const assets = t.testdir({ "panel.js": "export {};" });
          host.addPanel({ id: "notes", title: "Notes", assets, entry: "panel.js", element: "oc-notes" });
          return Promise.resolve();
        },
      },
    ],
  });
  const acme = await testTenant(gateway, "acme");
  const ask = (url: string, headers = {}) => gateway.app.inject({ url, headers });
  const panels = [{ id: "notes", title: "Notes", element: "oc-notes", url: "/ui/panels/notes/panel.js" }];
  t.same((await ask("/api/tenant/ui/panels", acme.headers)).json(), { panels });
  t.same((await ask("/api/admin/ui/panels", ADMIN)).json(), { panels });
  t.equal((await ask("/api/tenant/ui/panels")).statusCode, 401);
  t.equal((await ask("/api/tenant/ui/panels", ADMIN)).statusCode, 403);
  t.equal((await ask("/api/admin/ui/panels", acme.headers)).statusCode, 403);
  t.equal((await ask("/ui/panels/notes/panel.js")).statusCode, 200);
});
