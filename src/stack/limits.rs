//! Size limits of a stack file, so that reading it takes neither minutes nor gigabytes. Everything after this may take time in
//! proportion to the file.

use toml::de::{DeTable, DeValue};

use super::diagnostic::{Code, Diagnostic};
use super::source::{LARGEST_FILE, SourceFile};
use crate::files::size as bytes;

/// The most values: ten thousand partners, the most of an account, with ten lines each.
const MOST_VALUES: usize = 100_000;

/// The most tables with a header line: two for each partner that an account can have. The parser moves all tables after one whose
/// header comes after those of its subtables.
const MOST_HEADERS: usize = 25_000;

/// The longest key, in bytes. API Gateway has no longer path, nor AWS a longer name.
const LONGEST_KEY: usize = 2_048;

/// The most bytes of the full paths of all values, which nested tables with long names add up to.
const LONGEST_PATHS: usize = 64 << 20;

/// The most keys of the paths of all values: the most values, each ten deep.
const MOST_KEYS: usize = 1_000_000;

/// Refuses a text that is too large for a stack file.
///
/// # Errors
/// The exceeded limit.
pub(super) fn size(file: &SourceFile) -> Result<(), Diagnostic> {
    if file.text().len() as u64 <= LARGEST_FILE {
        return headers(file);
    }
    let message = format!(
        "{} has {} bytes, and gatestack reads at most {} of a file",
        file.path().display(),
        file.text().len(),
        bytes(LARGEST_FILE)
    );
    Err(Diagnostic::error(Code::TooLarge, message)
        .help("a thousand partners take less than 1 MiB: see what else is in it"))
}

fn headers(file: &SourceFile) -> Result<(), Diagnostic> {
    let lines = file.text().lines();
    let headers = lines.filter(|line| line.trim_start().starts_with('['));
    if headers.count() <= MOST_HEADERS {
        return Ok(());
    }
    let message = format!(
        "{} has more than {MOST_HEADERS} tables",
        file.path().display()
    );
    Err(Diagnostic::error(Code::TooLarge, message)
        .help("gatestack reads no more of one stack: make several stacks of it"))
}

/// The number of values in a document.
///
/// # Errors
/// The first exceeded limit.
pub(super) fn check(root: &DeTable<'_>) -> Result<usize, Diagnostic> {
    let mut pass = Pass {
        values: 0,
        paths: 0,
        keys: 0,
    };
    pass.table(root, Above::default())?;
    Ok(pass.values)
}

struct Pass {
    values: usize,
    paths: usize,
    keys: usize,
}

/// The path to a value.
#[derive(Clone, Copy, Default)]
struct Above {
    /// How many bytes its keys have.
    bytes: usize,
    /// How many keys there are.
    keys: usize,
}

impl Above {
    fn further(self, bytes: usize) -> Self {
        Self {
            bytes: self.bytes + bytes,
            keys: self.keys + 1,
        }
    }
}

impl Pass {
    /// `above` is the path there. Nesting is at most 160 deep: the parser refuses more.
    fn table(&mut self, table: &DeTable<'_>, above: Above) -> Result<(), Diagnostic> {
        for (key, value) in table {
            let length = key.get_ref().len();
            if length > LONGEST_KEY {
                let message = format!("a key of {length} bytes");
                return Err(Diagnostic::error(Code::TooLarge, message)
                    .at(key.span())
                    .help(format!("gatestack takes keys of up to {LONGEST_KEY} bytes")));
            }
            self.value(value.get_ref(), above.further(length))
                .map_err(|refused| place(refused, value.span()))?;
        }
        Ok(())
    }

    fn value(&mut self, value: &DeValue<'_>, path: Above) -> Result<(), Diagnostic> {
        self.values += 1;
        self.paths += path.bytes;
        self.keys += path.keys;
        if self.values > MOST_VALUES {
            let message = format!("the file has more than {MOST_VALUES} values");
            return Err(Diagnostic::error(Code::TooLarge, message)
                .help("gatestack reads no more of one stack: make several stacks of it"));
        }
        if self.paths > LONGEST_PATHS {
            let message = format!(
                "with the names of the tables around them, the keys of the file are longer than {} in all",
                bytes(LONGEST_PATHS as u64)
            );
            return Err(
                Diagnostic::error(Code::TooLarge, message).help("shorten the names of tables")
            );
        }
        if self.keys > MOST_KEYS {
            let message = format!(
                "with the tables and lists around them, the values of the file have more than {MOST_KEYS} keys in all"
            );
            return Err(Diagnostic::error(Code::TooLarge, message)
                .help("put fewer tables and lists into each other"));
        }
        match value {
            DeValue::Table(table) => self.table(table, path),
            DeValue::Array(array) => array.iter().try_for_each(|element| {
                self.value(element.get_ref(), path.further(0))
                    .map_err(|refused| place(refused, element.span()))
            }),
            _ => Ok(()),
        }
    }
}

/// The place of what was refused, unless a more precise one is known.
fn place(refused: Diagnostic, span: std::ops::Range<usize>) -> Diagnostic {
    if refused.labels.is_empty() {
        refused.at(span)
    } else {
        refused
    }
}
