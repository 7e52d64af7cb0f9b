import { lines } from "./json-lines.js";

/**
 * What the events of a stream carry, parsed. A browser's own EventSource sends no Authorization header; its format:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* eventData<T>(stream: ReadableStream<Uint8Array>): AsyncGenerator<T, void, void> {
  let data: string[] = [];
  for await (const line of lines(stream)) {
    const text = line.endsWith("\r") ? line.slice(0, -1) : line;
    if (text.startsWith("data:")) data.push(text.slice("data:".length).replace(/^ /, ""));
    if (text !== "" || data.length === 0) continue;
    yield JSON.parse(data.join("\n")) as T;
    data = [];
  }
}
