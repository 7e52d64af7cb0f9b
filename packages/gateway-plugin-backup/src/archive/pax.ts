/**
 * Records of a PAX extended header: POSIX.1-2017, `pax`, "pax Extended Header". One character of a string here is one
 * byte.
 */
import { rawPathText } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";

export interface PaxValues {
  readonly path?: string;
  readonly linkpath?: string;
  /** Decimal. */
  readonly size?: string;
}

/**
 * The records in their canonical order: `hdrcharset`, `path`, `linkpath`, `size`. Values are UTF-8 unless `hdrcharset`
 * says BINARY, so that record stands only before names that are not UTF-8: without it bsdtar complains of such a name
 * and ends with an error; with it GNU tar, which keeps bytes anyway, prints a warning and ends well.
 */
export function paxRecords(values: PaxValues): string {
  const names = [values.path, values.linkpath].filter((name) => name !== undefined);
  let records = names.every(isUtf8) ? "" : paxRecord("hdrcharset", "BINARY");
  if (values.path !== undefined) records += paxRecord("path", values.path);
  if (values.linkpath !== undefined) records += paxRecord("linkpath", values.linkpath);
  if (values.size !== undefined) records += paxRecord("size", values.size);
  return records;
}

/** `"<length> <key>=<value>\n"`, where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  // Counting its own digits can give the length one digit more.
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function isUtf8(name: string): boolean {
  return rawPathText(name as RawPath) !== undefined;
}
