//! The state's storage: in memory, or in a file that several processes can share, by account.
//!
//! A change of a large state writes only the difference to a [journal](Journal) beside the file. When the journal is as large as
//! the file, the whole state is written and the journal starts again. Either way a change is on disk before it is answered.

mod journal;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use journal::Wrong as WrongJournal;
use journal::{Changes, Folded, Journal, Revision};

use super::operation::Refusal;
use super::patch;
use super::state::State;
use crate::files::{self, NotAFile, Readers};

/// The format of the file. A file of a later format is refused.
const FORMAT: u32 = 2;

/// The format that held one account, without saying which.
const ONE_ACCOUNT: u32 = 1;

/// A state of thousands of resources has some tens of megabytes.
const LARGEST: u64 = 512 << 20;

/// A state up to this size is written whole, which is as fast as computing the difference.
const WRITTEN_WHOLE: u64 = 64 << 10;

/// The folder that gatestack creates, with a `.gitignore`.
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
    /// The journal is not the state's, or not whole.
    #[error("{path} can't be used")]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        source: WrongJournal,
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

/// The state and its storage.
#[derive(Debug)]
pub(super) enum Store {
    /// Gone with the process.
    Memory(State),
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
    /// Which writing of the file that is.
    revision: Revision,
    /// The journal of that file, as it was then.
    journal: Journal,
    /// Up to which size the state is written whole.
    written_whole: u64,
    /// How many bytes were written.
    #[cfg(test)]
    written: u64,
}

/// Identifies a version of the file.
#[derive(Debug, PartialEq)]
struct Stamp {
    written: SystemTime,
    length: u64,
    identity: u64,
}

#[derive(Deserialize)]
struct Head {
    format: u32,
    #[serde(default)]
    revision: Revision,
    folded: Option<Folded>,
}

#[derive(Serialize, Deserialize)]
struct Saved<S> {
    format: u32,
    accounts: S,
    /// None in a file that was written before there were journals.
    #[serde(default)]
    revision: Revision,
    /// The journal that lay beside it when it was written. None in a file of an earlier version.
    #[serde(default)]
    folded: Option<Folded>,
}

/// The contents of a file and its journal.
#[derive(Debug, Default)]
struct Loaded {
    accounts: BTreeMap<String, State>,
    revision: Revision,
    /// How many patches the journal of this file has.
    patches: u64,
    /// Whether the journal is of this file, and whole.
    goes_on: bool,
}

#[derive(Deserialize)]
struct SavedOne {
    state: State,
}

