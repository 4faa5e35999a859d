//! How many entries fall into each hour: kept while the log is written, so that no page has to count.

use std::collections::BTreeMap;

use super::audit::{self, Row};
use super::db::{on, within};
use super::{Db, Result, Tx};
use crate::caller::EnvironmentId;
use crate::clock::Timestamp;

const HOUR_MS: i64 = 3_600_000;
/// What is also counted for each person by itself: what one's own overview shows of the last day.
const OF_PEOPLE: [&str; 3] = ["call.opened", "call.refused", REFUSED];
/// Beside the kinds of entries: how many calls policies refused or made wait for a yes, however few entries tell of them.
pub const REFUSED: &str = "refused by policy";
/// The decisions that are such refusals. Being asked to wait, or not being connected, is none.
const BY_POLICY: [&str; 8] = [
    "denied",
    "speaks_for_others",
    "workspace_needed",
    "step_up_required",
    "approval_required",
    "policy_failed",
    "insufficient_scope",
    "not_for_your_role",
];
/// Hours of one person are kept this long.
const KEPT_OF_PEOPLE_HOURS: i64 = 48;
/// Hours that one statement removes: whoever writes waits for it.
const REMOVED_AT_ONCE: i64 = 1_000;
/// Entries that one step counts of those that a release which did not count has written.
const STEP: i64 = 5_000;
/// With so few left the writer waits for the last step, or the end would run away from it.
const LAST_STEP: i64 = 500;

/// What of an entry is counted.
struct Seen<'a> {
    seq: i64,
    time: Timestamp,
    environment: Option<&'a str>,
    person: Option<&'a str>,
    kind: &'a str,
    /// How many calls policies refused, as it tells.
    refused: i64,
}

/// Number, time, environment, person and kind of an entry, and the text of one that tells of refusals.
type Uncounted = (i64, i64, Option<String>, Option<String>, String, String);

/// How many calls policies refused, as an entry tells: itself, or the number of those it stands for.
fn refused(kind: &str, entry: &str) -> i64 {
    if kind != "call.refused" {
        return 0;
    }
    let entry: serde_json::Value = serde_json::from_str(entry).unwrap_or_default();
    let details = &entry["details"];
    match details["decision"].as_str() {
        Some(decision) if BY_POLICY.contains(&decision) => details["repeated"].as_i64().unwrap_or(1),
        _ => 0,
    }
}

/// Environment, person, kind and hour since the epoch.
type Place = (String, String, String, i64);

/// How many entries, the first one's number and the last one's.
type Count = (i64, i64, i64);

/// Counts rows that follow the head `before`, in the transaction that appends them.
///
/// Does nothing while older entries are still uncounted: [`catch_up`] comes to these too.
pub async fn count(tx: &mut Tx, before: i64, rows: &[Row]) -> Result<()> {
    let Some(last) = rows.last() else { return Ok(()) };
    // The mark stands beyond the head only where entries were lost; those that follow are counted all the same.
    let done = within!(tx, connection => sqlx::query("UPDATE audit_head SET counted_seq = $2 WHERE id = 1 AND counted_seq >= $1")
        .bind(before).bind(last.seq).execute(connection).await.map(|it| it.rows_affected()))?;
    if done != 1 {
        return Ok(());
    }
    let seen = rows.iter().map(|it| Seen {
        seq: it.seq,
        time: it.time,
        environment: it.environment_id.as_deref(),
        person: it.person_id.as_deref(),
        kind: &it.kind,
        refused: refused(&it.kind, &it.entry),
    });
    save(tx, &gathered(seen, i64::MIN)).await
}

/// The first hour since the epoch that is kept of single people.
fn kept_of_people(now: Timestamp) -> i64 {
    now.0.div_euclid(HOUR_MS) - KEPT_OF_PEOPLE_HOURS
}

