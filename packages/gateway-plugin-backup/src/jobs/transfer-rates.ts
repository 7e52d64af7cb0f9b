import { parseSize, type BackupConfig } from "../config.js";
import type { Rates, StoreSettings } from "../stores/settings.js";

/** Bytes per second, for one job: numbers, or numbers with a unit (`"10MiB"`). They go before those of the config. */
export interface RateRequest {
  readonly limitUpload?: number | string;
  readonly limitDownload?: number | string;
}

/** The settings, with what a job may send and fetch. */
export function withRates(
  settings: StoreSettings,
  request: RateRequest,
  config: Pick<BackupConfig, "limitUpload" | "limitDownload">,
): StoreSettings {
  const upload = request.limitUpload ?? config.limitUpload;
  const download = request.limitDownload ?? config.limitDownload;
  if (upload === undefined && download === undefined) return settings;
  const rates: Rates = {
    ...(upload === undefined ? {} : { upload: parseSize(upload) }),
    ...(download === undefined ? {} : { download: parseSize(download) }),
  };
  return { ...settings, rates };
}
