-- A local account's second factor (RFC 6238); `id` is the person's.
CREATE TABLE second_factors (
    id             TEXT PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    secret_sealed  BYTEA NOT NULL,
    confirmed_at   BIGINT,
    last_step      BIGINT NOT NULL,
    created_at     BIGINT NOT NULL
);

-- What lets somebody in who lost the device; only the SHA-256 is here, and each counts once.
CREATE TABLE recovery_codes (
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    hash      BYTEA NOT NULL,
    used_at   BIGINT,
    PRIMARY KEY (person_id, hash)
);