/// Counts some of the entries that are not counted yet; false when there are none left. Of single people it counts nothing
/// that [`delete_old`] would take away again: of a long log that is millions of hours.
pub async fn catch_up(db: &Db, now: Timestamp) -> Result<bool> {
    let (counted, head) = standing(db).await?;
    if head <= counted {
        return Ok(false);
    }
    let is_last = head - counted <= LAST_STEP;
    let mut tx = db.begin().await?;
    if is_last {
        audit::lock_head(&mut tx).await?;
    }
    let found: Vec<Uncounted> = within!(&mut tx, connection => sqlx::query_as(
        "SELECT seq, time, environment_id, person_id, kind, CASE kind WHEN 'call.refused' THEN entry ELSE '' END FROM audit_entries WHERE $1 < seq ORDER BY seq LIMIT $2")
        .bind(counted).bind(STEP).fetch_all(connection).await)?;
    let Some(last) = found.last().map(|it| it.0) else {
        return Ok(false);
    };
    let seen = found.iter().map(|(seq, time, environment, person, kind, entry)| Seen {
        seq: *seq,
        time: Timestamp(*time),
        environment: environment.as_deref(),
        person: person.as_deref(),
        kind,
        refused: refused(kind, entry),
    });
    let hours = gathered(seen, kept_of_people(now));
    // Another replica may have counted the same meanwhile; then this transaction is rolled back.
    if !advance(&mut tx, counted, last).await? {
        return Ok(true);
    }
    save(&mut tx, &hours).await?;
    tx.commit().await?;
    Ok(!is_last)
}

/// How many entries wait to be counted.
pub async fn left(db: &Db) -> Result<i64> {
    let (counted, head) = standing(db).await?;
    Ok((head - counted).max(0))
}

async fn standing(db: &Db) -> Result<(i64, i64)> {
    let found: Option<(i64, i64)> = on!(db, pool => sqlx::query_as("SELECT counted_seq, seq FROM audit_head WHERE id = 1").fetch_optional(pool).await)?;
    Ok(found.unwrap_or((0, 0)))
}

/// Moves the mark up to which entries are counted; false when it does not stand at `from`.
async fn advance(tx: &mut Tx, from: i64, to: i64) -> Result<bool> {
    let done = within!(tx, connection => sqlx::query("UPDATE audit_head SET counted_seq = $2 WHERE id = 1 AND counted_seq = $1")
        .bind(from).bind(to).execute(connection).await.map(|it| it.rows_affected()))?;
    Ok(done == 1)
}

/// What these add to the hours; of single people only from the hour `of_people`.
fn gathered<'a>(seen: impl Iterator<Item = Seen<'a>>, of_people: i64) -> BTreeMap<Place, Count> {
    let mut hours: BTreeMap<Place, Count> = BTreeMap::new();
    for it in seen {
        let Some(environment) = it.environment else { continue };
        let hour = it.time.0.div_euclid(HOUR_MS);
        let person = it.person.filter(|_| of_people <= hour && OF_PEOPLE.contains(&it.kind));
        let is_refused = 0 < it.refused;
        let places = [
            Some(("", "", 1)),
            Some(("", it.kind, 1)),
            person.map(|person| (person, it.kind, 1)),
            is_refused.then_some(("", REFUSED, it.refused)),
            person
                .filter(|_| is_refused)
                .map(|person| (person, REFUSED, it.refused)),
        ];
        for (person, kind, number) in places.into_iter().flatten() {
            let place = (environment.to_owned(), person.to_owned(), kind.to_owned(), hour);
            let (entries, first, last) = hours.entry(place).or_insert((0, it.seq, it.seq));
            *entries += number;
            *first = it.seq.min(*first);
            *last = it.seq.max(*last);
        }
    }
    hours
}

