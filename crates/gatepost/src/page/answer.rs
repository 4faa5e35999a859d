//! Pages as answers: never cached, framed nowhere, without any inline script or style.

use axum::response::{IntoResponse as _, Response};
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::json;

use super::{Page, Unrendered, render};
use crate::app::App;
use crate::clock::Timestamp;
use crate::session;

const MOST_PARAMETERS: usize = 20;

/// Where a form of the page may end up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Leaving {
    /// Here.
    #[default]
    Stays,
    /// At Microsoft or a directory it hands over to, whose addresses nobody knows beforehand; and at these addresses.
    /// Chromium checks every redirect that follows a post.
    Departs(Vec<String>),
}

/// A page as an answer.
pub fn html(status: StatusCode, page: String, leaving: &Leaving) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // `no-referrer` would make browsers send `Origin: null` with our own forms.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CONTENT_SECURITY_POLICY, content_policy(leaving));
    (status, headers, page).into_response()
}

pub(super) fn content_policy(leaving: &Leaving) -> HeaderValue {
    let targets = match leaving {
        Leaving::Stays => "'self'".to_owned(),
        Leaving::Departs(addresses) => {
            let more: String = addresses
                .iter()
                .filter_map(|it| source_of(it))
                .map(|it| format!(" {it}"))
                .collect();
            format!("'self' https:{more}")
        }
    };
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    );
    HeaderValue::from_str(&policy).expect("the policy is plain text")
}

/// The origin of a web address or the scheme of an application's; nothing that could break out of the policy.
fn source_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let source = match url.scheme() {
        "http" | "https" => url.origin().ascii_serialization(),
        "javascript" | "data" | "blob" | "about" | "file" => return None,
        scheme => format!("{scheme}:"),
    };
    source
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".-+:/[]".contains(&b))
        .then_some(source)
}

/// Sends the browser on with GET.
pub fn redirect(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (
            StatusCode::SEE_OTHER,
            [(LOCATION, to), (CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        )
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A redirect that gives the browser a cookie.
pub fn redirect_with(to: &str, cookie: HeaderValue) -> Response {
    let mut answer = redirect(to);
    answer.headers_mut().append(SET_COOKIE, cookie);
    answer
}

/// The parameters with which a browser comes back from somewhere else; more than anybody sends are left out.
pub fn parameters(query: Option<&str>) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .into_owned()
        .take(MOST_PARAMETERS)
        .collect()
}

/// What to answer when nobody is looking yet, at an address that counts once: a browser that loads ahead, or a HEAD.
pub fn before_its_time(method: &Method, headers: &HeaderMap) -> Option<Response> {
    if *method == Method::HEAD {
        return Some((StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET")]).into_response());
    }
    let purpose = headers.get("sec-purpose").and_then(|it| it.to_str().ok());
    let is_ahead = purpose.is_some_and(|it| it.contains("prefetch") || it.contains("prerender"));
    // A refusal makes the browser ask again when the person really goes there.
    is_ahead.then(|| StatusCode::SERVICE_UNAVAILABLE.into_response())
}

/// A page that says what happened, and who can mend it and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Message<'a> {
    pub title: &'a str,
    pub text: &'a str,
    /// Who can mend it.
    pub who: &'a str,
    /// What to do about it.
    pub how: &'a str,
    /// Numbers for support: name and value.
    pub facts: &'a [(&'a str, &'a str)],
    /// Path or address, and title.
    pub links: &'a [(&'a str, &'a str)],
    /// When to come back, in seconds; a program reads it in `Retry-After` (RFC 9110 §10.2.3).
    pub retry_after_s: Option<u64>,
}

/// A [`Message`] as an answer.
pub fn message(status: StatusCode, it: Message<'_>) -> Response {
    let page = Page::alone(it.title, "", Timestamp(0));
    let details = json!({
        "text": it.text, "who": it.who, "how": it.how,
        "kind": if status.is_success() { "info" } else { "warn" },
        "facts": it.facts.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
        "links": it.links.iter().map(|(href, title)| json!({ "href": href, "title": title })).collect::<Vec<_>>(),
    });
    let mut answer = match render("message.html", &page, details) {
        Ok(page) => html(status, page, &Leaving::Stays),
        Err(error) => error.into_response(),
    };
    if let Some(seconds) = it.retry_after_s {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

impl axum::response::IntoResponse for Unrendered {
    fn into_response(self) -> Response {
        // The cause was logged where it arose; the visitor can do nothing with it.
        (StatusCode::INTERNAL_SERVER_ERROR, "this page cannot be shown\n").into_response()
    }
}

/// The form token of this browser, and the cookie to set with the answer if the browser has none yet.
pub fn csrf(app: &App, headers: &HeaderMap) -> (String, Option<HeaderValue>) {
    session::csrf(&app.vault, &app.clock, headers)
}

/// A path of this gateway to go back to; anything else, and anything unusual, gives `None`.
///
/// Invariant: what passes cannot lead to another site, however a browser reads it.
pub fn return_path(text: &str) -> Option<&str> {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let plain = |it: &str, more: &[u8]| {
        it.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.~-".contains(&b) || more.contains(&b))
    };
    let is_ours = path.starts_with('/') && !path.contains("//") && plain(path, b"/") && plain(query, b"=&");
    // A client's whole request may stand in the query, encoded.
    (is_ours && path.len() <= 512 && text.len() <= 6000).then_some(text)
}
