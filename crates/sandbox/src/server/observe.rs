//! What every request passes: an id, the faults that are armed for it, and its line in the ledger.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::body::HttpBody;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::Uri;
use http::header::CONTENT_LENGTH;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::Sandbox;
use crate::entra;
use crate::entra::Asked;
use crate::entra::Note;
use crate::faults;
use crate::faults::Facts;
use crate::faults::Fault;
use crate::ledger::Entry;
use crate::ledger::Kind;
use crate::ledger::fingerprint;
use crate::server::Cutter;
use crate::server::RequestId;
use crate::server::apply;

const FORM: &str = "application/x-www-form-urlencoded";
const FAULT_HEADER: HeaderName = HeaderName::from_static("x-sandbox-fault");
/// Headers that carry credentials; the ledger keeps fingerprints instead.
const SECRET_HEADERS: &[&str] = &["authorization", "cookie", "proxy-authorization"];
/// Parameters whose fingerprints the ledger keeps.
const SECRET_PARAMETERS: &[&str] = &[
    "code",
    "refresh_token",
    "client_assertion",
    "client_secret",
    "device_code",
];

/// Who and what a request is about, as far as it can be told before any handler has run.
#[derive(Default)]
struct Asker {
    /// Sign-in name of the person, or object id of the application.
    identity: Option<String>,
    /// Every name a rule may know the person by.
    persons: Vec<String>,
    client_id: Option<String>,
    grant: Option<String>,
}

/// Gives every request its id and every answer the marks of the sandbox.
pub(super) async fn mark(State(sandbox): State<Sandbox>, mut request: Request, next: Next) -> Response {
    let id = sandbox.new_id();
    let name = match kind_of(request.uri().path()) {
        Kind::PowerBi => "requestid",
        Kind::Entra | Kind::Blob => "x-ms-request-id",
    };
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert("x-sandbox", HeaderValue::from_static("1"));
    if let (false, Ok(id)) = (headers.contains_key(name), HeaderValue::try_from(id)) {
        headers.insert(name, id);
    }
    response
}

/// Reads the request's parameters, applies the faults that are armed for it, and records it.
pub(super) async fn observe(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    let (mut request, asked) = match read_parameters(request).await {
        Ok(read) => read,
        Err(status) => return status.into_response(),
    };
    let asker = Asker::of(&sandbox, &request, &asked);
    let faults = faults_for(&sandbox, &request, &asker);
    let cutter = request.extensions().get::<Cutter>().cloned();
    let mut recording = Recording::new(&sandbox, &request, &asked, asker, &faults);
    request.extensions_mut().insert(asked);

    let mut response = match apply::before(&mut request, &faults).await {
        apply::Verdict::GoOn => next.run(request).await,
        apply::Verdict::Answer(response) => response,
        apply::Verdict::Cut => {
            recording.finish(None);
            return apply::cut(cutter.map(|cutter| cutter.0)).await;
        }
    };
    recording.add(&response);
    if faults.contains(&Fault::DropResponse) {
        recording.finish(None);
        return apply::cut(cutter.map(|cutter| cutter.0)).await;
    }
    response = apply::after(response, &faults).await;
    recording.finish(Some(&response));
    response
}

/// The service an address belongs to.
fn kind_of(path: &str) -> Kind {
    let is_powerbi = ["/v1.0/", "/v1/", "/beta/", "/powerbi/"]
        .iter()
        .any(|start| path.starts_with(start));
    match path {
        _ if is_powerbi => Kind::PowerBi,
        _ if path.starts_with("/blob/") => Kind::Blob,
        _ => Kind::Entra,
    }
}

/// Query and form of a request, which stays readable; only Entra's forms are read here.
async fn read_parameters(request: Request) -> Result<(Request, Asked), StatusCode> {
    const MAX_FORM_BYTES: usize = 1024 * 1024;
    let query = request.uri().query().unwrap_or_default().to_owned();
    let is_form = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().starts_with(FORM));
    if !is_form || request.method() != Method::POST || kind_of(request.uri().path()) != Kind::Entra {
        return Ok((request, Asked::read(&query, b"")));
    }
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, MAX_FORM_BYTES)
        .await
        .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    let asked = Asked::read(&query, &bytes);
    Ok((Request::from_parts(parts, Body::from(bytes)), asked))
}

fn faults_for(sandbox: &Sandbox, request: &Request, asker: &Asker) -> Vec<Fault> {
    let facts = Facts {
        kind: kind_of(request.uri().path()),
        method: request.method().as_str(),
        path: request.uri().path(),
        persons: &asker.persons,
        client_id: asker.client_id.as_deref(),
        grant: asker.grant.as_deref(),
    };
    let mut faults = sandbox.faults().take(&facts);
    let headers = request.headers().get_all(FAULT_HEADER).iter();
    faults.extend(headers.filter_map(|value| faults::from_header(value.to_str().ok()?)));
    faults
}