async fn save(tx: &mut Tx, hours: &BTreeMap<Place, Count>) -> Result<()> {
    let all: Vec<_> = hours.iter().collect();
    for chunk in all.chunks(100) {
        within!(tx, connection => {
            let mut query = sqlx::QueryBuilder::new("INSERT INTO audit_hours (environment_id, person_id, kind, hour, entries, first_seq, last_seq) ");
            query.push_values(chunk, |mut row, (place, count)| {
                row.push_bind(&place.0).push_bind(&place.1).push_bind(&place.2).push_bind(place.3)
                    .push_bind(count.0).push_bind(count.1).push_bind(count.2);
            });
            // Entries are counted in the order of their numbers, so the first one of an hour stays.
            query.push(" ON CONFLICT (environment_id, person_id, kind, hour) DO UPDATE SET entries = audit_hours.entries + excluded.entries, last_seq = excluded.last_seq");
            query.build().execute(connection).await.map(drop)
        })?;
    }
    Ok(())
}

/// How many entries of each of these kinds fall into each hour since `since`, of an environment or of one person in it: hour
/// since the epoch, kind, number. Of one person only calls and refusals of the last two days are kept.
pub async fn by_hour(
    db: &Db,
    environment: &EnvironmentId,
    person: Option<&str>,
    kinds: &[&str],
    since: Timestamp,
) -> Result<Vec<(i64, String, i64)>> {
    let mut found = Vec::new();
    for kind in kinds {
        let hours: Vec<(i64, i64)> = on!(db, pool => sqlx::query_as(
            "SELECT hour, entries FROM audit_hours WHERE environment_id = $1 AND person_id = $2 AND kind = $3 AND hour >= $4 ORDER BY hour LIMIT 10000")
            .bind(environment).bind(person.unwrap_or_default()).bind(*kind).bind(since.0.div_euclid(HOUR_MS)).fetch_all(pool).await)?;
        found.extend(
            hours
                .into_iter()
                .map(|(hour, entries)| (hour, (*kind).to_owned(), entries)),
        );
    }
    Ok(found)
}

/// Between which numbers the entries of an environment from `since` to before `until` lie; `None` when there are none.
///
/// Numbers and times rise together but for clocks that differ, so this is what lets a search begin where its days are.
pub async fn span(
    db: &Db,
    environment: &EnvironmentId,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Option<(i64, i64)>> {
    if since.is_none() && until.is_none() {
        return Ok(Some((0, i64::MAX)));
    }
    let (counted, head) = standing(db).await?;
    let from = since.map_or(i64::MIN, |it| it.0.div_euclid(HOUR_MS));
    let to = until.map_or(i64::MAX, |it| it.0.div_euclid(HOUR_MS));
    let (first, last): (Option<i64>, Option<i64>) = on!(db, pool => sqlx::query_as(
        "SELECT MIN(first_seq), MAX(last_seq) FROM audit_hours WHERE environment_id = $1 AND person_id = '' AND kind = '' AND hour >= $2 AND hour <= $3")
        .bind(environment).bind(from).bind(to).fetch_one(pool).await)?;
    // What is not counted yet may lie in any hour.
    Ok(match (first.zip(last), counted < head) {
        (found, false) => found,
        (Some((first, _)), true) => Some((first, i64::MAX)),
        (None, true) => Some((counted + 1, i64::MAX)),
    })
}

/// Removes the hours of single people that nothing shows any more, some at a time, so that nobody who writes waits for all.
pub async fn delete_old(db: &Db, now: Timestamp) -> Result<u64> {
    let mut removed = 0;
    loop {
        let some = on!(db, pool => sqlx::query(
            "DELETE FROM audit_hours WHERE (environment_id, person_id, kind, hour) IN
             (SELECT environment_id, person_id, kind, hour FROM audit_hours WHERE person_id <> '' AND hour < $1 LIMIT $2)")
            .bind(kept_of_people(now)).bind(REMOVED_AT_ONCE).execute(pool).await.map(|it| it.rows_affected()))?;
        removed += some;
        if some < REMOVED_AT_ONCE.unsigned_abs() {
            return Ok(removed);
        }
    }
}
