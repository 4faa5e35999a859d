//! Carrying out faults: before the handler runs, and on its answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http::header::CONTENT_TYPE;
use serde_json::Map;
use serde_json::Value;
use tokio::sync::Notify;

use crate::entra::Demand;
use crate::entra::Failure;
use crate::faults::Fault;

/// How a request goes on after the faults that come before its handler.
pub(super) enum Verdict {
    GoOn,
    Answer(Response),
    Cut,
}

/// Carries out what comes before the handler: waiting, cutting, answering instead, and demands on the handler.
pub(super) async fn before(request: &mut Request, faults: &[Fault]) -> Verdict {
    let mut demand = Demand::default();
    let mut verdict = Verdict::GoOn;
    for fault in faults {
        match fault {
            Fault::Delay { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Fault::Cut => return Verdict::Cut,
            Fault::Status { status, headers, body } => verdict = Verdict::Answer(answer(*status, headers, body)),
            Fault::Aadsts { code, claims } => {
                let failure = Failure::new(*code);
                demand.failure = Some(match claims {
                    Some(claims) => failure.with_claims(claims.as_str()),
                    None => failure,
                });
            }
            Fault::OtherPerson { other } => demand.id_token_of = Some(other.clone()),
            _ => {}
        }
    }
    request.extensions_mut().insert(demand);
    verdict
}

/// Carries out what changes an answer.
pub(super) async fn after(response: Response, faults: &[Fault]) -> Response {
    let mut response = response;
    for fault in faults {
        response = match fault {
            Fault::Omit { field } => on_json(response, |body| omit(body, field)).await,
            Fault::WrongCasing => on_json(response, swap_casing).await,
            Fault::Malformed => malformed(response).await,
            Fault::Drip { ms, bytes } => drip(response, *ms, *bytes),
            _ => response,
        };
    }
    response
}

/// Closes the connection. Served by somebody else's loop, the answer's body fails instead.
pub(super) async fn cut(connection: Option<Arc<Notify>>) -> Response {
    if let Some(connection) = connection {
        connection.notify_one();
        return std::future::pending().await;
    }
    let broken = stream::once(async { Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset)) });
    Body::from_stream(broken).into_response()
}

fn answer(status: u16, headers: &std::collections::BTreeMap<String, String>, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match body {
        // Microsoft's own refusal of too many requests is plain text.
        Value::Null if status == StatusCode::TOO_MANY_REQUESTS => "Too Many Requests".into_response(),
        Value::Null => ().into_response(),
        Value::String(text) => text.clone().into_response(),
        json => axum::Json(json).into_response(),
    };
    *response.status_mut() = status;
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn on_json(response: Response, change: impl FnOnce(&mut Value)) -> Response {
    let is_json = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("json"));
    if !is_json {
        return response;
    }
    rewrite(response, |bytes| {
        let Ok(mut body) = serde_json::from_slice::<Value>(&bytes) else {
            return bytes;
        };
        change(&mut body);
        Bytes::from(body.to_string())
    })
    .await
}

fn omit(body: &mut Value, field: &str) {
    let (path, last) = field.rsplit_once('.').unwrap_or(("", field));
    let inner = path
        .split('.')
        .filter(|part| !part.is_empty())
        .try_fold(body, |value, part| value.get_mut(part));
    if let Some(object) = inner.and_then(Value::as_object_mut) {
        object.remove(last);
    }
}

fn swap_casing(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(swap_casing),
        Value::Object(object) => {
            let swapped = std::mem::take(object).into_iter().map(|(name, mut inner)| {
                swap_casing(&mut inner);
                (with_swapped_first(&name), inner)
            });
            *object = swapped.collect::<Map<String, Value>>();
        }
        _ => {}
    }
}

fn with_swapped_first(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) if first.is_lowercase() => first.to_uppercase().chain(letters).collect(),
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// Breaks off in the middle; headers and length agree with what is left.
async fn malformed(response: Response) -> Response {
    rewrite(response, |bytes| {
        if bytes.is_empty() {
            Bytes::from_static(b"{\"value\":[")
        } else {
            bytes.slice(..bytes.len() / 2)
        }
    })
    .await
}

/// Sends the body in pieces; it is cut as it comes, so that a body of any size drips.
fn drip(response: Response, ms: u64, bytes: usize) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    let pieces = body
        .into_data_stream()
        .flat_map(move |piece| stream::iter(cut_up(piece, bytes.max(1))));
    let paced = pieces.then(move |piece| async move {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        piece
    });
    Response::from_parts(parts, Body::from_stream(paced))
}

fn cut_up(piece: Result<Bytes, axum::Error>, bytes: usize) -> Vec<Result<Bytes, axum::Error>> {
    match piece {
        Ok(piece) => {
            let end = |start: usize| piece.len().min(start + bytes);
            let starts = (0..piece.len()).step_by(bytes);
            starts.map(|start| Ok(piece.slice(start..end(start)))).collect()
        }
        Err(error) => vec![Err(error)],
    }
}

async fn rewrite(response: Response, change: impl FnOnce(Bytes) -> Bytes) -> Response {
    let (mut parts, body) = response.into_parts();
    let changed = change(whole(body).await);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(changed))
}

async fn whole(body: Body) -> Bytes {
    axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default()
}
