//! A large house put into the tables at once: people with all that is theirs, and the rules they live by.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use crate::soak::scale::database::Database;

pub(super) const PEOPLE_COUNT: u64 = 10_000;
pub(super) const CLIENTS_COUNT: u64 = 5_000;
const GRANTS_COUNT: u64 = 20_000;
/// Together with the keys 200,000.
const TOKENS_COUNT: u64 = 180_000;
const KEYS_COUNT: u64 = 20_000;
const GROUPS_COUNT: u64 = 200;
/// In each group; a person is in five of them.
const MEMBERS_COUNT: u64 = 250;
const POLICIES_COUNT: u64 = 1_000;
const APPROVALS_COUNT: u64 = 20_000;
/// Of those, the newest.
const WAITING_COUNT: u64 = 300;
const INVITATIONS_COUNT: u64 = 1_000;
const SESSIONS_COUNT: u64 = 10_000;

/// The part of identifiers that tells what they are of.
pub(super) const PEOPLE: &str = "9001";
pub(super) const CLIENTS: &str = "9002";
pub(super) const GRANTS: &str = "9003";
pub(super) const CONNECTIONS: &str = "9004";
pub(super) const GROUPS: &str = "9005";
pub(super) const POLICIES: &str = "9006";
pub(super) const APPROVALS: &str = "9007";
const KEYS: &str = "9008";
const INVITATIONS: &str = "9009";

const DAY_MS: u64 = 24 * 3_600_000;

/// What the gateway had before it was filled.
pub(super) struct House {
    pub(super) environment: String,
    pub(super) integration: String,
}

/// The identifier with this number, as long as a real one.
pub(super) fn id(of: &str, number: u64) -> String {
    format!("00000000-0000-7000-{of}-{number:012}")
}

/// The same in SQL, of a number that is an expression.
fn id_of(of: &str, number: &str) -> String {
    let text = format!("CAST({number} AS TEXT)");
    format!("'00000000-0000-7000-{of}-' || substr('000000000000' || {text}, length({text}) + 1)")
}

/// A name that ends in the number, always five digits.
fn named(name: &str, number: &str) -> String {
    let text = format!("CAST({number} AS TEXT)");
    format!("'{name}' || substr('00000' || {text}, length({text}) + 1)")
}

impl House {
    /// Fills the database of a gateway that is stopped.
    pub(super) fn fill(database: &Database, now: u64) -> Result<Self> {
        let found = database.run("SELECT environment_id || ' ' || id FROM integrations;")?;
        let (environment, integration) = found.split_once(' ').context("the gateway has no integration")?;
        let house = Self {
            environment: environment.to_owned(),
            integration: integration.to_owned(),
        };
        let pragma = match database {
            Database::Sqlite(_) => "PRAGMA synchronous = OFF;\n",
            Database::Postgres(_) => "",
        };
        let all = house.statements(database, now).concat();
        database.run(&format!("{pragma}BEGIN;\n{all}COMMIT;\n"))?;
        let people: u64 = database.run("SELECT COUNT(*) FROM people;")?.parse()?;
        ensure!(PEOPLE_COUNT < people, "there are {people} people only");
        Ok(house)
    }

