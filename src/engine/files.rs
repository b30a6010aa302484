//! Files that a command leaves behind: written beside their place and renamed, so that nobody ever reads half of one, and read by
//! their owner only where that matters.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::{Error, Fault, FaultKind};
use crate::files::{self, NotAFile};

pub(crate) use crate::files::Readers;

/// The largest file that a command reads whole: a saved plan of thousands of resources has some megabytes.
pub(crate) const LARGEST: u64 = 64 << 20;

/// Writes a file, over one that is there.
///
/// # Errors
/// The file can't be written; then what was there still is.
pub(crate) fn write(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Error> {
    files::replace(path, bytes, readers).map_err(|error| cannot("write", path, error))
}

/// Makes a folder that only its owner sees into, with these files in it, all at once.
///
/// # Errors
/// The folder can't be made; then nothing is left of it.
pub(crate) fn make_folder(path: &Path, files: &[(&str, &[u8])]) -> Result<(), Error> {
    let beside = files::beside(path).map_err(|error| cannot("make", path, error))?;
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

/// The bytes of a regular file.
///
/// # Errors
/// It is something else, or can't be read.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    files::read(path, LARGEST).map_err(|error| cannot("read", path, error))
}

/// The text of a file that has to be there.
///
/// # Errors
/// There is none, it is something else, or not text.
pub(crate) fn needed(path: &Path) -> Result<String, Error> {
    files::read_text(path, LARGEST).map_err(|error| cannot("read", path, error))
}

/// The text of a file; none when there is nothing. What is no text reads as text with marks in it.
///
/// # Errors
/// It can't be read.
pub(crate) fn text(path: &Path) -> Result<Option<String>, Error> {
    match files::read(path, LARGEST) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", path, error)),
    }
}

/// What stands in the place of something that is to be written.
pub(crate) fn taken(path: &Path, what: &str, hint: impl Into<String>) -> Error {
    let what = format!("{} is there already, and it is {what}", path.display());
    Fault::new(FaultKind::Io, what).hint(hint).into()
}

/// What could not be done to a file.
pub(crate) fn cannot(doing: &str, path: &Path, error: io::Error) -> Error {
    let found = NotAFile::of(&error);
    let error = anyhow::Error::new(error).context(format!("can't {doing} {}", path.display()));
    let fault = Fault::io(error);
    match found {
        Some(NotAFile::Link) => fault.hint("name the file that it leads to, or remove the link"),
        Some(_) => fault.hint("name a regular file"),
        None => fault,
    }
    .into()
}
