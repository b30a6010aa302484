//! What Lambda gets: an archive, made of a folder or read from a zip file.

use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use aws_facts::limits::lambda::{LARGEST_ARCHIVE, LARGEST_UNPACKED};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter};

use super::fault::{CodeFault, listed, megabytes};
use super::folder::{self, IGNORE_FILE, Rules};
use super::origin::Origin;
use crate::files;
use crate::model::digest;

/// The program of a function without a language.
pub(super) const BOOTSTRAP: &str = "bootstrap";

/// A zip file's own headers for an entry, at most, without its name, which is in it twice.
const HEADERS: u64 = 200;

/// So many of the largest files are named if there is too much.
const NAMED: usize = 5;

/// The help where too much can't be sent.
const TOO_LARGE: &str = "put what is large into a layer, or upload the archive to S3 and write source = \"s3://BUCKET/KEY\"";

/// A function's code, read from files.
#[derive(Clone, Debug)]
pub struct Code {
    origin: PathBuf,
    held: Held,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
enum Held {
    /// The bytes of the entries.
    Files(Vec<Vec<u8>>),
    /// A zip file.
    Zip(Vec<u8>),
}

#[derive(Clone, Debug)]
struct Entry {
    name: String,
    size: u64,
    executable: bool,
}

impl Code {
    /// Reads it; none of an object in S3.
    ///
    /// # Errors
    /// It is not there, can't be read, is no zip file, is empty, or is larger than Lambda accepts. A folder that is known to be too
    /// large only once it is packed is an error of [`Code::archive`].
    pub fn read(origin: &Origin) -> Result<Option<Self>, CodeFault> {
        let code = match origin {
            Origin::Folder(path) => Self::of_folder(path)?,
            Origin::Zip(path) => Self::of_zip(path)?,
            Origin::Object(_) => return Ok(None),
        };
        if code.entries.is_empty() {
            return Err(CodeFault::new(
                format!("there are no files in {}", code.origin.display()),
                format!("add the handler's file, or correct {IGNORE_FILE}"),
            ));
        }
        Ok(Some(code))
    }

    fn of_folder(folder: &Path) -> Result<Self, CodeFault> {
        if !folder.is_dir() {
            return Err(absent(folder));
        }
        let listed = folder::files(folder, Rules::Packed, None)?;
        let entries = listed.iter().map(|file| Entry {
            name: file.name.clone(),
            size: file.size,
            executable: file.executable || file.name == BOOTSTRAP,
        });
        let entries: Vec<Entry> = entries.collect();
        unpacked_fits(folder, &entries)?;
        let bytes = listed.iter().map(|file| folder::read_file(&file.path));
        Ok(Self {
            origin: folder.to_owned(),
            held: Held::Files(bytes.collect::<Result<_, _>>()?),
            entries,
        })
    }

    fn of_zip(path: &Path) -> Result<Self, CodeFault> {
        if !path.is_file() {
            return Err(absent(path));
        }
        let size = path.metadata().map_or(0, |metadata| metadata.len());
        if size > LARGEST_ARCHIVE as u64 {
            return Err(CodeFault::new(
                format!(
                    "{} has {}, and Lambda accepts archives of up to {}",
                    path.display(),
                    megabytes(size),
                    megabytes(LARGEST_ARCHIVE as u64)
                ),
                "upload it to S3 and write source = \"s3://BUCKET/KEY\"",
            ));
        }
        let bytes = files::read(path, LARGEST_ARCHIVE as u64).map_err(|error| {
            CodeFault::new(
                format!("{} can't be read: {error}", path.display()),
                "name a zip file, or a folder to pack",
            )
        })?;
        let not_a_zip = |error: zip::result::ZipError| {
            CodeFault::new(
                format!("{} is not a zip file: {error}", path.display()),
                "name a zip file, or a folder to pack",
            )
        };
        let mut archive = ZipArchive::new(Cursor::new(&bytes)).map_err(not_a_zip)?;
        let mut entries = Vec::new();
        for at in 0..archive.len() {
            let file = archive.by_index_raw(at).map_err(not_a_zip)?;
            if file.is_dir() {
                continue;
            }
            let name = file.name().map_err(not_a_zip)?.into_owned();
            if file.enclosed_name().is_none() {
                return Err(CodeFault::new(
                    format!("{} contains {name}, a path out of it", path.display()),
                    "pack it again with paths inside of the archive",
                ));
            }
            entries.push(Entry {
                name,
                size: file.size(),
                executable: file.unix_mode().is_some_and(|mode| mode & 0o100 != 0),
            });
        }
        drop(archive);
        unpacked_fits(path, &entries)?;
        Ok(Self {
            origin: path.to_owned(),
            held: Held::Zip(bytes),
            entries,
        })
    }

