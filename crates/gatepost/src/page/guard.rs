//! Before every form: it must come from a page of ours in this very browser, and say so twice.

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, Method, StatusCode};

use super::answer::{Message, message};
use super::fields::Fields;
use crate::app::App;
use crate::session;

/// More than the longest policy text, escaped.
const BODY_BYTES: usize = 256 * 1024;

/// Lets reading through, and posts whose `Origin` is ours and whose `csrf` field belongs to this browser.
///
/// Invariant: no handler behind this guard sees a state-changing request that another site could have caused.
pub async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    if let Err(why) = check_headers(request.headers(), &app.settings.public_url) {
        return refused(why);
    }
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES).await else {
        let text = "The form is larger than any this page sends.";
        return message(
            StatusCode::PAYLOAD_TOO_LARGE,
            Message {
                title: "That is too much",
                text,
                ..Message::default()
            },
        );
    };
    let fields = Fields::parse(&body);
    if !session::csrf_holds(&app.vault, &parts.headers, fields.text("csrf")) {
        return refused("the form's token is not of this browser's session");
    }
    parts.extensions.insert(fields);
    next.run(Request::from_parts(parts, axum::body::Body::empty())).await
}

fn check_headers(headers: &HeaderMap, public_url: &str) -> Result<(), &'static str> {
    let only = |name: &str| {
        let mut values = headers.get_all(name).iter();
        values
            .next()
            .filter(|_| values.next().is_none())
            .and_then(|it| it.to_str().ok())
    };
    if only(ORIGIN.as_str()) != Some(public_url) {
        return Err("it did not come from a page of this gateway");
    }
    if headers.contains_key("sec-fetch-site") && only("sec-fetch-site") != Some("same-origin") {
        return Err("the browser says it came from another site");
    }
    let kind = only(CONTENT_TYPE.as_str()).unwrap_or_default();
    match kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        true => Ok(()),
        false => Err("it is not a form"),
    }
}

fn refused(why: &str) -> Response {
    let text = format!("Nothing was changed: {why}.");
    let how = "If you did this yourself, you may have signed in or out in another window since the page was loaded. Load the page again and repeat. The gateway must be opened under its public address.";
    let message_of = Message {
        title: "That form was not accepted",
        text: &text,
        how,
        links: &[("/", "To the portal")],
        ..Message::default()
    };
    message(StatusCode::FORBIDDEN, message_of)
}
