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
use crate::engine::{Invocation, environment, existing, named_file, source};
use crate::error::{Error, Fault};
use crate::files;
use crate::render::listed;
use crate::stack::{self, LoadSettings};

/// The files of a stack, with their contents; none if a file doesn't exist.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Files(BTreeMap<PathBuf, Option<Vec<u8>>>);

impl Files {
    /// The stack file, its overlay, the files they name, and `local-aws.toml`, with their current contents.
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
        if let Ok(source) = source(invocation) {
            let settings = LoadSettings {
                vars: variables::given(invocation).unwrap_or_default(),
                env: &|name| std::env::var(name).ok(),
                read: &|path| {
                    named.borrow_mut().insert(path.to_owned());
                    named_file(path)
                },
            };
            // Its mistakes are reported when it is applied.
            let _ = stack::load(source, &settings);
        }
        let with_content = |path: PathBuf| {
            let content = files::read(&path, stack::LARGEST_FILE).ok();
            (path, content)
        };
        Self(named.into_inner().into_iter().map(with_content).collect())
    }

    /// The paths of those that are there, for a sentence.
    pub(super) fn names(&self) -> String {
        let there = self.0.iter().filter(|(_, content)| content.is_some());
        let names: Vec<_> = there.map(|(path, _)| path.display().to_string()).collect();
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
        let real = self.0.keys().filter_map(|path| path.canonicalize().ok());
        let linked = self.0.keys().flat_map(|path| led_to(path));
        self.0.keys().cloned().chain(real).chain(linked).collect()
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
    names: Arc<Mutex<BTreeSet<OsString>>>,
    folders: BTreeSet<PathBuf>,
}

impl Watch {
    /// Watches from now on.
    ///
    /// # Errors
    /// The system can't watch more folders.
    pub(super) fn start(files: &Files, tell: Sender<Event>) -> Result<Self, Error> {
        let names = Arc::new(Mutex::new(BTreeSet::new()));
        let known = Arc::clone(&names);
        let told = move |event: notify::Result<notify::Event>| {
            let known = known.lock().unwrap_or_else(PoisonError::into_inner);
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
            names,
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
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = files.file_names();
        let mut refused = None;
        for folder in files.folders() {
            if !folder.is_dir() || self.folders.contains(&folder) {
                continue;
            }
            match self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.folders.insert(folder);
                }
                Err(error) => refused = Some(error),
            }
        }
        refused
    }
}

/// Whether a file with one of these names may have changed. Reads don't count: gatestack itself reads it.
fn concerns(event: &notify::Event, names: &BTreeSet<OsString>) -> bool {
    let written = match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| names.contains(name));
    event.need_rescan() || (written && event.paths.iter().any(named))
}
