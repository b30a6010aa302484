//! Writes the files of a new stack, all or none. Nothing is overwritten.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::gitignore;
use super::text::SCHEMA;
use super::{NewStack, Template};
use crate::engine::Invocation;
use crate::engine::files::{LARGEST, cannot};
use crate::error::{Error, Fault, FaultKind};
use crate::files::{self, NotAFile};
use crate::stack::schema;

const OF_STACK: &str = "the stack";
const OF_SCHEMA: &str = "lets editors complete and check it";

/// Where a new stack is written, which has none of its files yet.
#[derive(Debug)]
pub struct Site {
    /// The stack file's path.
    stack: PathBuf,
    folder: PathBuf,
    template: &'static Template,
    /// What `.gitignore` holds, if it is there.
    gitignore: Option<Vec<u8>>,
}

/// A file of a template, or the schema.
struct Source {
    path: PathBuf,
    says: &'static str,
    text: String,
}

/// A file that was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written {
    /// Its path.
    pub path: String,
    /// What it is for.
    pub says: &'static str,
    /// Whether it was there before.
    pub did: Did,
}

/// What was done to a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Did {
    /// It is new.
    Created,
    /// Lines were added to it.
    Extended,
}

impl Site {
    /// Where the stack file of this invocation is. Files in the way are an error: all of them, since they have to be moved before
    /// anything is written. One that holds already what it would be is not in the way, unless it is the stack file.
    ///
    /// # Errors
    /// Files are in the way, or can't be read.
    pub fn of(invocation: &Invocation, template: &'static Template) -> Result<Self, Error> {
        let mut site = Self {
            stack: invocation.path(),
            folder: invocation.folder(),
            template,
            gitignore: None,
        };
        let mut taken = Vec::new();
        for source in site.sources() {
            if !is_same(&source.path, &source.text) {
                taken.extend(in_the_way(&source.path));
            }
        }
        taken.extend(in_the_way(&site.stack));
        if !taken.is_empty() {
            return Err(exist(taken));
        }
        let path = site.folder.join(gitignore::FILE);
        let there = match files::read(&path, LARGEST) {
            Ok(there) => there,
            Err(error) if is_absent(&error) => return Ok(site),
            Err(error) => return Err(cannot("read", &path, error)),
        };
        if path.is_symlink() && !gitignore::addition(&there).is_empty() {
            return Err(cannot("add lines to", &path, NotAFile::Link.into()));
        }
        site.gitignore = Some(there);
        Ok(site)
    }

    /// The folder of the stack file.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The stack file.
    pub fn stack(&self) -> &Path {
        &self.stack
    }

    /// The files beside the stack file that don't depend on answers.
    fn sources(&self) -> Vec<Source> {
        let source = |name: &str, says, text| Source {
            path: self.folder.join(name),
            says,
            text,
        };
        let own = self.template.files.iter();
        let own = own.map(|file| source(file.name, file.says, file.text.to_owned()));
        let schema = source(SCHEMA, OF_SCHEMA, schema::published());
        own.chain([schema]).collect()
    }

    /// Writes the stack.
    ///
    /// # Errors
    /// A file can't be written, or appeared meanwhile; then what was written before it is removed again.
    pub fn write(&self, new: &NewStack<'_>) -> Result<Vec<Written>, Error> {
        let mut done = Done::default();
        let written = self.write_all(new, &mut done);
        written.map_err(|(path, error)| failed(&path, error, &done.undo()))
    }

