//! Where a hand-off was written, its parts by name, and how to open it. Never its contents.

use super::layout::{behind, indented};
use super::style::{STRONG, WARNING, paint};

/// What was left somewhere.
pub(crate) struct Left<'a> {
    /// A sentence: what is where.
    pub(crate) head: String,
    /// Its parts by name, with what each holds.
    pub(crate) parts: Vec<(&'a str, String)>,
    /// Paragraphs about it, with commands.
    pub(crate) advice: Vec<(String, Vec<String>)>,
}

impl Left<'_> {
    /// The screen.
    pub(crate) fn text(&self, width: usize) -> String {
        let mut text = indented(&self.head, 0, width);
        let column = self.parts.iter().map(|(name, _)| name.len()).max();
        let column = column.unwrap_or_default();
        for (name, holds) in &self.parts {
            let head = format!("  {}{:2$} ", paint(STRONG, name), "", column - name.len());
            text += &behind(&head, column + 3, holds, column + 4, width);
        }
        for (words, commands) in &self.advice {
            text += &indented(words, 0, width);
            for command in commands {
                // A command is copied as a whole, however long it is.
                text += &format!("  {command}\n");
            }
        }
        text
    }
}

/// A warning about a finished hand-off.
pub(crate) fn warning(words: &str, width: usize) -> String {
    behind(
        &format!("{}:", paint(WARNING, "warning")),
        "warning:".len(),
        words,
        2,
        width,
    )
}
