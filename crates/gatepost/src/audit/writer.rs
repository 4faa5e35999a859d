//! One task writes the log; one commit carries every entry that waits, so one fsync serves many calls.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::chain::chain;
use super::{Entry, Signer, Unavailable};
use crate::clock::{Clock, Timestamp};
use crate::store::Db;
use crate::store::audit::{self, Head};

const QUEUE: usize = 10_000;
const BATCH: usize = 500;
const CHECKPOINT_ENTRIES: i64 = 1_000;
const CHECKPOINT_EVERY_MS: i64 = 5 * 60 * 1000;
const PATIENCE: Duration = Duration::from_secs(20);

type Waiting = (Entry, oneshot::Sender<Result<i64, Unavailable>>);

/// Writes entries. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Audit {
    queue: mpsc::Sender<Waiting>,
}

impl Audit {
    /// Starts the writer. Checkpoints are also appended to the file `anchor`, which should be kept apart from the database.
    pub fn start(db: Db, clock: Clock, signer: Arc<Signer>, anchor: Option<PathBuf>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let writer = Writer {
            db,
            clock,
            signer,
            anchor,
            signed: None,
        };
        tokio::spawn(writer.run(waiting));
        Self { queue }
    }

    /// Stores an entry and gives its sequence number once it is durable.
    ///
    /// Invariant: a caller sends nothing to Microsoft before this has given `Ok`.
    pub async fn append(&self, entry: Entry) -> Result<i64, Unavailable> {
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
}

struct Writer {
    db: Db,
    clock: Clock,
    signer: Arc<Signer>,
    anchor: Option<PathBuf>,
    /// The last checkpoint of this process: sequence number and time.
    signed: Option<(i64, Timestamp)>,
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH);
        while waiting.recv_many(&mut batch, BATCH).await > 0 {
            let (entries, answers): (Vec<Entry>, Vec<_>) = batch.drain(..).unzip();
            match self.write(&entries).await {
                Ok(head) => {
                    let first = head.seq - i64::try_from(entries.len()).unwrap_or(0) + 1;
                    for (seq, answer) in (first..).zip(answers) {
                        // The caller may have gone away; its entry stays.
                        let _ = answer.send(Ok(seq));
                    }
                    self.checkpoint(&head).await;
                }
                Err(error) => {
                    tracing::error!(error = %error, entries = entries.len(), "the audit log cannot be written");
                    for answer in answers {
                        let _ = answer.send(Err(Unavailable(error.to_string())));
                    }
                }
            }
        }
    }

    async fn write(&self, entries: &[Entry]) -> crate::store::Result<Head> {
        let mut tx = self.db.begin().await?;
        let head = audit::lock_head(&mut tx).await?;
        let rows = chain(&head, entries, self.clock.now());
        audit::append(&mut tx, &rows).await?;
        tx.commit().await?;
        Ok(rows.last().map_or(head, |last| Head {
            seq: last.seq,
            hash: last.hash.clone(),
        }))
    }

    /// A failed checkpoint is logged and tried again with the next batch; the entries themselves are safe.
    async fn checkpoint(&mut self, head: &Head) {
        let now = self.clock.now();
        let due = self
            .signed
            .is_none_or(|(seq, at)| seq + CHECKPOINT_ENTRIES <= head.seq || CHECKPOINT_EVERY_MS <= now.since_ms(at));
        if !due {
            return;
        }
        let checkpoint = self.signer.checkpoint(head, now);
        if let Err(error) = audit::add_checkpoint(&self.db, &checkpoint).await {
            tracing::warn!(error = %error, "an audit checkpoint cannot be stored");
            return;
        }
        if let Some(path) = &self.anchor
            && let Err(error) = append_line(path, &super::verify::anchor_line(&checkpoint))
        {
            tracing::warn!(error = %error, file = %path.display(), "an audit checkpoint cannot be written to its file");
        }
        self.signed = Some((head.seq, now));
    }
}

fn append_line(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
    writeln!(file, "{line}")
}
