//! The places where files too large for one request are uploaded, as Azure's blob storage has them: whoever holds the
//! signed address may put a blob there, whole or in blocks, and shows no token.

use std::io;
use std::sync::PoisonError;

use axum::body::Body;
use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::AppendHeaders;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::Method;
use http::StatusCode;
use http::header::AUTHORIZATION;
use http::header::CONTENT_LENGTH;
use http::header::CONTENT_TYPE;
use http::header::ETAG;
use http::header::LAST_MODIFIED;
use http_body_util::BodyExt;

use crate::Sandbox;
use crate::powerbi::blob_list;
use crate::powerbi::upload_places;
use crate::powerbi::upload_places::is_signed;
use crate::powerbi::upload_places::parameter;
use crate::spool::Spool;
use crate::spool::SpoolError;
use crate::spool::Spooling;
use crate::world::uploads::UploadPlace;

/// Where the places are.
pub(super) const ROUTE: &str = "/blob/imports/{blob}";
/// The largest file put together of blocks.
const FILE_BYTES: u64 = 10 * 1024 * 1024 * 1024;
/// The largest blob and the largest block of one request.
const REQUEST_BYTES: u64 = 4000 * 1024 * 1024;
/// Blocks a blob may have.
const MOST_BLOCKS: usize = 50_000;
/// The largest list of blocks.
const LIST_BYTES: u64 = 8 * 1024 * 1024;

/// Why the storage says no: status, code and words.
struct No(StatusCode, &'static str, String);

impl IntoResponse for No {
    fn into_response(self) -> Response {
        let No(status, code, words) = self;
        let body = format!(
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{words}</Message></Error>"
        );
        let headers = [(CONTENT_TYPE.as_str(), "application/xml"), ("x-ms-error-code", code)];
        (status, headers, body).into_response()
    }
}

fn bad(code: &'static str, words: &str) -> No {
    No(StatusCode::BAD_REQUEST, code, words.to_owned())
}

fn forbidden(words: &str) -> No {
    No(StatusCode::FORBIDDEN, "AuthenticationFailed", words.to_owned())
}

pub(super) async fn answer(
    State(sandbox): State<Sandbox>,
    Path(blob): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let asked = Asked {
        sandbox: &sandbox,
        blob: &blob,
        query: query.as_deref(),
    };
    match put(&asked, &method, &headers, body).await {
        Ok(()) => created(&sandbox),
        Err(no) => no.into_response(),
    }
}

fn created(sandbox: &Sandbox) -> Response {
    let now = sandbox.clock().now();
    let moment = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let headers = [
        (LAST_MODIFIED.as_str(), moment),
        (ETAG.as_str(), format!("\"0x{:X}\"", now.as_microsecond())),
        ("x-ms-version", "2021-12-02".to_owned()),
        ("x-ms-request-server-encrypted", "true".to_owned()),
    ];
    (StatusCode::CREATED, AppendHeaders(headers)).into_response()
}

/// One request at a place: Put Blob, Put Block or Put Block List.
async fn put(request: &Asked<'_>, method: &Method, headers: &HeaderMap, body: Body) -> Result<(), No> {
    if headers.contains_key(AUTHORIZATION) {
        return Err(forbidden(
            "the signed address is the only credential; no token belongs here",
        ));
    }
    // Before a byte of the body is read, the address must be known to be good.
    request.change(|_| Ok(()))?;
    if method != Method::PUT {
        return Err(No(
            StatusCode::METHOD_NOT_ALLOWED,
            "UnsupportedHttpVerb",
            "only PUT is allowed here".to_owned(),
        ));
    }
    if !headers.contains_key(CONTENT_LENGTH) {
        return Err(No(
            StatusCode::LENGTH_REQUIRED,
            "MissingContentLengthHeader",
            "Content-Length is required".to_owned(),
        ));
    }
    match parameter(request.query, "comp").as_deref() {
        None => {
            check_blob_type(headers)?;
            let file = receive(body, REQUEST_BYTES).await?;
            request.change(|place| keep(place, file))
        }
        Some("block") => {
            let id = block_id(request.query)?;
            let block = receive(body, REQUEST_BYTES).await?;
            request.change(|place| stage(place, id, block))
        }
        Some("blocklist") => put_list(request, body).await,
        Some(_) => Err(bad("InvalidQueryParameterValue", "comp must be block or blocklist")),
    }
}

async fn put_list(request: &Asked<'_>, body: Body) -> Result<(), No> {
    let list = receive(body, LIST_BYTES).await?;
    let list = list.read(LIST_BYTES).map_err(|error| unkept(&error.into()))?;
    let ids = blob_list::read(&list);
    let ids = ids.ok_or_else(|| bad("InvalidXmlDocument", "the list of blocks is not XML of its kind"))?;
    let parts = request.change(|place| chosen(place, &ids))?;
    let joined = tokio::task::spawn_blocking(move || Spool::joined(&parts)).await;
    let file = joined.unwrap_or_else(|error| Err(io::Error::other(error)));
    let file = file.map_err(|error| unkept(&error.into()))?;
    request.change(|place| keep(place, file))
}

/// What a request is about.
struct Asked<'r> {
    sandbox: &'r Sandbox,
    blob: &'r str,
    query: Option<&'r str>,
}

