//! The data folder: made for its owner alone, locked by the gateway that uses it, and looked over for what others could read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::StartError;
use crate::config::Settings;

/// Held while a gateway serves from an SQLite file, or a restore replaces it; given back when the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// Makes the data folder, for its owner only. One that others may write into is refused.
pub(super) fn prepare(folder: &Path) -> Result<(), StartError> {
    let fail = |error| StartError::Data(folder.display().to_string(), error);
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(fail)?;
    if mode_of(folder).is_some_and(|it| it & 0o002 != 0) {
        return Err(StartError::OpenFolder(folder.display().to_string()));
    }
    Ok(())
}

/// Locks the data folder of an SQLite gateway. PostgreSQL is made for several gateways, so nothing is locked there.
pub fn lock(settings: &Settings) -> Result<Option<FolderLock>, StartError> {
    if !settings.database_url.is_empty() {
        return Ok(None);
    }
    prepare(&settings.data)?;
    let path = settings.data.join("gatepost.lock");
    let fail = |error| StartError::Data(path.display().to_string(), error);
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    for_the_owner(&mut options);
    let file = options.open(&path).map_err(fail)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(FolderLock { _file: file })),
        Err(fs::TryLockError::WouldBlock) => Err(StartError::InUse(settings.sqlite_path().display().to_string())),
        Err(fs::TryLockError::Error(error)) => Err(fail(error)),
    }
}

/// Lets a file that is made be its owner's alone, whatever the umask.
pub fn for_the_owner(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

/// Makes an empty file for its owner alone, where there is none.
pub fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    for_the_owner(&mut options);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// A file that only a gateway with a database leaves: its own key file, or audit checkpoints.
pub(super) fn trace_of_earlier(settings: &Settings) -> Option<String> {
    let begins = |path: &Path, with: &str| {
        fs::read_to_string(path).is_ok_and(|it| !it.trim().is_empty() && it.starts_with(with))
    };
    let keys = settings.vault_keys.is_none().then(|| settings.keys_path());
    let keys = keys.filter(|path| begins(path, crate::vault::KEY_FILE_BEGINS));
    let checkpoints = Some(settings.anchor_path()).filter(|path| begins(path, ""));
    keys.or(checkpoints).map(|it| it.display().to_string())
}

/// What in the data folder others than its owner may read, with the words that mend it.
pub fn readable_by_others(settings: &Settings) -> Vec<String> {
    let data = &settings.data;
    let mut files: Vec<PathBuf> = vec![data.clone(), settings.anchor_path()];
    let inside = fs::read_dir(data).into_iter().flatten().flatten();
    files.extend(inside.map(|it| it.path()).filter(|it| it.is_file()));
    files.sort();
    files.dedup();
    let is_open = |path: &PathBuf| mode_of(path).is_some_and(|it| it & 0o077 != 0);
    files
        .into_iter()
        .filter(is_open)
        .map(|path| {
            let mode = if path.is_dir() { "700" } else { "600" };
            format!("others may read {0}; run `chmod {mode} {0}`", path.display())
        })
        .collect()
}

#[cfg(unix)]
fn mode_of(path: &Path) -> Option<u32> {
    let metadata = fs::metadata(path).ok()?;
    Some(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()))
}

#[cfg(not(unix))]
fn mode_of(_path: &Path) -> Option<u32> {
    None
}
