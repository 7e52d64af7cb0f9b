-- Why a damaged archive is called so; all NULL for others.
ALTER TABLE archives ADD COLUMN damaged_at INTEGER;
ALTER TABLE archives ADD COLUMN damage_json TEXT;
-- SHA-256 of all of its object's bytes, as the first check that read them all and found them good saw them.
ALTER TABLE archives ADD COLUMN object_sha256 TEXT;

-- The last check of each kind that an archive of the catalogue has had.
CREATE TABLE checks (
  archive_id    TEXT NOT NULL REFERENCES archives (id),
  kind          TEXT NOT NULL CHECK (kind IN ('quick', 'sample', 'full', 'drill')),
  job_id        TEXT NOT NULL REFERENCES jobs (id),
  -- `damaged`: the archive is. `failed`: it is as it was made, and what it holds is of no use (drills only).
  outcome       TEXT NOT NULL CHECK (outcome IN ('good', 'damaged', 'failed')),
  checked_at    INTEGER NOT NULL,   -- when the check ended
  good_at       INTEGER,            -- when the last good one of this kind ended
  duration_ms   INTEGER NOT NULL,
  bytes_read    INTEGER NOT NULL,   -- of the object; 0 where the check failed
  restore_ms    INTEGER,            -- of a drill: from the first byte to a tree that is on the disk
  problem_json  TEXT,               -- why it is not good
  sampled_to    TEXT,               -- of samples: where the next one goes on, see archive/check/sample-order.ts
  PRIMARY KEY (archive_id, kind)
) STRICT;
