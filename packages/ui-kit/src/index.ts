/** What the shell of the control UI and the plugins' panels share. Each bundles what it uses of it. */
export { Api, ApiError, type ApiOptions, type Query } from "./api.js";
export { eventData } from "./event-stream.js";
export { bytes, count, dateTime, duration, relativeTime, timeOfDay } from "./format.js";
export type { Notice, PanelElement, UiHost, Viewer } from "./host.js";
export { Loaded, type LoadedOptions } from "./loaded.js";
export { jsonLines } from "./json-lines.js";
export { scheduleWords } from "./schedule-words.js";
export { shownName } from "./shown-name.js";
export { baseStyles } from "./styles/base.js";
export { defineProblem, ProblemElement } from "./problem.js";
