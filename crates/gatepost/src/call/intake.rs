//! Bodies of requests, read whole within the memory that requests may hold.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::CallError;
use crate::app::App;
use crate::caller::PersonId;
use crate::json::{self, Bounds, Refused};
use crate::memory::{Full, Held};

/// While a body goes on and is recorded, it is in memory as it came, written anew, and in the entry.
const COPIES: usize = 3;
/// What is held at first for a body that does not say how long it is.
const STEP_BYTES: usize = 16 * 1024;
/// What takes longer to read than others should wait is read on a thread of its own.
const LARGE_BYTES: usize = 256 * 1024;

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub enum BodyProblem {
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    #[error("it did not come whole")]
    Broken,
    #[error("{0}")]
    Json(#[from] Refused),
    #[error("{0}")]
    Memory(#[from] Full),
}

/// A body of `person`, of at most `most` bytes. Nothing of it is read before there is memory for it.
pub async fn read_body(
    app: &App,
    person: &PersonId,
    mut body: Body,
    most: usize,
) -> Result<(Bytes, Held), BodyProblem> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if most < announced {
        return Err(BodyProblem::TooLarge(most));
    }
    let mut room = if announced == 0 { STEP_BYTES } else { announced };
    let mut held = app.memory.hold(person, COPIES * room).await?;
    let mut whole = BytesMut::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyProblem::Broken)?.into_data() else {
            continue;
        };
        let length = whole.len() + data.len();
        if most < length {
            return Err(BodyProblem::TooLarge(most));
        }
        if room < length {
            let more = (length - room).max(room);
            held.grow(COPIES * more).await?;
            room += more;
        }
        whole.extend_from_slice(&data);
    }
    Ok((whole.freeze(), held))
}

/// The JSON of a body, for which `held` grows by `bytes_per_value` for each value in it.
pub async fn read_json(
    text: &Bytes,
    bounds: Bounds,
    held: &mut Held,
    bytes_per_value: usize,
) -> Result<Value, BodyProblem> {
    let weight = json::weigh(text);
    weight.within(bounds)?;
    held.grow(weight.values * bytes_per_value).await?;
    if text.len() < LARGE_BYTES {
        return Ok(json::read(text, bounds)?);
    }
    let text = text.clone();
    let reading = tokio::task::spawn_blocking(move || json::read(&text, bounds));
    Ok(reading.await.map_err(|_| BodyProblem::Broken)??)
}

/// A place in the line of a person's calls, until it is dropped.
#[derive(Debug)]
pub struct Place {
    _permit: tokio::sync::OwnedSemaphorePermit,
    /// It was not free at once.
    pub(super) was_waited_for: bool,
}

/// Takes a place among the calls of this person that are under way at the same time, once there is one.
pub async fn enter(app: &App, person: &PersonId) -> Result<Place, CallError> {
    let entered = app.budgets.enter(person).await;
    let (permit, was_waited_for) = entered.map_err(|most| CallError::LineFull { most })?;
    Ok(Place {
        _permit: permit,
        was_waited_for,
    })
}
