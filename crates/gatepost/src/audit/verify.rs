//! Checks the whole log: any edit, insertion, deletion, reorder or cut tail is named.

use std::collections::BTreeMap;

use serde_json::Value;

use super::chain::link;
use super::form::{self, Form};
use super::outside::{self, Kept};
use super::sign::PublicKey;
use crate::clock::Timestamp;
use crate::store::audit::{self, Checkpoint, Head, Row};
use crate::store::{self, Db};

const PAGE: i64 = 1_000;
/// The kind of the entry that says on record which entries are lost, and that this is known.
pub const GAP_ACKNOWLEDGED: &str = "audit.gap_acknowledged";

/// What is wrong, and at which sequence number it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub seq: i64,
    pub what: String,
}

/// Entries that were signed once and are not in this log: those after `after`, up to `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    pub after: i64,
    pub until: i64,
}

/// What a check of the log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub entries: i64,
    pub checkpoints: usize,
    /// Calls whose gateway stopped before it knew their end.
    pub unknown_ends: i64,
    /// By sequence number; empty when the log is whole.
    pub faults: Vec<Fault>,
    /// Gaps that an entry of the log acknowledges: an older copy of the database was put back.
    pub acknowledged: Vec<Gap>,
    /// What checkpoints outside prove to be lost without acknowledgement. Among the faults, too.
    pub lost: Option<Gap>,
}

/// Checks every entry, the head and every checkpoint, also against what is kept `outside` the database ([`super::Outside`]).
///
/// Gateways may write meanwhile: what they add after the beginning is not looked at. `outside` is read before this is called.
pub async fn verify(db: &Db, key: &PublicKey, outside: Option<&Kept>) -> store::Result<Report> {
    // Checkpoints before the head: none of them is beyond it, unless the tail is cut.
    let checkpoints = all_checkpoints(db).await?;
    let mut walk = Walk::of(key, checkpoints, outside);
    let head = audit::head(db).await?;
    walk.along(db, head.as_ref().map_or(0, |it| it.seq)).await?;
    walk.check_head(db, key, head.as_ref()).await?;
    Ok(walk.end())
}

