//! The files of a document: the one that is named, and those that its `$ref`s name.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use aws_facts::limits::apigateway::LARGEST_DOCUMENT;
use percent_encoding::percent_decode_str;

use super::fault::{Fault, Place};
use super::tree::{Entry, Tree, Value};
use crate::files::size;
use crate::model::similar::{MOST_COMPARED, closest_within};

/// The most files of a document: a file for each schema of a large one.
const MOST_FILES: usize = 2_000;

/// Reads a file of at most so many bytes.
pub type ReadFile<'a> = &'a dyn Fn(&Path, u64) -> io::Result<Vec<u8>>;

/// A file as it is written.
#[derive(Debug)]
pub struct Text {
    /// Its path, as messages name it.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
}

/// A node of a file.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct At {
    file: usize,
    node: usize,
}

/// What a `$ref` names.
struct Target<'t> {
    /// The file's path below the folder; none for the same file.
    path: Option<PathBuf>,
    pointer: &'t str,
}

/// All files.
pub(super) struct Files<'a> {
    folder: &'a Path,
    read: ReadFile<'a>,
    pub(super) texts: Vec<Text>,
    /// Paths below the folder.
    paths: Vec<PathBuf>,
    /// None for a file that can't be parsed.
    trees: Vec<Option<Tree>>,
    /// The number of each file; none if it can't be read.
    known: BTreeMap<PathBuf, Option<usize>>,
    bytes: u64,
    /// How many more pairs of words may be compared for “did you mean”.
    may_compare: Cell<usize>,
}

impl<'a> Files<'a> {
    /// Reads the document that has this path below the folder, and whatever it refers to.
    pub(super) fn read(
        folder: &'a Path,
        written: &str,
        read: ReadFile<'a>,
        faults: &mut Vec<Fault>,
    ) -> Self {
        let mut files = Self {
            folder,
            read,
            texts: Vec::new(),
            paths: Vec::new(),
            trees: Vec::new(),
            known: BTreeMap::new(),
            bytes: 0,
            may_compare: Cell::new(MOST_COMPARED),
        };
        match below(Path::new(""), written) {
            Some(path) => {
                let _its_number = files.add(path, None, faults);
            }
            None => faults.push(outside(written)),
        }
        let mut next = 0;
        while next < files.trees.len() {
            files.follow(next, faults);
            next += 1;
        }
        for file in 0..files.trees.len() {
            files.check_references(file, faults);
        }
        files
    }

    /// The root of the document; none if it can't be read.
    pub(super) fn root(&self) -> Option<At> {
        let tree = self.trees.first()?.as_ref()?;
        Some(At {
            file: 0,
            node: tree.root,
        })
    }

    fn add(
        &mut self,
        path: PathBuf,
        from: Option<&Place>,
        faults: &mut Vec<Fault>,
    ) -> Option<usize> {
        if let Some(known) = self.known.get(&path) {
            return *known;
        }
        let added = self.load(&path);
        let number = match added {
            Ok(text) => {
                let file = self.texts.len();
                let tree = Tree::parse(file, &text.text);
                self.texts.push(text);
                self.paths.push(path.clone());
                self.trees
                    .push(tree.map_err(|fault| faults.push(fault)).ok());
                Some(file)
            }
            Err(fault) => {
                let place = from.cloned();
                faults.push(place.into_iter().fold(fault, Fault::at));
                None
            }
        };
        self.known.insert(path, number);
        number
    }

    fn load(&mut self, path: &Path) -> Result<Text, Fault> {
        let shown = self.folder.join(path);
        let name = shown.display();
        let too_large = || {
            let what = format!(
                "`{name}` and what belongs to it have more than {}",
                size(LARGEST_DOCUMENT)
            );
            Fault::new(
                what,
                "API Gateway takes no larger documents: leave out what it does not read, such as examples",
            )
        };
        if self.texts.len() >= MOST_FILES {
            let what = format!("the document has more than {MOST_FILES} files");
            return Err(Fault::new(what, "put several of them into one"));
        }
        let left = LARGEST_DOCUMENT - self.bytes;
        let bytes = (self.read)(&shown, left).map_err(|error| match error.kind() {
            ErrorKind::FileTooLarge => too_large(),
            ErrorKind::NotFound => Fault::new(
                format!("there is no file `{name}`"),
                "a path is relative to the file that names it",
            ),
            _ => Fault::new(
                format!("`{name}` can't be read: {error}"),
                "check that it is a regular file that you may read",
            ),
        })?;
        if bytes.len() as u64 > left {
            return Err(too_large());
        }
        self.bytes += bytes.len() as u64;
        let text = String::from_utf8(bytes).map_err(|_| {
            let what = format!("`{name}` is not UTF-8 text");
            Fault::new(what, "save it as UTF-8 in your editor")
        })?;
        Ok(Text { path: shown, text })
    }

