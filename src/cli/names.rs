//! Names of files that a command leaves behind.

/// A name as a file can have it.
pub(super) fn file_name(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    name.chars()
        .map(|c| if plain(c) { c } else { '-' })
        .collect()
}