    /// One after the other, since most rows speak of earlier ones. `n (i)` are numbers from 1.
    fn statements(&self, database: &Database, now: u64) -> Vec<String> {
        let Self {
            environment,
            integration,
        } = self;
        let bytes = |of: &str| match database {
            Database::Sqlite(_) => format!("CAST('{of}' || i AS BLOB)"),
            Database::Postgres(_) => format!("CAST('{of}' || i AS BYTEA)"),
        };
        // What is made over a year: number 1 is the oldest.
        let at = |count: u64| format!("{} + i * {}", now - 365 * DAY_MS, 364 * DAY_MS / count);
        let people = id_of(PEOPLE, &format!("i % {PEOPLE_COUNT} + 1"));
        let client = id_of(CLIENTS, &format!("i % {CLIENTS_COUNT} + 1"));
        let month = now + 30 * DAY_MS;
        vec![
            insert(
                "people (id, environment_id, name, email, role, tenant_id, object_id, locked_at, created_at, last_seen_at)",
                PEOPLE_COUNT,
                &format!(
                    "{}, '{environment}', {}, {} || '@contoso.test', 'person', 'tenant', 'object-' || i, CASE WHEN i % 100 = 0 THEN {now} END, {}, CASE WHEN i % 7 > 0 THEN {now} - i * 60000 END",
                    id_of(PEOPLE, "i"),
                    named("Person ", "i"),
                    named("account", "i"),
                    at(PEOPLE_COUNT)
                ),
            ),
            insert(
                "groups (id, environment_id, name, name_key, created_at)",
                GROUPS_COUNT,
                &format!(
                    "{}, '{environment}', {}, {}, {}",
                    id_of(GROUPS, "i"),
                    named("Group ", "i"),
                    named("group ", "i"),
                    at(GROUPS_COUNT)
                ),
            ),
            insert(
                "group_members (group_id, person_id)",
                GROUPS_COUNT * MEMBERS_COUNT,
                &format!(
                    "{}, {}",
                    id_of(GROUPS, &format!("(i - 1) % {GROUPS_COUNT} + 1")),
                    // Forty people apart, beginning with another one in each group.
                    id_of(PEOPLE, &format!("((i - 1) / {GROUPS_COUNT}) * 40 + (i - 1) % 40 + 1"))
                ),
            ),
            insert(
                "connections (id, environment_id, integration_id, person_id, state, tenant_id, object_id, account_name, account_username, scopes, access_expires_at, refresh_after, generation, lease_until, failures, connected_at, refreshed_at, used_at)",
                PEOPLE_COUNT,
                &format!(
                    "{}, '{environment}', '{integration}', {}, CASE WHEN i % 50 = 0 THEN 'needs_reconnect' WHEN i % 50 = 1 THEN 'revoked' WHEN i % 50 = 2 THEN 'degraded' ELSE 'connected' END, 'tenant', 'object-' || i, {}, {} || '@contoso.test', 'Dataset.Read.All Workspace.Read.All', {month}, {month}, 1, 0, 0, {}, {}, {} - i * 1000",
                    id_of(CONNECTIONS, "i"),
                    id_of(PEOPLE, "i"),
                    named("Account ", "i"),
                    named("account", "i"),
                    at(PEOPLE_COUNT),
                    now - DAY_MS,
                    now - DAY_MS
                ),
            ),
            insert(
                "clients (id, kind, name, redirect_uris, auth_method, application_type, metadata, created_at, used_at)",
                CLIENTS_COUNT,
                &format!(
                    "{}, 'dynamic', {}, '[\"http://127.0.0.1/\"]', 'none', 'native', '{{}}', {}, {now} - i",
                    id_of(CLIENTS, "i"),
                    named("Client ", "i"),
                    at(CLIENTS_COUNT)
                ),
            ),
            insert(
                "grants (id, environment_id, person_id, client_id, integration_id, scopes, resource, authenticated_at, created_at, used_at, revoked_at)",
                GRANTS_COUNT,
                &format!(
                    "{}, '{environment}', {people}, {client}, '{integration}', 'powerbi.read offline_access', 'http://localhost/mcp', 0, {}, CASE WHEN i % 9 > 0 THEN {now} - i * 1000 END, CASE WHEN i % 10 = 0 THEN {now} END",
                    id_of(GRANTS, "i"),
                    at(GRANTS_COUNT)
                ),
            ),
            insert(
                "tokens (hash, kind, grant_id, scopes, created_at, expires_at)",
                TOKENS_COUNT,
                &format!(
                    "{}, CASE WHEN i % 9 = 0 THEN 'refresh' ELSE 'access' END, {}, 'powerbi.read offline_access', {now}, {month}",
                    bytes("token"),
                    id_of(GRANTS, &format!("i % {GRANTS_COUNT} + 1"))
                ),
            ),
            insert(
                "api_keys (id, environment_id, name, hash, hint, person_id, scopes, created_at, expires_at, used_at, revoked_at)",
                KEYS_COUNT,
                &format!(
                    "{}, '{environment}', {}, {}, 'abcd', {people}, 'powerbi.read', {}, CASE WHEN i % 3 = 0 THEN {now} - 1 ELSE {month} END, {now} - i * 1000, CASE WHEN i % 5 = 0 THEN {now} END",
                    id_of(KEYS, "i"),
                    named("Key ", "i"),
                    bytes("key"),
                    at(KEYS_COUNT)
                ),
            ),
            insert(
                "policies (id, environment_id, name, enabled, source, created_at, updated_at)",
                POLICIES_COUNT,
                &format!(
                    "{}, '{environment}', {}, i % 10 > 0, {}, {}, {now} - i",
                    id_of(POLICIES, "i"),
                    named("Policy ", "i"),
                    policy(),
                    at(POLICIES_COUNT)
                ),
            ),
            format!("UPDATE environments SET policy_version = policy_version + 1 WHERE id = '{environment}';\n"),
            self.approvals(&bytes("plan"), &people, now),
            insert(
                "invitations (id, environment_id, email, is_exact, role, token_hash, created_by, created_at, expires_at)",
                INVITATIONS_COUNT,
                &format!(
                    "{}, '{environment}', {} || '@example.com', FALSE, 'person', {}, {}, {now} - i, {month}",
                    id_of(INVITATIONS, "i"),
                    named("guest", "i"),
                    bytes("invitation"),
                    id_of(PEOPLE, "1")
                ),
            ),
            insert(
                "sessions (hash, person_id, method, authenticated_at, created_at, seen_at, expires_at, address, user_agent)",
                SESSIONS_COUNT,
                &format!(
                    "{}, {people}, 'microsoft', {now}, {now}, {now}, {month}, '127.0.0.1', {}",
                    bytes("session"),
                    named("Browser ", "i")
                ),
            ),
        ]
    }

