-- How the archive is sealed; NULL: it is not. Of one that is, `object_sha256` is known from the start.
ALTER TABLE archives ADD COLUMN encryption TEXT CHECK (encryption IN ('age', 'pipe'));