/// Every checkpoint, page by page.
async fn all_checkpoints(db: &Db) -> store::Result<Vec<Checkpoint>> {
    let mut all: Vec<Checkpoint> = Vec::new();
    loop {
        let after = all.last().map_or(-1, |it| it.seq);
        let mut page = audit::checkpoints(db, after, PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.append(&mut page);
    }
}

/// What `outside` proves to be lost behind the end of this log, without reading the log; for a copy that was just put back.
pub async fn lost_tail(db: &Db, key: &PublicKey, outside: &Kept) -> store::Result<Option<Gap>> {
    let after = audit::head(db).await?.map_or(0, |it| it.seq);
    let signed = outside
        .lines
        .lines()
        .filter_map(outside::parse)
        .filter(|it| key.accepts(it));
    let until = signed.map(|it| it.seq).max().unwrap_or(0);
    Ok((after < until).then_some(Gap { after, until }))
}

/// A walk along the chain, and what was found on the way.
struct Walk {
    seq: i64,
    hash: Vec<u8>,
    last_form: Form,
    /// Checkpoints that no entry was held against yet, by sequence number.
    ahead: BTreeMap<i64, Vec<Checkpoint>>,
    /// The last entry that a checkpoint confirmed before the first one that is lost.
    confirmed: i64,
    lost: Vec<Checkpoint>,
    acknowledged: Vec<(Gap, Timestamp)>,
    /// The last checkpoint outside, when no head is beside it.
    without_head: Option<i64>,
    report: Report,
}

impl Walk {
    fn of(key: &PublicKey, stored: Vec<Checkpoint>, outside: Option<&Kept>) -> Self {
        let mut walk = Self {
            seq: 0,
            hash: vec![0; 32],
            last_form: Form::First,
            ahead: BTreeMap::new(),
            confirmed: 0,
            lost: Vec::new(),
            acknowledged: Vec::new(),
            without_head: None,
            report: Report::default(),
        };
        walk.report.checkpoints = stored.len();
        for it in stored {
            if !key.accepts(&it) {
                walk.fault(it.seq, "the checkpoint's signature is not ours".into());
            }
            walk.ahead.entry(it.seq).or_default().push(it);
        }
        let lines = outside.map_or("", |it| &it.lines).lines().map(str::trim).enumerate();
        for (at, line) in lines.filter(|(_, line)| !line.is_empty()) {
            match outside::parse(line).filter(|it| key.accepts(it)) {
                Some(it) => {
                    if outside.is_some_and(|it| it.lacks_head) {
                        walk.without_head = walk.without_head.max(Some(it.seq));
                    }
                    walk.ahead.entry(it.seq).or_default().push(it);
                }
                None => walk.fault(0, format!("line {} of the checkpoint file is not one of ours", at + 1)),
            }
        }
        walk
    }

    fn fault(&mut self, seq: i64, what: String) {
        self.report.faults.push(Fault { seq, what });
    }

    async fn along(&mut self, db: &Db, until: i64) -> store::Result<()> {
        loop {
            let rows = audit::after(db, self.seq, PAGE).await?;
            let before = self.seq;
            for row in rows.iter().filter(|it| it.seq <= until) {
                self.step(row);
            }
            if self.seq == before {
                return Ok(());
            }
        }
    }

    fn step(&mut self, row: &Row) {
        if row.seq != self.seq + 1 {
            self.fault(
                row.seq,
                format!("entries {} to {} are missing", self.seq + 1, row.seq - 1),
            );
        } else if link(&self.hash, &row.entry) != row.hash {
            self.fault(
                row.seq,
                "the entry or its hash was changed, or the entry before it".into(),
            );
        }
        match form::read(row) {
            Ok((form, entry)) => {
                self.last_form = form;
                // Whoever writes the second form or a later one keeps a head beside its checkpoints.
                if self.without_head == Some(row.seq) && Form::Second <= form {
                    let what = "the file of the newest head is missing beside the checkpoints: entries behind this one may be cut off";
                    self.fault(row.seq, what.into());
                }
                self.acknowledged.extend(gap_of(row, &entry));
                let is_end = row.kind == "call.closed" || row.kind == "call.streamed";
                self.report.unknown_ends += i64::from(is_end && entry["details"]["outcome"] == "unknown");
            }
            Err(what) => self.fault(row.seq, what),
        }
        for it in self.ahead.remove(&row.seq).unwrap_or_default() {
            if it.hash != row.hash {
                self.lost.push(it);
            } else if self.lost.is_empty() {
                self.confirmed = it.seq;
            }
        }
        // Going on from what is stored names each break once instead of everything behind the first.
        (self.seq, self.hash) = (row.seq, row.hash.clone());
        self.report.entries += 1;
    }

    async fn check_head(&mut self, db: &Db, key: &PublicKey, head: Option<&Head>) -> store::Result<()> {
        // In this order: an entry and the head that covers it become visible together.
        let last = audit::last_seq(db).await?;
        let now = audit::head(db).await?.map_or(0, |it| it.seq);
        if now < last {
            self.fault(
                now + 1,
                format!("the log's head is at entry {now}, but entries follow it"),
            );
        }
        let Some(head) = head.filter(|it| 0 < it.seq) else {
            if last == 0 && audit::has_people(db).await? {
                self.fault(
                    1,
                    "the log is empty, though there are people, who are never there without an entry".into(),
                );
            }
            return Ok(());
        };
        if head.seq != self.seq || head.hash != self.hash {
            let what = format!("the log ends here, but its head is at entry {}", head.seq);
            self.fault(self.seq + 1, what);
        }
        // Whoever writes the second form or a later one signs the head with it.
        let is_signed = head.checkpoint().is_some_and(|it| key.accepts(&it));
        if Form::Second <= self.last_form && !is_signed {
            self.fault(
                head.seq,
                "the log's end is not signed with this key: entries behind it may be cut off".into(),
            );
        } else if !is_signed && self.confirmed == 0 && self.lost.is_empty() {
            // Whoever wrote the first form made a checkpoint with its first entries.
            let what = "no signature of this key vouches for any entry: the whole log may have been written anew";
            self.fault(1, what.into());
        }
        Ok(())
    }

    /// Tells acknowledged gaps from lost entries.
    fn end(mut self) -> Report {
        let seq = self.seq;
        let behind = std::mem::take(&mut self.ahead).into_values().flatten();
        self.lost.extend(behind.filter(|it| seq < it.seq));
        let is_known = |it: &Checkpoint| {
            let covers = |gap: &Gap, at: &Timestamp| gap.after < it.seq && it.seq <= gap.until && it.time <= *at;
            self.acknowledged.iter().any(|(gap, at)| covers(gap, at))
        };
        let lost: Vec<i64> = self.lost.iter().filter(|it| !is_known(it)).map(|it| it.seq).collect();
        for at in lost.iter().filter(|it| **it <= seq) {
            self.fault(*at, "the entry is not the one the checkpoint signed".into());
        }
        if let Some(last) = lost.iter().filter(|it| seq < **it).max() {
            self.fault(seq + 1, format!("the tail is cut: a checkpoint signed entry {last}"));
        }
        if let (Some(first), Some(last)) = (lost.iter().min(), lost.iter().max()) {
            let after = if seq < *first { seq } else { self.confirmed };
            self.report.lost = Some(Gap { after, until: *last });
        }
        self.report.acknowledged = self.acknowledged.into_iter().map(|(gap, _)| gap).collect();
        // Every environment has its own entry of the same gap.
        self.report.acknowledged.dedup();
        self.report.faults.sort_by_key(|it| it.seq);
        self.report
    }
}

fn gap_of(row: &Row, entry: &Value) -> Option<(Gap, Timestamp)> {
    let details = &entry["details"];
    (row.kind == GAP_ACKNOWLEDGED).then_some(())?;
    let gap = Gap {
        after: details["after"].as_i64()?,
        until: details["until"].as_i64()?,
    };
    Some((gap, row.time))
}