    /// The same without those files of a folder whose real paths are such ones.
    #[must_use]
    pub fn without(mut self, is_out: impl Fn(&Path) -> bool) -> Self {
        let (Held::Files(files), Ok(root)) = (&mut self.held, fs::canonicalize(&self.origin))
        else {
            return self;
        };
        let stays = |entry: &Entry| !is_out(&root.join(&entry.name));
        let mut bytes = std::mem::take(files).into_iter();
        *files = self
            .entries
            .iter()
            .filter_map(|entry| bytes.next().filter(|_| stays(entry)))
            .collect();
        self.entries.retain(stays);
        self
    }

    /// The folder or the zip file.
    pub fn origin(&self) -> &Path {
        &self.origin
    }

    /// The names of its files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// Whether a file may be run; none if there is no such file.
    pub(super) fn is_executable(&self, name: &str) -> Option<bool> {
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        Some(entry.executable)
    }

    /// The first bytes of a file, at most so many.
    pub(super) fn head(&self, name: &str, most: usize) -> Option<Vec<u8>> {
        let at = self.entries.iter().position(|entry| entry.name == name)?;
        match &self.held {
            Held::Files(files) => {
                let bytes = &files[at];
                Some(bytes[..bytes.len().min(most)].to_vec())
            }
            Held::Zip(bytes) => {
                let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
                let file = archive.by_name(name).ok()?;
                let mut head = Vec::new();
                file.take(most as u64).read_to_end(&mut head).ok()?;
                Some(head)
            }
        }
    }

    /// The digest that decides whether the code has changed: of each file's name, whether it may be run, and its bytes; of a zip file,
    /// that of its bytes.
    pub fn digest(&self) -> String {
        match &self.held {
            Held::Zip(bytes) => digest(bytes),
            Held::Files(files) => {
                let lines = self.entries.iter().zip(files).map(|(entry, bytes)| {
                    let mode = if entry.executable { "x" } else { "-" };
                    format!("{}\0{mode}\0{}\n", entry.name, digest(bytes))
                });
                digest(lines.collect::<String>().as_bytes())
            }
        }
    }

    /// Packs it. The same files make the same bytes: they are in the order of their names, of one time, and either 0644 or 0755.
    ///
    /// # Errors
    /// The archive is larger than Lambda accepts.
    pub fn archive(&self) -> Result<Vec<u8>, CodeFault> {
        self.archive_within(LARGEST_ARCHIVE)
    }

    fn archive_within(&self, most: usize) -> Result<Vec<u8>, CodeFault> {
        let bytes = match &self.held {
            Held::Zip(bytes) => bytes.clone(),
            Held::Files(files) => self.packed(files).map_err(|error| {
                CodeFault::new(
                    format!("{} can't be packed: {error}", self.origin.display()),
                    format!("leave what is named out with a line in {IGNORE_FILE}"),
                )
            })?,
        };
        if bytes.len() > most {
            return Err(CodeFault::new(
                format!(
                    "{} has {} when it is packed, and Lambda accepts {}; the largest: {}",
                    self.origin.display(),
                    megabytes(bytes.len() as u64),
                    megabytes(most as u64),
                    largest(&self.entries)
                ),
                format!("leave files out with {IGNORE_FILE}, {TOO_LARGE}"),
            ));
        }
        Ok(bytes)
    }

    /// Whether it can be too large for Lambda when it is packed, so that [`Code::archive`] has to show that.
    pub fn may_be_too_large(&self) -> bool {
        let sizes = self.entries.iter();
        let most = sizes.map(|entry| entry.size + HEADERS + 2 * entry.name.len() as u64);
        most.sum::<u64>() > LARGEST_ARCHIVE as u64
    }

