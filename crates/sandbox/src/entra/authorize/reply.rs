//! Sending the answer back to the client: in the query, in the fragment, or as a form that posts itself.

use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::header::LOCATION;
use serde_json::json;
use url::Url;
use url::form_urlencoded;

use crate::Sandbox;
use crate::entra::authorize::request::Request;
use crate::entra::authorize::request::ResponseMode;
use crate::entra::failure::Failure;
use crate::entra::failure::Trace;
use crate::page;
use crate::people::Person;

type Fields = Vec<(&'static str, String)>;

/// Sends a code.
pub(crate) fn with_code(sandbox: &Sandbox, request: &Request, code: &str, person: Option<&Person>) -> Response {
    let mut fields: Fields = vec![("code", code.to_owned())];
    if let Some(person) = person.filter(|_| request.wants_client_info) {
        fields.push(("client_info", client_info(person)));
    }
    fields.extend(request.state.clone().map(|state| ("state", state)));
    fields.push(("session_state", sandbox.new_id()));
    send(request, fields)
}

/// Sends a failure.
pub(crate) fn with_failure(request: &Request, failure: &Failure, trace: &Trace) -> Response {
    let mut fields: Fields = vec![
        ("error", failure.error().to_owned()),
        ("error_description", failure.description(trace)),
    ];
    fields.extend(request.state.clone().map(|state| ("state", state)));
    send(request, fields)
}

/// The home object and home directory of an account, as MSAL keys accounts.
pub(crate) fn client_info(person: &Person) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "uid": person.oid, "utid": person.tid }).to_string())
}

fn send(request: &Request, fields: Fields) -> Response {
    let target = target(&request.redirect_uri);
    let encoded = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&fields)
        .finish();
    let location = match request.response_mode {
        ResponseMode::FormPost => {
            let html = page::render("form_post.html", json!({ "action": target, "fields": fields }));
            return ([(CACHE_CONTROL, "no-store")], Html(html)).into_response();
        }
        ResponseMode::Fragment => format!("{target}#{encoded}"),
        ResponseMode::Query if target.contains('?') => format!("{target}&{encoded}"),
        ResponseMode::Query => format!("{target}?{encoded}"),
    };
    (
        StatusCode::FOUND,
        [(LOCATION, location), (CACHE_CONTROL, "no-store".to_owned())],
    )
        .into_response()
}

/// An address without path gets a slash; any other goes back letter for letter.
fn target(redirect_uri: &str) -> String {
    match Url::parse(redirect_uri) {
        Ok(url) if url.path() == "/" => url.to_string(),
        _ => redirect_uri.to_owned(),
    }
}
