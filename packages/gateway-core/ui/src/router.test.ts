import t from "tap";
import { addressOf, placeName } from "./router.js";

t.test("places have addresses, and a name for the window's title", (t) => {
  t.equal(addressOf({ page: "backup", path: "" }), "#/backup");
  t.equal(addressOf({ page: "backup", path: "tenants/acme" }), "#/backup/tenants/acme");
  t.equal(placeName({ page: "backup", path: "" }), "");
  t.equal(placeName({ page: "backup", path: "tenants/a%20b" }), "a b");
  t.equal(placeName({ page: "backup", path: "tenants/%" }), "%");
  t.end();
});
