-- NULL: all of its bytes were sent. Otherwise the archive that some of them were copied from; it may be gone by now.
ALTER TABLE archives ADD COLUMN base_id TEXT;
-- Since when its oldest bytes have been in a store without being looked at: when it was made, or for one with a base, since
-- when the base's have been.
ALTER TABLE archives ADD COLUMN checked_at INTEGER NOT NULL DEFAULT 0;
UPDATE archives SET checked_at = created_at;
