-- A swap of single paths: `staged` and `trash` hold numbered things, and which path each belongs to stands in a file beside
-- them. `live` is the tenant's directory all the same.
ALTER TABLE swaps ADD COLUMN kind TEXT NOT NULL DEFAULT 'tenant' CHECK (kind IN ('tenant', 'paths'));
