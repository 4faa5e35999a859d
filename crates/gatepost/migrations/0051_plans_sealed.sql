-- Plans are sealed, with their secrets hidden before that. What lies in clear from before is sealed when a gateway starts.
ALTER TABLE approvals ADD COLUMN plan_sealed BYTEA;
CREATE INDEX approvals_in_clear ON approvals (id) WHERE plan_sealed IS NULL;
