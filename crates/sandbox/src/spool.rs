//! Bytes that are too many for memory: a temporary file that goes when nobody holds it any more.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use tokio::io::BufWriter;

/// How much is gathered before it goes to the disk.
const BUFFER_BYTES: usize = 256 * 1024;

/// A finished file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Spool(Arc<Held>);

#[derive(Debug)]
struct Held {
    file: NamedTempFile,
    bytes: u64,
}

/// A file in the making.
pub(crate) struct Spooling {
    kept: NamedTempFile,
    writer: BufWriter<tokio::fs::File>,
    bytes: u64,
    most_bytes: u64,
}

/// Why bytes could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    /// They are more than allowed.
    #[error("more than {0} bytes")]
    TooMany(u64),
    /// The disk did not take them.
    #[error("the temporary file could not be written: {0}")]
    Io(#[from] io::Error),
}

impl Spool {
    /// How many bytes there are.
    pub fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// The bytes from the start, with a place of its own in them.
    pub(crate) fn open(&self) -> io::Result<File> {
        self.0.file.reopen()
    }

    /// All the bytes in memory; of more than `most`, only as many.
    pub(crate) fn read(&self, most: u64) -> io::Result<Bytes> {
        let mut bytes = Vec::new();
        self.open()?.take(most).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }

    /// One file out of several, in their order.
    pub(crate) fn joined(parts: &[Spool]) -> io::Result<Spool> {
        if let [one] = parts {
            return Ok(one.clone());
        }
        let mut file = NamedTempFile::new()?;
        let mut bytes = 0;
        for part in parts {
            bytes += io::copy(&mut part.open()?, file.as_file_mut())?;
        }
        file.flush()?;
        Ok(Spool(Arc::new(Held { file, bytes })))
    }
}

impl Spooling {
    /// An empty file that will take so many bytes and no more.
    pub(crate) fn begin(most_bytes: u64) -> Result<Spooling, SpoolError> {
        let kept = NamedTempFile::new()?;
        let writer = tokio::fs::File::from_std(kept.reopen()?);
        Ok(Spooling {
            kept,
            writer: BufWriter::with_capacity(BUFFER_BYTES, writer),
            bytes: 0,
            most_bytes,
        })
    }

    /// Adds bytes at the end.
    pub(crate) async fn add(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.most_bytes {
            return Err(SpoolError::TooMany(self.most_bytes));
        }
        Ok(self.writer.write_all(bytes).await?)
    }

    /// The file as it is now.
    pub(crate) async fn end(mut self) -> Result<Spool, SpoolError> {
        self.writer.flush().await?;
        Ok(Spool(Arc::new(Held {
            file: self.kept,
            bytes: self.bytes,
        })))
    }
}
