//! The changes since a state file was written: first a line with the file's revision, then a line with a patch for each.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use serde_json::Value;

use crate::{files, patch};

/// The version of the file that a journal belongs to.
pub(super) type Revision = u64;

/// The journal of a file, as it was when the file was read or written.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) path: PathBuf,
    pub(super) length: u64,
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
        let mut lines = Vec::with_capacity(patch.len() + 32);
        if self.length == 0 {
            lines.extend_from_slice(revision.to_string().as_bytes());
            lines.push(b'\n');
        } else if !self.goes_on {
            return Ok(None);
        }
        lines.extend_from_slice(patch);
        lines.push(b'\n');
        files::append(&self.path)?.write_all(&lines)?;
        self.length += lines.len() as u64;
        self.goes_on = true;
        self.ours = true;
        Ok(Some(lines.len()))
    }

    /// Removes it, after the file was written. If it can't be removed, its revision is another one, so it is not read.
    pub(super) fn clear(&mut self) {
        self.goes_on = false;
        if self.length == 0 || fs::remove_file(&self.path).is_ok() {
            self.length = 0;
        }
    }
}

/// The changes that a journal holds.
pub(super) struct Changes<'a> {
    lines: &'a [u8],
    /// The end of the last complete line. What follows was cut off by a crash and never answered.
    whole: usize,
}

impl<'a> Changes<'a> {
    /// The changes in these lines, if they belong to the file of this revision.
    pub(super) fn since(revision: Revision, lines: &'a [u8]) -> Option<Self> {
        let end = lines.iter().rposition(|byte| *byte == b'\n');
        let whole = end.map_or(0, |end| end + 1);
        let changes = Self { lines, whole };
        let of = serde_json::from_slice(changes.each().next()?).ok();
        (of == Some(revision)).then_some(changes)
    }

    /// Whether the next patch can be appended to them.
    pub(super) fn is_whole(&self) -> bool {
        self.whole == self.lines.len()
    }

    /// Applies them to the file's document.
    pub(super) fn apply(&self, document: &mut Value) -> Result<(), serde_json::Error> {
        self.each()
            .skip(1)
            .try_for_each(|line| patch::apply(document, serde_json::from_slice(line)?))
    }

    fn each(&self) -> impl Iterator<Item = &'a [u8]> {
        self.lines[..self.whole].split_inclusive(|byte| *byte == b'\n')
    }
}
