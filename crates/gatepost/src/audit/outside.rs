//! What is kept of the log outside the database: signed checkpoints, line by line, and the newest signed head.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::clock::Timestamp;
use crate::store::audit::Checkpoint;

/// The file of checkpoints, which only grows, and beside it the file of the head, which is replaced.
#[derive(Clone, Debug)]
pub struct Outside {
    checkpoints: PathBuf,
    head: PathBuf,
}

impl Outside {
    /// The file `checkpoints`, and the one of the same name ending in `.head`.
    pub fn at(checkpoints: PathBuf) -> Self {
        let head = checkpoints.with_extension("head");
        Self { checkpoints, head }
    }

    /// What both files hold, for [`super::verify`]; `None` when neither is there.
    ///
    /// # Errors
    ///
    /// A file that is there and cannot be read.
    pub fn read(&self) -> io::Result<Option<Kept>> {
        let (checkpoints, head) = (read(&self.checkpoints)?, read(&self.head)?);
        let lacks_head = checkpoints.is_some() && head.is_none();
        let there: Vec<String> = [checkpoints, head].into_iter().flatten().collect();
        Ok((!there.is_empty()).then(|| Kept {
            lines: there.join("\n"),
            lacks_head,
        }))
    }

    /// The head that was written last, by whatever process.
    pub(super) fn head(&self) -> Option<Checkpoint> {
        parse(read(&self.head).ok()??.trim())
    }

    /// Adds a checkpoint. Invariant: whoever adds one has a head beside it, so that a head that is missing was taken away.
    pub(super) fn add(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        if !self.head.exists() {
            self.replace_head(checkpoint)?;
        }
        let mut file = open(&self.checkpoints, OpenOptions::new().append(true))?;
        // In one write, so that lines of several processes do not run into each other.
        file.write_all(format!("{}\n", line(checkpoint)).as_bytes())
    }

    /// Replaces the head in one step, so that a kill leaves the old one or the new one. One that is further on is kept as a
    /// checkpoint: it proves entries that a database which was put back, or a standby that was behind, does not hold.
    pub(super) fn replace_head(&self, head: &Checkpoint) -> io::Result<()> {
        if let Some(last) = self.head().filter(|it| head.seq <= it.seq && it != head) {
            self.add(&last)?;
        }
        let folder = self.head.parent().filter(|it| !it.as_os_str().is_empty());
        let mut new = tempfile::Builder::new()
            .prefix("audit-head-")
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        writeln!(new, "{}", line(head))?;
        new.as_file().sync_data()?;
        new.persist(&self.head)?;
        Ok(())
    }
}

/// What is kept of a log outside its database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Signed checkpoints, and the newest head.
    pub(super) lines: String,
    /// There are checkpoints, and the file of the head is not beside them.
    pub lacks_head: bool,
}

impl From<&str> for Kept {
    /// Checkpoints with their head.
    fn from(lines: &str) -> Self {
        Self {
            lines: lines.to_owned(),
            lacks_head: false,
        }
    }
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Nobody but its owner reads or writes it, whatever the umask.
fn open(path: &Path, options: &mut OpenOptions) -> io::Result<fs::File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.create(true).open(path)
}

/// Sequence number, time, hash, signature.
pub(super) fn line(it: &Checkpoint) -> String {
    format!(
        "{} {} {} {}",
        it.seq,
        it.time.0,
        STANDARD.encode(&it.hash),
        STANDARD.encode(&it.signature)
    )
}

/// Reads what [`line`] wrote.
pub(super) fn parse(line: &str) -> Option<Checkpoint> {
    let mut words = line.split_ascii_whitespace();
    let it = Checkpoint {
        seq: words.next()?.parse().ok()?,
        time: Timestamp(words.next()?.parse().ok()?),
        hash: STANDARD.decode(words.next()?).ok()?,
        signature: STANDARD.decode(words.next()?).ok()?,
    };
    words.next().is_none().then_some(it)
}
