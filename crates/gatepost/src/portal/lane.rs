//! The lane of pages: few of them read the database at once, and of one person fewer, so that calls and other people go on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::response::Response;
use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::caller::PersonId;
use crate::page::{self, Message};

/// Pages of everybody that are made at once. On two cores, calls beside twenty Overviews without a pause took six times as long
/// with four, three times with two; with one, a page that hangs would hold up all others.
const AT_ONCE: usize = 2;
/// Pages of one person that are made at once.
const OF_ONE: usize = 1;
/// Pages of one person that may wait.
const WAITING_OF_ONE: usize = 8;
/// How long a page waits for its place.
const PATIENCE: Duration = Duration::from_secs(10);
/// When to come back, in seconds.
const COME_BACK_S: u32 = 2;
/// People who are remembered before those who are gone are forgotten.
const MOST_PEOPLE: usize = 1_000;

/// Why a page is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Busy {
    /// This person asks for too many at once.
    OfOne,
    /// Everybody together does.
    OfAll,
}

/// The lane. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Lane(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    all: Arc<Semaphore>,
    people: Mutex<HashMap<PersonId, Weak<One>>>,
}

#[derive(Debug)]
struct One {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// A place in the lane, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    _one: Arc<One>,
}

/// One who waits, as long as this is there.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Lane {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner {
            all: Arc::new(Semaphore::new(AT_ONCE)),
            people: Mutex::new(HashMap::new()),
        }))
    }

    /// A place for a page of this person, or why there is none.
    pub(super) async fn enter(&self, person: &PersonId) -> Result<Taken, Busy> {
        let one = self.one(person);
        let before = one.waiting.fetch_add(1, Ordering::AcqRel);
        let waiting = Waiting(&one.waiting);
        if OF_ONE + WAITING_OF_ONE <= before {
            return Err(Busy::OfOne);
        }
        let own = tokio::time::timeout(PATIENCE, Arc::clone(&one.places).acquire_owned());
        let own = own.await.ok().and_then(Result::ok).ok_or(Busy::OfOne)?;
        let all = tokio::time::timeout(PATIENCE, Arc::clone(&self.0.all).acquire_owned());
        let all = all.await.ok().and_then(Result::ok).ok_or(Busy::OfAll)?;
        drop(waiting);
        Ok(Taken {
            _all: all,
            _own: own,
            _one: one,
        })
    }

    /// A place for a part of this person's download, however long it takes: it began, so it is not refused any more.
    pub(super) async fn wait(&self, person: &PersonId) -> Option<Taken> {
        let one = self.one(person);
        let own = Arc::clone(&one.places).acquire_owned().await.ok()?;
        let all = Arc::clone(&self.0.all).acquire_owned().await.ok()?;
        Some(Taken {
            _all: all,
            _own: own,
            _one: one,
        })
    }

    fn one(&self, person: &PersonId) -> Arc<One> {
        let mut people = self.0.people.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = people.get(person).and_then(Weak::upgrade) {
            return found;
        }
        if MOST_PEOPLE <= people.len() {
            people.retain(|_, it| 0 < it.strong_count());
        }
        let one = Arc::new(One {
            places: Arc::new(Semaphore::new(OF_ONE)),
            waiting: AtomicUsize::new(0),
        });
        people.insert(person.clone(), Arc::downgrade(&one));
        one
    }
}

/// The page in place of one that is not made.
pub(super) fn refusal(busy: Busy) -> Response {
    let (status, text) = match busy {
        Busy::OfOne => (
            StatusCode::TOO_MANY_REQUESTS,
            "You ask for more pages at once than are made for one person, so this one was not.",
        ),
        Busy::OfAll => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Many pages are asked for at the moment, so this one was not made. Calls to Power BI go on.",
        ),
    };
    let message = Message {
        title: "Too many pages at once",
        text,
        how: "Open it again in a few seconds.",
        retry_after_s: Some(COME_BACK_S.into()),
        ..Message::default()
    };
    page::message(status, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all_of_one(lane: &Lane, person: &PersonId) -> Vec<Taken> {
        let mut held = Vec::new();
        for _ in 0..OF_ONE {
            held.push(lane.enter(person).await.unwrap());
        }
        held
    }

    #[tokio::test(start_paused = true)]
    async fn one_person_holds_few_places_and_the_others_get_theirs() {
        let lane = Lane::new();
        let (ada, bob) = (PersonId("ada".into()), PersonId("bob".into()));
        let held = all_of_one(&lane, &ada).await;
        let many = (0..48).map(|_| lane.enter(&ada));
        let refused = futures_util::future::join_all(many).await;
        assert!(refused.iter().all(|it| matches!(it, Err(Busy::OfOne))));
        lane.enter(&bob).await.expect("Bob has a place of his own");
        drop(held);
        lane.enter(&ada).await.expect("and Ada again");
    }

    #[tokio::test(start_paused = true)]
    async fn many_people_together_hold_no_more_than_there_is() {
        let lane = Lane::new();
        let mut held = Vec::new();
        for number in 0..AT_ONCE {
            held.push(lane.enter(&PersonId(format!("p{number}"))).await.unwrap());
        }
        let one_more = lane.enter(&PersonId("e".into())).await;
        assert_eq!(one_more.err(), Some(Busy::OfAll));
        held.pop();
        lane.enter(&PersonId("e".into())).await.expect("a place is free again");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_stops_waiting_is_not_counted_any_more() {
        let lane = Lane::new();
        let ada = PersonId("ada".into());
        let held = all_of_one(&lane, &ada).await;
        for _ in 0..40 {
            let left = tokio::time::timeout(Duration::from_millis(1), lane.enter(&ada)).await;
            assert!(left.is_err(), "it waits, and leaves");
        }
        drop(held);
        lane.enter(&ada).await.expect("nobody waits any more");
    }
}
