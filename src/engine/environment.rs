//! Environments: `stack.prod.toml` beside `stack.toml` is the overlay of `prod`.

use std::path::{Path, PathBuf};

use crate::stack::around;

/// Parses the name of an environment. It can't leave the stack file's folder, and it isn't empty: `--env "$UNSET"` must not mean
/// the stack without its overlay.
///
/// # Errors
/// The characters of a name.
pub(crate) fn name(text: &str) -> Result<String, String> {
    let within = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(within) {
        Ok(text.to_owned())
    } else {
        Err("write a name of letters, digits, '-', '_' and '.', as in 'prod'".into())
    }
}

/// The path of an environment's overlay.
pub(crate) fn overlay(stack: &Path, environment: &str) -> PathBuf {
    let (before, after) = around(stack);
    stack.with_file_name(before + environment + &after)
}

/// The environments with an overlay, and its file name, in alphabetical order; none if the folder can't be read.
pub(crate) fn all(stack: &Path) -> Vec<(String, String)> {
    let (before, after) = around(stack);
    let folder = match stack.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let file = entry.ok()?.file_name().into_string().ok()?;
            let between = file.strip_prefix(&before)?.strip_suffix(&after)?;
            Some((name(between).ok()?, file))
        })
        .collect();
    found.sort();
    found
}

/// The stack file of an overlay, and its environment, if that stack file exists: `stack.toml` and `prod` of `stack.prod.toml`.
pub(crate) fn of_overlay(path: &Path) -> Option<(PathBuf, String)> {
    let stem = path.file_stem()?.to_str()?;
    let places = stem.match_indices('.').map(|(place, _)| place);
    places.into_iter().find_map(|place| {
        let environment = name(&stem[place + 1..]).ok()?;
        let mut stack = path.with_file_name(&stem[..place]);
        if let Some(extension) = path.extension() {
            stack.as_mut_os_string().push(".");
            stack.as_mut_os_string().push(extension);
        }
        stack.is_file().then_some((stack, environment))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlay_lies_beside_its_stack_file() {
        let path = |stack: &str| overlay(Path::new(stack), "prod").display().to_string();
        assert_eq!(path("stack.toml"), "stack.prod.toml");
        assert_eq!(path("dir/my.toml"), "dir/my.prod.toml");
        assert_eq!(path("../a.b.toml"), "../a.b.prod.toml");
        assert_eq!(path("dir.d/plain"), "dir.d/plain.prod");
    }

    #[test]
    fn environments_are_found_by_their_files() {
        let folder = tempfile::TempDir::new().unwrap();
        for file in [
            "my.toml",
            "my.prod.toml",
            "my.dev.toml",
            "my..toml",
            "your.x.toml",
            "my.x.json",
        ] {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        let found = all(&folder.path().join("my.toml"));
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["dev", "prod"]);
        assert!(all(&folder.path().join("gone/my.toml")).is_empty());
    }

    #[test]
    fn an_overlay_is_known_by_its_stack_file() {
        let folder = tempfile::TempDir::new().unwrap();
        let at = |file: &str| folder.path().join(file);
        std::fs::write(at("my.toml"), "").unwrap();
        let prod = Some((at("my.toml"), "prod".to_owned()));
        assert_eq!(of_overlay(&at("my.prod.toml")), prod);
        let dotted = Some((at("my.toml"), "eu.prod".to_owned()));
        assert_eq!(of_overlay(&at("my.eu.prod.toml")), dotted);
        assert_eq!(of_overlay(&at("my.toml")), None);
        assert_eq!(of_overlay(&at("your.prod.toml")), None);
    }

    #[test]
    fn a_name_stays_in_the_folder() {
        assert_eq!(name("eu-1_a.b").as_deref(), Ok("eu-1_a.b"));
        for refused in ["", ".", "..", "../x", "a/b", "a\\b", "ü", "a b"] {
            assert!(name(refused).is_err(), "{refused:?}");
        }
    }
}
