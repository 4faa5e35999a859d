//! Checks the whole log: any edit, insertion, deletion, reorder or cut tail is named.

use super::chain::link;
use super::form;
use super::sign::PublicKey;
use crate::clock::Timestamp;
use crate::store::audit::{self, Checkpoint, Row};
use crate::store::{self, Db};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const PAGE: i64 = 1_000;

/// What is wrong, and at which sequence number it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub seq: i64,
    pub what: String,
}

/// What a check of the log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub entries: i64,
    pub checkpoints: usize,
    /// In the order found; empty when the log is whole.
    pub faults: Vec<Fault>,
}

/// Checks every entry, the head and every checkpoint, also against the checkpoints kept in `anchor` outside the database.
pub async fn verify(db: &Db, key: &PublicKey, anchor: Option<&str>) -> store::Result<Report> {
    let mut checkpoints = audit::checkpoints(db).await?;
    let mut report = Report {
        checkpoints: checkpoints.len(),
        ..Report::default()
    };
    for it in checkpoints.iter().filter(|it| !key.accepts(it)) {
        report.faults.push(Fault {
            seq: it.seq,
            what: "the checkpoint's signature is not ours".into(),
        });
    }
    for (at, line) in anchor
        .unwrap_or_default()
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        match parse_anchor(line).filter(|it| key.accepts(it)) {
            Some(it) => checkpoints.push(it),
            None => report.faults.push(Fault {
                seq: 0,
                what: format!("line {} of the checkpoint file is not one of ours", at + 1),
            }),
        }
    }
    walk(db, &checkpoints, &mut report).await?;
    Ok(report)
}

async fn walk(db: &Db, checkpoints: &[Checkpoint], report: &mut Report) -> store::Result<()> {
    let (mut seq, mut hash) = (0, vec![0; 32]);
    loop {
        let rows = audit::after(db, seq, PAGE).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            check_row(row, seq, &hash, report);
            for it in checkpoints.iter().filter(|it| it.seq == row.seq && it.hash != row.hash) {
                report.faults.push(Fault {
                    seq: it.seq,
                    what: "the entry is not the one the checkpoint signed".into(),
                });
            }
            // Going on from what is stored names each break once instead of everything behind the first.
            (seq, hash) = (row.seq, row.hash.clone());
            report.entries += 1;
        }
    }
    if let Some(last) = checkpoints.iter().map(|it| it.seq).max().filter(|&last| seq < last) {
        report.faults.push(Fault {
            seq: seq + 1,
            what: format!("the tail is cut: a checkpoint signed entry {last}"),
        });
    }
    if let Some(head) = audit::head(db)
        .await?
        .filter(|head| head.seq != seq || head.hash != hash)
    {
        report.faults.push(Fault {
            seq: seq + 1,
            what: format!("the log ends here, but its head is at entry {}", head.seq),
        });
    }
    Ok(())
}

fn check_row(row: &Row, previous_seq: i64, previous_hash: &[u8], report: &mut Report) {
    let mut fault = |what: String| report.faults.push(Fault { seq: row.seq, what });
    if row.seq != previous_seq + 1 {
        fault(format!("entries {} to {} are missing", previous_seq + 1, row.seq - 1));
    } else if link(previous_hash, &row.entry) != row.hash {
        fault("the entry or its hash was changed, or the entry before it".into());
    }
    if let Err(what) = form::read(row) {
        fault(what);
    }
}

/// One line of the checkpoint file: sequence number, time, hash, signature.
pub(super) fn anchor_line(it: &Checkpoint) -> String {
    format!(
        "{} {} {} {}",
        it.seq,
        it.time.0,
        STANDARD.encode(&it.hash),
        STANDARD.encode(&it.signature)
    )
}

fn parse_anchor(line: &str) -> Option<Checkpoint> {
    let mut words = line.split_ascii_whitespace();
    let it = Checkpoint {
        seq: words.next()?.parse().ok()?,
        time: Timestamp(words.next()?.parse().ok()?),
        hash: STANDARD.decode(words.next()?).ok()?,
        signature: STANDARD.decode(words.next()?).ok()?,
    };
    words.next().is_none().then_some(it)
}
