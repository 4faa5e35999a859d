//! Reading bodies: small ones into memory, uploaded files into a temporary file.

use axum::body::Body;
use axum::extract::FromRequest;
use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;
use bytes::Bytes;
use http::Request;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::BodyExt;
use http_body_util::LengthLimitError;
use http_body_util::Limited;

use crate::powerbi::refusal::Refusal;
use crate::spool::Spool;
use crate::spool::SpoolError;
use crate::spool::Spooling;

/// The largest JSON body taken.
const JSON_BYTES: usize = 8 * 1024 * 1024;
/// The largest file taken in one request.
const UPLOAD_BYTES: u64 = 1024 * 1024 * 1024;

/// A whole body in memory.
pub(super) async fn small(body: Body) -> Result<Bytes, Refusal> {
    match Limited::new(body, JSON_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(JSON_BYTES as u64)),
        Err(error) => Err(unreadable(&error)),
    }
}

/// The body of an operation that takes files: JSON in memory, or the one file of a form on the disk.
pub(super) async fn upload(parts: &Parts, body: Body) -> Result<(Bytes, Option<Spool>), Refusal> {
    let content_type = parts.headers.get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.to_ascii_lowercase().starts_with("application/json") {
        return Ok((small(body).await?, None));
    }
    let request = Request::from_parts(parts.clone(), body);
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|_| Refusal::Coded {
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        code: "UnsupportedMediaType",
        message: Some("expected multipart/form-data with one file".to_owned()),
    })?;
    let file = first_file(&mut form).await?;
    // Whatever follows is read and forgotten, so that the caller gets to hear the answer.
    let mut passed_bytes = 0;
    while let Some(mut field) = form.next_field().await.map_err(|error| broken(&error))? {
        while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
            passed_bytes += piece.len();
            if passed_bytes > JSON_BYTES {
                return Err(Refusal::bad("the form holds more than one file"));
            }
        }
    }
    Ok((Bytes::new(), Some(file)))
}

async fn first_file(form: &mut Multipart) -> Result<Spool, Refusal> {
    let field = form.next_field().await.map_err(|error| broken(&error))?;
    let mut field = field.ok_or_else(|| Refusal::bad("the multipart body holds no file"))?;
    let mut spooling = Spooling::begin(UPLOAD_BYTES).map_err(|error| unkept(&error))?;
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
        spooling.add(&piece).await.map_err(|error| unkept(&error))?;
    }
    spooling.end().await.map_err(|error| unkept(&error))
}

pub(super) fn too_large(limit: u64) -> Refusal {
    Refusal::Coded {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        code: "RequestEntityTooLarge",
        message: Some(format!("the body is larger than the {limit} bytes that are taken")),
    }
}

fn unreadable(error: &impl std::fmt::Display) -> Refusal {
    Refusal::bad(format!("the body could not be read: {error}"))
}

fn broken(error: &MultipartError) -> Refusal {
    Refusal::bad(format!("the multipart body holds no file: {}", error.body_text()))
}

fn unkept(error: &SpoolError) -> Refusal {
    match error {
        SpoolError::TooMany(limit) => too_large(*limit),
        SpoolError::Io(error) => Refusal::Coded {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "InternalServerError",
            message: Some(error.to_string()),
        },
    }
}
