//! Rate budgets: the service's limits kept before it has to enforce them, for one identity over all its callers.
//!
//! The documented limits are shared by all replicas, through rows of the store from which each takes small blocks; the
//! cap on ordinary lists, which the service does not document, is each replica's own and costs no write.

mod lanes;
mod log;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use catalogue::{Method, Operation, Per, Rate, Window};

use self::lanes::Lanes;
use self::log::{Log, length_ms};
use crate::caller::PersonId;
use crate::clock::Timestamp;
use crate::store::{self, Db, rates};

/// The largest block one replica takes for itself.
const LARGEST_BLOCK: u32 = 10;
const MOST_SLOTS: usize = 4096;
const MINUTE_MS: i64 = 60_000;
/// A replica that loses this often against others is told to come back.
const TRIES: u32 = 16;
/// Repeats of failed reads are a fifth of all calls at most, over a stock of ten.
const RETRY_COST: i64 = 5;
const MOST_CREDIT: i64 = 50;

/// Whose calls count together, and how many of them the service takes.
#[derive(Clone, Debug)]
pub struct Budget {
    key: String,
    limit: Limit,
}

#[derive(Clone, Debug)]
enum Limit {
    /// Documented by the service.
    Shared(&'static Rate),
    /// Ours, for reads of which the service only says "too many" when they are; calls in a minute.
    Soft(u32),
    /// None that is known beforehand.
    Open,
}

/// Who calls: the Microsoft account of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    pub tenant: &'a str,
    pub object: &'a str,
}

impl Budget {
    /// The budget of one call. `soft_per_minute` is the cap on ordinary reads; 0 for none.
    pub fn of(operation: &'static Operation, who: Identity<'_>, dataset: Option<&str>, soft_per_minute: u32) -> Self {
        let Identity { tenant, object } = who;
        if let Some(rate) = &operation.rate {
            // Both forms of an operation, in a workspace and without one, are one to the service.
            let twin = operation.twin.as_ref().filter(|twin| **twin < operation.id);
            let name = if rate.shared {
                &rate.class
            } else {
                twin.unwrap_or(&operation.id)
            };
            let key = match rate.per {
                Per::User => format!("{name} {tenant} {object}"),
                Per::Tenant => format!("{name} {tenant}"),
                Per::Dataset => format!("{name} {tenant} {}", dataset.unwrap_or(object).to_ascii_lowercase()),
            };
            return Self {
                key,
                limit: Limit::Shared(rate),
            };
        }
        if operation.method == Method::Get && 0 < soft_per_minute {
            return Self {
                key: format!("reads {tenant} {object}"),
                limit: Limit::Soft(soft_per_minute),
            };
        }
        Self {
            key: format!("{} {tenant} {object}", operation.id),
            limit: Limit::Open,
        }
    }

    /// The limit, in words that follow "Power BI allows" or "this gateway allows".
    pub fn in_words(&self) -> String {
        match &self.limit {
            Limit::Shared(rate) => {
                let windows: Vec<_> = rate.windows.iter().map(window_in_words).collect();
                let whose = match rate.per {
                    Per::User => "for one person",
                    Per::Tenant => "for the whole tenant",
                    Per::Dataset => "for one semantic model",
                };
                format!("Power BI allows {} {whose}", windows.join(" and "))
            }
            Limit::Soft(calls) => format!("this gateway allows one person {calls} reads in a minute"),
            Limit::Open => "Power BI asked for a pause".to_owned(),
        }
    }
}

fn window_in_words(window: &Window) -> String {
    let span = match window.seconds {
        60 => "a minute".to_owned(),
        3600 => "an hour".to_owned(),
        seconds => format!("{seconds} seconds"),
    };
    let calls = if window.calls == 1 { "call" } else { "calls" };
    format!("{} such {calls} in {span}", window.calls)
}

/// Whether a call may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Now,
    After { ms: i64 },
}

/// What this replica knows of every budget in use.
pub struct Budgets {
    slots: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Slot>>>>,
    credit: AtomicI64,
    lanes: Lanes,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            slots: Mutex::default(),
            credit: AtomicI64::new(MOST_CREDIT),
            lanes: Lanes::default(),
        }
    }
}

/// One budget as this replica sees it.
#[derive(Default)]
struct Slot {
    /// What is left of the block taken last, and until when it may be used.
    left: u32,
    until: Option<Timestamp>,
    size: u32,
    /// Until then a further block means that there is demand for a larger one.
    busy_until: Option<Timestamp>,
    closed_until: Option<Timestamp>,
    /// When the reads of the last minute left.
    reads: VecDeque<Timestamp>,
}

impl Budgets {
    /// Takes one call out of the budget, or says when there is one.
    pub async fn take(&self, db: &Db, now: Timestamp, budget: &Budget) -> store::Result<Turn> {
        let slot = match &budget.limit {
            Limit::Open => match self.known(&budget.key) {
                Some(slot) => slot,
                None => return Ok(Turn::Now),
            },
            Limit::Shared(_) | Limit::Soft(_) => self.slot(&budget.key, now),
        };
        let mut slot = slot.lock().await;
        if let Some(until) = slot.closed_until.filter(|until| now < *until) {
            return Ok(Turn::After {
                ms: until.since_ms(now),
            });
        }
        match &budget.limit {
            Limit::Open => Ok(Turn::Now),
            Limit::Soft(calls) => Ok(slot.read(*calls, now)),
            Limit::Shared(_) if 0 < slot.left && slot.until.is_some_and(|until| now <= until) => {
                slot.left -= 1;
                Ok(Turn::Now)
            }
            Limit::Shared(rate) => slot.reserve(db, now, &budget.key, &rate.windows).await,
        }
    }

