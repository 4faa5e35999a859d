//! A request's body: JSON is read and judged before it goes on byte for byte; an upload is passed on as it comes.

use catalogue::{BodyBound, Found};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use serde_json::Value;

use super::error::Refusal;
use crate::app::App;
use crate::call;
use crate::caller::PersonId;
use crate::json::{self, Bounds, LongNumbers, MediaProblem};
use crate::memory::Held;
use crate::powerbi::Body;

/// Memory for one value of a body while policies judge it and the record is written.
const BYTES_PER_VALUE: usize = 250;

/// A body that may be sent on.
pub(super) struct Read {
    pub body: Body,
    /// The same as JSON, when it is that.
    pub json: Option<Value>,
    pub held: Option<Held>,
}

impl Read {
    fn without_json(body: Body) -> Self {
        Self {
            body,
            json: None,
            held: None,
        }
    }
}

/// The body as it is sent on, and as JSON when it is that.
///
/// Invariant: policies, the record and Power BI are given the same: a body that two readers could read in two ways is
/// refused, and only an operation that takes uploads gets one.
pub(super) async fn read(
    app: &App,
    person: &PersonId,
    method: &str,
    path: &str,
    headers: &HeaderMap,
    body: axum::body::Body,
) -> Result<Read, Refusal> {
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Refusal::Body("expected it without Content-Encoding".into()));
    }
    let kind = json::media_type(headers).map_err(|problem| match problem {
        MediaProblem::NotText => Refusal::MediaType,
        MediaProblem::Several => Refusal::Body(problem.to_string()),
        MediaProblem::Charset => Refusal::Charset,
    })?;
    let operation = match app.catalogue.find(method, path) {
        Found::Operation(operation, _) => Some(operation),
        // Whatever else is wrong with the path is told by the funnel.
        Found::WrongMethod(_) | Found::Unknown | Found::BadPath(_) => None,
    };
    if kind.0 == "multipart/form-data" {
        return match operation.map(|it| it.multipart) {
            None => Ok(Read::without_json(Body::empty())),
            Some(true) if declared(headers).is_some_and(|length| app.settings.upload_bytes < length) => {
                Err(Refusal::UploadTooLarge)
            }
            Some(true) => Ok(Read::without_json(Body::stream(body))),
            Some(false) => Err(Refusal::MediaType),
        };
    }
    let bound = operation.map(|it| it.body_bound).unwrap_or_default();
    let most = bound.bytes().min(app.settings.request_body_bytes);
    let (bytes, mut held) = call::read_body(app, person, body, most).await?;
    if bytes.is_empty() {
        return Ok(Read::without_json(Body::empty()));
    }
    if !kind.is_json() {
        return Err(Refusal::MediaType);
    }
    let json = call::read_json(&bytes, bounds(bound), &mut held, BYTES_PER_VALUE).await?;
    Ok(Read {
        body: Body::Bytes(bytes),
        json: Some(json),
        held: Some(held),
    })
}

/// What a body of an operation may hold. It goes on as it came, so that its long numbers stay what they are.
fn bounds(bound: BodyBound) -> Bounds {
    Bounds {
        values: bound.values,
        long_numbers: LongNumbers::AsText,
        ..Bounds::default()
    }
}

/// The length a client says that its body has.
fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
