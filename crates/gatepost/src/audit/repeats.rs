//! The same refusal of one person again and again: the first is an entry at once, then one entry a minute says how many.
//! Nothing that was sent is ever counted in this way.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::{Audit, Entry, Unavailable, log_line};
use crate::clock::Timestamp;

const SPAN_MS: i64 = 60_000;
/// Beyond so many, each refusal is an entry of its own.
const MOST: usize = 10_000;
/// Different objects named by the entry of a minute.
const MOST_ITEMS: usize = 20;

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
    last: Option<(Entry, Timestamp)>,
    /// What they were about, as far as it is kept.
    items: BTreeSet<String>,
}

impl Repeats {
    fn all(&self) -> MutexGuard<'_, HashMap<Same, Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is due now: the number of those before, and this entry unless it is counted.
    fn take(&self, same: &Same, entry: Entry, now: Timestamp) -> (Option<Counted>, Option<Entry>) {
        let mut all = self.all();
        if let Some(counted) = all.get_mut(same).filter(|it| now.since_ms(it.since) < SPAN_MS) {
            // The caller was given its trace, which the gateway's own log knows even if the record only counts it.
            if entry.kind == "call.refused" {
                log_line::write(&entry);
            }
            counted.add(entry, now);
            return (None, None);
        }
        let before = all.remove(same);
        if all.len() < MOST {
            all.insert(same.clone(), Counted::begun(now));
        }
        (before, Some(entry))
    }

    fn over(&self, now: Timestamp, all_of_them: bool) -> Vec<(Same, Counted)> {
        self.all()
            .extract_if(|_, it| all_of_them || SPAN_MS <= now.since_ms(it.since))
            .collect()
    }

    /// The log did not take these, so they are counted on.
    fn put_back(&self, same: Same, counted: Counted) {
        match self.all().entry(same) {
            Slot::Vacant(slot) => {
                slot.insert(counted);
            }
            Slot::Occupied(mut slot) => {
                let later = slot.get_mut();
                later.since = counted.since;
                later.more += counted.more;
                later.last = later.last.take().or(counted.last);
                later.items.extend(counted.items);
            }
        }
    }

    /// The first is not on record, so nothing repeats it.
    fn forget(&self, same: &Same) {
        let mut all = self.all();
        if all.get(same).is_some_and(|it| it.more == 0) {
            all.remove(same);
        }
    }
}

impl Counted {
    fn begun(since: Timestamp) -> Self {
        Self {
            since,
            more: 0,
            last: None,
            items: BTreeSet::new(),
        }
    }

    fn add(&mut self, entry: Entry, now: Timestamp) {
        self.more += 1;
        if self.items.len() < MOST_ITEMS
            && let Some(item) = entry.details["item"].as_str()
        {
            self.items.insert(item.to_owned());
        }
        self.last = Some((entry, now));
    }

    /// The entry of those after the first: their number, the time of the first and of the last, and the last one's details.
    fn entry(&self) -> Option<Entry> {
        let (mut entry, until) = self.last.clone()?;
        entry.details["repeated"] = json!(self.more);
        entry.details["since"] = Value::from(self.since.rfc3339());
        entry.details["until"] = Value::from(until.rfc3339());
        if 1 < self.items.len() {
            entry.details["items"] = json!(self.items);
        }
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
        let (before, entry) = self.repeats.take(&same, entry, now);
        if let Some(before) = before {
            self.store_count(same.clone(), before).await?;
        }
        let Some(entry) = entry else { return Ok(()) };
        self.append(entry)
            .await
            .map(drop)
            .inspect_err(|_| self.repeats.forget(&same))
    }

    /// Stores the counts of minutes that are over; `all` of them when the gateway stops.
    pub async fn store_counts(&self, now: Timestamp, all: bool) -> Result<(), Unavailable> {
        let mut stored = Ok(());
        for (same, counted) in self.repeats.over(now, all) {
            match &stored {
                Ok(()) => stored = self.store_count(same, counted).await,
                Err(_) => self.repeats.put_back(same, counted),
            }
        }
        stored
    }

    async fn store_count(&self, same: Same, counted: Counted) -> Result<(), Unavailable> {
        let Some(entry) = counted.entry() else { return Ok(()) };
        self.append(entry)
            .await
            .map(drop)
            .inspect_err(|_| self.repeats.put_back(same, counted))
    }
}
