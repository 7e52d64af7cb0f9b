/** What a tenant's id looks like; an archive's must be one, because a directory is named after it. */
export const TENANT_ID = /^[a-z0-9][a-z0-9_-]{0,31}$/;
