-- The gateway that this ledger is of: its uid stands in the indexes of its own archives, as a tenant's does in a tenant's.
CREATE TABLE gateway (uid TEXT NOT NULL) STRICT;
INSERT INTO gateway (uid) VALUES (lower(hex(randomblob(16))));

-- Backups of the whole gateway. Each is a set of archives with a backup.json beside them that is written last; its row is
-- written first, so that the next start knows what to take away.
CREATE TABLE gateway_sets (
  seq             INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order in which they were begun, or found
  id              TEXT NOT NULL UNIQUE,
  job_id          TEXT NOT NULL REFERENCES jobs (id),
  kind            TEXT NOT NULL CHECK (kind IN ('scheduled', 'pre-delete')),
  -- 'writing': it may have no backup.json. 'removing': its backup.json may be gone, and archives of it still there.
  state           TEXT NOT NULL CHECK (state IN ('writing', 'complete', 'removing', 'deleted')),
  location        TEXT NOT NULL,     -- of its backup.json, as a person would write it
  store_json      TEXT NOT NULL,     -- where the store is, without what opens it
  key             TEXT NOT NULL,     -- of its backup.json
  created_at      INTEGER NOT NULL,
  parts_json      TEXT NOT NULL DEFAULT '[]',  -- while it is written: the archives that are there, or about to be
  manifest_sha256 TEXT,              -- of backup.json, from just before it is written
  touched_at      INTEGER NOT NULL,  -- when something of it was last about to become visible in the store
  problem         TEXT               -- why it could not be settled the last time
) STRICT;

CREATE INDEX gateway_sets_open ON gateway_sets (state) WHERE state IN ('writing', 'removing');

-- The set that an archive is a part of. NULL: of none.
ALTER TABLE archives ADD COLUMN set_id TEXT REFERENCES gateway_sets (id);
CREATE INDEX archives_by_set ON archives (set_id) WHERE set_id IS NOT NULL;
