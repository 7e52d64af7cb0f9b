-- The trash of archives: a pruned or removed archive stays where it is, and is the store's to lose only from `trash_until` on.
ALTER TABLE archives ADD COLUMN trashed_at INTEGER;   -- NULL: not in the trash
ALTER TABLE archives ADD COLUMN trash_until INTEGER;
ALTER TABLE archives ADD COLUMN trashed_by TEXT;      -- id of the job that put it there
CREATE INDEX archives_in_trash ON archives (trash_until) WHERE trashed_at IS NOT NULL;

-- What the store said when the archive was locked; NULL: it was not locked by this gateway.
ALTER TABLE archives ADD COLUMN lock_mode TEXT CHECK (lock_mode IN ('governance', 'compliance'));
ALTER TABLE archives ADD COLUMN locked_until INTEGER;
