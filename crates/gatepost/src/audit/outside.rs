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
        let whole = there.iter().map(|it| &it[..it.len() - torn_end(it)]);
        Ok((!there.is_empty()).then(|| Kept {
            lines: whole.collect(),
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
        let torn = torn_end(&read(&self.checkpoints)?.unwrap_or_default());
        if torn != 0 {
            file.set_len(file.metadata()?.len() - torn as u64)?;
        }
        // In one write, so that lines of several processes do not run into each other.
        file.write_all(format!("{}\n", line(checkpoint)).as_bytes())?;
        file.sync_data()
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

/// How many bytes of the last line lack their end: a power cut left them.
fn torn_end(text: &str) -> usize {
    text.len() - text.rfind('\n').map_or(0, |at| at + 1)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(seq: i64) -> Checkpoint {
        Checkpoint {
            seq,
            time: Timestamp(seq),
            hash: vec![1; 32],
            signature: vec![2; 64],
        }
    }

    #[test]
    fn a_line_that_a_power_cut_left_without_its_end_is_neither_read_nor_kept() {
        let folder = tempfile::tempdir().unwrap();
        let outside = Outside::at(folder.path().join("log.txt"));
        outside.add(&checkpoint(1)).unwrap();
        let file = folder.path().join("log.txt");
        let torn = format!("{}7 7 AAA", fs::read_to_string(&file).unwrap());
        fs::write(&file, torn).unwrap();
        let whole = format!("{}\n", line(&checkpoint(1)));
        let read = outside.read().unwrap().unwrap();
        assert!(
            read.lines.starts_with(&whole) && !read.lines.contains("7 7"),
            "{}",
            read.lines
        );
        outside.add(&checkpoint(2)).unwrap();
        let both = format!("{whole}{}\n", line(&checkpoint(2)));
        assert_eq!(fs::read_to_string(&file).unwrap(), both);
    }
}
