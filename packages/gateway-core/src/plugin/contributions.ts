import type { FastifyPluginAsync } from "fastify";
import type { DoctorCheck, JobType, RouteScope, Shutdown, StatusSection, UiPanel } from "./host.js";

export interface ContributedRoutes {
  readonly scope: RouteScope;
  readonly routes: FastifyPluginAsync;
}

export interface Readiness {
  readonly name: string;
  readonly probe: () => string | undefined;
}

/** What the host itself and its plugins have registered. Complete before the server listens, and fixed from then on. */
export class Contributions {
  readonly routes: ContributedRoutes[] = [];
  readonly jobTypes = new Map<string, JobType>();
  readonly panels = new Map<string, UiPanel>();
  readonly doctorChecks = new Map<string, DoctorCheck>();
  readonly statusSections = new Map<string, StatusSection>();
  readonly readiness = new Map<string, Readiness>();
  readonly ticks: (() => Promise<void>)[] = [];
  readonly shutdowns: Shutdown[] = [];
  #sealed = false;

  addRoutes(scope: RouteScope, routes: FastifyPluginAsync): void {
    this.#assertOpen();
    this.routes.push({ scope, routes });
  }

  addJobType(type: JobType): void {
    this.#addNamed(this.jobTypes, type.name, type, "job type");
  }

  addPanel(panel: UiPanel): void {
    if (!/^[a-z0-9][a-z0-9-]*$/.test(panel.id))
      throw new Error(`The panel id '${panel.id}' does not fit a URL`);
    this.#addNamed(this.panels, panel.id, panel, "panel");
  }

  addDoctorCheck(check: DoctorCheck): void {
    this.#addNamed(this.doctorChecks, check.name, check, "doctor check");
  }

  addStatusSection(section: StatusSection): void {
    this.#addNamed(this.statusSections, section.name, section, "status section");
  }

  addReadiness(name: string, probe: () => string | undefined): void {
    this.#addNamed(this.readiness, name, { name, probe }, "readiness probe");
  }

  addTick(tick: () => Promise<void>): void {
    this.#assertOpen();
    this.ticks.push(tick);
  }

  addShutdown(shutdown: Shutdown): void {
    this.#assertOpen();
    this.shutdowns.push(shutdown);
  }

  /** From here on a registration is a plugin's bug: its route or job type would not be there. */
  seal(): void {
    this.#sealed = true;
  }

  #addNamed<T>(to: Map<string, T>, name: string, value: T, what: string): void {
    this.#assertOpen();
    if (to.has(name)) throw new Error(`The ${what} '${name}' is registered twice`);
    to.set(name, value);
  }

  #assertOpen(): void {
    if (this.#sealed) throw new Error("A plugin registers during setup only");
  }
}