    fn packed(&self, files: &[Vec<u8>]) -> zip::result::ZipResult<Vec<u8>> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (entry, bytes) in self.entries.iter().zip(files) {
            let mode = if entry.executable { 0o755 } else { 0o644 };
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .last_modified_time(DateTime::default())
                .system(System::Unix)
                .unix_permissions(mode);
            writer.start_file(entry.name.as_str(), options)?;
            writer.write_all(bytes)?;
        }
        Ok(writer.finish()?.into_inner())
    }
}

fn absent(path: &Path) -> CodeFault {
    if path.is_file() {
        return CodeFault::new(
            format!("{} is neither a folder nor a zip file", path.display()),
            "name the folder that contains it: all of it is packed",
        );
    }
    let what = if path.extension().is_some() && !path.is_dir() {
        "file"
    } else {
        "folder"
    };
    CodeFault::new(
        format!("there is no {what} {}", path.display()),
        "create it, or correct `source`: its path is relative to the stack file",
    )
}

fn unpacked_fits(origin: &Path, entries: &[Entry]) -> Result<(), CodeFault> {
    let sum: u64 = entries.iter().map(|entry| entry.size).sum();
    if sum <= LARGEST_UNPACKED {
        return Ok(());
    }
    Err(CodeFault::new(
        format!(
            "{} has {} unpacked, and Lambda accepts {} with all layers; the largest: {}",
            origin.display(),
            megabytes(sum),
            megabytes(LARGEST_UNPACKED),
            largest(entries)
        ),
        format!(
            "leave files out with {IGNORE_FILE}, or make a container image, which gatestack doesn't deploy"
        ),
    ))
}

