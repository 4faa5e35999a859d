//! The front page: what this server is, who lives in it, and how to steer it.

use axum::extract::State;
use axum::response::Html;
use serde_json::Value;
use serde_json::json;

use crate::Sandbox;
use crate::entra::SAMPLE_SECRET;
use crate::page;

const ADMINISTRATION: &[(&str, &str)] = &[
    (
        "GET, DELETE /sandbox/ledger",
        "what was asked; filter by kind, method, path, client_id, grant, identity, status, since",
    ),
    (
        "GET, POST, DELETE /sandbox/faults",
        "arm a fault, e.g. {\"endpoint\":\"token\",\"remaining\":1,\"kind\":\"aadsts\",\"code\":50196}; kinds: status, aadsts, delay, drip, cut, drop_response, malformed, omit, other_person, wrong_casing",
    ),
    (
        "GET, POST /sandbox/clock",
        "{\"set\":\"2026-11-23T09:00:00Z\"}, {\"advance_ms\":3600000}, {\"speed\":60}",
    ),
    (
        "GET, POST /sandbox/mode",
        "{\"refresh\":\"microsoft\"} keeps used refresh tokens alive, {\"refresh\":\"strict\"} kills them and, on reuse, the whole grant",
    ),
    (
        "POST /sandbox/keys",
        "sign with a new key; {\"retire\":true} withdraws the old ones too",
    ),
    (
        "POST /sandbox/tokens",
        "an access token without a sign-in: {\"person\":\"bo@contoso.test\",\"scopes\":[\"Dataset.Read.All\"]}",
    ),
    (
        "GET, POST /sandbox/apps; GET, PATCH, DELETE /sandbox/apps/{client_id}",
        "application registrations",
    ),
    (
        "GET, POST /sandbox/people; PATCH, DELETE /sandbox/people/{sign-in name or object id}",
        "people; PATCH also takes revoke_sessions and withdraw_consent",
    ),
    (
        "GET, POST, DELETE /sandbox/consents",
        "grant or withdraw consent without a page",
    ),
];

/// The page.
pub(super) async fn home(State(sandbox): State<Sandbox>) -> Html<String> {
    let directory = sandbox.directory();
    let people: Vec<Value> = directory
        .people
        .iter()
        .map(|person| json!({ "name": person.name, "upn": person.upn, "oid": person.oid, "note": person.note() }))
        .collect();
    let applications: Vec<Value> = directory
        .applications
        .iter()
        .map(|application| {
            let redirects: Vec<&String> = application.all_redirects().collect();
            json!({ "name": application.name, "client_id": application.client_id, "redirects": redirects })
        })
        .collect();
    Html(page::render(
        "home.html",
        json!({
            "url": sandbox.url(),
            "now": sandbox.clock().now().to_string(),
            "speed": sandbox.clock().speed(),
            "tenants": directory.tenants,
            "people": people,
            "applications": applications,
            "sample_secret": SAMPLE_SECRET,
            "administration": ADMINISTRATION,
        }),
    ))
}
