-- The house's own OpenID Connect provider, one for an environment at most. Its addresses are those found when an
-- administrator entered it, so that a later change of its description moves nothing by itself.
CREATE TABLE openid_providers (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL UNIQUE REFERENCES environments (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    issuer         TEXT NOT NULL,
    client_id      TEXT NOT NULL,
    secret_sealed  BYTEA NOT NULL,
    addresses      TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);

-- Who signs in by a provider: issuer and subject are one person of an environment.
CREATE TABLE openid_accounts (
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    issuer         TEXT NOT NULL,
    subject        TEXT NOT NULL,
    person_id      TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (environment_id, issuer, subject)
);
CREATE INDEX openid_accounts_by_person ON openid_accounts (person_id);

-- One row for each browser under way to the provider; it is gone once the browser is back.
CREATE TABLE openid_flows (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    provider_id    TEXT NOT NULL REFERENCES openid_providers (id) ON DELETE CASCADE,
    person_id      TEXT REFERENCES people (id) ON DELETE CASCADE,
    invitation_id  TEXT,
    state_hash     BYTEA NOT NULL UNIQUE,
    browser_hash   BYTEA NOT NULL,
    secrets_sealed BYTEA NOT NULL,
    return_to      TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL
);
