//! Files by their paths: in memory, or in a folder that only its owner can read.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::files::{self, NotAFile, Readers};

#[derive(Debug)]
pub(super) enum Place {
    /// By path.
    Memory(Mutex<BTreeMap<String, Vec<u8>>>),
    Folder {
        /// The folder of all accounts.
        folder: PathBuf,
        account: String,
    },
}

impl Default for Place {
    fn default() -> Self {
        Self::Memory(Mutex::default())
    }
}

/// No other process and no other thread writes log events, while this lives.
#[derive(Debug)]
pub(super) struct Turn(Option<File>);

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(lock) = &self.0 {
            // Closing the file unlocks it too.
            let _ = lock.unlock();
        }
    }
}

type Files = BTreeMap<String, Vec<u8>>;

fn locked(files: &Mutex<Files>) -> MutexGuard<'_, Files> {
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place {
    pub(super) fn folder(folder: PathBuf, account: &str) -> Self {
        Self::Folder {
            folder,
            account: account.to_owned(),
        }
    }

    /// Waits until this process may write log events. Memory needs none: a write there is whole.
    pub(super) fn turn(&self) -> io::Result<Turn> {
        let Self::Folder { folder, .. } = self else {
            return Ok(Turn(None));
        };
        make(folder)?;
        let lock = files::lock_file(&folder.join("lock"))?;
        lock.lock()?;
        Ok(Turn(Some(lock)))
    }

    /// A file's path; the folder that it is in is created.
    fn path(&self, path: &[&str]) -> io::Result<PathBuf> {
        let Self::Folder { folder, account } = self else {
            return Ok(PathBuf::new());
        };
        let mut at = folder.clone();
        make(&at)?;
        let (name, folders) = path.split_last().unwrap_or((&"", &[]));
        for part in [account.as_str()].iter().chain(folders) {
            at.push(part);
            make(&at)?;
        }
        Ok(at.join(name))
    }

    /// The same without creating anything.
    fn there(&self, path: &[&str]) -> PathBuf {
        match self {
            Self::Memory(_) => PathBuf::new(),
            Self::Folder { folder, account } => {
                let mut at = folder.join(account);
                at.extend(path);
                at
            }
        }
    }

    /// A file's bytes.
    pub(super) fn read(&self, path: &[&str], most: u64) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Memory(files) => Ok(locked(files).get(&path.join("/")).cloned()),
            Self::Folder { .. } => match files::read_own(&self.there(path), most) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// Writes a file, so that a reader sees the old or the new one.
    pub(super) fn replace(&self, path: &[&str], bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory(files) => {
                locked(files).insert(path.join("/"), bytes.to_vec());
                Ok(())
            }
            Self::Folder { .. } => files::replace_soon(&self.path(path)?, bytes, Readers::Owner),
        }
    }

    /// Appends to a file; returns its size.
    pub(super) fn append(&self, path: &[&str], bytes: &[u8]) -> io::Result<u64> {
        match self {
            Self::Memory(files) => {
                let mut files = locked(files);
                let file = files.entry(path.join("/")).or_default();
                file.extend_from_slice(bytes);
                Ok(file.len() as u64)
            }
            Self::Folder { .. } => {
                let mut file = files::append(&self.path(path)?)?;
                file.write_all(bytes)?;
                Ok(file.metadata()?.len())
            }
        }
    }

    /// Removes a file. A missing one is removed already.
    pub(super) fn remove(&self, path: &[&str]) -> io::Result<()> {
        match self {
            Self::Memory(files) => {
                locked(files).remove(&path.join("/"));
                Ok(())
            }
            Self::Folder { .. } => match fs::remove_file(self.there(path)) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        }
    }

    /// The names of a folder's files.
    pub(super) fn names(&self, path: &[&str]) -> io::Result<Vec<String>> {
        match self {
            Self::Memory(files) => {
                let folder = format!("{}/", path.join("/"));
                let files = locked(files);
                let below = files.keys().filter_map(|path| path.strip_prefix(&folder));
                Ok(below.map(str::to_owned).collect())
            }
            Self::Folder { .. } => match fs::read_dir(self.there(path)) {
                Ok(entries) => entries
                    .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                    .collect(),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                Err(error) => Err(error),
            },
        }
    }
}

/// Creates a folder that only its owner can read. A link in its place, which a checkout may have, is refused.
fn make(folder: &Path) -> io::Result<()> {
    match fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(found) if found.is_symlink() => return Err(NotAFile::Link.into()),
        Ok(_) => return Err(ErrorKind::NotADirectory.into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        // Another process was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}
