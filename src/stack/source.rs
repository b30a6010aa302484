//! The text of a stack file, and where in it something stands.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// A stack file's text and the name it goes by in messages.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    text: String,
}

/// A place in a file, as people and editors count: lines and characters from 1.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Location {
    /// The file, as the user named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The line of the end.
    pub end_line: usize,
    /// The character just behind the end.
    pub end_column: usize,
}

impl Source {
    /// A text that messages call `path`; nothing is read from there.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// The file's path, as the user named it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text between these bytes; empty when they are not in the text.
    pub fn slice(&self, span: &Range<usize>) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// The bytes of `written` within these, if the file spells it out there; else these.
    pub fn find(&self, within: &Range<usize>, written: &str) -> Range<usize> {
        match self.slice(within).find(written) {
            Some(offset) => within.start + offset..within.start + offset + written.len(),
            None => within.clone(),
        }
    }

    /// Where these bytes stand.
    pub fn locate(&self, span: &Range<usize>) -> Location {
        let (line, column) = self.position(span.start);
        let (end_line, end_column) = self.position(span.end.max(span.start));
        Location {
            file: self.path.display().to_string(),
            line,
            column,
            end_line,
            end_column,
        }
    }

    fn position(&self, at: usize) -> (usize, usize) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }
}

impl Location {
    /// `FILE:LINE:COLUMN`, which terminals and editors turn into a link.
    pub fn link(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_characters_count_from_one() {
        let source = Source::new("stack.toml", "a = 1\nü = \"x\"\n");
        let location = source.locate(&(11..14));
        assert_eq!(
            (location.line, location.column, location.end_column),
            (2, 5, 8)
        );
        assert_eq!(location.link(), "stack.toml:2:5");
        assert_eq!(source.locate(&(99..120)).line, 3);
    }
}
