//! The audit log's rows: append-only, gapless, each hash covering the one before it.

use super::db::{on, within};
use super::row::row;
use super::{Db, Result, Tx};
use crate::clock::Timestamp;

row! {
    /// One stored entry.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Row {
        pub seq: i64,
        pub time: Timestamp,
        pub environment_id: Option<String>,
        pub person_id: Option<String>,
        pub kind: String,
        pub trace: String,
        /// Canonical JSON: what the hash covers.
        pub entry: String,
        pub hash: Vec<u8>,
    }
}

row! {
    /// The end of the chain: the last sequence number and its hash, signed by gateways since form 2 of the entries.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Head {
        pub seq: i64,
        pub hash: Vec<u8>,
        pub signed_at: Option<Timestamp>,
        pub signature: Option<Vec<u8>>,
    }
}

impl Head {
    /// The end of a chain whose last entry this is; not signed yet.
    pub fn of(last: &Row) -> Self {
        Self {
            seq: last.seq,
            hash: last.hash.clone(),
            signed_at: None,
            signature: None,
        }
    }

    /// The head that a checkpoint signed.
    pub fn signed(it: &Checkpoint) -> Self {
        Self {
            seq: it.seq,
            hash: it.hash.clone(),
            signed_at: Some(it.time),
            signature: Some(it.signature.clone()),
        }
    }

    /// The checkpoint this head was signed as, if it was.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        Some(Checkpoint {
            seq: self.seq,
            time: self.signed_at?,
            hash: self.hash.clone(),
            signature: self.signature.clone()?,
        })
    }
}

/// Takes the head for this transaction: a row lock on PostgreSQL, under SQLite's write lock already.
pub async fn lock_head(tx: &mut Tx) -> Result<Head> {
    within!(tx, connection => sqlx::query("INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, $1) ON CONFLICT (id) DO NOTHING")
        .bind(&[0_u8; 32][..]).execute(connection).await.map(drop))?;
    Ok(
        within!(tx, connection => sqlx::query_as("UPDATE audit_head SET seq = seq WHERE id = 1 RETURNING seq, hash, signed_at, signature").fetch_one(connection).await)?,
    )
}

/// Appends rows and moves the head to `head`, their end. The rows follow the head that [`lock_head`] gave in the same transaction.
pub async fn append(tx: &mut Tx, rows: &[Row], head: &Head) -> Result<()> {
    for chunk in rows.chunks(100) {
        within!(tx, connection => {
            let mut query = sqlx::QueryBuilder::new("INSERT INTO audit_entries (seq, time, environment_id, person_id, kind, trace, entry, hash) ");
            query.push_values(chunk, |mut row, it| {
                row.push_bind(it.seq).push_bind(it.time).push_bind(&it.environment_id).push_bind(&it.person_id).push_bind(&it.kind)
                    .push_bind(&it.trace).push_bind(&it.entry).push_bind(&it.hash);
            });
            query.build().execute(connection).await.map(drop)
        })?;
    }
    within!(tx, connection => sqlx::query("UPDATE audit_head SET seq = $1, hash = $2, signed_at = $3, signature = $4 WHERE id = 1")
        .bind(head.seq).bind(&head.hash).bind(head.signed_at).bind(&head.signature).execute(connection).await.map(drop))?;
    Ok(())
}

/// The hash of one entry, if it is there.
pub async fn hash_of(tx: &mut Tx, seq: i64) -> Result<Option<Vec<u8>>> {
    Ok(
        within!(tx, connection => sqlx::query_scalar("SELECT hash FROM audit_entries WHERE seq = $1").bind(seq).fetch_optional(connection).await)?,
    )
}

/// The head as it stands.
pub async fn head(db: &Db) -> Result<Option<Head>> {
    Ok(
        on!(db, pool => sqlx::query_as("SELECT seq, hash, signed_at, signature FROM audit_head WHERE id = 1").fetch_optional(pool).await)?,
    )
}

/// The highest sequence number there is; 0 for an empty log.
pub async fn last_seq(db: &Db) -> Result<i64> {
    Ok(on!(db, pool => sqlx::query_scalar("SELECT COALESCE(MAX(seq), 0) FROM audit_entries").fetch_one(pool).await)?)
}

/// Whether people use this database, whose every admission is an entry.
pub async fn has_people(db: &Db) -> Result<bool> {
    let one: i64 = on!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT id FROM people LIMIT 1) AS one").fetch_one(pool).await)?;
    Ok(0 < one)
}

pub(super) const COLUMNS: &str = "seq, time, environment_id, person_id, kind, trace, entry, hash";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT seq, time, environment_id, person_id, kind, trace, entry, hash FROM audit_entries ",
            $rest
        )
    };
}

/// Entries after `after` in order, at most `limit`, of every environment.
pub async fn after(db: &Db, after: i64, limit: i64) -> Result<Vec<Row>> {
    Ok(
        on!(db, pool => sqlx::query_as(select!("WHERE $1 < seq ORDER BY seq LIMIT $2")).bind(after).bind(limit).fetch_all(pool).await)?,
    )
}

row! {
    /// One signed checkpoint.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Checkpoint {
        pub seq: i64,
        pub time: Timestamp,
        pub hash: Vec<u8>,
        pub signature: Vec<u8>,
    }
}

/// Adds a checkpoint.
pub async fn add_checkpoint(db: &Db, it: &Checkpoint) -> Result<()> {
    on!(db, pool => sqlx::query("INSERT INTO audit_checkpoints (seq, time, hash, signature) VALUES ($1, $2, $3, $4) ON CONFLICT (seq) DO NOTHING")
        .bind(it.seq).bind(it.time).bind(&it.hash).bind(&it.signature).execute(pool).await.map(drop))?;
    Ok(())
}

/// Checkpoints after the entry `after`, in order, at most `limit`.
pub async fn checkpoints(db: &Db, after: i64, limit: i64) -> Result<Vec<Checkpoint>> {
    Ok(
        on!(db, pool => sqlx::query_as("SELECT seq, time, hash, signature FROM audit_checkpoints WHERE $1 < seq ORDER BY seq LIMIT $2")
        .bind(after).bind(limit).fetch_all(pool).await)?,
    )
}
