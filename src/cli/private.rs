//! Folders that are safe for secrets: other users can't replace their contents.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::error::{Error, Fault, FaultKind};
use crate::model::shell_word;

/// Refuses a folder that other users can write to or replace. It need not exist yet. For a `whole` folder of secrets, the sticky
/// bit is not enough: in one such as /tmp others can add files, but not replace any.
///
/// # Errors
/// The folder, and how to remove the permission.
#[cfg(unix)]
pub(super) fn check(folder: &Path, whole: bool) -> Result<(), Error> {
    let here = Path::new(".");
    let folder = if folder.as_os_str().is_empty() {
        here
    } else {
        folder
    };
    // The folder of a link matters as much as its target.
    let stands_in = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    for path in [Some(folder), stands_in].into_iter().flatten() {
        let Some(there) = nearest(path) else { continue };
        for above in there.ancestors() {
            let Ok(metadata) = above.metadata() else {
                continue;
            };
            let itself = whole && path == folder && above == there && folder.is_dir();
            if let Some(writers) = writers(&metadata, itself) {
                return Err(shared(above, writers, is_shared_by_all(&metadata)));
            }
        }
    }
    Ok(())
}

/// There are no such permissions.
#[cfg(not(unix))]
pub(super) fn check(_: &Path, _: bool) -> Result<(), Error> {
    Ok(())
}

/// Whether only its owner can access a folder.
pub(super) fn is_its_owners(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = folder.metadata();
        metadata.is_ok_and(|metadata| metadata.permissions().mode() & 0o077 == 0)
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        true
    }
}

/// Removes the permissions of others on a folder. One of another owner is not changed.
pub(super) fn close(folder: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let _left = std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700));
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// The whole path of a folder, or of its nearest existing parent.
#[cfg(unix)]
fn nearest(folder: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(folder).ok()?;
    let mut above = absolute.ancestors();
    above.find_map(|above| above.canonicalize().ok())
}

/// Which others can write to a folder in a way that matters.
#[cfg(unix)]
fn writers(metadata: &Metadata, itself: bool) -> Option<&'static str> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = metadata.mode();
    if mode & 0o1000 != 0 && !itself {
        return None;
    }
    if mode & 0o002 != 0 {
        return Some("every user of this machine");
    }
    // Many systems give each user a group of their own with the same number.
    (mode & 0o020 != 0 && metadata.gid() != metadata.uid()).then_some("its group")
}

/// Whether a folder is for all to write to, like /tmp.
#[cfg(unix)]
fn is_shared_by_all(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.mode() & 0o1000 != 0
}

#[cfg(unix)]
fn shared(folder: &Path, writers: &str, for_all: bool) -> Error {
    let what = format!(
        "{writers} may write to {}, and could exchange or take what is left there",
        folder.display()
    );
    let way = if for_all {
        "choose a folder of your own, such as one below it".to_owned()
    } else {
        let folder = shell_word(&folder.display().to_string());
        format!("choose a folder of your own, or take that permission away\nchmod go-w {folder}")
    };
    Fault::new(FaultKind::Io, what).hint(way).into()
}
