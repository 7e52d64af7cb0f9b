-- Times are milliseconds since the epoch. Columns named *_json hold one JSON document. No column ever holds a secret.

CREATE TABLE jobs (
  id            TEXT PRIMARY KEY,   -- sorts by time of creation
  type          TEXT NOT NULL CHECK (type IN ('backup', 'restore', 'undo')),
  tenant        TEXT NOT NULL,
  tenant_uid    TEXT,
  trigger       TEXT NOT NULL,
  actor         TEXT NOT NULL,
  request_json  TEXT NOT NULL,
  state         TEXT NOT NULL
                CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted')),
  created_at    INTEGER NOT NULL,
  started_at    INTEGER,
  finished_at   INTEGER,
  result_json   TEXT,
  warnings_json TEXT NOT NULL DEFAULT '[]',
  error_json    TEXT
) STRICT;

CREATE INDEX jobs_by_tenant ON jobs (tenant, id);
CREATE INDEX jobs_by_state ON jobs (state, id);

-- What a job put somewhere and has not taken away yet.
CREATE TABLE leftovers (
  id            INTEGER PRIMARY KEY,
  job_id        TEXT NOT NULL REFERENCES jobs (id),
  leftover_json TEXT NOT NULL,
  created_at    INTEGER NOT NULL,
  problem       TEXT,               -- why it could not be taken away the last time
  UNIQUE (job_id, leftover_json)
) STRICT;

-- The catalogue.
CREATE TABLE archives (
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,  -- "newest" goes by this, not by a clock
  id             TEXT NOT NULL UNIQUE,
  job_id         TEXT NOT NULL REFERENCES jobs (id),
  tenant         TEXT NOT NULL,
  tenant_uid     TEXT NOT NULL,
  location       TEXT NOT NULL,     -- as a person would write it
  store_kind     TEXT NOT NULL CHECK (store_kind IN ('local', 's3')),
  endpoint       TEXT NOT NULL,     -- '' for AWS and for local files
  bucket         TEXT NOT NULL,     -- '' for local files
  key            TEXT NOT NULL,     -- an absolute path for local files
  size           INTEGER NOT NULL,
  etag           TEXT NOT NULL,
  index_sha256   TEXT NOT NULL,
  format_version INTEGER NOT NULL,
  created_at     INTEGER NOT NULL,
  totals_json    TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('good', 'damaged', 'deleted'))
) STRICT;

CREATE INDEX archives_by_tenant ON archives (tenant, tenant_uid, seq);
CREATE INDEX archives_by_object ON archives (store_kind, endpoint, bucket, key);

-- The journal of swaps: written before the first rename, so that the next start can finish what a crash cut off.
CREATE TABLE swaps (
  job_id         TEXT PRIMARY KEY REFERENCES jobs (id),
  tenant         TEXT NOT NULL,
  staged         TEXT,              -- the tree that goes in; NULL: the slot becomes empty
  live           TEXT NOT NULL,
  trash          TEXT,              -- where the tree that stood there goes; NULL: the slot was empty
  installed_uid  TEXT,
  replaced_uid   TEXT,
  undoes         TEXT REFERENCES trash (job_id),
  result_json    TEXT NOT NULL,     -- the job's result, should the next start have to finish the swap
  phase          TEXT NOT NULL CHECK (phase IN ('prepared', 'rolling-back', 'rolled-back', 'done')),
  created_at     INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX swaps_open ON swaps (phase) WHERE phase IN ('prepared', 'rolling-back');

-- What swaps replaced, kept for undo.
CREATE TABLE trash (
  job_id         TEXT PRIMARY KEY REFERENCES jobs (id),
  tenant         TEXT NOT NULL,
  tree           TEXT,              -- NULL: the slot was empty before
  installed_uid  TEXT,              -- of the tenant that the job put there; NULL: it made the slot empty
  replaced_uid   TEXT,              -- of the tenant in the trash
  state          TEXT NOT NULL CHECK (state IN ('kept', 'undoing', 'undone', 'purging', 'purged')),
  created_at     INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX trash_by_expiry ON trash (state, expires_at);
