import t from "tap";
import { BackupError } from "../errors.js";
import { ownError, ownThrown } from "./own-error.js";

await t.test("a tenant hears what is about itself, and of the rest that it is the gateway's affair", (t) => {
  const place = "s3://bucket/prefix at https://store.internal:9000 refused";
  const denied = new BackupError("STORE_DENIED", place, { hint: place, details: { place } });
  const shown = ownThrown(denied);
  t.match(shown, { code: "STORE_DENIED", status: 403, message: /gateway's affair/ });
  t.notMatch(JSON.stringify(ownError({ code: "STORE_DENIED", message: place, hint: place })), /internal/);
  t.notMatch(
    JSON.stringify([shown, (shown as BackupError).message, (shown as BackupError).hint]),
    /internal/,
  );

  const unreadable = new BackupError("FILE_UNREADABLE", "workspace/x cannot be read");
  t.equal(ownThrown(unreadable), unreadable);
  const error = { code: "FILE_UNREADABLE", message: "workspace/x cannot be read" } as const;
  t.equal(ownError(error), error);
  const others = new Error("of somebody else");
  t.equal(ownThrown(others), others);
  t.end();
});
