//! How much memory the requests under way may hold, in all and of one person, given out before it is used.
//!
//! What is counted: bodies of requests and what is built of them, answers of Power BI that are read whole, files in
//! memory. What is passed on as it comes is not held, and so not counted.

mod full;
#[cfg(test)]
mod tests;

pub use full::Full;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::caller::PersonId;

/// What is given out at a time.
const UNIT_BYTES: usize = 1024;
/// A request waits for so long until others have given memory back.
const PATIENCE: Duration = Duration::from_secs(5);
/// An eighth is kept for requests that hold no more than this, so that a few large ones never stop everybody.
const SMALL_BYTES: usize = 64 * 1024;
const RESERVED_PART: usize = 8;
/// Large answers that are read at the same time, in all and of one person; and how long others wait for their turn.
const LARGE_AT_ONCE: usize = 4;
const LARGE_OF_ONE: usize = 2;
const LARGE_PATIENCE: Duration = Duration::from_secs(25);
/// People remembered although nothing of theirs is under way.
const MOST_IDLE: usize = 1024;

/// The memory of this process that requests may hold. Cheap to clone.
#[derive(Clone)]
pub struct Memory(Arc<Pools>);

struct Pools {
    everybody: Arc<Semaphore>,
    /// For small requests when the rest is taken.
    reserve: Arc<Semaphore>,
    /// Turns of large answers.
    large: Arc<Semaphore>,
    people: Mutex<HashMap<PersonId, Share>>,
    /// Bytes.
    most: usize,
    per_person: usize,
}

/// What one person may hold.
#[derive(Clone)]
struct Share {
    units: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// Memory that one request holds, until it is dropped.
pub struct Held {
    memory: Memory,
    share: Share,
    permits: Vec<OwnedSemaphorePermit>,
    /// The turn of a large answer, its person's and everybody's.
    turn: Option<[OwnedSemaphorePermit; 2]>,
}

impl Memory {
    /// `most` bytes for everybody, of which one person holds at most `per_person`.
    pub fn new(most: usize, per_person: usize) -> Self {
        let reserve = most / RESERVED_PART;
        Self(Arc::new(Pools {
            everybody: Arc::new(Semaphore::new((most - reserve) / UNIT_BYTES)),
            reserve: Arc::new(Semaphore::new(reserve / UNIT_BYTES)),
            large: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
            people: Mutex::default(),
            most,
            per_person,
        }))
    }

    /// `bytes` for a request of `person`, as soon as they are free.
    pub async fn hold(&self, person: &PersonId, bytes: usize) -> Result<Held, Full> {
        let mut held = self.nothing(person);
        held.grow(bytes).await?;
        Ok(held)
    }

    /// Nothing yet, for a request of `person` that will ask as it goes.
    pub fn nothing(&self, person: &PersonId) -> Held {
        Held {
            memory: self.clone(),
            share: self.share(person),
            permits: Vec::new(),
            turn: None,
        }
    }

    fn share(&self, person: &PersonId) -> Share {
        let mut people = self.0.people.lock().unwrap_or_else(PoisonError::into_inner);
        // A share that only this map knows is whole: what is held knows it.
        if MOST_IDLE < people.len() {
            people.retain(|_, share| 1 < Arc::strong_count(&share.units));
        }
        let whole = || Share {
            units: Arc::new(Semaphore::new(self.0.per_person / UNIT_BYTES)),
            large: Arc::new(Semaphore::new(LARGE_OF_ONE)),
        };
        people.entry(person.clone()).or_insert_with(whole).clone()
    }
}

impl Held {
    /// `bytes` more, as soon as they are free.
    pub async fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        if self.try_grow(bytes) {
            return Ok(());
        }
        let units = self.units(bytes)?;
        let pools = self.memory.0.clone();
        let of_person = waited(&self.share.units, units).await;
        let of_person = of_person.ok_or(Full::Person { most: pools.per_person })?;
        let of_all = match is_small(bytes).then(|| taken(&pools.reserve, units)).flatten() {
            Some(reserved) => reserved,
            None => waited(&pools.everybody, units)
                .await
                .ok_or(Full::Process { most: pools.most })?,
        };
        self.permits.extend([of_person, of_all]);
        Ok(())
    }

    /// `bytes` more for an answer that is large: few of them at a time, however much memory there is, since each costs time
    /// as well. Waits longer than other requests do.
    pub async fn grow_large(&mut self, bytes: usize) -> Result<(), Full> {
        self.units(bytes)?;
        let pools = self.memory.0.clone();
        if self.turn.is_none() {
            let of_person = turn(&self.share.large).await;
            let of_person = of_person.ok_or(Full::Person { most: pools.per_person })?;
            let of_all = turn(&pools.large).await.ok_or(Full::Process { most: pools.most })?;
            self.turn = Some([of_person, of_all]);
        }
        self.grow(bytes).await
    }

    /// `bytes` more, if they are free now.
    pub fn try_grow(&mut self, bytes: usize) -> bool {
        let Ok(units) = self.units(bytes) else { return false };
        let Some(of_person) = taken(&self.share.units, units) else {
            return false;
        };
        let pools = &self.memory.0;
        let of_all =
            taken(&pools.everybody, units).or_else(|| is_small(bytes).then(|| taken(&pools.reserve, units)).flatten());
        match of_all {
            Some(of_all) => {
                self.permits.extend([of_person, of_all]);
                true
            }
            None => false,
        }
    }

    /// The same bytes, which hold this memory for as long as anybody holds them.
    pub fn with(self, bytes: Bytes) -> Bytes {
        struct Both(Bytes, #[expect(dead_code, reason = "is dropped with the bytes")] Held);
        impl AsRef<[u8]> for Both {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        Bytes::from_owner(Both(bytes, self))
    }

    fn units(&self, bytes: usize) -> Result<u32, Full> {
        let most = self.memory.0.per_person;
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).ok();
        units.filter(|_| bytes <= most).ok_or(Full::TooLarge { most })
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Person and process each gave the same.
        let units: usize = self.permits.iter().map(OwnedSemaphorePermit::num_permits).sum();
        write!(f, "Held({} bytes)", units * UNIT_BYTES / 2)
    }
}

fn is_small(bytes: usize) -> bool {
    bytes <= SMALL_BYTES
}

fn taken(pool: &Arc<Semaphore>, units: u32) -> Option<OwnedSemaphorePermit> {
    pool.clone().try_acquire_many_owned(units).ok()
}

async fn turn(turns: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    let turn = turns.clone().acquire_owned();
    tokio::time::timeout(LARGE_PATIENCE, turn).await.ok()?.ok()
}

async fn waited(pool: &Arc<Semaphore>, units: u32) -> Option<OwnedSemaphorePermit> {
    let turn = pool.clone().acquire_many_owned(units);
    tokio::time::timeout(PATIENCE, turn).await.ok()?.ok()
}
