//! The files of a stack, and a watch for their changes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::Event;
use crate::cli::variables;
use crate::code::{self, Code};
use crate::engine::{Invocation, environment, existing, named_file, source};
use crate::error::{Error, Fault};
use crate::files;
use crate::render::listed;
use crate::stack::{self, CodeReading, LoadSettings};

/// The files of a stack.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Files {
    /// Their contents; none if a file doesn't exist.
    contents: BTreeMap<PathBuf, Option<Vec<u8>>>,
    /// The folders and zip files with the code of functions, and what builds read, each with the digest of its code, or with why it
    /// has none.
    code: BTreeMap<PathBuf, String>,
}

impl Files {
    /// The stack file, its overlay, the files they name, `local-aws.toml`, and the code of functions, with their current contents.
    pub(super) fn of(invocation: &Invocation) -> Self {
        let stack = invocation.path();
        let overlay = invocation
            .environment
            .as_ref()
            .map(|name| environment::overlay(&stack, name));
        let named = RefCell::new(BTreeSet::from([stack]));
        named.borrow_mut().extend(overlay);
        named
            .borrow_mut()
            .extend(invocation.var_files.iter().cloned());
        let existing = existing::beside(invocation);
        // Also while it is not there: it may come.
        named.borrow_mut().insert(existing);
        let read = RefCell::new(BTreeMap::new());
        if let Ok(source) = source(invocation) {
            let settings = LoadSettings {
                vars: variables::given(invocation).unwrap_or_default(),
                env: &|name| std::env::var(name).ok(),
                read: &|path, most| {
                    named.borrow_mut().insert(path.to_owned());
                    named_file(path, most)
                },
                code: CodeReading::Needed(&|origin| {
                    let code = Code::read(origin);
                    if let Some(path) = origin.path() {
                        let digest = match &code {
                            Ok(code) => code.as_ref().map(Code::digest).unwrap_or_default(),
                            Err(fault) => fault.what.clone(),
                        };
                        read.borrow_mut().insert(path.to_owned(), digest);
                    }
                    code
                }),
            };
            // Its mistakes are reported when it is applied.
            if let Ok(checked) = stack::load(source, &settings) {
                for (digest, code) in &checked.files.codes {
                    for path in code.build.iter().flat_map(|build| &build.reads) {
                        // Several builds may read it.
                        let mut read = read.borrow_mut();
                        read.entry(path.clone()).or_default().push_str(digest);
                    }
                }
            }
        }
        let with_content = |path: PathBuf| {
            let content = files::read(&path, stack::LARGEST_DOCUMENT).ok();
            (path, content)
        };
        Self {
            contents: named.into_inner().into_iter().map(with_content).collect(),
            code: read.into_inner(),
        }
    }

    /// The paths of those that are there, for a sentence.
    pub(super) fn names(&self) -> String {
        let there = self
            .contents
            .iter()
            .filter(|(_, content)| content.is_some());
        let there = there.map(|(path, _)| path).chain(self.code.keys());
        let names: Vec<_> = there.map(|path| path.display().to_string()).collect();
        listed(&names)
    }

    fn file_names(&self) -> BTreeSet<OsString> {
        let paths = self.paths();
        let names = paths.iter().filter_map(|path| path.file_name());
        names.map(OsString::from).collect()
    }

    /// Editors replace the file, which only a watch on its folder notices.
    fn folders(&self) -> BTreeSet<PathBuf> {
        let paths = self.paths().into_iter();
        paths.map(|path| folder(&path).to_owned()).collect()
    }

    /// Where something may change: the files, and where one is a link, what it leads to, whether that is there or not.
    fn paths(&self) -> BTreeSet<PathBuf> {
        let all = || self.contents.keys().chain(self.code.keys());
        let real = all().filter_map(|path| path.canonicalize().ok());
        let linked = all().flat_map(|path| led_to(path));
        all().cloned().chain(real).chain(linked).collect()
    }

