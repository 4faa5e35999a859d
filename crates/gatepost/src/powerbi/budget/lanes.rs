//! How many calls of one person are under way at a time, so that one of many does not take the place of all others.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::caller::PersonId;

/// Calls of one person under way; further ones wait in line.
pub(super) const WIDTH: usize = 64;
/// Calls that wait in one line; further ones are refused.
pub(super) const MOST_WAITING: usize = 2048;
const MOST_IDLE: usize = 1024;

/// A line for each person who calls.
#[derive(Default)]
pub(super) struct Lanes(Mutex<HashMap<PersonId, Arc<Lane>>>);

struct Lane {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// One who waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lanes {
    /// A place in the person's line, once there is one, and whether it was waited for; the number of those who may wait when
    /// as many do.
    pub(super) async fn enter(&self, person: &PersonId) -> Result<(OwnedSemaphorePermit, bool), usize> {
        let lane = self.lane(person);
        if let Ok(place) = lane.places.clone().try_acquire_owned() {
            return Ok((place, false));
        }
        let before = lane.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&lane.waiting);
        if MOST_WAITING <= before {
            return Err(MOST_WAITING);
        }
        let place = lane.places.clone().acquire_owned().await;
        Ok((place.expect("no line is ever closed"), true))
    }

    fn lane(&self, person: &PersonId) -> Arc<Lane> {
        let mut lanes = self.0.lock().expect("no code panics while holding the lines");
        // A line that only this map holds, and of whose places none is taken, is empty.
        if MOST_IDLE < lanes.len() {
            lanes.retain(|_, lane| 1 < Arc::strong_count(lane) || lane.places.available_permits() < WIDTH);
        }
        let empty = || {
            Arc::new(Lane {
                places: Arc::new(Semaphore::new(WIDTH)),
                waiting: AtomicUsize::new(0),
            })
        };
        lanes.entry(person.clone()).or_insert_with(empty).clone()
    }
}
