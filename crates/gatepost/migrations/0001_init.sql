-- Times are milliseconds since the Unix epoch, UTC. Identifiers are lower-case text. JSON is text that SQL never looks into.

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Which vault keys sealed something here, and a value that shows whether the key file holds the same key.
CREATE TABLE vault_keys (
    id          TEXT PRIMARY KEY,
    check_value BYTEA NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE environments (
    id             TEXT PRIMARY KEY,
    slug           TEXT NOT NULL UNIQUE,
    name           TEXT NOT NULL,
    is_default     BOOLEAN NOT NULL,
    admission      TEXT NOT NULL,
    policy_version BIGINT NOT NULL,
    created_at     BIGINT NOT NULL
);
CREATE UNIQUE INDEX one_default_environment ON environments (is_default) WHERE is_default;

CREATE TABLE people (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    email          TEXT,
    external_id    TEXT,
    role           TEXT NOT NULL,
    password_hash  TEXT,
    tenant_id      TEXT,
    object_id      TEXT,
    locked_at      BIGINT,
    created_at     BIGINT NOT NULL,
    last_seen_at   BIGINT,
    UNIQUE (environment_id, tenant_id, object_id),
    UNIQUE (environment_id, external_id)
);
-- A local sign-in name is one person's in the whole gateway, because the sign-in page does not ask for an environment.
CREATE UNIQUE INDEX one_local_email ON people (lower(email)) WHERE password_hash IS NOT NULL;

CREATE TABLE groups (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    name_key       TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    UNIQUE (environment_id, name_key)
);

CREATE TABLE group_members (
    group_id  TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, person_id)
);
CREATE INDEX group_members_by_person ON group_members (person_id);

CREATE TABLE sessions (
    hash             BYTEA PRIMARY KEY,
    person_id        TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    method           TEXT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    seen_at          BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    address          TEXT,
    user_agent       TEXT
);
CREATE INDEX sessions_by_person ON sessions (person_id);

-- Failed local sign-ins, to slow down guessing.
CREATE TABLE sign_in_failures (
    subject  TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    until    BIGINT NOT NULL
);

CREATE TABLE integrations (
    id                TEXT PRIMARY KEY,
    environment_id    TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    name              TEXT NOT NULL,
    cloud             TEXT NOT NULL,
    tenant            TEXT NOT NULL,
    client_id         TEXT NOT NULL,
    secret_sealed     BYTEA NOT NULL,
    secret_hint       TEXT NOT NULL,
    secret_expires_at BIGINT,
    state             TEXT NOT NULL,
    state_code        TEXT,
    state_reason      TEXT,
    retry_at          BIGINT,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL
);

CREATE TABLE connections (
    id                TEXT PRIMARY KEY,
    environment_id    TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    integration_id    TEXT NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    person_id         TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    state             TEXT NOT NULL,
    tenant_id         TEXT NOT NULL,
    object_id         TEXT NOT NULL,
    account_name      TEXT NOT NULL,
    account_username  TEXT NOT NULL,
    scopes            TEXT NOT NULL,
    access_sealed     BYTEA,
    refresh_sealed    BYTEA,
    access_expires_at BIGINT NOT NULL,
    refresh_after     BIGINT NOT NULL,
    generation        BIGINT NOT NULL,
    lease_owner       TEXT,
    lease_until       BIGINT NOT NULL,
    failures          BIGINT NOT NULL,
    reason            TEXT,
    reason_code       TEXT,
    claims            TEXT,
    connected_at      BIGINT NOT NULL,
    refreshed_at      BIGINT NOT NULL,
    used_at           BIGINT,
    UNIQUE (integration_id, person_id)
);
CREATE INDEX connections_by_person ON connections (person_id);
CREATE INDEX connections_by_refresh ON connections (refreshed_at);

