//! File access that is safe in a folder from a checkout, or in one that other users can write to.
//!
//! Only regular files are read, up to a size; anything else, such as a named pipe without a writer, is an error without waiting.
//! Writes go to a new file with a random name, which is renamed: no link is followed, and no reader sees half of it.

use std::fmt;
use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};

/// The permissions of a new file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Readers {
    /// Its owner only.
    Owner,
    /// The system's default.
    Anybody,
}

/// What is found instead of a regular file: the inner error of an [`io::Error`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotAFile {
    /// A folder.
    Folder,
    /// A symbolic link that must not be followed.
    Link,
    /// A symbolic link to something that does not exist.
    BrokenLink,
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A device.
    Device,
}

/// How many random names are tried. One is enough unless the system's random numbers are broken.
const ATTEMPTS: usize = 8;

impl std::error::Error for NotAFile {}

impl fmt::Display for NotAFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Folder => "it is a folder, not a file",
            Self::Link => "it is a symbolic link, which is not followed here",
            Self::BrokenLink => "it is a symbolic link to something that does not exist",
            Self::Pipe => "it is a named pipe (FIFO), not a regular file",
            Self::Socket => "it is a socket, not a regular file",
            Self::Device => "it is a device, not a regular file",
        })
    }
}

impl NotAFile {
    /// What an error says was found, if that is the error.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }

    fn found(kind: FileType) -> Option<Self> {
        if kind.is_file() {
            None
        } else if kind.is_dir() {
            Some(Self::Folder)
        } else if kind.is_symlink() {
            Some(Self::Link)
        } else {
            Some(Self::special(kind))
        }
    }

    #[cfg(unix)]
    fn special(kind: FileType) -> Self {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            Self::Pipe
        } else if kind.is_socket() {
            Self::Socket
        } else {
            Self::Device
        }
    }

    #[cfg(not(unix))]
    fn special(_: FileType) -> Self {
        Self::Device
    }
}

impl From<NotAFile> for io::Error {
    fn from(found: NotAFile) -> Self {
        let kind = match found {
            NotAFile::Folder => ErrorKind::IsADirectory,
            _ => ErrorKind::InvalidInput,
        };
        Self::new(kind, found)
    }
}

/// The bytes of a regular file of at most `most` bytes. A link to one is followed.
///
/// # Errors
/// The file is missing, not a regular file, unreadable, or larger.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    limited(open(path, OpenOptions::new().read(true), true)?, most)
}

/// The same for a file that only this program should have written: a link is refused.
///
/// # Errors
/// As [`read`], and when it is a link.
pub fn read_own(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    limited(open(path, OpenOptions::new().read(true), false)?, most)
}

/// The text of a regular file, as [`read`].
///
/// # Errors
/// As [`read`], and with [`ErrorKind::InvalidData`] when it is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    let not_text = |_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8 text");
    String::from_utf8(read(path, most)?).map_err(not_text)
}

/// All bytes of a stream that ends within `most`.
///
/// # Errors
/// It can't be read, or is longer.
pub fn limited(stream: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let message = format!("it is larger than the {} that are read", size(most));
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// The size of a file that only this program should have written; a missing file is no error.
///
/// # Errors
/// It is not a regular file, or its metadata can't be read.
pub fn own(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => match NotAFile::found(metadata.file_type()) {
            None => Ok(Some(metadata)),
            Some(found) => Err(found.into()),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens an empty file to lock, or creates it, accessible only to its owner.
///
/// # Errors
/// Something else is there, a link too, or it can't be opened.
pub fn lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    for_readers(&mut options, Readers::Owner);
    open(path, &mut options, false)
}

/// Opens a file to append to, or creates it, accessible only to its owner.
///
/// # Errors
/// Something else is there, a link too, or it can't be opened.
pub fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    for_readers(&mut options, Readers::Owner);
    open(path, &mut options, false)
}

/// Writes a file, over a regular file if there is one. It is on the disk when this returns.
///
/// # Errors
/// Something else is there, a link too, or it can't be written; then the old file is unchanged.
pub fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    put(path, bytes, readers, File::sync_all)
}