    /// Keeps everybody from calling before `until`, because the service said so.
    pub async fn close(&self, db: &Db, now: Timestamp, budget: &Budget, until: Timestamp) -> store::Result<()> {
        let slot = self.slot(&budget.key, now);
        let mut slot = slot.lock().await;
        slot.closed_until = slot.closed_until.max(Some(until));
        slot.left = 0;
        if let Limit::Shared(rate) = &budget.limit {
            change(db, now, &budget.key, &rate.windows, |log| {
                log.close(until);
                Some(())
            })
            .await?;
        }
        Ok(())
    }

    /// Lets calls through again after the one that was told to wait has been answered.
    pub async fn reopen(&self, budget: &Budget) {
        if let Some(slot) = self.known(&budget.key) {
            slot.lock().await.closed_until = None;
        }
    }

    /// A place among the calls of this person that are under way at the same time, and whether it was waited for; or how many
    /// wait for one if that is too many.
    pub async fn enter(&self, person: &PersonId) -> Result<(tokio::sync::OwnedSemaphorePermit, bool), usize> {
        self.lanes.enter(person).await
    }

    /// Counts a call, whose kind earns the right to repeat others.
    pub fn count(&self) {
        let earn = |credit: i64| (credit < MOST_CREDIT).then_some(credit + 1);
        self.credit
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, earn)
            .ok();
    }

    /// Whether one more repeat of a failed call may be made, so that repeats never multiply an outage.
    pub fn may_repeat(&self) -> bool {
        let pay = |credit: i64| (RETRY_COST <= credit).then_some(credit - RETRY_COST);
        self.credit
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay)
            .is_ok()
    }

    fn known(&self, key: &str) -> Option<Arc<tokio::sync::Mutex<Slot>>> {
        self.slots
            .lock()
            .expect("no code panics while holding the slots")
            .get(key)
            .cloned()
    }

    fn slot(&self, key: &str, now: Timestamp) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut slots = self.slots.lock().expect("no code panics while holding the slots");
        if let Some(known) = slots.get(key) {
            return known.clone();
        }
        if MOST_SLOTS <= slots.len() {
            slots.retain(|_, slot| 1 < Arc::strong_count(slot) || slot.try_lock().is_ok_and(|it| it.counts(now)));
        }
        slots.entry(key.to_owned()).or_default().clone()
    }
}

impl Slot {
    fn read(&mut self, calls: u32, now: Timestamp) -> Turn {
        while self
            .reads
            .front()
            .is_some_and(|first| !(0..MINUTE_MS).contains(&now.since_ms(*first)))
        {
            self.reads.pop_front();
        }
        match self.reads.front() {
            Some(first) if calls as usize <= self.reads.len() => Turn::After {
                ms: first.plus_ms(MINUTE_MS).since_ms(now),
            },
            _ => {
                self.reads.push_back(now);
                Turn::Now
            }
        }
    }

    /// Takes the next block from the row all replicas share: one call at first, more while there is demand.
    async fn reserve(&mut self, db: &Db, now: Timestamp, key: &str, windows: &[Window]) -> store::Result<Turn> {
        let largest = windows
            .iter()
            .map(|it| it.calls / 12)
            .min()
            .unwrap_or(1)
            .clamp(1, LARGEST_BLOCK);
        let is_busy = self.busy_until.is_some_and(|until| now <= until);
        let wanted = if is_busy { (self.size * 2).clamp(1, largest) } else { 1 };
        let valid_ms = windows.iter().map(length_ms).min().unwrap_or(0) / 12;
        let mut wait_ms = 1000;
        let taken = change(db, now, key, windows, |log| {
            let calls = log.room(windows, now).min(wanted);
            if calls == 0 {
                wait_ms = log.wait_ms(windows, now).max(1);
                return None;
            }
            log.take(if calls == 1 { now } else { now.plus_ms(valid_ms) }, calls);
            Some(calls)
        })
        .await?;
        let Some(calls) = taken else {
            return Ok(Turn::After { ms: wait_ms });
        };
        self.left = calls - 1;
        self.until = Some(now.plus_ms(valid_ms));
        self.size = calls;
        self.busy_until = self.until;
        Ok(Turn::Now)
    }

    fn counts(&self, now: Timestamp) -> bool {
        let later = |at: Option<Timestamp>| at.is_some_and(|at| now < at);
        let reads = self.reads.back().is_some_and(|last| now < last.plus_ms(MINUTE_MS));
        reads || later(self.until) || later(self.closed_until) || later(self.busy_until)
    }
}

/// Changes a shared log against all other replicas; `None` when `change` wants nothing stored, or others were always first.
async fn change<T>(
    db: &Db,
    now: Timestamp,
    key: &str,
    windows: &[Window],
    mut change: impl FnMut(&mut Log) -> Option<T>,
) -> store::Result<Option<T>> {
    for _ in 0..TRIES {
        let found = rates::find(db, key).await?;
        // A state that cannot be read is one of another version; beginning anew is corrected by the service's own refusal.
        let mut log: Log = found
            .as_ref()
            .and_then(|(_, it)| serde_json::from_str(it).ok())
            .unwrap_or_default();
        log.forget(windows, now);
        let Some(done) = change(&mut log) else {
            return Ok(None);
        };
        let state = serde_json::to_string(&log).expect("a log is plain data");
        let end = log.end(windows, now);
        let is_stored = match found {
            None => rates::create(db, key, &state, end).await?,
            Some((version, _)) => rates::save(db, key, version, &state, end).await?,
        };
        if is_stored {
            return Ok(Some(done));
        }
    }
    Ok(None)
}
