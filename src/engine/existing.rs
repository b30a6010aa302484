//! The initial resources of the local AWS: `local-aws.toml` beside the stack file, or the file for `local serve`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::files;
use super::invocation::Invocation;
use crate::error::{Error, Fault, FaultKind};
use crate::stack::LOCAL_AWS;
use aws_local::{Existing, Service};

/// The number of resources by kind.
type Counts = Vec<(&'static str, usize)>;

/// The path of a stack's file, whether it exists or not.
pub(crate) fn beside(invocation: &Invocation) -> PathBuf {
    invocation.folder().join(LOCAL_AWS)
}

/// Creates the resources in the stack's file that the local AWS lacks; returns the number by kind, if there is such a file.
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

/// Creates the resources in a file that the local AWS lacks; returns the number by kind. The default Region is this one.
///
/// # Errors
/// The file can't be read, or contains something that the local AWS can't have.
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
