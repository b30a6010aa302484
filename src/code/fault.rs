//! What is wrong with the code of a function.

/// What is wrong, and what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{what}")]
pub struct CodeFault {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
    /// The last lines of a build's output.
    pub output: Vec<String>,
}

impl CodeFault {
    /// Without output.
    pub(super) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: help.into(),
            output: Vec::new(),
        }
    }
}

/// Names in a sentence: the first few, and how many more.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    /// So many fit on a line.
    const SHOWN: usize = 5;
    let names: Vec<&str> = names.into_iter().collect();
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A number of bytes as AWS counts them: `1.5 MB`, of 1,024 × 1,024 bytes.
pub(super) fn megabytes(bytes: u64) -> String {
    let tenths = (bytes * 10).div_ceil(1 << 20);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
