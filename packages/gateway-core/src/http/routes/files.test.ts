import { readdir, symlink } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import path from "node:path";
import t from "tap";
import { ADMIN, testGateway, testTenant } from "../../test-support/gateway.js";

t.test("a tenant writes, reads, lists and deletes its files", async (t) => {
  const gateway = await testGateway(t);
  const { headers } = await testTenant(gateway, "acme");
  const call = (method: "GET" | "PUT" | "DELETE", file: string, payload?: string | Buffer) =>
    gateway.app.inject({
      method,
      url: `/api/tenant/files/${file}`,
      headers,
      ...(payload === undefined ? {} : { payload }),
    });
  const bytes = Buffer.from([0, 255, 1, 254]);
  const created = await call("PUT", "docs/a%20b.bin", bytes);
  t.equal(created.statusCode, 201);
  t.equal(created.body, "");
  t.equal((await call("PUT", "docs/a%20b.bin", bytes)).statusCode, 204);
  t.equal((await call("PUT", "empty")).statusCode, 201);

  const read = await call("GET", "docs/a%20b.bin");
  t.same(read.rawPayload, bytes);
  t.match(read.headers, {
    "content-type": "application/octet-stream",
    "content-length": "4",
    "content-disposition": "attachment",
  });
  t.equal((await call("GET", "empty")).body, "");
  t.match((await call("GET", "")).json(), {
    entries: [{ name: "docs", type: "directory" }, { name: "empty" }],
  });
  t.match((await call("GET", "?limit=1")).json(), { entries: [{ name: "docs" }], next: "docs" });
  t.match((await call("GET", "?limit=1&after=docs")).json(), { entries: [{ name: "empty", size: 0 }] });
  t.match((await call("GET", "?limit=0")).json(), { code: "REQUEST_INVALID", details: { path: "limit" } });

  t.match((await call("DELETE", "docs")).json(), { code: "FILE_CONFLICT", status: 409 });
  t.equal((await call("DELETE", "docs/a%20b.bin")).statusCode, 204);
  t.equal((await call("DELETE", "docs")).statusCode, 204);
  t.match((await call("GET", "docs")).json(), { code: "NOT_FOUND", status: 404 });
});

t.test("JSON, text and form bodies are bytes like all others", async (t) => {
  const gateway = await testGateway(t);
  const { headers } = await testTenant(gateway, "acme");
  for (const type of ["application/json", "text/plain", "application/x-www-form-urlencoded", "image/png"]) {
    const url = `/api/tenant/files/${encodeURIComponent(type)}`;
    const put = await gateway.app.inject({
      method: "PUT",
      url,
      headers: { ...headers, "content-type": type },
      payload: "{not json",
    });
    t.equal(put.statusCode, 201, type);
    t.equal((await gateway.app.inject({ url, headers })).body, "{not json");
  }
});

t.test("no way of writing a path leaves the workspace", async (t) => {
  const gateway = await testGateway(t);
  const { headers, directory } = await testTenant(gateway, "acme");
  await symlink(path.join(directory, ".."), path.join(directory, "workspace", "link"));
  const { url } = await gateway.listen();
  // A real connection: `inject` and `fetch` would tidy these paths up before they are sent.
  const status = (method: string, file: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const call = httpRequest(url, { method, path: `/api/tenant/files/${file}`, headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      call.on("error", reject);
      call.end();
    });
  for (const file of [
    "../tenant.json",
    "..%2ftenant.json",
    "%2e%2e/tenant.json",
    "%2e%2e%2ftenant.json",
    "a/../../tenant.json",
    "./tenant.json",
    "/tenant.json",
    "%2fetc%2fpasswd",
    "a%00b",
    "link/acme/tenant.json",
    "link%2facme%2ftenant.json",
  ]) {
    for (const method of ["GET", "PUT", "DELETE"])
      t.equal(await status(method, file), 400, `${method} ${file}`);
  }
  t.equal(await status("GET", "..%5ctenant.json"), 404, "a backslash is an ordinary character");
  t.equal(await status("GET", "%252e%252e/tenant.json"), 404, "nothing is decoded twice");
  t.same(await readdir(path.join(directory, "workspace")), ["link"]);
});

t.test("a tenant has its own files only, and the admin has none here", async (t) => {
  const gateway = await testGateway(t);
  const acme = await testTenant(gateway, "acme");
  const globex = await testTenant(gateway, "globex");
  const url = "/api/tenant/files/note";
  await gateway.app.inject({ method: "PUT", url, headers: acme.headers, payload: "acme's" });
  t.equal((await gateway.app.inject({ url, headers: globex.headers })).statusCode, 404);
  t.equal((await gateway.app.inject({ url, headers: ADMIN })).statusCode, 403);
  t.equal((await gateway.app.inject({ url })).statusCode, 401);
});
