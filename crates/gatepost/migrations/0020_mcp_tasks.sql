-- Calls of tools that go on after they were answered. What they came to is sealed: it is content of Power BI.
CREATE TABLE mcp_tasks (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    person_id      TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    client         TEXT NOT NULL,
    tool           TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('working', 'completed', 'failed', 'cancelled')),
    message        TEXT NOT NULL,
    outcome_sealed BYTEA,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL
);
CREATE INDEX mcp_tasks_by_end ON mcp_tasks (expires_at);
CREATE INDEX mcp_tasks_by_person ON mcp_tasks (person_id, status);
