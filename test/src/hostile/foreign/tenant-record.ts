/** tenant.json: what tells whose archive it is, and with which token. */
import { hash } from "node:crypto";
import { tarOf } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { directory, file, hardlink, honest, type Part, symlink, UP_TO_OUTSIDE } from "./build.js";

const record = {
  id: "acme",
  uid: "0f8fad5bd9cb469fa16570867728950e",
  createdAt: "2026-03-07T02:00:00.000Z",
  tokenSha256: hash("sha256", "tk_acme_0"),
  quotas: {},
  labels: {},
};

function refused(
  code: "UNSAFE_ENTRY" | "ARCHIVE_DAMAGED",
  id: string,
  title: string,
  ...parts: readonly Part[]
): HostileCase {
  return {
    id: `tenant-json-${id}`,
    title,
    origin: "idea: the record is not the file that was checked, or no record",
    archive: () => tarOf(honest, ...parts),
    expected: { code, rule: "tenant record", entry: "tenant.json" },
  };
}

function badRecord(id: string, title: string, content: string | Buffer): HostileCase {
  return refused("ARCHIVE_DAMAGED", id, title, file("tenant.json", content));
}

export const tenantRecordCases: readonly HostileCase[] = [
  refused("UNSAFE_ENTRY", "link", "tenant.json as a link", symlink("tenant.json", "honest.txt")),
  refused("UNSAFE_ENTRY", "directory", "tenant.json as a directory", directory("tenant.json")),
  refused("UNSAFE_ENTRY", "implied-directory", "a file below tenant.json", file("tenant.json/x")),
  refused(
    "UNSAFE_ENTRY",
    "implied-directory-of-a-link",
    "a link below tenant.json",
    symlink("tenant.json/x", "y"),
  ),
  refused(
    "UNSAFE_ENTRY",
    "hard-link",
    "tenant.json as a hard link",
    hardlink("tenant.json", "tenants/acme/honest.txt"),
  ),
  refused("UNSAFE_ENTRY", "huge", "a tenant.json of 2 MiB", file("tenant.json", " ".repeat(2 * 1024 * 1024))),
  refused("UNSAFE_ENTRY", "not-utf8", "a tenant.json that is no text", file("tenant.json", '{"id":"\xff"}')),
  badRecord("empty", "an empty tenant.json", ""),
  badRecord("no-json", "a tenant.json that is no JSON", "{"),
  badRecord("no-object", "a tenant.json that is no object", "[]"),
  badRecord("deep", "a tenant.json of a hundred thousand brackets", "[".repeat(100_000)),
  badRecord("no-hash", "a token hash that is none", JSON.stringify({ ...record, tokenSha256: "" })),
  badRecord(
    "hash-of-everyone",
    "a token hash that is a pattern",
    JSON.stringify({ ...record, tokenSha256: "*".repeat(64) }),
  ),
  badRecord("id-that-leaves", "an id that is a path", JSON.stringify({ ...record, id: UP_TO_OUTSIDE })),
  badRecord("proto", "an id by way of the prototype", `{"__proto__":${JSON.stringify(record)}}`),
  badRecord("quota-negative", "a quota below nothing", JSON.stringify({ ...record, quotas: { bytes: -1 } })),
];