-- One row per attempt to connect; it walks through its states by conditional updates.
CREATE TABLE flows (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    integration_id TEXT NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    person_id      TEXT REFERENCES people (id) ON DELETE CASCADE,
    kind           TEXT NOT NULL,
    state          TEXT NOT NULL,
    state_hash     BYTEA NOT NULL UNIQUE,
    browser_hash   BYTEA NOT NULL,
    secrets_sealed BYTEA NOT NULL,
    tenant_path    TEXT NOT NULL,
    client_request TEXT,
    return_to      TEXT,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL
);

CREATE TABLE clients (
    id               TEXT PRIMARY KEY,
    kind             TEXT NOT NULL,
    name             TEXT NOT NULL,
    redirect_uris    TEXT NOT NULL,
    secret_hash      BYTEA,
    auth_method      TEXT NOT NULL,
    application_type TEXT NOT NULL,
    metadata         TEXT NOT NULL,
    created_at       BIGINT NOT NULL,
    used_at          BIGINT,
    expires_at       BIGINT
);

CREATE TABLE grants (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    person_id      TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    client_id      TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    integration_id TEXT NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    scopes         TEXT NOT NULL,
    resource       TEXT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    used_at        BIGINT,
    revoked_at     BIGINT,
    revoked_reason TEXT
);
CREATE INDEX grants_by_person ON grants (person_id);

-- Our own codes and tokens: only their SHA-256 is here.
CREATE TABLE tokens (
    hash           BYTEA PRIMARY KEY,
    kind           TEXT NOT NULL,
    grant_id       TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    scopes         TEXT NOT NULL,
    redirect_uri   TEXT,
    code_challenge TEXT,
    parent_hash    BYTEA,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    used_at        BIGINT
);
CREATE INDEX tokens_by_grant ON tokens (grant_id);
CREATE INDEX tokens_by_parent ON tokens (parent_hash);
CREATE INDEX tokens_by_expiry ON tokens (expires_at);

CREATE TABLE api_keys (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    hash           BYTEA NOT NULL UNIQUE,
    hint           TEXT NOT NULL,
    person_id      TEXT REFERENCES people (id) ON DELETE CASCADE,
    scopes         TEXT NOT NULL,
    created_by     TEXT,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT,
    used_at        BIGINT,
    revoked_at     BIGINT
);

CREATE TABLE policies (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    enabled        BOOLEAN NOT NULL,
    source         TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    updated_by     TEXT
);
CREATE INDEX policies_by_environment ON policies (environment_id);

CREATE TABLE approvals (
    id             TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    person_id      TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    plan_hash      BYTEA NOT NULL,
    plan           TEXT NOT NULL,
    summary        TEXT NOT NULL,
    asked_through  TEXT NOT NULL,
    state          TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    decided_by     TEXT,
    decided_at     BIGINT,
    used_at        BIGINT
);
CREATE UNIQUE INDEX one_open_approval_per_plan ON approvals (plan_hash) WHERE state IN ('pending', 'approved');
CREATE INDEX approvals_by_environment ON approvals (environment_id, state);

CREATE TABLE audit_head (
    id   BIGINT PRIMARY KEY,
    seq  BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

-- Append-only; each hash covers the one before it.
CREATE TABLE audit_entries (
    seq            BIGINT PRIMARY KEY,
    time           BIGINT NOT NULL,
    environment_id TEXT,
    person_id      TEXT,
    kind           TEXT NOT NULL,
    trace          TEXT NOT NULL,
    entry          TEXT NOT NULL,
    hash           BYTEA NOT NULL
);
CREATE INDEX audit_by_environment ON audit_entries (environment_id, seq);
CREATE INDEX audit_by_trace ON audit_entries (trace);

CREATE TABLE audit_checkpoints (
    seq       BIGINT PRIMARY KEY,
    time      BIGINT NOT NULL,
    hash      BYTEA NOT NULL,
    signature BYTEA NOT NULL
);

-- A periodic job belongs to whichever replica took it first.
CREATE TABLE jobs (
    name      TEXT PRIMARY KEY,
    run_after BIGINT NOT NULL
);