/// The largest files, with their sizes.
fn largest(entries: &[Entry]) -> String {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_key(|entry| std::cmp::Reverse(entry.size));
    sorted.truncate(NAMED);
    let named = sorted
        .iter()
        .map(|entry| format!("{} ({})", entry.name, megabytes(entry.size)));
    let named: Vec<String> = named.collect();
    listed(named.iter().map(String::as_str))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn folder(files: &[(&str, &[u8], u32)]) -> tempfile::TempDir {
        let folder = tempfile::TempDir::new().unwrap();
        for (name, bytes, mode) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
        }
        folder
    }

    fn read(folder: &Path) -> Code {
        let origin = Origin::Folder(folder.to_owned());
        Code::read(&origin).unwrap().unwrap()
    }

    fn code(folder: &tempfile::TempDir) -> Code {
        read(folder.path())
    }

    #[test]
    fn the_same_files_make_the_same_archive_anywhere() {
        let files: [(&str, &[u8], u32); 3] = [
            ("index.mjs", b"export const handler = async () => 1;", 0o640),
            ("bin/tool", b"#!/bin/sh\n", 0o700),
            ("bootstrap", b"\x7fELF", 0o600),
        ];
        let here = folder(&files);
        let there = folder(&[files[2], files[1], files[0]]);
        fs::set_permissions(
            there.path().join("index.mjs"),
            fs::Permissions::from_mode(0o664),
        )
        .unwrap();
        let (one, other) = (code(&here), code(&there));
        let archive = one.archive().unwrap();
        assert_eq!(archive, other.archive().unwrap());
        assert_eq!(one.digest(), other.digest());
        // Also on other machines. It may change with the library that packs.
        assert_eq!(
            digest(&archive),
            "efd2d70ec0d9e6f5e8752a18d38b1040d24a69e50c14ca079dbdb33e24f11ba4"
        );

        let mut zip = ZipArchive::new(Cursor::new(&archive)).unwrap();
        let mut found = Vec::new();
        for at in 0..zip.len() {
            let file = zip.by_index(at).unwrap();
            let time = file.last_modified().unwrap();
            assert_eq!((time.year(), time.month(), time.day()), (1980, 1, 1));
            found.push((
                file.name().unwrap().into_owned(),
                file.unix_mode().unwrap() & 0o777,
            ));
        }
        let expected = [
            ("bin/tool", 0o755),
            ("bootstrap", 0o755),
            ("index.mjs", 0o644),
        ];
        assert_eq!(found, expected.map(|(name, mode)| (name.to_owned(), mode)));
    }

    #[test]
    fn a_digest_changes_with_a_name_a_mode_or_a_byte() {
        let of = |files: &[(&str, &[u8], u32)]| code(&folder(files)).digest();
        let first = of(&[("a.py", b"1", 0o644)]);
        for other in [
            of(&[("b.py", b"1", 0o644)]),
            of(&[("a.py", b"1", 0o755)]),
            of(&[("a.py", b"2", 0o644)]),
            of(&[("a.py", b"1", 0o644), ("b.py", b"", 0o644)]),
        ] {
            assert_ne!(other, first);
        }
    }

    #[test]
    fn a_zip_file_is_sent_as_it_is() {
        let made = folder(&[("app.py", b"def handler(event, context): pass", 0o644)]);
        let archive = code(&made).archive().unwrap();
        let path = made.path().join("code.zip");
        fs::write(&path, &archive).unwrap();
        let zip = Code::read(&Origin::Zip(path.clone())).unwrap().unwrap();
        assert_eq!(zip.names().collect::<Vec<_>>(), ["app.py"]);
        assert_eq!(zip.archive().unwrap(), archive);
        assert_eq!(zip.digest(), digest(&archive));
        assert_eq!(zip.head("app.py", 3).unwrap(), b"def");
        fs::write(&path, "no zip").unwrap();
        let wrong = Code::read(&Origin::Zip(path.clone())).unwrap_err();
        assert!(wrong.what.contains("code.zip is not a zip file"), "{wrong}");

        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer
            .start_file("../app.py", SimpleFileOptions::default())
            .unwrap();
        fs::write(&path, writer.finish().unwrap().into_inner()).unwrap();
        let out = Code::read(&Origin::Zip(path)).unwrap_err();
        assert!(
            out.what.contains("contains ../app.py, a path out of it"),
            "{out}"
        );
    }

    #[test]
    fn what_is_not_there_or_empty_is_named() {
        let made = folder(&[
            ("hello/index.mjs", b"", 0o644),
            ("empty/.DS_Store", b"", 0o644),
        ]);
        let fault = |origin: Origin| Code::read(&origin).unwrap_err().what;
        let at = |name: &str| made.path().join(name);
        assert!(fault(Origin::Folder(at("helo"))).contains("there is no folder"));
        assert!(fault(Origin::Zip(at("helo.zip"))).contains("there is no file"));
        assert!(fault(Origin::Folder(at("hello/index.mjs"))).contains("neither a folder nor"));
        assert!(fault(Origin::Folder(at("empty"))).contains("there are no files"));
    }

    #[test]
    fn sizes_are_refused_with_the_largest_files_named() {
        let made = folder(&[("index.mjs", b"1", 0o644)]);
        // Sparse files: nothing is written.
        let sparse = |name: &str, size: u64| {
            let file = fs::File::create(made.path().join(name)).unwrap();
            file.set_len(size).unwrap();
        };
        sparse("model.bin", LARGEST_UNPACKED);
        let origin = Origin::Folder(made.path().to_owned());
        let unpacked = Code::read(&origin).unwrap_err();
        assert!(
            unpacked.what.contains("has 250.1 MB unpacked")
                && unpacked.what.contains("model.bin (250.0 MB), index.mjs"),
            "{unpacked}"
        );
        let zip = made.path().join("large.zip");
        sparse("large.zip", LARGEST_ARCHIVE as u64 + 1);
        let packed = Code::read(&Origin::Zip(zip)).unwrap_err();
        assert!(
            packed.help.contains("s3://BUCKET/KEY") && packed.what.contains("50.1 MB"),
            "{packed}"
        );

        fs::remove_file(made.path().join("large.zip")).unwrap();
        sparse("model.bin", LARGEST_ARCHIVE as u64 - HEADERS);
        assert!(read(made.path()).may_be_too_large());
        sparse("model.bin", 4 << 20);
        let code = read(made.path());
        assert!(!code.may_be_too_large());
        let archive = code.archive().unwrap();
        assert_eq!(code.archive_within(archive.len()).unwrap(), archive);
        let packed = code.archive_within(archive.len() - 1).unwrap_err();
        assert!(
            packed.what.contains("when it is packed") && packed.what.contains("model.bin (4.0 MB)"),
            "{packed}"
        );
        assert!(
            packed.help.contains(IGNORE_FILE) && packed.help.contains("s3://"),
            "{packed}"
        );
    }
}
