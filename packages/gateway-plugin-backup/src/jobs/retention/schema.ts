import { Type } from "@openclaw/schema";
import { DURATION_PATTERN } from "./duration.js";

const Count = Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 }));

/** A retention policy as config, requests and schedules write it; see `RetentionPolicy`. */
export const retentionProperties = {
  keepLast: Count,
  keepHourly: Count,
  keepDaily: Count,
  keepWeekly: Count,
  keepMonthly: Count,
  keepYearly: Count,
  keepWithin: Type.Optional(
    Type.String({ pattern: DURATION_PATTERN, description: "30d, 12h, 1y6m, P30D, PT12H; m: months." }),
  ),
  tz: Type.Optional(
    Type.String({ minLength: 1, maxLength: 64, description: "IANA time zone; default Etc/UTC." }),
  ),
};
