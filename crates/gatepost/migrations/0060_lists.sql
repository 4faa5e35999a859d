-- What the pages list, found in order and without reading the rest.
CREATE INDEX people_by_name ON people (environment_id, name, id);
CREATE INDEX connections_by_environment ON connections (environment_id, connected_at, id);
CREATE INDEX connections_by_integration ON connections (integration_id, state);
CREATE INDEX grants_by_environment ON grants (environment_id, created_at, id);
CREATE INDEX api_keys_by_environment ON api_keys (environment_id, created_at, id);
CREATE INDEX api_keys_by_person ON api_keys (person_id);
CREATE INDEX integrations_by_environment ON integrations (environment_id, created_at);

-- What waits is a few rows among many that are over, so the state comes first.
CREATE INDEX approvals_waiting ON approvals (environment_id, state, expires_at);
CREATE INDEX approvals_by_time ON approvals (environment_id, created_at, id);
CREATE INDEX approvals_by_person ON approvals (person_id, state);
CREATE INDEX approvals_by_plan ON approvals (plan_hash);
