//! What lies beside the state, because it is large or written by every invocation: the code archives of functions, by their digests,
//! and the events of log groups. In memory, or in a folder beside the state's file.
//!
//! An archive is written before the state that names it and removed after the state that no longer does, so a state never names one
//! that is missing. A group's events are lines of one file, and a write that was cut off loses only its own line. A group keeps the
//! newest events up to a size.

mod events;
mod place;

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

pub use events::{Event, Stream};
use place::Place;

/// The largest archive that is read. Lambda takes 50 MiB in a request.
const LARGEST_ARCHIVE: u64 = 256 << 20;

/// What lies beside an account's state. Copies share it.
#[derive(Clone, Debug)]
pub struct Beside {
    place: Arc<Place>,
    /// A copy of the state is another's guest here: it removes nothing.
    guest: bool,
}

impl Default for Beside {
    fn default() -> Self {
        Self::in_memory()
    }
}

impl Beside {
    /// In memory, gone with the last copy.
    pub fn in_memory() -> Self {
        Self::at(Place::default())
    }

    /// An account's part of the folder beside this file of a state. The first write creates it.
    pub fn file(state: &Path, account: &str) -> Self {
        Self::at(Place::folder(state.with_extension("d"), account))
    }

    fn at(place: Place) -> Self {
        Self {
            place: Arc::new(place),
            guest: false,
        }
    }

    /// The same, for a copy of the state: what it no longer uses, the other may.
    #[must_use]
    pub fn shared(&self) -> Self {
        Self {
            place: Arc::clone(&self.place),
            guest: true,
        }
    }

    /// Keeps an archive. Returns its digest as Lambda writes it: SHA-256 in base64.
    ///
    /// # Errors
    /// It can't be written.
    pub fn keep_code(&self, archive: &[u8]) -> io::Result<String> {
        let digest = Sha256::digest(archive);
        self.place
            .replace(&["code", &hexadecimal(&digest)], archive)?;
        Ok(STANDARD.encode(digest))
    }

    /// The archive with this digest.
    pub fn code(&self, sha256: &str) -> Option<Bytes> {
        let digest = STANDARD.decode(sha256).ok()?;
        let name = hexadecimal(&digest);
        let found = self.place.read(&["code", &name], LARGEST_ARCHIVE);
        found.ok().flatten().map(Bytes::from)
    }

    /// Removes the archives whose digests are not among these.
    ///
    /// # Errors
    /// One can't be removed.
    pub fn keep_only<'d>(&self, used: impl Iterator<Item = &'d str>) -> io::Result<()> {
        if self.guest {
            return Ok(());
        }
        let used: Vec<String> = used
            .filter_map(|sha256| STANDARD.decode(sha256).ok())
            .map(|digest| hexadecimal(&digest))
            .collect();
        for name in self.place.names(&["code"])? {
            if !used.contains(&name) {
                self.place.remove(&["code", &name])?;
            }
        }
        Ok(())
    }

    /// Creates a log stream in a group. Returns whether it is new.
    ///
    /// # Errors
    /// It can't be written.
    pub fn create_stream(
        &self,
        region: &str,
        group: &str,
        stream: &str,
        now: i64,
    ) -> io::Result<bool> {
        let _turn = self.place.turn()?;
        let place = place_of(region, group);
        let known = events::read(&self.place.read(&["logs", &place], events::LARGEST)?);
        if known.iter().any(|one| one.name == stream) {
            return Ok(false);
        }
        let line = events::stream(stream, now);
        self.place.append(&["logs", &place], &line)?;
        Ok(true)
    }

    /// Appends events to a log stream, which is created if it is missing. Times are in epoch milliseconds.
    ///
    /// # Errors
    /// They can't be written.
    pub fn append(
        &self,
        region: &str,
        group: &str,
        stream: &str,
        events: &[Event],
    ) -> io::Result<()> {
        let place = place_of(region, group);
        let lines = events::lines(stream, events);
        let _turn = self.place.turn()?;
        let size = self.place.append(&["logs", &place], &lines)?;
        if size > events::KEPT {
            let text = self.place.read(&["logs", &place], events::LARGEST)?;
            let newest = events::newest(&text);
            self.place.replace(&["logs", &place], &newest)?;
        }
        Ok(())
    }

    /// A group's log streams with their events, in the order in which they were written.
    ///
    /// # Errors
    /// They can't be read.
    pub fn streams(&self, region: &str, group: &str) -> io::Result<Vec<Stream>> {
        let place = place_of(region, group);
        let text = self.place.read(&["logs", &place], events::LARGEST)?;
        Ok(events::read(&text))
    }

    /// Removes a log stream, or a group with all of them.
    ///
    /// # Errors
    /// It can't be written.
    pub fn remove_streams(
        &self,
        region: &str,
        group: &str,
        stream: Option<&str>,
    ) -> io::Result<()> {
        if self.guest {
            return Ok(());
        }
        let _turn = self.place.turn()?;
        let place = place_of(region, group);
        let Some(stream) = stream else {
            return self.place.remove(&["logs", &place]);
        };
        let text = self.place.read(&["logs", &place], events::LARGEST)?;
        let rest = events::without(&text, stream);
        self.place.replace(&["logs", &place], &rest)
    }
}

/// The name of a group's file. Its own name has slashes and may be too long, and a Region is what a request says it is.
fn place_of(region: &str, group: &str) -> String {
    hexadecimal(&Sha256::digest(format!("{region}\n{group}")))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // A text takes what is written into it.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests;
