//! The text of a stack file, of its overlay, and of the OpenAPI document that it names, and places in them.
//!
//! The bytes of all files are counted continuously, so that a range alone determines the file.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::Serialize;

/// The most bytes of a stack file or an overlay that are read. A thousand partners take a quarter of one MiB.
pub const LARGEST_FILE: u64 = 4 << 20;

/// A stack file, and its overlay if there is one.
#[derive(Clone, Debug)]
pub struct Source {
    base: SourceFile,
    /// Boxed, since most stacks have none, and every error with a source is as large as it.
    overlay: Option<Box<SourceFile>>,
    /// The files of the API's document.
    documents: Vec<SourceFile>,
}

/// One file's text and its name in messages.
#[derive(Clone, Debug)]
pub struct SourceFile {
    path: PathBuf,
    text: String,
    /// The offset of its first byte.
    start: usize,
    /// Where each line starts, computed at first use.
    starts: OnceLock<Vec<usize>>,
}

/// A place in a file as in editors: lines and characters from 1.
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
    /// A text with the name `path` in messages; nothing is read from there.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self {
            base: SourceFile {
                path: path.into(),
                text: text.into(),
                start: 0,
                starts: OnceLock::new(),
            },
            overlay: None,
            documents: Vec::new(),
        }
    }

    /// The same with an overlay; nothing is read from `path`.
    #[must_use]
    pub fn with_overlay(mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        self.overlay = Some(Box::new(SourceFile {
            path: path.into(),
            text: text.into(),
            // One more than the base's bytes: the end of the base is not the beginning of the overlay.
            start: self.base.text.len() + 1,
            starts: OnceLock::new(),
        }));
        self
    }

    /// Adds a file of the API's document; nothing is read from `path`. Returns the offset of its first byte.
    pub(super) fn add_document(&mut self, path: PathBuf, text: String) -> usize {
        let last = self.documents.last().or(self.overlay());
        let last = last.unwrap_or(&self.base);
        let start = last.start + last.text.len() + 1;
        self.documents.push(SourceFile {
            path,
            text,
            start,
            starts: OnceLock::new(),
        });
        start
    }

    /// The files of the API's document.
    pub(super) fn documents(&self) -> &[SourceFile] {
        &self.documents
    }

    /// The stack file.
    pub fn base(&self) -> &SourceFile {
        &self.base
    }

    /// Whether one of its files has this text somewhere, comments included.
    pub(super) fn contains(&self, text: &str) -> bool {
        let files = [Some(&self.base), self.overlay()];
        files
            .into_iter()
            .flatten()
            .any(|file| file.text.contains(text))
    }

    /// What is laid over it.
    pub fn overlay(&self) -> Option<&SourceFile> {
        self.overlay.as_deref()
    }

    /// The file that these bytes are in.
    pub fn file(&self, span: &Range<usize>) -> &SourceFile {
        let laid_over = self.overlay().into_iter().chain(&self.documents);
        let begun = laid_over.take_while(|file| span.start >= file.start);
        begun.last().unwrap_or(&self.base)
    }

    /// The files' names: `stack.toml`, or `stack.toml with stack.prod.toml`.
    pub fn name(&self) -> String {
        let base = self.base.path.display();
        match &self.overlay {
            Some(overlay) => format!("{base} with {}", overlay.path.display()),
            None => base.to_string(),
        }
    }

    /// The text between these bytes; empty when they are not in the text.
    pub fn slice(&self, span: &Range<usize>) -> &str {
        let file = self.file(span);
        file.text.get(file.within(span)).unwrap_or_default()
    }

    /// The bytes of `written` within these, if the file contains it literally; else these.
    pub fn find(&self, within: &Range<usize>, written: &str) -> Range<usize> {
        match self.slice(within).find(written) {
            Some(offset) => within.start + offset..within.start + offset + written.len(),
            None => within.clone(),
        }
    }

    /// The place of these bytes.
    pub fn locate(&self, span: &Range<usize>) -> Location {
        let file = self.file(span);
        let within = file.within(span);
        let (line, column) = file.position(within.start);
        let (end_line, end_column) = file.position(within.end);
        Location {
            file: file.path.display().to_string(),
            line,
            column,
            end_line,
            end_column,
        }
    }
}

impl SourceFile {
    /// The file's path, as the user named it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Converts a range over all files to one in this text.
    pub fn within(&self, span: &Range<usize>) -> Range<usize> {
        let start = span.start.saturating_sub(self.start);
        start..span.end.saturating_sub(self.start).max(start)
    }

    /// Converts a range in this text to one over all files.
    pub fn counted(&self, within: &Range<usize>) -> Range<usize> {
        within.start + self.start..within.end + self.start
    }

    /// How many lines it has.
    pub fn lines(&self) -> usize {
        self.starts().len() - usize::from(self.text.is_empty() || self.text.ends_with('\n'))
    }

    /// The line and the character of a byte of this text, both from 1.
    pub fn position(&self, at: usize) -> (usize, usize) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let line = self.starts().partition_point(|start| *start <= at);
        let start = self.starts()[line - 1];
        (line, self.text[start..at].chars().count() + 1)
    }

    /// Where each line starts.
    fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| {
            let behind = self
                .text
                .match_indices('\n')
                .map(|(newline, _)| newline + 1);
            std::iter::once(0).chain(behind).collect()
        })
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
    #[test]
    fn bytes_behind_the_base_are_the_overlays() {
        let base = "a = 1\n";
        let source = Source::new("stack.toml", base).with_overlay("stack.prod.toml", "\nb = \"x\"");
        let overlay = source.overlay().unwrap();
        let value = overlay.counted(&(5..8));
        assert_eq!(source.slice(&value), "\"x\"");
        assert_eq!(source.locate(&value).link(), "stack.prod.toml:2:5");
        assert_eq!(source.slice(&source.find(&value, "x")), "x");
        let end = base.len();
        assert_eq!(source.locate(&(end..end)).link(), "stack.toml:2:1");
        assert_eq!(
            source.locate(&overlay.counted(&(0..0))).link(),
            "stack.prod.toml:1:1"
        );
        let mut source = source.clone();
        let first = source.add_document("a.yaml".into(), "openapi: 3.0.3\n".into());
        let second = source.add_document("b.yaml".into(), "a: 1\n".into());
        assert_eq!(source.locate(&(first..first)).link(), "a.yaml:1:1");
        assert_eq!(source.locate(&(second - 1..second)).link(), "a.yaml:2:1");
        assert_eq!(source.slice(&(second + 3..second + 4)), "1");
        assert_eq!(source.locate(&value).link(), "stack.prod.toml:2:5");
    }
}
