-- Id of the key whose signature the archive had when it was made, or found. NULL: it had none, or nobody looked.
ALTER TABLE archives ADD COLUMN signed_by TEXT;