/// The same without waiting for the disk, for files that are written many times in a run.
///
/// # Errors
/// As [`replace`].
pub fn replace_soon(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    put(path, bytes, readers, |_| Ok(()))
}

/// Writes a file that must not be there yet.
///
/// # Errors
/// Something is there, a link too, or it can't be written; then there is no file.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Exclusive: a file that appeared in the meantime is an error too.
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .inspect_err(|_| {
            // The write's own error is the one to report.
            let _gone = fs::remove_file(path);
        })
}

/// Writes at the end of a regular file, which keeps its owner and permissions.
///
/// # Errors
/// The file is missing, is not a regular file (links are refused), or can't be written. It is then unchanged.
pub fn extend(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = open(path, OpenOptions::new().append(true), false)?;
    let length = file.metadata()?.len();
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .inspect_err(|_| {
            let _shortened = file.set_len(length);
        })
}

fn put(
    path: &Path,
    bytes: &[u8],
    readers: Readers,
    finish: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    own(path)?;
    let (beside, mut file) = new_beside(path, readers)?;
    file.write_all(bytes)
        .and_then(|()| finish(&file))
        .and_then(|()| fs::rename(&beside, path))
        .inspect_err(|_| {
            // The rest of a failed write is useless, and the write's own error is the one to report.
            let _gone = fs::remove_file(&beside);
        })
}

/// A path beside this one with an unpredictable name.
///
/// # Errors
/// The system gives no random numbers.
pub fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{:016x}.new", u64::from_ne_bytes(random)));
    Ok(PathBuf::from(beside))
}

fn new_beside(path: &Path, readers: Readers) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    // Exclusive: what is there already, a link too, is an error.
    options.write(true).create_new(true);
    for_readers(&mut options, readers);
    let mut taken = None;
    for _ in 0..ATTEMPTS {
        let beside = beside(path)?;
        match options.open(&beside) {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => taken = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(taken.unwrap_or_else(|| ErrorKind::AlreadyExists.into()))
}

/// Opens without waiting for the other end of a pipe, and checks the type of the opened file.
fn open(path: &Path, options: &mut OpenOptions, follow: bool) -> io::Result<File> {
    without_waiting(options, follow);
    let opened = options.open(path).and_then(|file| {
        let found = NotAFile::found(file.metadata()?.file_type());
        found.map_or(Ok(file), |found| Err(found.into()))
    });
    opened.map_err(|error| {
        // Sockets, pipes without a reader and links where none is followed can't be opened at all.
        let there = if follow {
            fs::metadata(path)
        } else {
            fs::symlink_metadata(path)
        };
        let found = there
            .ok()
            .and_then(|metadata| NotAFile::found(metadata.file_type()));
        let broken = || (follow && is_broken_link(path, &error)).then_some(NotAFile::BrokenLink);
        found.or_else(broken).map_or(error, io::Error::from)
    })
}

/// Whether a file is absent only because the link in its place points to nothing, which is a mistake rather than an absent file.
fn is_broken_link(path: &Path, error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound && path.is_symlink()
}

#[cfg(unix)]
fn without_waiting(options: &mut OpenOptions, follow: bool) {
    let follow = if follow { 0 } else { libc::O_NOFOLLOW };
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        options,
        libc::O_NONBLOCK | libc::O_NOCTTY | follow,
    );
}

#[cfg(not(unix))]
fn without_waiting(_: &mut OpenOptions, _: bool) {}

#[cfg(unix)]
fn for_readers(options: &mut OpenOptions, readers: Readers) {
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    }
}

#[cfg(not(unix))]
fn for_readers(_: &mut OpenOptions, _: Readers) {}

