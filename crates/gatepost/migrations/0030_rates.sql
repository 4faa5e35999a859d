-- What was lately taken of the service's rate limits, one row for each budget that replicas share.
CREATE TABLE rate_budgets (
    key        TEXT PRIMARY KEY,
    version    BIGINT NOT NULL,
    state      TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX rate_budgets_by_end ON rate_budgets (expires_at);
