-- A link that lets one account join an environment that would not admit it otherwise.
CREATE TABLE invitations (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    email          TEXT NOT NULL,
    is_exact       BOOLEAN NOT NULL,
    role           TEXT NOT NULL,
    token_hash     BYTEA NOT NULL UNIQUE,
    created_by     TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    used_at        BIGINT,
    used_by        TEXT
);
CREATE INDEX invitations_by_environment ON invitations (environment_id, created_at);

ALTER TABLE flows ADD COLUMN invitation_id TEXT;