/// A number of bytes in a sentence.
pub fn size(bytes: u64) -> String {
    for (unit, name) in [(1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= unit && bytes.is_multiple_of(unit) {
            return format!("{} {name}", bytes / unit);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    fn pipe(path: &Path) {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    }

    /// What is found instead of a file.
    fn instead<T: fmt::Debug>(result: io::Result<T>) -> NotAFile {
        let error = result.unwrap_err();
        NotAFile::of(&error).unwrap_or_else(|| panic!("{error}"))
    }

    #[test]
    fn only_regular_files_are_read_and_nothing_waits() {
        let folder = tempfile::TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "text").unwrap();
        symlink(at("file"), at("link")).unwrap();
        pipe(&at("pipe"));
        symlink(at("pipe"), at("link-to-pipe")).unwrap();
        let _bound = UnixListener::bind(at("socket")).unwrap();
        assert_eq!(read(&at("file"), 4).unwrap(), b"text");
        assert_eq!(read(&at("link"), 4).unwrap(), b"text");
        assert_eq!(instead(read_own(&at("link"), 4)), NotAFile::Link);
        for (path, found) in [
            (folder.path().to_owned(), NotAFile::Folder),
            (at("pipe"), NotAFile::Pipe),
            (at("link-to-pipe"), NotAFile::Pipe),
            (at("socket"), NotAFile::Socket),
            ("/dev/zero".into(), NotAFile::Device),
        ] {
            assert_eq!(instead(read(&path, 4)), found, "{}", path.display());
            assert_eq!(
                instead(own(&path)),
                if path == at("link-to-pipe") {
                    NotAFile::Link
                } else {
                    found
                }
            );
        }
        symlink(at("absent"), at("broken")).unwrap();
        symlink(at("broken"), at("broken-at-second-hand")).unwrap();
        for broken in ["broken", "broken-at-second-hand"] {
            assert_eq!(instead(read(&at(broken), 4)), NotAFile::BrokenLink);
            assert_eq!(instead(read_own(&at(broken), 4)), NotAFile::Link);
        }
        let absent = read(&at("absent"), 4).unwrap_err();
        assert_eq!(absent.kind(), ErrorKind::NotFound);
        let large = read(&at("file"), 3).unwrap_err();
        assert_eq!(large.kind(), ErrorKind::FileTooLarge);
        assert_eq!(
            large.to_string(),
            "it is larger than the 3 bytes that are read"
        );
    }

    #[test]
    fn a_link_is_never_written_through() {
        let folder = tempfile::TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("precious"), "precious").unwrap();
        symlink(at("precious"), at("link")).unwrap();
        pipe(&at("pipe"));
        assert_eq!(
            instead(replace(&at("link"), b"x", Readers::Owner)),
            NotAFile::Link
        );
        assert_eq!(instead(lock_file(&at("link"))), NotAFile::Link);
        assert_eq!(
            instead(replace(&at("pipe"), b"x", Readers::Owner)),
            NotAFile::Pipe
        );
        assert_eq!(instead(lock_file(&at("pipe"))), NotAFile::Pipe);
        assert_eq!(
            instead(replace(folder.path(), b"x", Readers::Owner)),
            NotAFile::Folder
        );
        assert_eq!(fs::read(at("precious")).unwrap(), b"precious");
        replace(&at("new"), b"1", Readers::Owner).unwrap();
        replace(&at("new"), b"2", Readers::Owner).unwrap();
        assert_eq!(fs::read(at("new")).unwrap(), b"2");
        assert!(create(&at("new"), b"3").is_err() && create(&at("link"), b"3").is_err());
        assert_eq!(instead(extend(&at("link"), b"3")), NotAFile::Link);
        assert!(extend(&at("absent"), b"3").is_err());
        create(&at("newer"), b"1").unwrap();
        extend(&at("newer"), b"2").unwrap();
        assert_eq!(fs::read(at("newer")).unwrap(), b"12");
        assert_eq!(fs::read(at("new")).unwrap(), b"2");
        assert_eq!(fs::read(at("precious")).unwrap(), b"precious");
        let mode = fs::metadata(at("new")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 5, "nothing else is left behind");
    }
}
