//! One task writes the log; one commit carries every entry that waits, so one fsync serves many calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use catalogue::hide_inside;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::chain::chain;
use super::outside::Outside;
use super::repeats::Repeats;
use super::{Entry, OpenCalls, Signer, Unavailable, bound, log_line};
use crate::clock::{Clock, Timestamp};
use crate::store::audit::{self, Checkpoint, Head};
use crate::store::{self, Db, audit_hours};

const QUEUE: usize = 10_000;
const BATCH: usize = 500;
const CHECKPOINT_ENTRIES: i64 = 1_000;
const CHECKPOINT_EVERY_MS: i64 = 5 * 60 * 1000;
/// The head is signed with each batch, and written to its file at most this often.
const HEAD_EVERY: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(20);

type Waiting = (Entry, oneshot::Sender<Result<i64, Unavailable>>);

/// Writes entries. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Audit {
    queue: mpsc::Sender<Waiting>,
    stops: mpsc::Sender<oneshot::Sender<()>>,
    open: Arc<OpenCalls>,
    noted: Arc<AtomicI64>,
    pub(super) repeats: Arc<Repeats>,
}

impl Audit {
    /// Starts the writer. Checkpoints and heads are also written to `outside`, which should be kept apart from the database.
    pub fn start(db: Db, clock: Clock, signer: Arc<Signer>, outside: Option<Outside>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (stops, stopping) = mpsc::channel(1);
        let writer = Writer {
            db,
            clock,
            signer,
            outside,
            signed: None,
            newest: None,
            head_written: None,
        };
        tokio::spawn(writer.run(waiting, stopping));
        Self {
            queue,
            stops,
            open: Arc::default(),
            noted: Arc::default(),
            repeats: Arc::default(),
        }
    }

    /// Stores an entry and gives its sequence number once it is durable.
    ///
    /// Invariant: a caller sends nothing to Microsoft before this has given `Ok`.
    pub async fn append(&self, mut entry: Entry) -> Result<i64, Unavailable> {
        log_line::write(&entry);
        // Addresses and messages may hold secrets wherever they stand, so no entry goes without this.
        entry.details = bound::details(hide_inside(&entry.details));
        let (done, answer) = oneshot::channel();
        let stored = async {
            self.queue
                .send((entry, done))
                .await
                .map_err(|_| Unavailable("its writer has stopped".into()))?;
            answer.await.map_err(|_| Unavailable("its writer has stopped".into()))?
        };
        tokio::time::timeout(PATIENCE, stored)
            .await
            .unwrap_or_else(|_| Err(Unavailable("it did not answer in time".into())))
    }

    /// Calls whose entry is open.
    pub fn open_calls(&self) -> &OpenCalls {
        &self.open
    }

    /// Remembers how far the log was at this moment, and gives how far it was the last time.
    pub fn swap_noted(&self, head: i64) -> i64 {
        self.noted.swap(head, Ordering::Relaxed)
    }

    /// Writes what waits, and the newest head to its file; before a process ends.
    pub async fn flush(&self) {
        let (done, answer) = oneshot::channel();
        if self.stops.send(done).await.is_ok() {
            // A writer that is gone has nothing left to write.
            let _ = tokio::time::timeout(PATIENCE, answer).await;
        }
    }
}

