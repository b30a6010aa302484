//! Files that commands write: written to a temporary file and renamed, so that no reader sees half of one, and accessible only to
//! their owner where that matters.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::{Error, Fault, FaultKind};
use crate::files::{self, NotAFile};

pub(crate) use crate::files::Readers;

/// The largest file that a command reads: a saved plan of thousands of resources has some megabytes.
pub(crate) const LARGEST: u64 = 64 << 20;

/// Writes or overwrites a file.
///
/// # Errors
/// The file can't be written; then the old one is unchanged.
pub(crate) fn write(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Error> {
    files::replace(path, bytes, readers).map_err(|error| cannot("write", path, error))
}

/// Creates a folder that only its owner can access, with these files in it, atomically.
///
/// # Errors
/// The folder can't be created; then nothing is left of it.
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

/// The text of a file that must exist.
///
/// # Errors
/// It doesn't exist, is something else, or not text.
pub(crate) fn needed(path: &Path) -> Result<String, Error> {
    files::read_text(path, LARGEST).map_err(|error| cannot("read", path, error))
}

/// The text of a file; none if it doesn't exist. Invalid UTF-8 is replaced.
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

/// What exists at the path of something to write.
pub(crate) fn taken(path: &Path, what: &str, hint: impl Into<String>) -> Error {
    let what = format!("{} is there already, and it is {what}", path.display());
    Fault::new(FaultKind::Io, what).hint(hint).into()
}

/// That a link leads to nothing, and where.
pub(crate) fn broken_link(path: &Path) -> Fault {
    let target = fs::read_link(path).unwrap_or_default();
    let (path, target) = (path.display(), target.display());
    let what = format!("{path} is a link to {target}, which does not exist");
    Fault::new(FaultKind::Io, what).hint("point it to a file, or remove it")
}

/// The error about a file operation.
pub(crate) fn cannot(doing: &str, path: &Path, error: io::Error) -> Error {
    let found = NotAFile::of(&error);
    // A folder is asked for otherwise than a file, and is there no more than one.
    if path.is_symlink() && !path.exists() {
        return broken_link(path).into();
    }
    let error = anyhow::Error::new(error).context(format!("can't {doing} {}", path.display()));
    let fault = Fault::io(error);
    match found {
        Some(NotAFile::Link) => fault.hint("name the file that it points to, or remove the link"),
        Some(_) => fault.hint("name a regular file"),
        None => fault,
    }
    .into()
}
