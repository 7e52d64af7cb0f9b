import t from "tap";
import { addressOf } from "./destinations.js";
import { withRates } from "./transfer-rates.js";

const settings = { kind: "s3", bucket: "b" } as const;

t.test("a request's limits go before those of the config, each by itself", (t) => {
  t.equal(withRates(settings, {}, {}), settings);
  t.strictSame(
    withRates(settings, { limitUpload: "1.5MiB" }, { limitUpload: 5000, limitDownload: "20 KiB" }),
    {
      ...settings,
      rates: { upload: 1_572_864, download: 20_480 },
    },
  );
  t.strictSame(withRates(settings, { limitDownload: 4096 }, {}), { ...settings, rates: { download: 4096 } });
  t.strictSame(withRates(settings, {}, { limitUpload: "1GiB" }), { ...settings, rates: { upload: 2 ** 30 } });
  t.end();
});

t.test("limits are no part of the address that the ledger keeps", (t) => {
  t.strictSame(addressOf({ ...settings, rates: { upload: 1 }, partLimits: { maxParts: 1000 } }), settings);
  t.end();
});