impl Asked<'_> {
    /// Does something with the place, if the address is right and its time not over.
    fn change<T>(&self, act: impl FnOnce(&mut UploadPlace) -> Result<T, No>) -> Result<T, No> {
        let mut world = self.sandbox.world().lock().unwrap_or_else(PoisonError::into_inner);
        upload_places::settle(&mut world, self.sandbox.clock().now_ms());
        let mut places = world.upload_places.iter_mut();
        let place = places.find(|place| is_signed(place, self.blob, self.query));
        act(place.ok_or_else(|| forbidden("the address is not signed, or its time is over"))?)
    }
}

/// The file is there; blocks that were not named are forgotten.
fn keep(place: &mut UploadPlace, file: Spool) -> Result<(), No> {
    (place.file, place.blocks) = (Some(file), Vec::new());
    Ok(())
}

fn check_blob_type(headers: &HeaderMap) -> Result<(), No> {
    match headers.get("x-ms-blob-type").map(http::HeaderValue::as_bytes) {
        Some(b"BlockBlob") => Ok(()),
        Some(_) => Err(bad("InvalidHeaderValue", "x-ms-blob-type must be BlockBlob")),
        None => Err(bad("MissingRequiredHeader", "x-ms-blob-type is required")),
    }
}

fn block_id(query: Option<&str>) -> Result<String, No> {
    let id = parameter(query, "blockid").unwrap_or_default();
    let raw = STANDARD.decode(&id).unwrap_or_default();
    if raw.is_empty() || raw.len() > 64 {
        return Err(bad(
            "InvalidQueryParameterValue",
            "blockid must be Base64 of 1 to 64 bytes",
        ));
    }
    Ok(id)
}

/// Keeps a block until a list names it; a block of the same name replaces it.
fn stage(place: &mut UploadPlace, id: String, block: Spool) -> Result<(), No> {
    if place.blocks.first().is_some_and(|(known, _)| known.len() != id.len()) {
        return Err(bad(
            "InvalidBlobOrBlock",
            "all block ids of a blob have the same length",
        ));
    }
    place.blocks.retain(|(known, _)| *known != id);
    let all: u64 = place.blocks.iter().map(|(_, block)| block.bytes()).sum();
    if place.blocks.len() >= MOST_BLOCKS {
        return Err(No(
            StatusCode::CONFLICT,
            "BlockCountExceedsLimit",
            format!("a blob has at most {MOST_BLOCKS} blocks"),
        ));
    }
    if all + block.bytes() > FILE_BYTES {
        return Err(unkept(&SpoolError::TooMany(FILE_BYTES)));
    }
    place.blocks.push((id, block));
    Ok(())
}

fn chosen(place: &UploadPlace, ids: &[String]) -> Result<Vec<Spool>, No> {
    let find = |id: &String| {
        let block = place.blocks.iter().find(|(known, _)| known == id);
        block
            .map(|(_, block)| block.clone())
            .ok_or_else(|| bad("InvalidBlockList", "the list names a block that was not put"))
    };
    ids.iter().map(find).collect()
}

async fn receive(mut body: Body, most_bytes: u64) -> Result<Spool, No> {
    let mut spooling = Spooling::begin(most_bytes).map_err(|error| unkept(&error))?;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| bad("RequestBodyIncomplete", &error.to_string()))?;
        if let Some(piece) = frame.data_ref() {
            spooling.add(piece).await.map_err(|error| unkept(&error))?;
        }
    }
    spooling.end().await.map_err(|error| unkept(&error))
}

fn unkept(error: &SpoolError) -> No {
    match error {
        SpoolError::TooMany(_) => No(StatusCode::PAYLOAD_TOO_LARGE, "RequestBodyTooLarge", error.to_string()),
        SpoolError::Io(_) => No(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", error.to_string()),
    }
}
