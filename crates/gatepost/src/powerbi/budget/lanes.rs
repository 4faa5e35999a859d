//! How many calls of one person are under way at a time, so that one of many does not take the place of all others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::caller::PersonId;

/// Calls of one person under way; further ones wait in line.
pub(super) const WIDTH: usize = 64;
const MOST_IDLE: usize = 1024;

/// A line for each person who calls.
#[derive(Default)]
pub(super) struct Lanes(Mutex<HashMap<PersonId, Arc<Semaphore>>>);

impl Lanes {
    /// A place in the person's line, once there is one.
    pub(super) async fn enter(&self, person: &PersonId) -> OwnedSemaphorePermit {
        self.lane(person).acquire_owned().await.expect("no line is ever closed")
    }

    fn lane(&self, person: &PersonId) -> Arc<Semaphore> {
        let mut lanes = self.0.lock().expect("no code panics while holding the lines");
        // A line that only this map holds is empty.
        if MOST_IDLE < lanes.len() {
            lanes.retain(|_, lane| 1 < Arc::strong_count(lane));
        }
        lanes
            .entry(person.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(WIDTH)))
            .clone()
    }
}
