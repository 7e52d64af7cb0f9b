-- Archives that are about to become visible in their store: the journal that lets an archive be listed although the gateway
-- died, or lost sight of the store, before it could note that the archive is there.
CREATE TABLE completions (
  job_id      TEXT PRIMARY KEY REFERENCES jobs (id),
  record_json TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  problem     TEXT                -- why it could not be found out the last time whether the archive is there
) STRICT;
