-- A form that waits until whoever sent it has proved once more who they are.
CREATE TABLE waiting_forms (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    person_id      TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    path           TEXT NOT NULL,
    fields_sealed  BYTEA NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL
);
CREATE INDEX waiting_forms_by_person ON waiting_forms (person_id, created_at);