    /// The stack file is listed first and written after what it names, so that a run that is killed leaves no stack that can't be
    /// applied.
    fn write_all(
        &self,
        new: &NewStack<'_>,
        done: &mut Done,
    ) -> Result<Vec<Written>, (PathBuf, io::Error)> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error| (path, error)
        };
        let mut all = Vec::new();
        for source in self.sources() {
            if !is_same(&source.path, &source.text) {
                done.create(&source.path, &source.text)
                    .map_err(at(&source.path))?;
                all.push(written(&source.path, source.says, Did::Created));
            }
        }
        done.create(&self.stack, &new.text())
            .map_err(at(&self.stack))?;
        all.insert(0, written(&self.stack, OF_STACK, Did::Created));
        let path = self.folder.join(gitignore::FILE);
        let there = self.gitignore.as_deref();
        let addition = gitignore::addition(there.unwrap_or_default());
        if addition.is_empty() {
            return Ok(all);
        }
        let (result, did) = match there {
            None => (done.create(&path, &addition), Did::Created),
            Some(_) => (files::extend(&path, addition.as_bytes()), Did::Extended),
        };
        result.map_err(at(&path))?;
        let says = match did {
            Did::Created => "leaves out local state, saved plans and credentials",
            Did::Extended => "leaves out local state, saved plans and credentials, too",
        };
        all.push(written(&path, says, did));
        Ok(all)
    }
}

fn written(path: &Path, says: &'static str, did: Did) -> Written {
    Written {
        path: path.display().to_string(),
        says,
        did,
    }
}

/// The files and folders that were created, in their order.
#[derive(Debug, Default)]
struct Done {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Done {
    /// Creates a file, and the folders that it is in.
    fn create(&mut self, path: &Path, text: &str) -> io::Result<()> {
        let above: Vec<&Path> = path
            .ancestors()
            .skip(1)
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
            .collect();
        for folder in above.into_iter().rev() {
            fs::create_dir(folder)?;
            self.folders.push(folder.to_owned());
        }
        files::create(path, text.as_bytes())?;
        self.files.push(path.to_owned());
        Ok(())
    }

    /// Removes it all; returns what could not be removed.
    fn undo(&self) -> Vec<PathBuf> {
        let files = self.files.iter().rev();
        let files = files.map(|path| (path, fs::remove_file(path)));
        let files: Vec<_> = files.collect();
        // A folder in which something else was put meanwhile stays.
        let folders = self.folders.iter().rev();
        let folders = folders.map(|path| (path, fs::remove_dir(path)));
        let results = files.into_iter().chain(folders);
        results
            .filter(|(_, removed)| removed.is_err())
            .map(|(path, _)| path.clone())
            .collect()
    }
}

/// Whether a file holds this already.
fn is_same(path: &Path, text: &str) -> bool {
    files::read(path, LARGEST).is_ok_and(|there| there == text.as_bytes())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// What has to be moved before this file can be created: what is in its place, or in the place of a folder that it is in.
fn in_the_way(path: &Path) -> Option<PathBuf> {
    let is_there = |path: &Path| path.symlink_metadata().is_ok();
    let mut above = path.ancestors().skip(1);
    let no_folder =
        above.find(|folder| !folder.as_os_str().is_empty() && is_there(folder) && !folder.is_dir());
    no_folder
        .or_else(|| is_there(path).then_some(path))
        .map(Path::to_owned)
}

/// The error about files in the way.
fn exist(mut taken: Vec<PathBuf>) -> Error {
    taken.sort();
    taken.dedup();
    let names: Vec<String> = taken
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let (verb, them) = match names.len() {
        1 => ("exists", "it"),
        _ => ("exist", "them"),
    };
    let names = match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, most)) => format!("{} and {last}", most.join(", ")),
        None => String::new(),
    };
    let what = format!("{names} {verb} already: nothing was written");
    let hint = format!(
        "init overwrites nothing: name another folder, as in `gatestack init my-api`, or move {them} away"
    );
    Fault::new(FaultKind::Io, what).hint(hint).into()
}

/// The error about a file that can't be written; these could not be removed again.
fn failed(path: &Path, error: io::Error, left: &[PathBuf]) -> Error {
    let fault = match cannot("write", path, error) {
        Error::Fault(fault) => *fault,
        other => return other,
    };
    let left: Vec<String> = left.iter().map(|path| path.display().to_string()).collect();
    let hint = match left.is_empty() {
        true => "nothing of the stack is left behind: run the same command again once that works"
            .to_owned(),
        false => format!(
            "remove what could not be removed again: {}",
            left.join(", ")
        ),
    };
    fault.hint(hint).into()
}
