//! The files that a stack itself consists of: a folder of a function's code may contain them, and its archive doesn't.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The file beside the stack file with what the local AWS has at the start.
pub const LOCAL_AWS: &str = "local-aws.toml";

/// The parts of an overlay's file name before and after the environment.
pub(crate) fn around(stack: &Path) -> (String, String) {
    let text = |part: &OsStr| part.to_string_lossy().into_owned();
    let before = stack.file_stem().map(text).unwrap_or_default() + ".";
    let after = stack.extension().map(text);
    (
        before,
        after.map_or_else(String::new, |after| format!(".{after}")),
    )
}

/// A stack's own files, by their real paths.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnFiles {
    /// The stack file's folder; none if it is not in one.
    folder: Option<PathBuf>,
    /// The parts of the names of all overlays.
    around: (String, String),
    named: BTreeSet<PathBuf>,
}

impl OwnFiles {
    /// Those of a stack file that names these files.
    pub(super) fn of(stack: &Path, named: impl IntoIterator<Item = PathBuf>) -> Self {
        let folder = match stack.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let named = named.into_iter().chain([stack.to_owned()]);
        Self {
            folder: fs::canonicalize(folder).ok(),
            around: around(stack),
            named: named
                .filter_map(|path| fs::canonicalize(path).ok())
                .collect(),
        }
    }

    /// Whether a file is one of them: also the overlay of another environment, since all have the same archive.
    pub fn contain(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let (before, after) = &self.around;
        let is_beside = self.folder.as_deref() == path.parent();
        let is_overlay = name
            .strip_prefix(before.as_str())
            .and_then(|rest| rest.strip_suffix(after.as_str()))
            .is_some_and(|environment| !environment.is_empty());
        is_beside && (is_overlay || name == LOCAL_AWS) || self.named.contains(path)
    }
}