struct Writer {
    db: Db,
    clock: Clock,
    signer: Arc<Signer>,
    outside: Option<Outside>,
    /// The last checkpoint of this process: sequence number and time.
    signed: Option<(i64, Timestamp)>,
    /// The newest head, as long as its file does not hold it.
    newest: Option<Checkpoint>,
    head_written: Option<Instant>,
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>, mut stopping: mpsc::Receiver<oneshot::Sender<()>>) {
        self.look_at_the_last_head().await;
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                received = waiting.recv_many(&mut batch, BATCH) => {
                    if received == 0 {
                        break;
                    }
                    self.serve(&mut batch).await;
                }
                Some(done) = stopping.recv() => {
                    self.write_head().await;
                    let _ = done.send(());
                }
                () = until(self.head_written.map(|it| it + HEAD_EVERY)), if self.newest.is_some() => self.write_head().await,
            }
        }
        self.write_head().await;
    }

    async fn serve(&mut self, batch: &mut Vec<Waiting>) {
        // Nobody waits any more for this entry, so its call is not made.
        batch.retain(|(entry, answer)| !(entry.kind == "call.opened" && answer.is_closed()));
        let (entries, answers): (Vec<Entry>, Vec<_>) = batch.drain(..).unzip();
        if entries.is_empty() {
            return;
        }
        match self.store(&entries).await {
            Ok(head) => {
                let first = head.seq - i64::try_from(entries.len()).unwrap_or(0) + 1;
                for (seq, answer) in (first..).zip(answers) {
                    // The caller may have gone away; its entry stays.
                    let _ = answer.send(Ok(seq));
                }
                self.checkpoint(&head).await;
                self.newest = Some(head);
            }
            Err(error) => {
                tracing::error!(error = %error, entries = entries.len(), "the audit log cannot be written");
                for answer in answers {
                    let _ = answer.send(Err(Unavailable(error.to_string())));
                }
            }
        }
    }

    /// Stores a batch exactly once. When the answer to a commit is lost, the hash that it would have left tells whether it is there.
    async fn store(&self, entries: &[Entry]) -> store::Result<Checkpoint> {
        let mut begun = None;
        match self.attempt(entries, None, &mut begun).await {
            Err(_) if begun.is_some() => self.attempt(entries, begun.as_ref(), &mut None).await,
            other => other,
        }
    }

    /// `earlier` is the head that a commit without an answer would have left; `begun` becomes the one this commit leaves.
    async fn attempt(
        &self,
        entries: &[Entry],
        earlier: Option<&Checkpoint>,
        begun: &mut Option<Checkpoint>,
    ) -> store::Result<Checkpoint> {
        let mut tx = self.db.begin().await?;
        let head = audit::lock_head(&mut tx).await?;
        // Looked at under the lock: by now the earlier commit has happened or never will.
        if let Some(earlier) = earlier
            && audit::hash_of(&mut tx, earlier.seq).await?.as_ref() == Some(&earlier.hash)
        {
            return Ok(earlier.clone());
        }
        let now = self.clock.now();
        let rows = chain(&head, entries, now);
        let before = head.seq;
        let last = rows.last().map_or(head, Head::of);
        let signed = self.signer.checkpoint(&last, now);
        audit::append(&mut tx, &rows, &Head::signed(&signed)).await?;
        audit_hours::count(&mut tx, before, &rows).await?;
        *begun = Some(signed.clone());
        tx.commit().await?;
        Ok(signed)
    }

    /// A failed checkpoint is logged and tried again with the next batch; the entries themselves are safe.
    async fn checkpoint(&mut self, head: &Checkpoint) {
        let due = self.signed.is_none_or(|(seq, at)| {
            seq + CHECKPOINT_ENTRIES <= head.seq || CHECKPOINT_EVERY_MS <= head.time.since_ms(at)
        });
        if !due {
            return;
        }
        if let Err(error) = audit::add_checkpoint(&self.db, head).await {
            tracing::warn!(error = %error, "an audit checkpoint cannot be stored");
            return;
        }
        if let Some(outside) = &self.outside
            && let Err(error) = outside.add(head)
        {
            tracing::warn!(error = %error, "an audit checkpoint cannot be written to its file");
        }
        self.signed = Some((head.seq, head.time));
    }

    async fn write_head(&mut self) {
        let (Some(head), Some(outside)) = (self.newest.take(), self.outside.clone()) else {
            return;
        };
        self.head_written = Some(Instant::now());
        // It waits for the disk.
        let written = tokio::task::spawn_blocking(move || outside.replace_head(&head)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(error = %error, "the audit log's head cannot be written to its file");
        }
    }

    /// The head of an earlier process is kept as a checkpoint before it is replaced: it may be all that is left of entries
    /// which an older copy of the database does not hold.
    async fn look_at_the_last_head(&self) {
        let Some((outside, last)) = self.outside.as_ref().and_then(|it| it.head().map(|head| (it, head))) else {
            return;
        };
        if let Err(error) = outside.add(&last) {
            tracing::warn!(error = %error, "an audit checkpoint cannot be written to its file");
        }
        if let Ok(head) = audit::head(&self.db).await
            && head.as_ref().is_none_or(|it| it.seq < last.seq)
        {
            tracing::error!(
                ends_at = head.map_or(0, |it| it.seq),
                signed = last.seq,
                "the audit log has lost its last entries: if an older copy of the database was put back, say so with `gatepost audit acknowledge`"
            );
        }
    }
}

async fn until(time: Option<Instant>) {
    if let Some(time) = time {
        tokio::time::sleep_until(time).await;
    }
}
