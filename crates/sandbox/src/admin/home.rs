//! The front page: what this server is, who lives in it, and how to steer it.

use axum::extract::State;
use axum::response::Html;
use serde_json::Value;
use serde_json::json;

use crate::Sandbox;
use crate::entra::SAMPLE_SECRET;
use crate::page;
use crate::world::onedrive;
use crate::world::onedrive::LIBRARY;
use crate::world::onedrive::WORKBOOKS;

/// Addresses of the administration: method and path, and what can be said there.
const ADMINISTRATION: &[(&str, &str)] = &[
    (
        "GET, DELETE /sandbox/ledger",
        "what was asked, oldest first: time, service, method, path, who, client, status, sizes, faults, fingerprints of tokens. Filter by kind (entra, powerbi, blob), method, path (a part, or a pattern with *), operation, identity, client_id, grant, status, since (a seq)",
    ),
    (
        "GET, POST, DELETE /sandbox/faults; DELETE /sandbox/faults/{id}",
        "what goes wrong, for which requests, how often; see below",
    ),
    (
        "GET, POST /sandbox/clock",
        "{\"set\":\"2026-11-23T09:00:00Z\"}, {\"advance_ms\":3600000}, {\"speed\":60} (0 stands still)",
    ),
    (
        "GET, POST /sandbox/settings",
        "{\"download_mib\":512} makes every pbix download at least so large, made up while it is sent; {\"execute_queries\":false} and {\"info_functions\":false} switch off queries, or only INFO functions; {\"principals_read_admin\":false} keeps service principals from the administrators' API; {\"image_export\":true} lets reports be exported as PNG, which the service, and so this sandbox, refuses until an administrator switches on “Export reports as image files”; {\"streaming_models\":false} refuses new streaming models with FeatureDeprecatedError, as some tenants report",
    ),
    (
        "POST /sandbox/goals/{goal}",
        "connect a goal to a semantic model, as the portal does: {\"side\":\"current\",\"model\":\"<id>\",\"query\":\"EVALUATE ROW(\\\"Value\\\", [Total Sales])\",\"person\":\"bo@contoso.test\"}",
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

/// Which requests a fault is for; what is left out matches all.
const TARGETS: &[(&str, &str)] = &[
    (
        "operation",
        "an operation of the API, e.g. \"POST ~/datasets/{dataset}/refreshes\"; ~/ means in a workspace or without one",
    ),
    ("method, path", "the method; a part of the path, or a pattern with *"),
    ("person", "sign-in name or object id of whoever asks"),
    ("client_id, grant", "the client; the grant type at the token endpoint"),
    ("endpoint", "one of Entra's: token, authorize, keys, discovery"),
    (
        "skip, remaining",
        "how many matching requests pass first; how many are hit then (all, if left out)",
    ),
];

/// What can go wrong: the members of a rule, the same as a header, and what happens.
const FAULTS: &[(&str, &str, &str)] = &[
    (
        "\"kind\":\"status\",\"status\":429,\"headers\":{\"retry-after\":\"5\"},\"body\":…",
        "status=429;retry-after=5",
        "answer at once with a status, headers and a body (text, or JSON)",
    ),
    (
        "\"kind\":\"delay\",\"ms\":2000",
        "delay=2000",
        "wait first, in real time",
    ),
    (
        "\"kind\":\"drip\",\"ms\":100,\"bytes\":16",
        "drip=100;bytes=16",
        "send the body in pieces with pauses",
    ),
    ("\"kind\":\"cut\"", "cut", "close the connection and do nothing"),
    (
        "\"kind\":\"drop_response\"",
        "drop-response",
        "do everything, then close the connection instead of answering",
    ),
    (
        "\"kind\":\"malformed\"",
        "malformed",
        "a body that breaks off in the middle as if it were whole",
    ),
    (
        "\"kind\":\"wrong_casing\"",
        "wrong-casing",
        "change the case of the first letter of every member of the JSON answer",
    ),
    (
        "\"kind\":\"omit\",\"field\":\"refresh_token\"",
        "omit=refresh_token",
        "leave a member out of the JSON answer; dots lead into inner objects",
    ),
    (
        "\"kind\":\"aadsts\",\"code\":50196",
        "aadsts=50196",
        "fail with an Entra error, as JSON, page or redirect as the place demands",
    ),
    (
        "\"kind\":\"other_person\",\"other\":\"cy@contoso.test\"",
        "other-person=cy@contoso.test",
        "issue the id token of somebody else",
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
            "targets": TARGETS,
            "faults": FAULTS,
            "workbooks": WORKBOOKS.iter().map(|book| [book.path, book.note]).collect::<Vec<_>>(),
            "drive": format!("https://{}/personal/{}/{LIBRARY}", onedrive::host("contoso.test"), onedrive::site("bo@contoso.test")),
        }),
    ))
}
