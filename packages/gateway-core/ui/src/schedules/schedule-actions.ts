/** What can be done with a schedule. Each tells what came of it, and never rejects. */
import { ApiError, type UiHost } from "@openclaw/ui-kit";
import { scheduleRoute, type RunView, type ScheduleView } from "./schedule-view.js";

export async function runSchedule(host: UiHost, schedule: ScheduleView): Promise<void> {
  await told(host, async () => {
    await host.api.send<RunView>("POST", `${scheduleRoute(host.viewer, schedule)}/run`, {});
    return `Schedule ${schedule.name} has been started.`;
  });
}

/** On when it is off, and the other way. */
export async function switchSchedule(host: UiHost, schedule: ScheduleView): Promise<void> {
  const action = schedule.enabled ? "disable" : "enable";
  await told(host, async () => {
    await host.api.send("POST", `${scheduleRoute(host.viewer, schedule)}/${action}`, {});
    return `Schedule ${schedule.name} is ${action}d.`;
  });
}

/** Approves what was looked at: what stands in its place by now is refused. */
export async function approveSchedule(host: UiHost, schedule: ScheduleView): Promise<void> {
  await told(host, async () => {
    const route = `${scheduleRoute(host.viewer, schedule)}/approve?hash=${schedule.hash}`;
    await host.api.send("POST", route, {});
    return `Schedule ${schedule.name} is approved.`;
  });
}

export async function removeSchedule(host: UiHost, schedule: ScheduleView): Promise<boolean> {
  return told(host, async () => {
    await host.api.send("DELETE", scheduleRoute(host.viewer, schedule));
    return `Schedule ${schedule.name} has been removed.`;
  });
}

/** @returns Whether it was done. */
async function told(host: UiHost, act: () => Promise<string>): Promise<boolean> {
  try {
    host.notify({ kind: "success", text: await act() });
    return true;
  } catch (error) {
    const hint = error instanceof ApiError ? error.hint : undefined;
    const text = error instanceof Error ? error.message : String(error);
    host.notify({ kind: "error", text, ...(hint === undefined ? {} : { hint }) });
    return false;
  }
}
