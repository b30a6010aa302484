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

/// A number of bytes as AWS counts them: `1.5 MB`, of 1,024 × 1,024 bytes, or `12 KB`. Rounded up, so that what is larger than a limit
/// shows it.
pub(super) fn megabytes(bytes: u64) -> String {
    if bytes <= 1_023 << 10 {
        return format!("{} KB", bytes.div_ceil(1 << 10));
    }
    let tenths = (bytes * 10).div_ceil(1 << 20);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_in_two_units_and_above_their_limits() {
        for (bytes, shown) in [
            (0, "0 KB"),
            (1, "1 KB"),
            (12_000, "12 KB"),
            (1_023 << 10, "1023 KB"),
            (1 << 20, "1.0 MB"),
            (50 << 20, "50.0 MB"),
            ((50 << 20) + 1, "50.1 MB"),
        ] {
            assert_eq!(megabytes(bytes), shown);
        }
    }
}