    /// Reads the files that a file refers to.
    fn follow(&mut self, file: usize, faults: &mut Vec<Fault>) {
        for (reference, place) in self.references(file) {
            match self.target(file, &reference) {
                Ok(Target {
                    path: Some(path), ..
                }) => {
                    let _its_number = self.add(path, Some(&place), faults);
                }
                Ok(Target { path: None, .. }) => {}
                Err(fault) => faults.push(fault.at(place)),
            }
        }
    }

    /// The texts of all references of a file, with their places.
    fn references(&self, file: usize) -> Vec<(String, Place)> {
        let found = self.referring(file).into_iter();
        found
            .filter_map(|at| self.reference(at))
            .map(|(text, place)| (text.to_owned(), place))
            .collect()
    }

    /// The mappings of a file that are references. What only shows values is left out: examples, defaults and enumerations, and
    /// extensions. In a mapping of names, such as the properties of a schema, those are names like any other.
    fn referring(&self, file: usize) -> Vec<At> {
        let Some(tree) = &self.trees[file] else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut ahead = vec![(tree.root, false)];
        while let Some((node, has_names)) = ahead.pop() {
            if !seen.insert(node) {
                continue;
            }
            match &tree.node(node).value {
                Value::Scalar { .. } => {}
                Value::List(items) => ahead.extend(items.iter().map(|item| (*item, false))),
                Value::Map(entries) => {
                    let at = At { file, node };
                    if self.reference(at).is_some() {
                        found.push(at);
                    }
                    let read = entries
                        .iter()
                        .filter(|entry| has_names || !only_shows(&entry.key));
                    ahead.extend(read.map(|entry| {
                        let below = !has_names && OF_NAMES.contains(&entry.key.as_str());
                        (entry.node, below)
                    }));
                }
            }
        }
        found.sort();
        found
    }

    /// Reports every reference of a file that leads nowhere, or only to references.
    fn check_references(&self, file: usize, faults: &mut Vec<Fault>) {
        for at in self.referring(file) {
            if let Err(Unresolved::Wrong(fault)) = self.resolve(at) {
                faults.push(fault);
            }
        }
    }

    /// The text of a `$ref` and its place; `None` for any other node.
    fn reference(&self, at: At) -> Option<(&str, Place)> {
        let member = self.member(at, "$ref")?;
        let text = self.text(member.value)?;
        Some((text, self.place(member.value)))
    }

