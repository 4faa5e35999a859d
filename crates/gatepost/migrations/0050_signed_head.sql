-- The end of the audit log is signed with each batch. What an older binary writes meanwhile leaves these as they are.
ALTER TABLE audit_head ADD COLUMN signed_at BIGINT;
ALTER TABLE audit_head ADD COLUMN signature BYTEA;
