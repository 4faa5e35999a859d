//! The same refusal of one person again and again: the first is an entry at once, then one entry a minute says how many.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::{Audit, Entry, Unavailable};
use crate::clock::Timestamp;

const SPAN_MS: i64 = 60_000;
/// Beyond so many, each refusal is an entry of its own.
const MOST: usize = 10_000;

/// What makes two refusals the same: environment, person, kind, and why.
type Same = (Option<String>, Option<String>, &'static str, String);

/// Refusals of the last minute.
#[derive(Debug, Default)]
pub(super) struct Repeats(Mutex<HashMap<Same, Counted>>);

#[derive(Debug)]
struct Counted {
    since: Timestamp,
    /// How many came after the first.
    more: u64,
    last: Option<Entry>,
}

impl Repeats {
    fn all(&self) -> MutexGuard<'_, HashMap<Same, Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entries that are due now: this one, unless it is counted, and the number of those before it.
    fn take(&self, same: Same, entry: Entry, now: Timestamp) -> Vec<Entry> {
        let mut all = self.all();
        if let Some(counted) = all.get_mut(&same).filter(|it| now.since_ms(it.since) < SPAN_MS) {
            counted.more += 1;
            counted.last = Some(entry);
            return Vec::new();
        }
        let before = all.remove(&same).and_then(|it| it.entry(now));
        if all.len() < MOST {
            let first = Counted {
                since: now,
                more: 0,
                last: None,
            };
            all.insert(same, first);
        }
        before.into_iter().chain([entry]).collect()
    }

    fn over(&self, now: Timestamp, all_of_them: bool) -> Vec<Entry> {
        let mut all = self.all();
        let over: Vec<Same> = all
            .iter()
            .filter(|(_, it)| all_of_them || SPAN_MS <= now.since_ms(it.since))
            .map(|(same, _)| same.clone())
            .collect();
        over.iter().filter_map(|it| all.remove(it)?.entry(now)).collect()
    }
}

impl Counted {
    fn entry(self, now: Timestamp) -> Option<Entry> {
        let mut entry = self.last?;
        entry.details["repeated"] = json!(self.more);
        entry.details["since"] = Value::from(self.since.rfc3339());
        entry.details["until"] = Value::from(now.rfc3339());
        Some(entry)
    }
}

impl Audit {
    /// Stores a refusal, or counts it when the same person was refused for the same reason within the last minute.
    ///
    /// What is counted becomes an entry after that minute, and when the gateway stops; a kill loses the count of a minute.
    pub async fn append_or_count(&self, why: &str, entry: Entry, now: Timestamp) -> Result<(), Unavailable> {
        let same = (
            entry.environment.as_ref().map(|it| it.0.clone()),
            entry.person.as_ref().map(|it| it.0.clone()),
            entry.kind,
            why.to_owned(),
        );
        for entry in self.repeats.take(same, entry, now) {
            self.append(entry).await?;
        }
        Ok(())
    }

    /// Stores the counts of minutes that are over; `all` of them when the gateway stops.
    pub async fn store_counts(&self, now: Timestamp, all: bool) -> Result<(), Unavailable> {
        for entry in self.repeats.over(now, all) {
            self.append(entry).await?;
        }
        Ok(())
    }
}
