import t from "tap";
import { destinationOf, type PlaceInStore } from "./destination-of.js";

const destinations = {
  all: { url: "s3://bucket", endpoint: "https://a.example" },
  some: { url: "s3://bucket/gw/", endpoint: "https://a.example" },
  aws: { url: "s3://bucket/gw" },
  disk: { url: "/var/backups/openclawmu" },
  deep: { url: "/var/backups/openclawmu/deep/" },
};

function nameOf(place: Partial<PlaceInStore> & Pick<PlaceInStore, "key">): string | undefined {
  return destinationOf(destinations, { storeKind: "s3", bucket: "bucket", ...place })?.name;
}

t.test("an object lies in the destination with the longest matching url, at its endpoint", (t) => {
  const endpoint = "https://a.example";
  t.equal(nameOf({ endpoint, key: "gw/tenants/acme/a.tar.zst" }), "some");
  t.equal(nameOf({ endpoint, key: "gw" }), "some");
  t.equal(nameOf({ endpoint, key: "gwx/a.tar.zst" }), "all");
  t.equal(nameOf({ endpoint: "", key: "gw/a.tar.zst" }), "aws");
  t.equal(nameOf({ endpoint: "https://b.example", key: "gw/a.tar.zst" }), undefined);
  t.equal(nameOf({ key: "other/a.tar.zst" }), "all", "where the endpoint is not known, any will do");
  t.equal(nameOf({ bucket: "another", key: "gw/a.tar.zst" }), undefined);
  t.end();
});

t.test("a file lies in the destination with the longest matching directory", (t) => {
  const nameOfFile = (key: string): string | undefined => nameOf({ storeKind: "local", bucket: "", key });
  t.equal(nameOfFile("/var/backups/openclawmu/tenants/acme/a.tar.zst"), "disk");
  t.equal(nameOfFile("/var/backups/openclawmu/deep/a.tar.zst"), "deep");
  t.equal(nameOfFile("/var/backups/openclawmu-else/a.tar.zst"), undefined);
  t.end();
});
