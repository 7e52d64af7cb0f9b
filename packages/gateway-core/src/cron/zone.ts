/**
 * A time zone: from instants to what its clocks show, and back. Instants are milliseconds since the epoch; a *local
 * time* is what a clock on the wall shows, counted as `Date.UTC` would. The zones' rules are those of ICU, which Node
 * brings along; they may change by a government's decision, so nothing is computed long ahead.
 */
import { GatewayError } from "../errors.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** More than any zone is away from UTC (at most 14 hours), and less than lies between two changes of one zone. */
const REACH_MS = 36 * HOUR_MS;

/** How far {@link Zone.stretch} looks ahead; more than the longest jump that a zone has made (a day, by Samoa in 2011). */
const STRETCH_DAYS = 4;

/** A time from which on a zone's offset stays the same. */
export interface Stretch {
  /** Local time less UTC, in milliseconds. */
  readonly offset: number;
  /** The first instant that may have another offset. */
  readonly until: number;
  /** True when the offset does change then; else nobody has looked further. */
  readonly changes: boolean;
}

/** A formatter takes some microseconds, and the times of a thousand schedules are asked for again and again. */
const MOST_OFFSETS = 20_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Offsets that were found out, by zone and by whole seconds since the epoch. */
const offsets = new Map<string, Map<number, number>>();

export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets: Map<number, number>;

  /** Throws `SCHEDULE_INVALID` for what is no zone of the IANA database. */
  constructor(name: string) {
    this.name = name;
    this.#format = formatOf(name);
    this.#offsets = offsetsOf(name);
  }

  /** Local time less UTC, in milliseconds. */
  offsetAt(instant: number): number {
    const second = Math.floor(instant / 1000);
    const known = this.#offsets.get(second);
    if (known !== undefined) return known;
    if (this.#offsets.size >= MOST_OFFSETS) this.#offsets.clear();
    const offset = this.#offsetAt(second * 1000);
    this.#offsets.set(second, offset);
    return offset;
  }

  #offsetAt(whole: number): number {
    const at: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(whole)) at[type] = Number(value);
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = at;
    return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
  }

  toLocal(instant: number): number {
    return instant + this.offsetAt(instant);
  }

  /**
   * The instant at which clocks show a local time: the first where they show it twice; where they skip it, the first
   * instant after the gap.
   */
  toInstant(local: number): number {
    const before = this.offsetAt(local - REACH_MS);
    const after = this.offsetAt(local + REACH_MS);
    // Of two instants the one with the larger offset is the earlier one.
    for (const offset of [Math.max(before, after), Math.min(before, after)]) {
      const instant = local - offset;
      if (this.offsetAt(instant) === offset) return instant;
    }
    return this.#change(local - REACH_MS, local + REACH_MS, before);
  }

  /** How long the offset that holds at `instant` goes on holding. */
  stretch(instant: number): Stretch {
    const offset = this.offsetAt(instant);
    let known = instant;
    for (let days = 1; days <= STRETCH_DAYS; days += 1) {
      const next = instant + days * DAY_MS;
      if (this.offsetAt(next) !== offset) {
        return { offset, until: this.#change(known, next, offset), changes: true };
      }
      known = next;
    }
    return { offset, until: known, changes: false };
  }

  /** The instant between two others at which the offset stops being `offset`; changes happen at whole seconds. */
  #change(from: number, to: number, offset: number): number {
    let low = Math.floor(from / 1000);
    let high = Math.ceil(to / 1000);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetAt(middle * 1000) === offset) low = middle;
      else high = middle;
    }
    return high * 1000;
  }
}

function offsetsOf(name: string): Map<number, number> {
  const known = offsets.get(name) ?? new Map<number, number>();
  offsets.set(name, known);
  return known;
}

/** Making a format takes a hundred times as long as using it. */
function formatOf(name: string): Intl.DateTimeFormat {
  const known = formats.get(name);
  if (known !== undefined) return known;
  try {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "iso8601",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formats.set(name, format);
    return format;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new GatewayError("SCHEDULE_INVALID", `'${name}' is no time zone that this machine knows`, {
      hint: "Zones are named as in Europe/Berlin, America/New_York or Etc/UTC.",
    });
  }
}
