//! What the local AWS has before the first call: `local-aws.toml` beside the stack file, or what `local serve` is given.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::files;
use super::global::Global;
use crate::error::{Error, Fault, FaultKind};
use crate::render::{counted, listed};
use aws_local::{Existing, Service};

/// The file beside the stack file.
const FILE: &str = "local-aws.toml";

/// Where the file of a stack is, whether it is there or not.
pub(super) fn beside(global: &Global) -> PathBuf {
    global.folder().join(FILE)
}

/// Makes what the stack's file lists and the local AWS lacks; says what that is, where there is such a file.
///
/// # Errors
/// As of [`provide`].
pub(super) fn provide_beside(
    service: &Service,
    global: &Global,
    region: &str,
) -> Result<Option<String>, Error> {
    let path = beside(global);
    match std::fs::symlink_metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        _ => provide(service, &path, Some(region)).map(Some),
    }
}

/// Makes what a file lists and the local AWS lacks; says what that is. What names no Region is in this one.
///
/// # Errors
/// The file can't be read, or lists what the local AWS can't have.
pub(super) fn provide(
    service: &Service,
    path: &Path,
    region: Option<&str>,
) -> Result<String, Error> {
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
    let counts = existing.counts();
    let counts: Vec<String> = counts
        .into_iter()
        .map(|(kind, count)| counted(count as u64, kind))
        .collect();
    Ok(match counts.is_empty() {
        true => format!("{shown} lists nothing that the local AWS has"),
        false => format!("the local AWS has {} from {shown}", listed(&counts)),
    })
}
