//! The changes since a state file was written, each a line: first the revision of the file, then a patch for each, behind its number
//! and the first half of a digest over revision, number and patch. Patches of earlier versions stand alone on their lines.
//!
//! A crash cuts off the last line, which was never answered. Whatever else is missing or out of place was not written like this: it is an
//! error, since a state that lacks changes looks like any other.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{files, patch};

/// The version of the file that a journal belongs to.
pub(super) type Revision = u64;

/// How much of a journal a file holds: what a crash left behind it when it was written.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, serde::Serialize)]
pub(super) struct Folded {
    /// The file that the journal belonged to.
    pub(super) revision: Revision,
    /// How many patches it had.
    pub(super) patches: u64,
}

/// What is wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// There is no file that it could belong to.
    #[error("the state that it belongs to is not there")]
    NoState,
    /// It belongs to another file.
    #[error("it belongs to another state than the one beside it")]
    OtherState,
    /// A patch is not the one that follows.
    #[error("line {line} is not change {number}: lines before it are missing, or are there twice")]
    OutOfOrder {
        /// The line in the file.
        line: u64,
        /// The number that follows.
        number: u64,
    },
    /// A patch was changed, or is of another journal.
    #[error("line {line} was changed after it was written, or is of another journal")]
    Changed {
        /// The line in the file.
        line: u64,
    },
    /// A patch can't be made.
    #[error("line {line} is no change of this state")]
    NoChange {
        /// The line in the file.
        line: u64,
        /// Why not.
        source: serde_json::Error,
    },
}

/// The journal of a file, as it was when the file was read or written.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) path: PathBuf,
    pub(super) length: u64,
    /// How many patches are in it.
    pub(super) patches: u64,
    /// Whether the next patch can be appended.
    pub(super) goes_on: bool,
    /// Whether this process wrote into it.
    pub(super) ours: bool,
}

impl Journal {
    /// A journal that was not read yet.
    pub(super) fn at(path: PathBuf) -> Self {
        Self {
            path,
            length: 0,
            patches: 0,
            goes_on: false,
            ours: false,
        }
    }

    /// How long it is on disk.
    pub(super) fn size(&self) -> io::Result<u64> {
        Ok(files::own(&self.path)?.map_or(0, |journal| journal.len()))
    }

    /// Appends a patch for the file of this revision; returns the number of bytes, or none if the journal belongs to another
    /// revision or ends in half a line.
    pub(super) fn append(&mut self, revision: Revision, patch: &[u8]) -> io::Result<Option<usize>> {
        let mut lines = Vec::with_capacity(patch.len() + 64);
        if self.length == 0 {
            lines.extend_from_slice(revision.to_string().as_bytes());
            lines.push(b'\n');
        } else if !self.goes_on {
            return Ok(None);
        }
        let number = self.patches + 1;
        let check = check(revision, number, patch);
        lines.extend_from_slice(format!("{number} {check} ").as_bytes());
        lines.extend_from_slice(patch);
        lines.push(b'\n');
        files::append(&self.path)?.write_all(&lines)?;
        self.patches = number;
        self.length += lines.len() as u64;
        self.goes_on = true;
        self.ours = true;
        Ok(Some(lines.len()))
    }

    /// Removes it, after the file was written. If it can't be removed, its revision is another one, so it is not read.
    pub(super) fn clear(&mut self) {
        self.goes_on = false;
        self.patches = 0;
        if self.length == 0 || fs::remove_file(&self.path).is_ok() {
            self.length = 0;
        }
    }
}

/// What tells a patch from every other one, and from itself after a change.
fn check(revision: Revision, number: u64, patch: &[u8]) -> String {
    let mut digest = Sha256::new();
    digest.update(revision.to_be_bytes());
    digest.update(number.to_be_bytes());
    digest.update(patch);
    let digest = digest.finalize();
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The changes that a journal holds.
pub(super) struct Changes<'a> {
    revision: Revision,
    lines: &'a [u8],
    /// The end of the last complete line. What follows was cut off by a crash and never answered.
    whole: usize,
}

impl<'a> Changes<'a> {
    /// Those of these lines; none where not even the first one is whole.
    pub(super) fn of(lines: &'a [u8]) -> Option<Self> {
        let end = lines.iter().rposition(|byte| *byte == b'\n');
        let whole = end.map_or(0, |end| end + 1);
        let changes = Self {
            revision: 0,
            lines,
            whole,
        };
        let first = changes.each().next()?;
        let revision = serde_json::from_slice(first).ok()?;
        Some(Self {
            revision,
            ..changes
        })
    }

    /// Those that the file of this revision lacks. It may hold all of them: a crash came before they were removed.
    pub(super) fn since(
        self,
        revision: Revision,
        folded: Option<Folded>,
    ) -> Result<Option<Self>, Wrong> {
        if self.revision == revision {
            return Ok(Some(self));
        }
        match folded {
            // Versions before this one wrote none of it down, and left out what is another one's.
            None => Ok(None),
            Some(held) if held.revision == self.revision && self.count() <= held.patches => {
                Ok(None)
            }
            Some(_) => Err(Wrong::OtherState),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.each().skip(1).count() as u64
    }

    /// Whether the next patch can be appended to them.
    pub(super) fn is_whole(&self) -> bool {
        self.whole == self.lines.len()
    }

    /// Makes them in the document that the file holds.
    pub(super) fn apply(&self, document: &mut Value) -> Result<(), Wrong> {
        for (number, line) in (1..).zip(self.each().skip(1)) {
            let at = number + 1;
            let patch = self.patch(number, line.trim_ascii_end())?;
            let no_change = |source| Wrong::NoChange { line: at, source };
            let patch = serde_json::from_slice(patch).map_err(no_change)?;
            patch::apply(document, patch).map_err(no_change)?;
        }
        Ok(())
    }

    /// The patch on a line, which is this one.
    fn patch<'line>(&self, number: u64, line: &'line [u8]) -> Result<&'line [u8], Wrong> {
        let at = number + 1;
        // As earlier versions wrote them.
        if line.first() == Some(&b'[') {
            return Ok(line);
        }
        let mut parts = line.splitn(3, |byte| *byte == b' ');
        let (Some(told), Some(checked), Some(patch)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(Wrong::Changed { line: at });
        };
        if told != number.to_string().as_bytes() {
            return Err(Wrong::OutOfOrder { line: at, number });
        }
        match checked == check(self.revision, number, patch).as_bytes() {
            true => Ok(patch),
            false => Err(Wrong::Changed { line: at }),
        }
    }

    fn each(&self) -> impl Iterator<Item = &'a [u8]> {
        self.lines[..self.whole].split_inclusive(|byte| *byte == b'\n')
    }
}
