//! The files of a folder that count.

use std::fs;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::fault::CodeFault;
use crate::files;

/// Leaves out more, in gitignore's syntax; it may be in any folder.
pub(super) const IGNORE_FILE: &str = ".gatestackignore";

/// What is never packed and never makes a difference, wherever it is: what tools keep beside sources and change by themselves.
const LEFT_OUT: [&str; 5] = [
    ".git",
    ".gatestack",
    IGNORE_FILE,
    ".DS_Store",
    "__pycache__",
];

/// Which files of a folder count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Rules {
    /// All but what `.gatestackignore` leaves out: a folder that is packed often contains what git ignores, such as `node_modules`.
    Packed,
    /// Those that no `.gitignore` leaves out either, here, below or above: what a build reads.
    Sources,
}

/// A file of a folder.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    /// Its path in the folder, with `/`.
    pub(super) name: String,
    /// Its path.
    pub(super) path: PathBuf,
    /// Its size in bytes.
    pub(super) size: u64,
    /// Whether it may be run.
    pub(super) executable: bool,
}

/// Whether a path is, or is in, what is always left out.
pub fn is_left_out(path: &Path) -> bool {
    path.components().any(|part| {
        let name = part.as_os_str();
        LEFT_OUT.iter().any(|left_out| name == *left_out)
    })
}

/// A folder's files in the order of their names, without a path in it. Links are followed inside of the folder.
///
/// # Errors
/// A link leaves the folder or leads nowhere, a name is not UTF-8, a rule can't be read, or a file or folder can't.
pub(super) fn files(
    folder: &Path,
    rules: Rules,
    except: Option<&Path>,
) -> Result<Vec<Listed>, CodeFault> {
    let unread = |path: &Path, error: &dyn std::fmt::Display| {
        CodeFault::new(
            format!("{} can't be read: {error}", path.display()),
            format!("make it readable, or leave it out with a line in {IGNORE_FILE}"),
        )
    };
    let root = fs::canonicalize(folder).map_err(|error| unread(folder, &error))?;
    let except = except.and_then(|path| fs::canonicalize(path).ok());
    let of_git = rules == Rules::Sources;
    let walk = WalkBuilder::new(&root)
        .standard_filters(false)
        .git_ignore(of_git)
        // Those of the folders above, as in git, also where there is no repository: in a container, say.
        .parents(of_git)
        .require_git(false)
        .add_custom_ignore_filename(IGNORE_FILE)
        .follow_links(true)
        .filter_entry(move |entry| {
            let is_except = except.as_deref() == Some(entry.path());
            let left_out = LEFT_OUT.iter().any(|name| entry.file_name() == *name);
            entry.depth() == 0 || !(is_except || left_out)
        })
        .build();
    let mut found = Vec::new();
    for entry in walk {
        let entry = entry.map_err(|error| broken(&root, folder, &error))?;
        if let Some(error) = entry.error() {
            return Err(CodeFault::new(
                format!("a rule that leaves files out can't be read: {error}"),
                "correct the pattern: the syntax is that of .gitignore",
            ));
        }
        let below = entry.path().strip_prefix(&root).unwrap_or(entry.path());
        let shown = folder.join(below);
        if entry.path_is_symlink() && entry.depth() > 0 {
            let target = fs::canonicalize(entry.path()).map_err(|error| unread(&shown, &error))?;
            if !target.starts_with(&root) {
                return Err(CodeFault::new(
                    format!(
                        "{} is a link to {}, outside of {}",
                        shown.display(),
                        target.display(),
                        folder.display()
                    ),
                    format!(
                        "copy what it links to into the folder, or leave it out with a line in {IGNORE_FILE}"
                    ),
                ));
            }
        }
        if entry.file_type().is_some_and(|kind| kind.is_dir()) {
            continue;
        }
        let metadata = entry.metadata().map_err(|error| unread(&shown, &error))?;
        let mut name = String::new();
        for part in below.components() {
            let Some(part) = part.as_os_str().to_str() else {
                return Err(CodeFault::new(
                    format!("the name of {} is not UTF-8", shown.display()),
                    format!("rename it, or leave it out with a line in {IGNORE_FILE}"),
                ));
            };
            if !name.is_empty() {
                name.push('/');
            }
            name.push_str(part);
        }
        found.push(Listed {
            executable: is_executable(&metadata),
            size: metadata.len(),
            name,
            path: shown,
        });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// What stopped a walk: mostly a link that leads nowhere, or around in a circle.
fn broken(root: &Path, folder: &Path, error: &ignore::Error) -> CodeFault {
    if let Some(link) = link_to_nothing(error) {
        let below = link.strip_prefix(root).unwrap_or(link);
        let target = fs::read_link(link).unwrap_or_default();
        let what = format!(
            "{} is a link to {}, which does not exist",
            folder.join(below).display(),
            target.display()
        );
        return CodeFault::new(what, "correct or remove the link");
    }
    let text = error.to_string();
    let text = text.replace(&root.display().to_string(), &folder.display().to_string());
    CodeFault::new(
        format!("{} can't be read: {text}", folder.display()),
        "correct or remove what is named",
    )
}

/// The link of which an error says that nothing is where it leads.
fn link_to_nothing(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => path
            .symlink_metadata()
            .is_ok_and(|metadata| metadata.is_symlink() && !path.exists())
            .then_some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            link_to_nothing(err)
        }
        _ => None,
    }
}

