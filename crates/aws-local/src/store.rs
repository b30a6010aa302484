//! Where the state rests: in memory, or in a file that several processes may share, each account's apart.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::operation::Refusal;
use super::state::State;
use crate::files::{self, NotAFile, Readers};

/// The format of the file. A file of a later format is refused, never guessed at.
const FORMAT: u32 = 2;

/// The format that held one account, without saying which.
const ONE_ACCOUNT: u32 = 1;

/// A state of thousands of resources has some tens of megabytes.
const LARGEST: u64 = 512 << 20;

/// The folder that is ours to make, and to hide from Git.
const FOLDER: &str = ".gatestack";

/// Why a state file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("can't {doing} {path}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not a state file.
    #[error("{path} is not a state of the local AWS")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The file is from another version.
    #[error("{path} has format {found}, and this version reads formats up to {FORMAT}")]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

/// The state and where it rests.
#[derive(Debug)]
pub(super) enum Store {
    /// Gone with the process.
    Memory(State),
    /// In a file.
    File(Shared),
}

/// A state in a file, with what is known of it in memory.
#[derive(Debug)]
pub(super) struct Shared {
    path: PathBuf,
    lock: File,
    waits: Option<fn(&Path)>,
    /// The account whose state this is.
    account: String,
    accounts: BTreeMap<String, State>,
    /// The file as it was when `accounts` was read or written.
    seen: Option<Stamp>,
}

/// What tells one version of the file from the next.
#[derive(Debug, PartialEq)]
struct Stamp {
    written: SystemTime,
    length: u64,
    identity: u64,
}

#[derive(Deserialize)]
struct Head {
    format: u32,
}

#[derive(Serialize, Deserialize)]
struct Saved<S> {
    format: u32,
    accounts: S,
}

#[derive(Deserialize)]
struct SavedOne {
    state: State,
}

impl Store {
    /// An account's state in this file, which is made by the first change when it isn't there; its folder is made now.
    pub(super) fn at_file(
        path: &Path,
        account: &str,
        waits: Option<fn(&Path)>,
    ) -> Result<Self, StoreError> {
        let doing = |doing: &'static str, path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Io {
                doing,
                path,
                source,
            }
        };
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            make_folder(folder).map_err(doing("make", folder))?;
        }
        let lock_path = path.with_extension("lock");
        // What is no state of ours gets no lock beside it either. It is written by renaming, so it is whole without the lock.
        if !lock_path.exists() {
            match files::own(path) {
                Ok(None) => {}
                Ok(Some(_)) => {
                    accounts(path, account)?;
                }
                Err(source) => return Err(doing("read", path)(source)),
            }
        }
        let lock = files::lock_file(&lock_path).map_err(doing("open", &lock_path))?;
        let mut shared = Shared {
            path: path.to_owned(),
            lock,
            waits,
            account: account.to_owned(),
            accounts: BTreeMap::new(),
            seen: None,
        };
        shared.locked(|_| Ok(()))?;
        Ok(Self::File(shared))
    }

    /// Reads the state.
    pub(super) fn read<R>(&mut self, read: impl FnOnce(&State) -> R) -> Result<R, StoreError> {
        match self {
            Self::Memory(state) => Ok(read(state)),
            Self::File(shared) => shared.locked(|shared| Ok(read(&shared.state()))),
        }
    }

    /// Changes the state, on disk too before this returns. A refusal leaves it as it was.
    pub(super) fn change<R>(
        &mut self,
        change: impl FnOnce(&mut State) -> Result<R, Refusal>,
    ) -> Result<Result<R, Refusal>, StoreError> {
        let attempt = |state: &State| {
            let mut changed = state.clone();
            change(&mut changed).map(|answer| (changed, answer))
        };
        match self {
            Self::Memory(state) => Ok(attempt(state).map(|(changed, answer)| {
                *state = changed;
                answer
            })),
            Self::File(shared) => shared.locked(|shared| match attempt(&shared.state()) {
                Err(refusal) => Ok(Err(refusal)),
                Ok((changed, answer)) => shared.write(changed).map(|()| Ok(answer)),
            }),
        }
    }
}

/// How long another process may hold the state before that is said.
const SILENT: Duration = Duration::from_secs(1);

/// Says once that the state is waited for, unless it is over before.
struct Telling {
    _over: Option<mpsc::Sender<()>>,
}

