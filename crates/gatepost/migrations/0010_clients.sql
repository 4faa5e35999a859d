-- Clients an administrator entered belong to one environment; all others are known to the whole gateway.
ALTER TABLE clients ADD COLUMN environment_id TEXT REFERENCES environments (id) ON DELETE CASCADE;
ALTER TABLE clients ADD COLUMN created_by TEXT;

-- An environment's administrators lock a client for their environment only.
CREATE TABLE client_locks (
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    client_id      TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    locked_at      BIGINT NOT NULL,
    locked_by      TEXT,
    PRIMARY KEY (environment_id, client_id)
);
CREATE INDEX grants_by_client ON grants (client_id, environment_id);
