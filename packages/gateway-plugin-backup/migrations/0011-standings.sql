-- Holds all that is asked of every tenant's archives at once, so that their rows, which are long, need not be read for it.
CREATE INDEX archives_standing
  ON archives (tenant, tenant_uid, seq DESC, state, size, verified_at, lost_at, removing_at, trashed_at)
  WHERE state <> 'deleted';
