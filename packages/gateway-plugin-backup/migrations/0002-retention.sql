-- Types of jobs are checked by the program alone from here on: a CHECK would have to be made anew for each new type.
CREATE TABLE jobs_new (
  id            TEXT PRIMARY KEY,   -- sorts by time of creation
  type          TEXT NOT NULL,
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

INSERT INTO jobs_new SELECT * FROM jobs;
DROP TABLE jobs;
ALTER TABLE jobs_new RENAME TO jobs;

CREATE INDEX jobs_by_tenant ON jobs (tenant, id);
CREATE INDEX jobs_by_state ON jobs (state, id);

ALTER TABLE archives ADD COLUMN pinned_at INTEGER;    -- NULL: not pinned
ALTER TABLE archives ADD COLUMN verified_at INTEGER;  -- when its content was last checked and found good
ALTER TABLE archives ADD COLUMN lost_at INTEGER;      -- when its object was found gone, or replaced by another one
ALTER TABLE archives ADD COLUMN removing_at INTEGER;  -- the journal of removals: written before the store is asked to remove

CREATE INDEX archives_by_location ON archives (location);
CREATE INDEX archives_removing ON archives (id) WHERE removing_at IS NOT NULL;
