/**
 * Calls every route of a gateway as each of those who must not get in, and says where one did. Which routes there are is
 * asked of the server itself, not of the API's document alone: a route that the document hides is called, too.
 */
import type { Gateway } from "@openclaw/gateway-core";

/** Whose calls are made, and what they are about. */
export interface Cast {
  readonly adminToken: string;
  /** The tenant whose data nobody else may see or change. */
  readonly firstToken: string;
  /** Another tenant's, that is valid. */
  readonly otherToken: string;
  /** The other tenant's, until it was rotated. */
  readonly rotatedToken: string;
  /** Of the first tenant: what stands for a route's parameter, by the path up to it (`/api/tenant/jobs/:id`). */
  readonly resources: Readonly<Record<string, string>>;
  /** By route (`POST /api/tenant/cron`): a body that is about the first tenant, or one of its things. */
  readonly bodies: Readonly<Record<string, Body>>;
  /** Texts that stand in answers about the first tenant, and in no others. */
  readonly marks: readonly string[];
}

export interface Body {
  readonly content: object;
  /** What the body names is the first tenant's: to others, it is not there. */
  readonly namesItsThings: boolean;
}

type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";

interface Route {
  readonly method: Method;
  /** As it was registered: `/api/tenant/jobs/:id`, `/api/tenant/files/*`. */
  readonly path: string;
  /** `GET /api/tenant/jobs/:id`. */
  readonly name: string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** What is for everybody. The control UI, `/` and `/ui/…`, is program text, and has to be there to ask for a token. */
const OPEN: readonly string[] = ["GET /", "GET /healthz", "GET /readyz", "GET /api/openapi.json"];

/** Routes on which a name means a thing of the caller's own, that is made if it is not there. */
const MAKES_ITS_OWN: readonly string[] = ["PUT /api/tenant/files/*"];

const WRONG_TOKEN = `tk_nobody_${"0".repeat(32)}`;

function isOpen({ method, path, name }: Route): boolean {
  return OPEN.includes(name) || ((method === "GET" || method === "HEAD") && path.startsWith("/ui/"));
}

/** One sentence for each hole, with the route's name in front; none: every route is guarded, and was looked at. */
export async function findHoles(gateway: Gateway, cast: Cast): Promise<string[]> {
  const guard = new RouteGuard(gateway, cast);
  const routes = registeredRoutes(gateway);
  const holes = await guard.compareWithDocument(routes);
  const guarded = routes.filter((route) => !isOpen(route));
  const ofTenants = guarded.filter(({ path }) => path.startsWith("/api/tenant/"));
  const covered = ofTenants.filter((route) => guard.missing(route) === undefined);
  for (const route of ofTenants) {
    const missing = guard.missing(route);
    if (missing !== undefined) holes.push(`${route.name}: not covered: ${missing}`);
  }
  const before = await guard.viewOfFirst(covered);
  holes.push(...before.problems);
  for (const route of guarded) holes.push(...(await guard.asStranger(route)));
  for (const route of covered) holes.push(...(await guard.asOtherTenant(route)));
  const after = await guard.viewOfFirst(covered);
  for (const [name, { body }] of before.answers) {
    if (after.answers.get(name)?.body !== body) {
      holes.push(`${name}: another tenant's calls have changed what it says to the first`);
    }
  }
  return holes;
}

/** Every route that the server answers, from fastify's own print of its radix tree. */
export function registeredRoutes(gateway: Gateway): Route[] {
  const routes: Route[] = [];
  /** By depth. */
  const prefixes: string[] = [];
  for (const line of gateway.app.printRoutes().split("\n")) {
    const node = /^((?:│ {3}| {4})*)[├└]── (.*?)(?: \(([A-Z, ]+)\))?$/.exec(line);
    if (node === null) continue;
    const [, indent = "", text = "", methods] = node;
    const depth = indent.length / 4;
    prefixes.length = depth;
    prefixes.push(text);
    if (methods === undefined) continue;
    const path = prefixes.join("");
    for (const method of methods.split(", ")) {
      routes.push({ method: method as Method, path, name: `${method} ${path}` });
    }
  }
  return routes;
}

class RouteGuard {
  readonly #gateway: Gateway;
  readonly #cast: Cast;
  #calls = 0;

  constructor(gateway: Gateway, cast: Cast) {
    this.#gateway = gateway;
    this.#cast = cast;
  }

