//! Folders in which secrets may be left: no other user can exchange what stands in them.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::error::{Error, Fault, FaultKind};
use crate::model::shell_word;

/// Refuses a folder that other users may write to, or whose place they may give to another folder. It need not be there yet.
/// Of a `whole` folder of secrets, the sticky bit is no excuse: in one such as /tmp others may add things of their own, but
/// exchange none.
///
/// # Errors
/// Which folder it is, and how to take the permission away.
#[cfg(unix)]
pub(super) fn check(folder: &Path, whole: bool) -> Result<(), Error> {
    let here = Path::new(".");
    let folder = if folder.as_os_str().is_empty() {
        here
    } else {
        folder
    };
    // Where a link stands matters as much as where it leads.
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

/// Whether a folder can be looked into by its owner only.
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

/// Takes away whatever others may do in a folder. One that is somebody else's stays as it is.
pub(super) fn close(folder: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let _left = std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700));
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// The whole path of a folder, or of the nearest one above it that is there.
#[cfg(unix)]
fn nearest(folder: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(folder).ok()?;
    let mut above = absolute.ancestors();
    above.find_map(|above| above.canonicalize().ok())
}

/// Which others may write to a folder so that it matters.
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
    // Many systems give each user a group of the same number, with nobody else in it.
    (mode & 0o020 != 0 && metadata.gid() != metadata.uid()).then_some("its group")
}

/// Whether a folder is made for all to write to, as /tmp is.
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