impl Asker {
    fn of(sandbox: &Sandbox, request: &Request, asked: &Asked) -> Asker {
        match kind_of(request.uri().path()) {
            Kind::PowerBi => Asker::of_bearer(sandbox, request.headers()),
            Kind::Entra => Asker::of_parameters(sandbox, request.headers(), asked),
            Kind::Blob => Asker::default(),
        }
    }

    /// What the token says, unchecked: a fault may be meant for a token that is not valid either.
    fn of_bearer(sandbox: &Sandbox, headers: &HeaderMap) -> Asker {
        let claims = entra::bearer_token(headers)
            .and_then(unchecked_claims)
            .unwrap_or_default();
        let claim = |name: &str| claims[name].as_str().map(str::to_owned);
        let mut persons: Vec<String> = [claim("oid"), claim("upn")].into_iter().flatten().collect();
        if let Some(person) = claim("oid").and_then(|oid| sandbox.directory().find_by_oid(&oid).cloned()) {
            persons.extend([person.oid, person.upn]);
        }
        Asker {
            identity: claim("upn").or_else(|| claim("oid")),
            persons,
            client_id: claim("appid"),
            grant: None,
        }
    }

    fn of_parameters(sandbox: &Sandbox, headers: &HeaderMap, asked: &Asked) -> Asker {
        let directory = sandbox.directory();
        let person = directory.person_of(asked);
        Asker {
            identity: person.map(|person| person.upn.clone()),
            persons: person
                .map(|person| vec![person.upn.clone(), person.oid.clone()])
                .unwrap_or_default(),
            client_id: entra::client_id_of(headers, asked).or_else(|| asked.any("client_id").map(str::to_owned)),
            grant: asked.form("grant_type").map(str::to_owned),
        }
    }
}

fn unchecked_claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// A ledger entry in the making. It is recorded even when the caller leaves before the answer.
struct Recording<'a> {
    sandbox: &'a Sandbox,
    entry: Option<Entry>,
}

impl<'a> Recording<'a> {
    fn new(sandbox: &'a Sandbox, request: &Request, asked: &Asked, asker: Asker, faults: &[Fault]) -> Recording<'a> {
        let headers = request.headers();
        let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
        let entry = Entry {
            seq: 0,
            time_ms: sandbox.clock().now_ms(),
            kind: kind_of(request.uri().path()),
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            query: open_query(request.uri()),
            identity: asker.identity,
            client_id: asker.client_id,
            grant_type: asker.grant,
            presented: presented(headers, asked),
            issued: BTreeMap::new(),
            headers: open_headers(headers),
            status: None,
            request_bytes: headers
                .get(CONTENT_LENGTH)
                .and_then(|value| value.to_str().ok()?.parse().ok()),
            response_bytes: None,
            request_id: request_id.unwrap_or_default(),
            faults: faults.iter().map(Fault::name).collect(),
        };
        Recording {
            sandbox,
            entry: Some(entry),
        }
    }

    /// Takes over what the handler noted on its answer.
    fn add(&mut self, response: &Response) {
        if let (Some(entry), Some(note)) = (&mut self.entry, response.extensions().get::<Note>()) {
            entry.identity = note.identity.clone().or_else(|| entry.identity.take());
            entry.issued.extend(
                note.issued
                    .iter()
                    .map(|(name, mark)| ((*name).to_owned(), mark.clone())),
            );
        }
    }

    fn finish(&mut self, response: Option<&Response>) {
        if let Some(mut entry) = self.entry.take() {
            entry.status = response.map(|response| response.status().as_u16());
            entry.response_bytes = response.and_then(|response| response.body().size_hint().exact());
            self.sandbox.ledger().record(entry);
        }
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        self.finish(None);
    }
}

fn presented(headers: &HeaderMap, asked: &Asked) -> BTreeMap<String, String> {
    let form = asked
        .form
        .iter()
        .filter(|(name, _)| SECRET_PARAMETERS.contains(&name.as_str()));
    let mut marks: BTreeMap<String, String> = form.map(|(name, value)| (name.clone(), fingerprint(value))).collect();
    if let Some(token) = entra::bearer_token(headers) {
        marks.insert("access_token".to_owned(), fingerprint(token));
    }
    marks
}

/// The query, without the signature that opens a place for uploads.
fn open_query(uri: &Uri) -> String {
    let query = uri.query().unwrap_or_default();
    if kind_of(uri.path()) != Kind::Blob {
        return query.to_owned();
    }
    let open = query.split('&').filter(|pair| !pair.starts_with("sig="));
    open.collect::<Vec<_>>().join("&")
}

fn open_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let open = headers
        .iter()
        .filter(|(name, _)| !SECRET_HEADERS.contains(&name.as_str()));
    open.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}