    /// Those that wait lie in clear, as a release before left them, and are sealed when the gateway starts; of the others
    /// nobody opens the plan.
    fn approvals(&self, hash: &str, people: &str, now: u64) -> String {
        let environment = &self.environment;
        let waits = format!("{} < i", APPROVALS_COUNT - WAITING_COUNT);
        let connection = id_of(CONNECTIONS, &format!("i % {PEOPLE_COUNT} + 1"));
        let plan = format!(
            r#"'{{"operation":"datasets.refresh_in_group","method":"POST","path_and_query":"/v1.0/myorg/groups/{}/datasets/{}/refreshes","body":null,"person":"' || {people} || '","client":"portal:portal","environment":"{environment}","connection":"' || {connection} || '"}}'"#,
            id("a001", 1),
            id("a002", 1)
        );
        let (from, step) = (now - 365 * DAY_MS, 365 * DAY_MS / APPROVALS_COUNT);
        insert(
            "approvals (id, environment_id, person_id, plan_hash, plan, plan_sealed, summary, asked_through, state, created_at, expires_at, decided_by, decided_at)",
            APPROVALS_COUNT,
            &format!(
                "{}, '{environment}', {people}, {hash}, CASE WHEN {waits} THEN {plan} ELSE '' END, CASE WHEN {waits} THEN NULL ELSE {hash} END, {}, 'client \"Client\"', CASE WHEN {waits} THEN 'pending' WHEN i % 4 = 0 THEN 'refused' WHEN i % 4 = 1 THEN 'expired' ELSE 'used' END, {from} + i * {step}, CASE WHEN {waits} THEN {} ELSE {from} + i * {step} + 3600000 END, CASE WHEN {waits} OR i % 4 = 1 THEN NULL ELSE {} END, CASE WHEN {waits} OR i % 4 = 1 THEN NULL ELSE {from} + i * {step} + 60000 END",
                id_of(APPROVALS, "i"),
                named("Refresh model ", "i"),
                now + DAY_MS,
                id_of(PEOPLE, "1")
            ),
        )
    }
}

/// Rules as a house has them: each about a group, a person or a workspace of its own.
fn policy() -> String {
    let form = |action: &str, effects: &str, people: &str, groups: &str, workspaces: &str| {
        let name = named("Policy ", "i");
        format!(
            r#"'{{"form":{{"name":"' || {name} || '","enabled":true,"action":"{action}","effects":[{effects}],"operations":[],"people":[{people}],"groups":[{groups}],"clients":[],"workspaces":[{workspaces}]}}}}'"#
        )
    };
    let quoted = |id: String| format!(r#""' || {id} || '""#);
    let person = quoted(id_of(PEOPLE, "i"));
    let group = quoted(id_of(GROUPS, &format!("i % {GROUPS_COUNT} + 1")));
    let workspace = quoted(id_of("a001", "i % 300 + 1"));
    format!(
        "CASE i % 3 WHEN 0 THEN {} WHEN 1 THEN {} ELSE {} END",
        form("deny", r#""delete""#, "", &group, &workspace),
        form("allow", r#""read""#, &person, "", &workspace),
        form("approval", r#""create""#, "", &group, "")
    )
}

fn insert(into: &str, count: u64, values: &str) -> String {
    format!(
        "INSERT INTO {into} WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT {values} FROM n;\n"
    )
}
