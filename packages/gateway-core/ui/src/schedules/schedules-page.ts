import { baseStyles, type PanelElement, type UiHost } from "@openclaw/ui-kit";
import { html, LitElement, type TemplateResult } from "lit";
import "./schedule-detail.js";
import "./schedule-list.js";
import type { ScheduleListElement } from "./schedule-list.js";
import { scheduleAt } from "./schedule-view.js";

/** The schedules of the gateway and of its tenants, or a tenant's own: the list, and each one by itself. */
export class SchedulesPageElement extends LitElement implements PanelElement {
  static override properties = { host: { attribute: false }, path: { attribute: false } };
  declare host: UiHost;
  declare path: string;

  refresh(): void {
    this.renderRoot.querySelector<ScheduleListElement>("oc-schedule-list, oc-schedule-detail")?.refresh();
  }

  protected override render(): TemplateResult {
    const key = scheduleAt(this.path);
    return key === undefined
      ? html`<oc-schedule-list .host=${this.host}></oc-schedule-list>`
      : html`<oc-schedule-detail .host=${this.host} .key=${key}></oc-schedule-detail>`;
  }

  static override styles = baseStyles;
}

customElements.define("oc-schedules-page", SchedulesPageElement);
