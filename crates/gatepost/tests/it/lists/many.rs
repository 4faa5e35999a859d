//! Ten thousand of everything, put into the tables at once.

use gatepost::store::Db;
use sqlx::AssertSqlSafe;

/// How many there are of each.
pub(super) const MANY: i64 = 10_001;

/// Numbers from 1 as a table `n (i)`.
pub(super) fn numbers(most: i64) -> String {
    format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most}) ")
}

/// `1` as `00001`, so that the last name of all is the last number's.
pub(super) fn padded(number: &str) -> String {
    format!("substr('00000' || CAST({number} AS TEXT), length('00000' || CAST({number} AS TEXT)) - 4)")
}

pub(crate) async fn run(db: &Db, statement: &str) {
    let statement = AssertSqlSafe(statement.to_owned());
    match db {
        Db::Sqlite(pool) => drop(sqlx::query(statement).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(statement).execute(pool).await.unwrap()),
    }
}

/// People with a connection, a key, an agent, a client, a group, an invitation, a policy and a request each, the newest of
/// which is that of number 1.
pub(super) async fn of_everything(db: &Db, environment: &str, integration: &str, now: i64) {
    let n = numbers(MANY);
    let name = padded("i");
    let blob = match db {
        Db::Sqlite(_) => "CAST(i AS BLOB)",
        Db::Postgres(_) => "CAST(CAST(i AS TEXT) AS BYTEA)",
    };
    let at = format!("{now} - i");
    for statement in [
        format!(
            "INSERT INTO people (id, environment_id, name, email, role, created_at) {n} SELECT 'p' || i, '{environment}', 'Zed ' || {name}, 'zed' || {name} || '@example.com', 'person', {at} FROM n"
        ),
        format!(
            "INSERT INTO connections (id, environment_id, integration_id, person_id, state, tenant_id, object_id, account_name, account_username, scopes, access_expires_at, refresh_after, generation, lease_until, failures, connected_at, refreshed_at)
             {n} SELECT 'c' || i, '{environment}', '{integration}', 'p' || i, 'connected', 't', 'o' || i, 'Account ' || {name}, 'account' || {name} || '@contoso.test', '', 0, 0, 1, 0, 0, {at}, {at} FROM n"
        ),
        format!(
            "INSERT INTO api_keys (id, environment_id, name, hash, hint, person_id, scopes, created_at) {n} SELECT 'k' || i, '{environment}', 'Key ' || {name}, {blob}, 'abcd', 'p' || i, 'powerbi.read', {at} FROM n"
        ),
        format!(
            "INSERT INTO clients (id, kind, name, redirect_uris, auth_method, application_type, metadata, created_at) {n} SELECT 'client-' || i, 'dynamic', 'Zclient ' || {name}, '[]', 'none', 'web', '{{}}', {at} FROM n"
        ),
        format!(
            "INSERT INTO grants (id, environment_id, person_id, client_id, integration_id, scopes, resource, authenticated_at, created_at) {n} SELECT 'g' || i, '{environment}', 'p' || i, 'client-' || i, '{integration}', 'powerbi.read', 'r', 0, {at} FROM n"
        ),
        format!(
            "INSERT INTO groups (id, environment_id, name, name_key, created_at) {n} SELECT 'group-' || i, '{environment}', 'Zgroup ' || {name}, 'zgroup ' || {name}, {at} FROM n"
        ),
        format!("INSERT INTO group_members (group_id, person_id) {n} SELECT 'group-1', 'p' || i FROM n"),
        format!(
            "INSERT INTO invitations (id, environment_id, email, is_exact, role, token_hash, created_by, created_at, expires_at) {n} SELECT 'i' || i, '{environment}', 'guest' || {name} || '@example.com', FALSE, 'person', {blob}, 'p1', {at}, {now} + 9000000000 FROM n"
        ),
        format!(
            "INSERT INTO policies (id, environment_id, name, enabled, source, created_at, updated_at) {n} SELECT 'policy-' || i, '{environment}', 'Zpolicy ' || {name}, FALSE, '{{}}', {now} + i, {now} FROM n"
        ),
        format!(
            "INSERT INTO sessions (hash, person_id, method, authenticated_at, created_at, seen_at, expires_at, address, user_agent) {n} SELECT {blob}, 'p1', 'password', 0, {at}, 0, {now} + 9000000000, '127.0.0.1', 'Browser ' || {name} FROM n"
        ),
    ] {
        run(db, &statement).await;
    }
}
