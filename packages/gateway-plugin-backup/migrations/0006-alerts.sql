-- What is wrong, as far as it has been told: repeated failures are folded by it.
CREATE TABLE alert_conditions (
  key        TEXT PRIMARY KEY,    -- JSON: what is wrong, with whom
  tenant_uid TEXT,                -- null: with the gateway itself
  alert_json TEXT NOT NULL,       -- the last event of it
  since      INTEGER NOT NULL,
  last_at    INTEGER NOT NULL,
  count      INTEGER NOT NULL,    -- how often it has happened
  said       INTEGER NOT NULL,    -- how often it was told
  said_at    INTEGER NOT NULL
) STRICT;

-- Alerts that a channel has not taken yet.
CREATE TABLE alert_deliveries (
  channel    TEXT NOT NULL,
  id         TEXT NOT NULL,       -- of the alert; the receiver knows a repeated one by it
  alert_json TEXT NOT NULL,
  chatter    INTEGER NOT NULL,    -- 1: the first to go when the queue is full
  topic      TEXT NOT NULL,       -- what a later alert makes this one needless for
  created_at INTEGER NOT NULL,
  attempts   INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (channel, id)
) STRICT;

-- How the channels do.
CREATE TABLE alert_channels (
  name      TEXT PRIMARY KEY,
  sent_at   INTEGER,              -- when it last took an alert
  failed_at INTEGER,              -- when it last did not; null since it takes them again
  failures  INTEGER NOT NULL DEFAULT 0, -- in a row
  retry_at  INTEGER NOT NULL DEFAULT 0,
  problem   TEXT
) STRICT;

-- Schedules that were seen to back a tenant up: what has become of one of them does not go unnoticed.
CREATE TABLE alert_expectations (
  tenant_uid  TEXT NOT NULL,
  schedule    TEXT NOT NULL,
  since       INTEGER NOT NULL,
  interval_ms INTEGER NOT NULL,   -- the longest time between two of its next runs
  PRIMARY KEY (tenant_uid, schedule)
) STRICT;

CREATE INDEX jobs_by_outcome ON jobs (tenant_uid, type, state, id);
