//! Answers of Power BI as tools read them: whole, within memory and measure, and never so long at a time that others wait.

use bytes::Bytes;
use serde_json::Value;

use super::context::Context;
use super::fault::Fault;
use crate::call::{Answer, CallError};
use crate::json;
use crate::memory::Held;

/// The largest answer a tool reads: executeQueries stops at 15 MB.
const MOST_BYTES: usize = 24 * 1024 * 1024;
/// Values of an answer that becomes a tree of them; rows of queries do not.
const MOST_VALUES: usize = 300_000;
/// What one value takes in memory.
const BYTES_PER_VALUE: usize = 110;
/// What takes longer to read than others should wait is read on a thread of its own.
const LARGE_BYTES: usize = 256 * 1024;

/// An answer as a value, and the memory for it.
pub(super) struct Read {
    pub value: Value,
    pub held: Held,
}

impl Context<'_> {
    /// All of an answer.
    pub(super) async fn whole(&self, answer: Answer) -> Result<Bytes, Fault> {
        let held = self.app.memory.nothing(&self.caller.person);
        answer
            .content
            .bytes(held, MOST_BYTES)
            .await
            .map_err(|error| match error {
                CallError::Send(error) => Fault::Answer(error),
                other => Fault::Call(other),
            })
    }

    /// An answer as JSON, to be used while its memory is held.
    pub(super) async fn read(&self, answer: Answer) -> Result<Read, Fault> {
        let bytes = self.whole(answer).await?;
        let weight = json::weigh(&bytes);
        if MOST_VALUES < weight.values {
            return Err(Fault::TooMuch { most: MOST_VALUES });
        }
        let mut held = self.app.memory.nothing(&self.caller.person);
        let grown = held.grow(weight.values * BYTES_PER_VALUE).await;
        grown.map_err(|full| Fault::Call(full.into()))?;
        let read = apart(bytes, |bytes| serde_json::from_slice(bytes)).await;
        let value = read.and_then(Result::ok).ok_or(Fault::Unreadable)?;
        Ok(Read { value, held })
    }
}

/// What `read` makes of the bytes, on a thread of its own if there are many; nothing if that failed.
pub(super) async fn apart<T: Send + 'static>(
    bytes: Bytes,
    read: impl FnOnce(&[u8]) -> T + Send + 'static,
) -> Option<T> {
    if bytes.len() < LARGE_BYTES {
        return Some(read(&bytes));
    }
    tokio::task::spawn_blocking(move || read(&bytes)).await.ok()
}