impl Store {
    /// An account's state in this file, which the first change creates if it is missing; its folder is created now.
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
        let journal = path.with_extension("journal");
        // If it is not a state file, no lock file is created beside it. Files are renamed into place, so it is complete without
        // the lock.
        if !lock_path.exists() {
            match files::own(path) {
                Ok(None) => {}
                Ok(Some(_)) => {
                    load(path, &journal, account)?;
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
            revision: 0,
            journal: Journal::at(journal),
            written_whole: WRITTEN_WHOLE,
            #[cfg(test)]
            written: 0,
        };
        shared.locked(|_| Ok(()))?;
        Ok(Self::File(shared))
    }

    pub(super) fn read<R>(&mut self, read: impl FnOnce(&State) -> R) -> Result<R, StoreError> {
        match self {
            Self::Memory(state) => Ok(read(state)),
            Self::File(shared) => shared.locked(|shared| Ok(read(&shared.state()))),
        }
    }

    /// Changes the state, on disk too before this returns. An error leaves it unchanged.
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

/// How long another process may lock the state before that is reported.
const SILENT: Duration = Duration::from_secs(1);

/// Reports once that the state is waited for, unless the wait ends before.
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

    /// Runs something on the state as it is on disk, locked against other processes.
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

    fn journal_failed(&self, doing: &'static str, source: io::Error) -> StoreError {
        StoreError::Io {
            doing,
            path: self.journal.path.clone(),
            source,
        }
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
        let length = self.journal.size();
        let length = length.map_err(|source| self.journal_failed("read", source))?;
        if stamp == self.seen && length == self.journal.length {
            return Ok(());
        }
        let loaded = match stamp {
            // The first change writes the file, so a journal alone lost its file.
            None if length > 0 => {
                return Err(StoreError::Journal {
                    path: self.journal.path.clone(),
                    source: WrongJournal::NoState,
                });
            }
            None => Loaded::default(),
            Some(_) => load(&self.path, &self.journal.path, &self.account)?,
        };
        self.accounts = loaded.accounts;
        self.revision = loaded.revision;
        self.seen = stamp;
        self.journal.length = length;
        self.journal.patches = loaded.patches;
        self.journal.goes_on = loaded.goes_on;
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

    /// Replaces the known state, on disk too.
    fn write(&mut self, state: State) -> Result<(), StoreError> {
        let written = match self.patch(&state)? {
            Some(patch) => self.journal.append(self.revision, &patch),
            None => Ok(None),
        };
        self.accounts.insert(self.account.clone(), state);
        let written = match written {
            Ok(Some(bytes)) => {
                self.count(bytes);
                Ok(())
            }
            Ok(None) => self.write_accounts(),
            Err(source) => Err(self.journal_failed("write", source)),
        };
        if written.is_err() {
            // If the write fails, the change is discarded; the next call reads the file again.
            self.seen = None;
        }
        written
    }

    /// The journal's line for a change, if that is shorter than the state.
    fn patch(&self, state: &State) -> Result<Option<Vec<u8>>, StoreError> {
        let length = self.seen.as_ref().map_or(0, |seen| seen.length);
        let before = self.accounts.get(&self.account);
        let before = before.filter(|_| length > self.written_whole && self.journal.length < length);
        let Some(before) = before else {
            return Ok(None);
        };
        let path = patch::below("/accounts", &self.account);
        let patch = patch::between(&path, before, state).map_err(|source| self.damaged(source))?;
        let line = serde_json::to_vec(&patch).map_err(|source| self.damaged(source))?;
        Ok(Some(line))
    }

    /// Writes beside the file and renames, so that a crash leaves the old state or the new one.
    fn write_accounts(&mut self) -> Result<(), StoreError> {
        let revision = new_revision().map_err(|source| self.failed("write", source))?;
        let text = serde_json::to_vec(&Saved {
            format: FORMAT,
            accounts: &self.accounts,
            revision,
            folded: Some(Folded {
                revision: self.revision,
                patches: self.journal.patches,
            }),
        })
        .map_err(|source| self.damaged(source))?;
        // Its secrets are fake, but treated as secrets.
        files::replace_soon(&self.path, &text, Readers::Owner)
            .map_err(|source| self.failed("write", source))?;
        self.count(text.len());
        self.revision = revision;
        self.seen = self.stamp()?;
        self.journal.clear();
        Ok(())
    }

    fn damaged(&self, source: serde_json::Error) -> StoreError {
        StoreError::Damaged {
            path: self.path.clone(),
            source,
        }
    }

    fn count(&mut self, _bytes: usize) {
        #[cfg(test)]
        {
            self.written += _bytes as u64;
        }
    }
}

impl Drop for Shared {
    /// Leaves one file, unless the process is killed.
    fn drop(&mut self) {
        if self.journal.goes_on && self.journal.ours {
            // A failure can't be reported any more, but loses nothing: the journal has every change.
            let _ = self.locked(|shared| match shared.journal.goes_on {
                true => shared.write_accounts(),
                false => Ok(()),
            });
        }
    }
}

/// A number that no other writing of the file has.
fn new_revision() -> io::Result<Revision> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(Revision::from_ne_bytes(random))
}

/// The contents of a state file and its journal; those of an older format are this account's.
fn load(path: &Path, journal: &Path, account: &str) -> Result<Loaded, StoreError> {
    let read = |path: &Path| {
        files::read_own(path, LARGEST).map_err(|source| StoreError::Io {
            doing: "read",
            path: path.to_owned(),
            source,
        })
    };
    let damaged = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Damaged { path, source }
    };
    let text = read(path)?;
    let Head {
        format: found,
        revision,
        folded,
    } = serde_json::from_slice(&text).map_err(damaged(path))?;
    match found {
        FORMAT => {}
        ONE_ACCOUNT => {
            let saved: SavedOne = serde_json::from_slice(&text).map_err(damaged(path))?;
            return Ok(Loaded {
                accounts: BTreeMap::from([(account.to_owned(), saved.state)]),
                ..Loaded::default()
            });
        }
        _ => {
            let path = path.to_owned();
            return Err(StoreError::Format { path, found });
        }
    }
    let lines = match files::own(journal) {
        Ok(Some(_)) => read(journal)?,
        _ => Vec::new(),
    };
    let wrong = |source| StoreError::Journal {
        path: journal.to_owned(),
        source,
    };
    let changes = Changes::of(&lines).map(|changes| changes.since(revision, folded));
    let Some(changes) = changes.transpose().map_err(wrong)?.flatten() else {
        let saved: Saved<_> = serde_json::from_slice(&text).map_err(damaged(path))?;
        return Ok(Loaded {
            accounts: saved.accounts,
            revision,
            patches: 0,
            goes_on: false,
        });
    };
    let mut document: Value = serde_json::from_slice(&text).map_err(damaged(path))?;
    drop(text);
    changes.apply(&mut document).map_err(wrong)?;
    let saved: Saved<_> = serde_json::from_value(document).map_err(damaged(path))?;
    Ok(Loaded {
        accounts: saved.accounts,
        revision,
        patches: changes.count(),
        goes_on: changes.is_whole(),
    })
}

/// Creates the folder if it is missing. `.gatestack` must not be a link: one in a checkout may point anywhere.
fn make_folder(folder: &Path) -> io::Result<()> {
    let is_ours = folder.file_name().is_some_and(|name| name == FOLDER);
    if is_ours && folder.is_symlink() {
        return Err(NotAFile::Link.into());
    }
    if folder.is_dir() {
        return Ok(());
    }
    if folder.symlink_metadata().is_ok() {
        let what = "something that is not a folder is there already";
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

#[cfg(test)]
mod tests;