    /// Folders in which any file may matter. The system may tell of their real paths.
    fn trees(&self) -> BTreeSet<PathBuf> {
        let folders = self.code.keys().filter(|path| path.is_dir());
        let real = folders.clone().filter_map(|path| path.canonicalize().ok());
        folders.cloned().chain(real).collect()
    }
}

/// What a link leads to, and where that is one, what it leads to.
fn led_to(path: &Path) -> impl Iterator<Item = PathBuf> {
    // As many as Linux follows.
    const MOST: usize = 40;
    let next = |path: &PathBuf| Some(folder(path).join(path.read_link().ok()?));
    std::iter::successors(next(&path.to_owned()), next).take(MOST)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Signals when one of the files may have changed.
pub(super) struct Watch {
    watcher: RecommendedWatcher,
    known: Arc<Mutex<Known>>,
    folders: BTreeSet<PathBuf>,
}

/// What is watched for.
#[derive(Debug, Default)]
struct Known {
    /// Names of files, in any watched folder.
    names: BTreeSet<OsString>,
    /// Folders in which any file may matter.
    trees: BTreeSet<PathBuf>,
}

impl Watch {
    /// Watches from now on.
    ///
    /// # Errors
    /// The system can't watch more folders.
    pub(super) fn start(files: &Files, tell: Sender<Event>) -> Result<Self, Error> {
        let known = Arc::new(Mutex::new(Known::default()));
        let heard = Arc::clone(&known);
        let told = move |event: notify::Result<notify::Event>| {
            let known = heard.lock().unwrap_or_else(PoisonError::into_inner);
            if event.is_ok_and(|event| concerns(&event, &known)) {
                // At the end of the process the receiver is closed.
                let _ = tell.send(Event::Touched);
            }
        };
        let failed = |error: notify::Error| {
            let error = anyhow::Error::new(error).context("can't watch the stack file");
            Fault::io(error).hint(
                "on Linux, raise fs.inotify.max_user_instances and fs.inotify.max_user_watches",
            )
        };
        let mut watch = Self {
            watcher: notify::recommended_watcher(told).map_err(failed)?,
            known,
            folders: BTreeSet::new(),
        };
        match watch.add(files) {
            Some(error) => Err(failed(error).into()),
            None => Ok(watch),
        }
    }

    /// Watches these files too. A missing folder can't be watched; the file that names it can.
    pub(super) fn follow(&mut self, files: &Files) {
        self.add(files);
    }

    /// Returns why the folder of an existing file can't be watched.
    fn add(&mut self, files: &Files) -> Option<notify::Error> {
        let trees = files.trees();
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known {
            names: files.file_names(),
            trees: trees.clone(),
        };
        let mut refused = None;
        // A folder is watched once: a tree before the folder of a file, which may be the same.
        let trees = trees
            .into_iter()
            .map(|tree| (tree, RecursiveMode::Recursive));
        let folders = files.folders().into_iter();
        let folders = folders.map(|folder| (folder, RecursiveMode::NonRecursive));
        for (folder, mode) in trees.chain(folders) {
            if !folder.is_dir() || self.folders.contains(&folder) {
                continue;
            }
            match self.watcher.watch(&folder, mode) {
                Ok(()) => {
                    self.folders.insert(folder);
                }
                Err(error) => refused = Some(error),
            }
        }
        refused
    }
}

/// Whether a known file may have changed. Reads don't count: gatestack itself reads it.
fn concerns(event: &notify::Event, known: &Known) -> bool {
    let written = match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    let named = |path: &Path| {
        path.file_name()
            .is_some_and(|name| known.names.contains(name))
    };
    let in_tree = |path: &Path| {
        let mut below = known
            .trees
            .iter()
            .filter_map(|tree| path.strip_prefix(tree).ok());
        below.any(|below| !code::is_left_out(below))
    };
    let mut paths = event.paths.iter();
    event.need_rescan() || (written && paths.any(|path| named(path) || in_tree(path)))
}