  async compareWithDocument(routes: readonly Route[]): Promise<string[]> {
    const { body } = await this.#send("GET", "/api/openapi.json", undefined);
    const { paths } = JSON.parse(body) as { readonly paths: Record<string, Record<string, unknown>> };
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const registered = routes.map(({ method, path }) => `${method} ${inDocument(path)}`);
    return [
      ...routes
        .filter(
          (route) => !isOpen(route) && !documented.includes(`${route.method} ${inDocument(route.path)}`),
        )
        .map(({ name }) => `${name}: not in /api/openapi.json`),
      ...documented
        .filter((name) => !registered.includes(name))
        .map((name) => `${name}: in /api/openapi.json, but not to be found in the server`),
    ];
  }

  /** What the cast lacks to call a tenant's route. */
  missing(route: Route): string | undefined {
    const parameter = parametersOf(route.path).find((prefix) => this.#cast.resources[prefix] === undefined);
    if (parameter !== undefined) return `nothing of the first tenant stands for ${parameter}`;
    const takesBody = route.method !== "GET" && route.method !== "HEAD" && route.method !== "DELETE";
    return takesBody && this.#cast.bodies[route.name] === undefined ? "it has no body to be sent" : undefined;
  }

  /** What the first tenant sees, which also shows that the cast's things are there. */
  async viewOfFirst(
    routes: readonly Route[],
  ): Promise<{ readonly answers: ReadonlyMap<string, Answer>; readonly problems: readonly string[] }> {
    const answers = new Map<string, Answer>();
    const problems: string[] = [];
    for (const route of routes.filter(({ method }) => method === "GET")) {
      const answer = await this.#call(route, this.#cast.firstToken);
      answers.set(route.name, answer);
      if (answer.status !== 200) problems.push(`${route.name}: answers its own tenant ${answer.status}`);
    }
    return { answers, problems };
  }

  /** As somebody without a valid token, and as somebody whose token is for other routes. */
  async asStranger(route: Route): Promise<string[]> {
    const { adminToken, otherToken, rotatedToken } = this.#cast;
    const forTenants = route.path.startsWith("/api/tenant/");
    const strangers: readonly (readonly [who: string, token: string | undefined, status: number])[] = [
      ["without a token", undefined, 401],
      ["with a wrong token", WRONG_TOKEN, 401],
      ["with a rotated token", rotatedToken, 401],
      forTenants ? ["with the admin's token", adminToken, 403] : ["with a tenant's token", otherToken, 403],
    ];
    const holes: string[] = [];
    for (const [who, token, expected] of strangers) {
      const { status } = await this.#call(route, token);
      if (status !== expected) holes.push(`${route.name}: answers ${status} ${who}, not ${expected}`);
    }
    return holes;
  }

  async asOtherTenant(route: Route): Promise<string[]> {
    const { marks, otherToken, resources, bodies } = this.#cast;
    const { status, body } = await this.#call(route, otherToken);
    const named = parametersOf(route.path).map((prefix) => resources[prefix] ?? "");
    const sent = JSON.stringify([named, bodies[route.name]?.content]);
    const holes = marks
      // An error may repeat what was asked for.
      .filter((mark) => body.includes(mark) && !sent.includes(mark))
      .map((mark) => `${route.name}: tells another tenant of '${mark}'`);
    const isOfFirst = named.length > 0 || bodies[route.name]?.namesItsThings === true;
    if (isOfFirst && status !== 404 && !MAKES_ITS_OWN.includes(route.name)) {
      holes.push(`${route.name}: answers ${status} to another tenant, not 404`);
    }
    return holes;
  }

  #call(route: Route, token: string | undefined): Promise<Answer> {
    const url = parametersOf(route.path).reduceRight(
      (path, prefix) =>
        path.replace(prefix, prefix.replace(/[^/]+$/, this.#cast.resources[prefix] ?? "nothing")),
      route.path,
    );
    return this.#send(route.method, url, token, this.#cast.bodies[route.name]?.content);
  }

  async #send(method: Method, url: string, token: string | undefined, content?: object): Promise<Answer> {
    this.#calls += 1;
    const { statusCode: status, body } = await this.#gateway.app.inject({
      method,
      url,
      // Each from another address: refused tokens are counted by it.
      remoteAddress: `127.1.${this.#calls >> 8}.${this.#calls & 255}`,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(method === "GET" || method === "HEAD" ? {} : content === undefined ? {} : { payload: content }),
    });
    return { status, body };
  }
}

/** Of `/a/:id/b/:name`: `/a/:id` and `/a/:id/b/:name`. */
function parametersOf(path: string): string[] {
  return [...path.matchAll(/\/(?::[^/]+|\*)/g)].map(({ 0: text, index }) =>
    path.slice(0, index + text.length),
  );
}

/** `/a/:id` as OpenAPI writes it: `/a/{id}`. */
function inDocument(path: string): string {
  return path.replace(/:([^/]+)/g, "{$1}").replace(/\*/g, "{*}");
}
