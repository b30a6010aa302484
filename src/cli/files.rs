//! Files that a command leaves behind: written beside their place and renamed, so that nobody ever reads half of one, and read by
//! their owner only where that matters.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Fault, FaultKind};

/// Who may read what is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Readers {
    /// Its owner only.
    Owner,
    /// Whoever the system lets read new files.
    Anybody,
}

/// Writes a file, over any that is there.
///
/// # Errors
/// The file can't be written; then what was there still is.
pub(super) fn write(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Error> {
    let beside = beside(path);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    options
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(bytes)
                .and_then(|()| file.sync_all())
                .and_then(|()| fs::rename(&beside, path))
                .inspect_err(|_| {
                    // What is left of a failed write is of no use, and the failure itself is what to tell.
                    let _gone = fs::remove_file(&beside);
                })
        })
        .map_err(|error| cannot("write", path, error))
}

/// Makes a folder that only its owner sees into, with these files in it, all at once.
///
/// # Errors
/// The folder can't be made; then nothing is left of it.
pub(super) fn make_folder(path: &Path, files: &[(&str, &[u8])]) -> Result<(), Error> {
    let beside = beside(path);
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(&beside)
        .map_err(|error| cannot("make", path, error))?;
    let written = files
        .iter()
        .try_for_each(|(name, bytes)| write(&beside.join(name), bytes, Readers::Owner))
        .and_then(|()| fs::rename(&beside, path).map_err(|error| cannot("make", path, error)));
    written.inspect_err(|_| {
        let _gone = fs::remove_dir_all(&beside);
    })
}

/// The text of a file; none when there is nothing. What is no text reads as text with marks in it.
///
/// # Errors
/// It can't be read.
pub(super) fn text(path: &Path) -> Result<Option<String>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", path, error)),
    }
}

/// What stands in the place of something that is to be written.
pub(super) fn taken(path: &Path, what: &str, hint: impl Into<String>) -> Error {
    let what = format!("{} is there already, and it is {what}", path.display());
    Fault::new(FaultKind::Io, what).hint(hint).into()
}

/// What could not be done to a file.
pub(super) fn cannot(doing: &str, path: &Path, error: io::Error) -> Error {
    let error = anyhow::Error::new(error).context(format!("can't {doing} {}", path.display()));
    Fault::io(error).into()
}

fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    PathBuf::from(beside)
}
