//! Unpacks code archives, as Lambda does: readable by the function, and not writable.

use std::fs::{self, File};
use std::io::{self, Cursor, Read as _};
use std::path::{Component, Path, PathBuf};

use aws_facts::limits::lambda::LARGEST_UNPACKED;
use zip::ZipArchive;

/// Unpacks an archive into a folder that isn't there yet.
///
/// # Errors
/// Why it can't be, in a sentence without a full stop.
pub(super) fn unpack(archive: &[u8], folder: &Path) -> Result<(), String> {
    let partial = folder.with_extension("partial");
    remove(&partial).map_err(|error| error.to_string())?;
    into(archive, &partial)?;
    fs::rename(&partial, folder).map_err(|error| format!("the code can't be unpacked: {error}"))
}

fn into(archive: &[u8], folder: &Path) -> Result<(), String> {
    let broken = |error: &dyn std::fmt::Display| format!("the code can't be unpacked: {error}");
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(|error| broken(&error))?;
    fs::create_dir_all(folder).map_err(|error| broken(&error))?;
    let mut links = Vec::new();
    let mut left = LARGEST_UNPACKED;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| broken(&error))?;
        let name = entry.name().map_err(|error| broken(&error))?.into_owned();
        let path = inside(&name)
            .ok_or_else(|| format!("the archive has a path outside of its root: {name:?}"))?;
        let path = folder.join(path);
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(|error| broken(&error))?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| broken(&error))?;
        }
        if entry.is_symlink() {
            let mut target = String::new();
            let read = entry.by_ref().take(4096).read_to_string(&mut target);
            read.map_err(|error| broken(&error))?;
            links.push((path, name, target));
            continue;
        }
        let mode = entry.unix_mode().unwrap_or(0o644);
        let mut file = File::create(&path).map_err(|error| broken(&error))?;
        let copied = io::copy(&mut entry.by_ref().take(left + 1), &mut file);
        let copied = copied.map_err(|error| broken(&error))?;
        left = left
            .checked_sub(copied)
            .ok_or_else(|| format!("the code has more than {LARGEST_UNPACKED} bytes unpacked"))?;
        permit(&path, mode & 0o555 | 0o444).map_err(|error| broken(&error))?;
    }
    // After the files, so that none is written through one.
    for (path, name, target) in links {
        let parent = Path::new(&name).parent().unwrap_or(Path::new(""));
        if Path::new(&target).is_absolute()
            || inside(&parent.join(&target).to_string_lossy()).is_none()
        {
            return Err(format!("the archive has a link out of its root: {name:?}"));
        }
        link(&target, &path).map_err(|error| broken(&error))?;
    }
    each_folder(folder, &mut |folder| permit(folder, 0o555)).map_err(|error| broken(&error))
}

/// A relative path without `.` and `..`, if it stays inside.
fn inside(name: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for part in Path::new(name).components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir if path.pop() => {}
            _ => return None,
        }
    }
    Some(path)
}

/// Removes a folder of read-only files, if it is there.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    // A file can be removed from a folder that is writable.
    let _ = permit(folder, 0o700);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => remove(&entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    fs::remove_dir(folder)
}

/// The inner folders first, since nothing can be changed in one that is read-only.
fn each_folder(folder: &Path, then: &mut dyn FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            each_folder(&entry.path(), then)?;
        }
    }
    then(folder)
}

#[cfg(unix)]
fn permit(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn permit(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(target: &str, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn link(_: &str, _: &Path) -> io::Result<()> {
    Err(io::Error::other("this system has no symbolic links"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::archive;
    use super::*;

    #[test]
    fn an_archive_becomes_files_that_are_read_only() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("code");
        let files = [("index.js", 0o644, "1"), ("bin/run", 0o755, "2")];
        unpack(&archive(&files), &root).unwrap();
        assert_eq!(fs::read_to_string(root.join("bin/run")).unwrap(), "2");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode =
                |path: &str| root.join(path).metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(
                [mode("index.js"), mode("bin/run"), mode("bin")],
                [0o444, 0o555, 0o555]
            );
        }
        remove(&root).unwrap();
        assert!(!root.exists());
    }

    #[test]
    fn nothing_is_written_outside_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("code");
        for name in ["../out.js", "a/../../out.js", "/out.js"] {
            let refused = unpack(&archive(&[(name, 0o644, "1")]), &root).unwrap_err();
            assert!(refused.contains("outside of its root"), "{name}: {refused}");
            assert!(!folder.path().join("out.js").exists());
        }
        for target in ["../../etc", "/etc"] {
            let files = [("a/link", 0o120_777, target)];
            let refused = unpack(&archive(&files), &root).unwrap_err();
            assert!(
                refused.contains("link out of its root"),
                "{target}: {refused}"
            );
        }
        let files = [("a/file", 0o644, "1"), ("b/link", 0o120_777, "../a/file")];
        unpack(&archive(&files), &root).unwrap();
        assert_eq!(fs::read_to_string(root.join("b/link")).unwrap(), "1");
        assert!(unpack(b"no archive", &folder.path().join("x")).is_err());
    }
}
