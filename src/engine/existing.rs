//! What the local AWS has before the first call: `local-aws.toml` beside the stack file, or what `local serve` is given.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::files;
use super::invocation::Invocation;
use crate::error::{Error, Fault, FaultKind};
use aws_local::{Existing, Service};

/// How many things there are of each kind.
type Counts = Vec<(&'static str, usize)>;

/// The file beside the stack file.
const FILE: &str = "local-aws.toml";

/// Where the file of a stack is, whether it is there or not.
pub(crate) fn beside(invocation: &Invocation) -> PathBuf {
    invocation.folder().join(FILE)
}

/// Makes what the stack's file lists and the local AWS lacks; answers how many there are of each kind, where there is such a file.
///
/// # Errors
/// As of [`provide`].
pub(crate) fn provide_beside(
    service: &Service,
    invocation: &Invocation,
    region: &str,
) -> Result<Option<Counts>, Error> {
    let path = beside(invocation);
    match std::fs::symlink_metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        _ => provide(service, &path, Some(region)).map(Some),
    }
}

/// Makes what a file lists and the local AWS lacks; answers how many there are of each kind. What names no Region is in this one.
///
/// # Errors
/// The file can't be read, or lists what the local AWS can't have.
pub(crate) fn provide(
    service: &Service,
    path: &Path,
    region: Option<&str>,
) -> Result<Counts, Error> {
    let shown = path.display();
    let text = files::needed(path)?;
    let wrong = |error: aws_local::ExistingError| {
        let what = format!("{shown}:{error}");
        Error::from(Fault::new(FaultKind::Io, what).hint(
            "it lists what the local AWS has before the first call, see docs/local-aws.md; correct it, or remove the file",
        ))
    };
    let existing = Existing::parse(&text, region).map_err(wrong)?;
    service.provide(&existing).map_err(wrong)?;
    Ok(existing.counts())
}
