-- What the job did, and when it began to: an array of {at, phase, message}. NULL: it has said nothing, or was cut off.
ALTER TABLE jobs ADD COLUMN log_json TEXT;