impl Telling {
    fn start(tell: Option<fn(&Path)>, path: &Path) -> Self {
        let over = tell.map(|tell| {
            let (over, ended) = mpsc::channel::<()>();
            let path = path.to_owned();
            std::thread::spawn(move || {
                if ended.recv_timeout(SILENT) == Err(RecvTimeoutError::Timeout) {
                    tell(&path);
                }
            });
            over
        });
        Self { _over: over }
    }
}

impl Shared {
    fn state(&self) -> Cow<'_, State> {
        match self.accounts.get(&self.account) {
            Some(state) => Cow::Borrowed(state),
            None => Cow::Owned(State::default()),
        }
    }

    /// Does something with the state as it is on disk, while no other process does.
    fn locked<R>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        if self.lock.try_lock().is_err() {
            let _telling = Telling::start(self.waits, &self.path);
            self.lock
                .lock()
                .map_err(|source| self.failed("lock", source))?;
        }
        let result = self.reload().and_then(|()| run(self));
        self.lock
            .unlock()
            .map_err(|source| self.failed("unlock", source))?;
        result
    }

    fn failed(&self, doing: &'static str, source: io::Error) -> StoreError {
        StoreError::Io {
            doing,
            path: self.path.clone(),
            source,
        }
    }

    fn reload(&mut self) -> Result<(), StoreError> {
        let stamp = self.stamp()?;
        if stamp == self.seen {
            return Ok(());
        }
        self.accounts = match stamp {
            None => BTreeMap::new(),
            Some(_) => accounts(&self.path, &self.account)?,
        };
        self.seen = stamp;
        Ok(())
    }

    fn stamp(&self) -> Result<Option<Stamp>, StoreError> {
        match files::own(&self.path) {
            Ok(Some(metadata)) => {
                let written = metadata
                    .modified()
                    .map_err(|source| self.failed("read", source))?;
                Ok(Some(Stamp {
                    written,
                    length: metadata.len(),
                    identity: identity(&metadata),
                }))
            }
            Ok(None) => Ok(None),
            Err(source) => Err(self.failed("read", source)),
        }
    }

    /// Writes beside the file and renames, so that a crash leaves the old state or the new one.
    fn write(&mut self, state: State) -> Result<(), StoreError> {
        self.accounts.insert(self.account.clone(), state);
        let written = self.write_accounts();
        if written.is_err() {
            // What could not be written never happened; the next call reads the file again.
            self.seen = None;
        }
        written
    }

    fn write_accounts(&mut self) -> Result<(), StoreError> {
        let text = serde_json::to_vec(&Saved {
            format: FORMAT,
            accounts: &self.accounts,
        })
        .map_err(|source| StoreError::Damaged {
            path: self.path.clone(),
            source,
        })?;
        // Fake secrets are secrets to those who make them.
        files::replace_soon(&self.path, &text, Readers::Owner)
            .map_err(|source| self.failed("write", source))?;
        self.seen = self.stamp()?;
        Ok(())
    }
}

/// The accounts in a state file; what an older one holds is this account's.
fn accounts(path: &Path, account: &str) -> Result<BTreeMap<String, State>, StoreError> {
    let text = files::read_own(path, LARGEST).map_err(|source| StoreError::Io {
        doing: "read",
        path: path.to_owned(),
        source,
    })?;
    let damaged = |source| StoreError::Damaged {
        path: path.to_owned(),
        source,
    };
    let Head { format: found } = serde_json::from_slice(&text).map_err(damaged)?;
    match found {
        FORMAT => {
            let saved: Saved<_> = serde_json::from_slice(&text).map_err(damaged)?;
            Ok(saved.accounts)
        }
        ONE_ACCOUNT => {
            let saved: SavedOne = serde_json::from_slice(&text).map_err(damaged)?;
            Ok(BTreeMap::from([(account.to_owned(), saved.state)]))
        }
        _ => {
            let path = path.to_owned();
            Err(StoreError::Format { path, found })
        }
    }
}

/// Makes the folder unless it is there. The one that is ours is never a link: what a checkout brings along may lead anywhere.
fn make_folder(folder: &Path) -> io::Result<()> {
    let is_ours = folder.file_name().is_some_and(|name| name == FOLDER);
    if is_ours && folder.is_symlink() {
        return Err(NotAFile::Link.into());
    }
    if folder.is_dir() {
        return Ok(());
    }
    if folder.symlink_metadata().is_ok() {
        let what = "something is there already that is no folder";
        return Err(io::Error::new(io::ErrorKind::NotADirectory, what));
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    if is_ours {
        fs::write(folder.join(".gitignore"), "*\n")?;
    }
    Ok(())
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> u64 {
    0
}