    fn target<'t>(&self, file: usize, reference: &'t str) -> Result<Target<'t>, Fault> {
        let (path, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        if path.is_empty() {
            return Ok(Target {
                path: None,
                pointer,
            });
        }
        if path.contains("://") {
            let what = format!("`{reference}` is a URL, and gatestack reads files only");
            let help = "save the file beside the document and refer to it by its path";
            return Err(Fault::new(what, help));
        }
        let written = percent_decode_str(path).decode_utf8_lossy();
        let here = self.paths[file].parent().unwrap_or(Path::new(""));
        match below(here, &written) {
            Some(path) => Ok(Target {
                path: Some(path),
                pointer,
            }),
            None => Err(outside(reference)),
        }
    }

    /// The node itself, or what its reference leads to.
    ///
    /// # Errors
    /// It leads nowhere, to a file that can't be read, or only to references.
    pub(super) fn resolve(&self, at: At) -> Result<At, Unresolved> {
        let mut now = at;
        let mut passed = vec![at];
        while let Some((reference, place)) = self.reference(now) {
            now = self.led_to(now.file, reference, place)?;
            if passed.contains(&now) {
                let (text, place) = self.reference(at).expect("the first one is a reference");
                let what = format!("`{text}` refers to itself");
                let help = "write out one of these `$ref`s";
                return Err(Unresolved::Wrong(Fault::new(what, help).at(place)));
            }
            passed.push(now);
        }
        Ok(now)
    }

    fn led_to(&self, file: usize, reference: &str, place: Place) -> Result<At, Unresolved> {
        // A reference that can't be read is reported where files are read.
        let target = self
            .target(file, reference)
            .map_err(|_| Unresolved::Elsewhere)?;
        let file = match &target.path {
            None => file,
            Some(path) => self
                .known
                .get(path)
                .copied()
                .flatten()
                .ok_or(Unresolved::Elsewhere)?,
        };
        let tree = self.trees[file].as_ref().ok_or(Unresolved::Elsewhere)?;
        let mut at = At {
            file,
            node: tree.root,
        };
        let pointer = percent_decode_str(target.pointer).decode_utf8_lossy();
        for part in pointer.split('/').skip(1) {
            let key = part.replace("~1", "/").replace("~0", "~");
            let next = match &self.value(at) {
                Value::Map(_) => self.member(at, &key).map(|member| member.value),
                Value::List(items) => {
                    let item = key.parse().ok().and_then(|index: usize| items.get(index));
                    item.map(|node| At { file, node: *node })
                }
                Value::Scalar { .. } => None,
            };
            at = next.ok_or_else(|| {
                let what = format!("`{reference}` does not exist");
                let help = match self.near(at, &key) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there is no `{key}` there: add it, or correct the reference"),
                };
                Unresolved::Wrong(Fault::new(what, help).at(place.clone()))
            })?;
        }
        if !pointer.is_empty() && !pointer.starts_with('/') {
            let what = format!("`{reference}` does not exist");
            let help = "write a path after `#`, such as `/components/schemas/Pet`";
            return Err(Unresolved::Wrong(Fault::new(what, help).at(place)));
        }
        Ok(at)
    }

    /// The key of a mapping that is most like this one.
    fn near(&self, at: At, key: &str) -> Option<String> {
        let Value::Map(entries) = self.value(at) else {
            return None;
        };
        let keys = entries.iter().map(|entry| entry.key.as_str());
        self.closest(key, keys).map(str::to_owned)
    }

    /// The candidate that a word is most likely a misspelling of.
    pub(super) fn closest<'c>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<&'c str> {
        closest_within(word, candidates, &self.may_compare)
    }

    pub(super) fn value(&self, at: At) -> &Value {
        let tree = self.trees[at.file].as_ref();
        &tree
            .expect("a node is in a file that was parsed")
            .node(at.node)
            .value
    }

    pub(super) fn place(&self, at: At) -> Place {
        let tree = self.trees[at.file].as_ref();
        let node = tree
            .expect("a node is in a file that was parsed")
            .node(at.node);
        Place {
            file: at.file,
            span: node.span.clone(),
        }
    }

    /// The members of a mapping in the file's order; none of anything else.
    pub(super) fn members(&self, at: At) -> impl Iterator<Item = Member<'_>> {
        let entries: &[Entry] = match self.value(at) {
            Value::Map(entries) => entries,
            _ => &[],
        };
        entries.iter().map(move |entry| Member {
            key: &entry.key,
            place: Place {
                file: at.file,
                span: entry.span.clone(),
            },
            value: At {
                file: at.file,
                node: entry.node,
            },
        })
    }

    /// A member of a mapping.
    pub(super) fn member(&self, at: At, key: &str) -> Option<Member<'_>> {
        self.members(at).find(|member| member.key == key)
    }

    /// The elements of a list; none of anything else.
    pub(super) fn items(&self, at: At) -> impl Iterator<Item = At> {
        let items: &[usize] = match self.value(at) {
            Value::List(items) => items,
            _ => &[],
        };
        items.iter().map(move |node| At {
            file: at.file,
            node: *node,
        })
    }

    /// A text, a number or a truth value as it is written.
    pub(super) fn text(&self, at: At) -> Option<&str> {
        match self.value(at) {
            Value::Scalar { text, plain } if !(*plain && is_null(text)) => Some(text),
            _ => None,
        }
    }
}

/// A key and its value.
pub(super) struct Member<'f> {
    pub(super) key: &'f str,
    /// The key's place.
    pub(super) place: Place,
    pub(super) value: At,
}

/// Why a reference has no target.
pub(super) enum Unresolved {
    /// The mistake, which is reported for every reference once.
    Wrong(Fault),
    /// It is reported where the file is read.
    Elsewhere,
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Whether what is at this key only shows values, so that a `$ref` in it is none.
fn only_shows(key: &str) -> bool {
    matches!(key, "example" | "examples" | "default" | "enum") || key.starts_with("x-")
}

/// A path below a folder, without `.` and `..`; none if it is not below the folder in which `here` is.
fn below(here: &Path, written: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for part in here.join(written).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir if path.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

/// Keys of mappings whose keys are names.
const OF_NAMES: [&str; 9] = [
    "callbacks",
    "definitions",
    "headers",
    "parameters",
    "paths",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
];

fn outside(written: &str) -> Fault {
    Fault::new(
        format!("`{written}` is outside of the stack file's folder"),
        "put the file into the folder of the stack file, or below it, and name it by its relative path",
    )
}