/// The bytes of a file that counts.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, CodeFault> {
    files::read(path, aws_facts::limits::lambda::LARGEST_UNPACKED).map_err(|error| {
        CodeFault::new(
            format!("{} can't be read: {error}", path.display()),
            format!("make it a readable file, or leave it out with a line in {IGNORE_FILE}"),
        )
    })
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path, rules: Rules) -> Vec<String> {
        let files = files(folder, rules, None).unwrap();
        files.into_iter().map(|file| file.name).collect()
    }

    #[test]
    fn files_are_left_out_by_rule_and_always() {
        let folder = tempfile::TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [
            "index.mjs",
            "lib/b.mjs",
            "lib/a.mjs",
            "lib/a.test.mjs",
            "lib.mjs",
            ".env",
            ".DS_Store",
            "lib/__pycache__/a.pyc",
            ".git/HEAD",
            ".gatestack/local.json",
            "node_modules/x/index.js",
            "guide/page.txt",
        ] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), name).unwrap();
        }
        fs::write(at(".gitignore"), "node_modules\n").unwrap();
        fs::write(at(IGNORE_FILE), "*.test.mjs\n/guide\n").unwrap();
        let packed = [
            ".env",
            ".gitignore",
            "index.mjs",
            "lib.mjs",
            "lib/a.mjs",
            "lib/b.mjs",
            "node_modules/x/index.js",
        ];
        assert_eq!(names(folder.path(), Rules::Packed), packed);
        assert_eq!(names(folder.path(), Rules::Sources), packed[..6]);
        let except = files(folder.path(), Rules::Sources, Some(&at("lib"))).unwrap();
        assert_eq!(except.len(), 4);
        fs::write(at("lib").join(IGNORE_FILE), "a.*\n").unwrap();
        assert!(!names(folder.path(), Rules::Packed).contains(&"lib/a.mjs".to_owned()));
        fs::write(at(IGNORE_FILE), "a{\n").unwrap();
        let wrong = files(folder.path(), Rules::Packed, None).unwrap_err();
        assert!(
            wrong.what.contains("line 1") && wrong.help.contains(".gitignore"),
            "{wrong}"
        );
        assert!(is_left_out(&at("lib/__pycache__/a.pyc")) && !is_left_out(&at("lib/a.mjs")));
    }

    #[test]
    fn links_stay_in_the_folder() {
        let around = tempfile::TempDir::new().unwrap();
        let folder = around.path().join("hello");
        fs::create_dir_all(folder.join("real")).unwrap();
        fs::write(folder.join("real/a.py"), "a").unwrap();
        fs::write(around.path().join("secret"), "s").unwrap();
        symlink("real", folder.join("linked")).unwrap();
        symlink("real/a.py", folder.join("b.py")).unwrap();
        assert_eq!(
            names(&folder, Rules::Packed),
            ["b.py", "linked/a.py", "real/a.py"]
        );

        symlink("../secret", folder.join("c.py")).unwrap();
        let out = files(&folder, Rules::Packed, None).unwrap_err();
        assert!(
            out.what.contains("hello/c.py is a link to") && out.what.contains("outside of"),
            "{out}"
        );
        fs::write(folder.join(IGNORE_FILE), "c.py\n").unwrap();
        assert_eq!(names(&folder, Rules::Packed).len(), 3);

        symlink("..", folder.join("real/up")).unwrap();
        let circle = files(&folder, Rules::Packed, None).unwrap_err();
        assert!(circle.what.contains("real/up"), "{circle}");
        fs::remove_file(folder.join("real/up")).unwrap();
        symlink("nothing", folder.join("broken")).unwrap();
        let broken = files(&folder, Rules::Packed, None).unwrap_err();
        assert!(
            broken
                .what
                .ends_with("hello/broken is a link to nothing, which does not exist"),
            "{broken}"
        );
    }
}
