/** Whether the gateway does its work, as far as it can tell by itself: for the checklist after a restore. */
import type { FastifyInstance } from "fastify";
import type { Contributions } from "../plugin/contributions.js";
import type { ChecklistItem } from "../plugin/host.js";
import { withTimeLimit } from "../plugin/hook-bus.js";
import { errorText } from "../system-error.js";
import type { Tenants } from "../tenants/tenants.js";
import { quick, runDoctor } from "./run.js";

export interface CheckUpParts {
  readonly contributions: Contributions;
  readonly tenants: Pick<Tenants, "registry">;
  readonly adminToken: string;
}

/** Whoever waits for a restore waits for this, too. */
const TIMEOUT_MS = 15_000;

export class CheckUp {
  readonly #parts: CheckUpParts;
  #app: FastifyInstance | undefined;

  constructor(parts: CheckUpParts) {
    this.#parts = parts;
  }

  /** From now on this is the server that is asked. */
  asks(app: FastifyInstance): void {
    this.#app = app;
  }

  /** See `PluginHost.checkUp`. An item that cannot be found out is not ticked. */
  async run(tenant?: string): Promise<readonly ChecklistItem[]> {
    const app = this.#app;
    if (app === undefined) throw new Error("The gateway does not serve yet");
    const items: Record<string, () => Promise<ChecklistItem> | ChecklistItem> = {
      readiness: () => this.#readiness(),
      ...(tenant === undefined ? {} : { tenant: () => this.#served(tenant) }),
      doctor: () => this.#doctor(tenant),
      status: () => this.#status(app),
      ui: () => this.#ui(app),
    };
    return Promise.all(
      Object.entries(items).map(async ([name, check]) => {
        try {
          return await withTimeLimit(async () => check(), TIMEOUT_MS);
        } catch (error) {
          const message = `It could not be found out: ${errorText(error)}`;
          return { name, ok: false, message, fix: "Look into the gateway's log, then check again." };
        }
      }),
    );
  }

  #readiness(): ChecklistItem {
    const missing = [...this.#parts.contributions.readiness.values()].flatMap(({ probe }) => probe() ?? []);
    const [first] = missing;
    if (first === undefined) return { name: "readiness", ok: true, message: "The gateway is ready." };
    const message = `The gateway is not ready: ${first}`;
    return { name: "readiness", ok: false, message, fix: "`/readyz` says what is missing." };
  }

  /** The tenant's own token is not known here; that its hash leads to the tenant is what a call with it goes by. */
  #served(id: string): ChecklistItem {
    const { registry } = this.#parts.tenants;
    const record = registry.get(id);
    if (record !== undefined && registry.authenticate(record.tokenSha256)?.id === id)
      return { name: "tenant", ok: true, message: `Tenant ${id} is served, with its token.` };
    const message = `Tenant ${id} is not served.`;
    return { name: "tenant", ok: false, message, fix: "`openclaw doctor` says why." };
  }

  async #doctor(tenant: string | undefined): Promise<ChecklistItem> {
    const { findings } = await runDoctor(quick(this.#parts.contributions.doctorChecks.values()));
    const bad = findings
      .filter(({ severity }) => severity === "critical")
      .filter((finding) => tenant === undefined || finding.tenant === tenant);
    const [first] = bad;
    const subject = tenant === undefined ? "" : ` with tenant ${tenant}`;
    if (first === undefined)
      return { name: "doctor", ok: true, message: `The doctor finds nothing critical${subject}.` };
    const more = bad.length > 1 ? ` (and ${bad.length - 1} more; \`openclaw doctor\` lists them)` : "";
    return {
      name: "doctor",
      ok: false,
      message: `${first.check}: ${first.message}${more}`,
      fix: first.fix ?? "`openclaw doctor` says more.",
    };
  }

  async #status(app: FastifyInstance): Promise<ChecklistItem> {
    const answer = await app.inject({ url: "/api/admin/status", headers: this.#headers });
    const { failures = [] } = answer.json<{ failures?: { section: string; message: string }[] }>();
    const [failure] = failures;
    if (answer.statusCode === 200 && failure === undefined)
      return { name: "status", ok: true, message: "The status answers." };
    const message =
      failure === undefined
        ? `The status answers with ${answer.statusCode}.`
        : `The status lacks ${failure.section}: ${failure.message}`;
    return { name: "status", ok: false, message, fix: "Look into the gateway's log." };
  }

  async #ui(app: FastifyInstance): Promise<ChecklistItem> {
    const page = await app.inject({ url: "/" });
    const panels = await app.inject({ url: "/api/admin/ui/panels", headers: this.#headers });
    if (page.statusCode === 200 && panels.statusCode === 200)
      return { name: "ui", ok: true, message: "The control UI answers, and lets the admin's token in." };
    return page.statusCode === 200
      ? {
          name: "ui",
          ok: false,
          message: `The control UI is refused its panels (${panels.statusCode}).`,
          fix: "Look into the gateway's log.",
        }
      : {
          name: "ui",
          ok: false,
          message: `The control UI answers with ${page.statusCode}.`,
          fix: "Build it: npx -y pnpm@10 build",
        };
  }

  get #headers(): { readonly authorization: string } {
    return { authorization: `Bearer ${this.#parts.adminToken}` };
  }
}
