import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import type { Resolve } from "../address-guard.js";
import type { S3StoreSettings } from "../settings.js";
import { S3Store } from "./s3-store.js";

/** A store that answers everything with one status and headers; and the paths that it was asked for. */
async function server(t: Test, status: number, headers: Readonly<Record<string, string>> = {}, body = "") {
  const paths: string[] = [];
  const authorizations: string[] = [];
  const http = createServer((request, response) => {
    paths.push(request.url ?? "");
    authorizations.push(request.headers.authorization ?? "");
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    http.closeAllConnections();
    return new Promise((resolve) => http.close(resolve));
  });
  return { paths, authorizations, port: (http.address() as AddressInfo).port };
}

const toForbidden: Resolve = (_name, _options, done) =>
  done(null, [{ address: "169.254.169.254", family: 4 }]);
const toLoopback: Resolve = (_name, _options, done) => done(null, [{ address: "127.0.0.1", family: 4 }]);

function store(t: Test, settings: Partial<S3StoreSettings>, resolve?: Resolve): S3Store {
  const it = new S3Store(
    {
      kind: "s3",
      bucket: "bucket",
      region: "us-east-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      ...settings,
    },
    { timeouts: { connectMs: 300, idleMs: 300 }, ...(resolve === undefined ? {} : { resolve }) },
  );
  t.teardown(() => it.close());
  return it;
}

const forbidden = {
  code: "ADDRESS_FORBIDDEN",
  exitCode: 5,
  message: /: it leads to (169\.254\.169\.254|fe80::1|0\.0\.0\.0); link-local and metadata/,
  hint: /plugins\.backup\.network\.allow/,
};

t.test(
  "an endpoint that is, or resolves to, a metadata address is refused before anything is sent",
  async (t) => {
    for (const endpoint of [
      "http://169.254.169.254",
      "https://169.254.169.254",
      "http://0xa9fea9fe:80",
      "http://[fe80::1]:9000",
      "http://0.0.0.0:9000",
    ]) {
      await t.rejects(store(t, { endpoint }).head("key"), forbidden, endpoint);
    }
    for (const endpoint of ["http://store.example.org", "https://store.example.org"]) {
      await t.rejects(store(t, { endpoint }, toForbidden).head("key"), forbidden, endpoint);
      await t.rejects(store(t, { endpoint, pathStyle: false }, toForbidden).head("key"), forbidden, endpoint);
    }
  },
);

t.test("what the config allows is connected to, and so are loopback and private addresses", async (t) => {
  const { paths, port } = await server(t, 404);
  const named = store(t, { endpoint: `http://store.example.org:${port}` }, toLoopback);
  t.equal(await named.head("key"), undefined);
  t.match(paths, [/^\/bucket\/key/]);
  // Linux takes it for the machine itself, which is why it is closed.
  const allowed = store(t, { endpoint: `http://0.0.0.0:${port}`, allowAddresses: ["0.0.0.0/32"] });
  t.equal(await allowed.head("key"), undefined);
});

t.test(
  "the SDK finds credentials where it always does: only the store's own connections are judged",
  async (t) => {
    const expiration = new Date(Date.now() + 3_600_000).toISOString();
    const credentials = {
      AccessKeyId: "AKIACONTAINER",
      SecretAccessKey: "b",
      Token: "c",
      Expiration: expiration,
    };
    const service = await server(t, 200, { "content-type": "application/json" }, JSON.stringify(credentials));
    const { port, authorizations } = await server(t, 404);
    const environment = process.env;
    t.teardown(() => {
      process.env = environment;
    });
    process.env = {
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
      AWS_CONFIG_FILE: "/dev/null",
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://localhost:${service.port}/credentials`,
    };
    // By this resolver every name leads to the metadata service, `localhost` too.
    const it = new S3Store(
      { kind: "s3", bucket: "bucket", region: "us-east-1", endpoint: `http://127.0.0.1:${port}` },
      { resolve: toForbidden },
    );
    t.teardown(() => it.close());
    t.equal(await it.head("key"), undefined);
    t.same(service.paths, ["/credentials"]);
    t.match(authorizations[0], /Credential=AKIACONTAINER\//);
  },
);

t.test("a redirect is not followed, wherever it leads", async (t) => {
  const other = await server(t, 404);
  for (const location of [
    `http://127.0.0.1:${other.port}/bucket/key`,
    "http://169.254.169.254/latest/meta-data/",
  ]) {
    for (const status of [301, 302, 307, 308]) {
      const { port } = await server(t, status, { location });
      await t.rejects(store(t, { endpoint: `http://127.0.0.1:${port}` }).head("key"), Error, `${status}`);
    }
  }
  t.same(other.paths, []);
});
