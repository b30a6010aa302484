//! Where a function's code is.

use std::path::{Path, PathBuf};

use super::fault::CodeFault;
use super::folder::{self, Rules};
use crate::model::{S3Object, digest};

/// What `source` names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    /// A folder, whose files are packed.
    Folder(PathBuf),
    /// A zip file, sent as it is.
    Zip(PathBuf),
    /// An object in S3, which Lambda fetches itself.
    Object(S3Object),
}

impl Origin {
    /// The origin in a setting; paths are relative to a folder.
    ///
    /// # Errors
    /// An address in S3 lacks a bucket or a key.
    pub fn of(source: &str, folder: &Path) -> Result<Self, CodeFault> {
        if source.starts_with(S3Object::PREFIX) {
            return S3Object::parse(source).map(Self::Object).ok_or_else(|| {
                CodeFault::new(
                    format!("`{source}` is not an object in S3"),
                    "write it as s3://BUCKET/KEY or s3://BUCKET/KEY?versionId=VERSION",
                )
            });
        }
        if source.is_empty() {
            return Err(CodeFault::new(
                "`source` is empty",
                "name the folder or the zip file with the code; `.` is the stack file's own folder",
            ));
        }
        let path = folder.join(source);
        let ending = path.extension().and_then(|ending| ending.to_str());
        let is_zip = ending.is_some_and(|ending| {
            ["zip", "jar"]
                .iter()
                .any(|it| ending.eq_ignore_ascii_case(it))
        });
        Ok(if is_zip {
            Self::Zip(path)
        } else {
            Self::Folder(path)
        })
    }

    /// Its path; an object in S3 has none here.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) | Self::Zip(path) => Some(path),
            Self::Object(_) => None,
        }
    }
}

/// The digest that decides whether what a build makes has changed: of its command, of the `source` that it makes, since one command may
/// make the code of several functions, and of the files and folders that it reads, without what `.gitignore` and `.gatestackignore`
/// leave out, and without what the build makes. These are `sources` in the stack file, relative to its folder.
///
/// # Errors
/// One can't be read, or is not there.
pub fn build_digest(
    command: &str,
    sources: &[String],
    folder: &Path,
    source: &str,
) -> Result<String, CodeFault> {
    let made = Origin::of(source, folder)?;
    let mut text = format!("build {} {source}\n", digest(command.as_bytes()));
    let mut sorted: Vec<&String> = sources.iter().collect();
    sorted.sort();
    for source in sorted {
        let path = folder.join(source);
        if path.is_file() {
            let bytes = folder::read_file(&path)?;
            text.push_str(&format!("{source} {}\n", digest(&bytes)));
            continue;
        }
        if !path.is_dir() {
            return Err(CodeFault::new(
                format!("{} is in `sources` and does not exist", path.display()),
                "list the files and folders that the build reads, relative to the stack file",
            ));
        }
        for file in folder::files(&path, Rules::Sources, made.path())? {
            let bytes = folder::read_file(&file.path)?;
            let mode = if file.executable { "x" } else { "-" };
            text.push_str(&format!(
                "{source}/{} {mode} {}\n",
                file.name,
                digest(&bytes)
            ));
        }
    }
    Ok(digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_source_is_a_folder_a_zip_file_or_an_object() {
        let of = |source: &str| Origin::of(source, Path::new("stacks"));
        assert_eq!(of("hello"), Ok(Origin::Folder("stacks/hello".into())));
        assert_eq!(of("a.ZIP"), Ok(Origin::Zip("stacks/a.ZIP".into())));
        assert_eq!(of("a.jar"), Ok(Origin::Zip("stacks/a.jar".into())));
        let object = |version: Option<&str>| {
            Origin::Object(S3Object {
                bucket: "b".into(),
                key: "k/a.zip".into(),
                version: version.map(str::to_owned),
            })
        };
        assert_eq!(of("s3://b/k/a.zip"), Ok(object(None)));
        assert_eq!(of("s3://b/k/a.zip?versionId=7"), Ok(object(Some("7"))));
        let empty = of("").unwrap_err();
        assert_eq!(empty.what, "`source` is empty");
        for wrong in [
            "s3://",
            "s3://b",
            "s3://b/",
            "s3:///k",
            "s3://b/k?versionId=",
        ] {
            assert!(
                of(wrong).unwrap_err().help.contains("s3://BUCKET/KEY"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_build_has_changed_if_its_command_or_a_source_has() {
        let stack = tempfile::TempDir::new().unwrap();
        let at = |name: &str| stack.path().join(name);
        fs::create_dir_all(at("src/made")).unwrap();
        fs::write(at("src/main.rs"), "1").unwrap();
        fs::write(at("Cargo.toml"), "1").unwrap();
        fs::write(at("src/.gitignore"), "*.log\n").unwrap();
        let sources = ["src".to_owned(), "Cargo.toml".to_owned()];
        let digest = |command: &str, sources: &[String]| {
            build_digest(command, sources, stack.path(), "src/made").unwrap()
        };
        let first = digest("make", &sources);
        assert_eq!(
            digest("make", &[sources[1].clone(), sources[0].clone()]),
            first
        );
        fs::write(at("src/made/bootstrap"), "made").unwrap();
        fs::write(at("src/build.log"), "noise").unwrap();
        fs::write(at(".gitignore"), "node_modules/\n").unwrap();
        fs::create_dir(at("src/node_modules")).unwrap();
        fs::write(at("src/node_modules/a.js"), "installed").unwrap();
        fs::write(at("README.md"), "not read").unwrap();
        assert_eq!(digest("make", &sources), first);
        assert_ne!(digest("make all", &sources), first);
        fs::write(at("Cargo.toml"), "2").unwrap();
        let second = digest("make", &sources);
        assert_ne!(second, first);
        fs::write(at("src/main.rs"), "2").unwrap();
        assert_ne!(digest("make", &sources), second);
        // One command may make the code of several functions.
        let other = build_digest("make", &sources, stack.path(), "other").unwrap();
        assert_ne!(other, digest("make", &sources));
        let absent = build_digest("make", &["lib".to_owned()], stack.path(), "made").unwrap_err();
        assert!(
            absent
                .what
                .ends_with("lib is in `sources` and does not exist"),
            "{absent}"
        );
    }
}
