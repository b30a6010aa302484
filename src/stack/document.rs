//! `[api] openapi`: each operation of the document becomes a route, with what the patterns of `[api.routes]` and the document say of
//! it. All that comes after reads routes, wherever they are from.
//!
//! What a pattern says has its place in the stack file, what the document says has its place there, and so have the mistakes in them.

mod backend;
mod patterns;
mod security;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::diagnostic::{Code, Diagnostic};
use super::file::{File, Route};
use super::findings::Findings;
use super::load::LoadSettings;
use super::source::Source;
use super::spans::{KeyPath, Spans};
use crate::openapi::{self, Document, Fault, Operation, Place};
use patterns::{Field, Pattern, STAR};

/// What the document gave.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FromDocument {
    /// The document's path.
    pub path: PathBuf,
    /// Its format with the version.
    pub format: String,
    /// The routes that are its operations.
    pub routes: Vec<String>,
}

/// The names of operations in a message.
const MOST_NAMED: usize = 3;

/// Reads the document, and puts a route for each of its operations into the file.
pub(super) fn unfold(
    file: &mut File,
    source: &mut Source,
    spans: &mut Spans,
    settings: &LoadSettings<'_>,
    findings: &mut Findings,
) -> Unfolded {
    let routes = KeyPath::from(["api", "routes"]);
    let at = KeyPath::from(["api", "openapi"]);
    if !spans.has(&at) && findings.is_usable(&at) {
        return Unfolded::default();
    }
    let read = read(file, source, spans, settings, findings);
    let Some((document, starts, is_complete)) = read else {
        for name in spans.names(&routes).filter(|name| name.contains(STAR)) {
            if let Some((message, help)) = patterns::refusal(name) {
                let key = spans.key(&routes.join(name));
                let diagnostic = Diagnostic::error(Code::BadRoute, message);
                findings.push(diagnostic.at(key).help(help));
            }
        }
        // Which routes there are is not known.
        let taken = spans.take(&routes);
        if let Some(api) = &mut file.api {
            api.routes.clear();
        }
        findings.follows_from_another(&routes);
        return Unfolded {
            once: taken.all(),
            ..Unfolded::default()
        };
    };
    let unknown = !findings.is_usable(&routes);
    let mut unfolding = Unfolding {
        routes,
        starts,
        spans,
        findings,
        once: Vec::new(),
        patterns: Vec::new(),
        unknown,
        without_backend: Vec::new(),
        unsecured: Vec::new(),
        reported: Vec::new(),
    };
    let names = unfolding.unfold(file, &document, is_complete);
    let once = unfolding.once;
    let path = source.documents().first();
    Unfolded {
        once,
        document: path.map(|text| FromDocument {
            path: text.path().to_owned(),
            format: document.format,
            routes: names,
        }),
    }
}

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Unfolded {
    /// What the document gave; none without one, or if it can't be read.
    pub(super) document: Option<FromDocument>,
    /// The places in patterns, each of which is part of several routes.
    pub(super) once: Vec<Range<usize>>,
}

/// The document, the offsets of its files, and whether nothing in it is wrong.
fn read(
    file: &File,
    source: &mut Source,
    spans: &Spans,
    settings: &LoadSettings<'_>,
    findings: &mut Findings,
) -> Option<(Document, Vec<usize>, bool)> {
    let at = KeyPath::from(["api", "openapi"]);
    let written = file.api.as_ref()?.openapi.as_ref()?;
    if !findings.is_usable(&at) {
        return None;
    }
    let span = spans.value_of(&at);
    let folder = source.file(&span).path().parent();
    let folder = folder.unwrap_or_else(|| Path::new("")).to_owned();
    let reading = openapi::read(&folder, written, settings.read);
    let texts = reading.texts.into_iter();
    let starts: Vec<usize> = texts
        .map(|text| source.add_document(text.path, text.text))
        .collect();
    let is_complete = reading.faults.is_empty();
    for fault in reading.faults {
        findings.push(diagnostic(&fault, &starts, &span));
    }
    reading
        .document
        .map(|document| (document, starts, is_complete))
}

/// A mistake in the document; one without a place is at the setting that names the document.
fn diagnostic(fault: &Fault, starts: &[usize], otherwise: &Range<usize>) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::BadDocument, fault.what.as_str());
    let diagnostic = diagnostic.help(fault.help.as_str());
    if fault.places.is_empty() {
        return diagnostic.at(otherwise.clone());
    }
    fault
        .places
        .iter()
        .fold(diagnostic, |diagnostic, (place, text)| {
            diagnostic.label(counted(starts, place), text)
        })
}

/// A place of the document as one of the source.
fn counted(starts: &[usize], place: &Place) -> Range<usize> {
    let start = starts.get(place.file).copied().unwrap_or_default();
    start + place.span.start..start + place.span.end
}

/// The work on one file.
struct Unfolding<'u> {
    routes: KeyPath,
    starts: Vec<usize>,
    spans: &'u mut Spans,
    findings: &'u mut Findings,
    once: Vec<Range<usize>>,
    patterns: Vec<Pattern>,
    /// Whether a pattern can't be read, so that what is missing may be in it.
    unknown: bool,
    /// Operations without a backend, and their places.
    without_backend: Vec<(String, Range<usize>)>,
    /// Operations for which nothing says what callers need, and their places.
    unsecured: Vec<(String, Range<usize>)>,
    /// What was reported, and is not reported again for other operations: ties of patterns, security schemes.
    reported: Vec<String>,
}

impl Unfolding<'_> {
    /// Puts routes in the place of patterns. Returns the names of those that are operations.
    fn unfold(&mut self, file: &mut File, document: &Document, is_complete: bool) -> Vec<String> {
        let Some(api) = &mut file.api else {
            return Vec::new();
        };
        let written = std::mem::take(&mut api.routes);
        let operations: BTreeMap<String, &Operation> = document
            .operations
            .iter()
            .map(|operation| (operation.name(), operation))
            .collect();
        let beside = self.take_patterns(written, &operations);
        let mut matched = vec![false; self.patterns.len()];
        let mut routes = BTreeMap::new();
        for (name, operation) in &operations {
            let of_it: Vec<usize> = (0..self.patterns.len())
                .filter(|at| self.patterns[*at].matches(name))
                .collect();
            for at in &of_it {
                matched[*at] = true;
            }
            let route = self.route(file, document, name, operation, &of_it);
            routes.insert(name.clone(), route);
        }
        if is_complete {
            self.without_match(&matched, &operations);
        }
        self.without_backends();
        self.open_operations();
        routes.extend(beside);
        if !is_complete && routes.is_empty() {
            self.findings.follows_from_another(&self.routes);
        }
        if let Some(api) = &mut file.api {
            api.routes = routes;
        }
        operations.into_keys().collect()
    }

    /// Takes the patterns out of the routes, valid or not, and leaves the routes that the document lacks.
    fn take_patterns(
        &mut self,
        written: BTreeMap<String, Route>,
        operations: &BTreeMap<String, &Operation>,
    ) -> BTreeMap<String, Route> {
        let mut written = written;
        let names: Vec<String> = self.spans.names(&self.routes).map(str::to_owned).collect();
        for name in names {
            if !name.contains(STAR) && !operations.contains_key(&name) {
                continue;
            }
            let path = self.routes.join(&name);
            let key = self.spans.key(&path);
            let refusal = patterns::refusal(&name);
            let is_pattern = refusal.is_none();
            if let Some((message, help)) = refusal {
                let diagnostic = Diagnostic::error(Code::BadRoute, message);
                self.findings.push(diagnostic.at(key.clone()).help(help));
                self.unknown = true;
            }
            self.unknown |= !self.findings.is_intact(&path);
            let broken = self.findings.broken_at(&path);
            let spans = self.spans.take(&path);
            self.once.extend(spans.all());
            let route = written.remove(&name);
            if let Some(route) = route.filter(|_| is_pattern) {
                self.patterns.push(Pattern {
                    name,
                    key,
                    path,
                    route,
                    spans,
                    broken,
                });
            }
        }
        written
    }

    /// The route of an operation.
    fn route(
        &mut self,
        file: &File,
        document: &Document,
        name: &str,
        operation: &Operation,
        of_it: &[usize],
    ) -> Route {
        let path = self.routes.join(name);
        let place = counted(&self.starts, &operation.place);
        let key = counted(&self.starts, &operation.path_place);
        self.spans.put(path.clone(), Some(key), place.clone(), None);
        let mut route = Route::default();
        let backend = self.said(Field::Backend, name, of_it);
        let requires = self.said(Field::Requires, name, of_it);
        if let Some(at) = backend {
            self.take(at, Field::Backend, &path, &mut route);
            patterns::address(&mut route, operation);
        } else if !self.is_marked(&path, Field::Backend) {
            let has_one = self.backend_of_document(file, operation, &path, &mut route);
            if !has_one {
                // One message tells of all.
                self.mark_unknown(&path, Field::Backend);
                if !self.unknown {
                    self.without_backend.push((name.to_owned(), place.clone()));
                }
            }
        }
        for field in [
            Field::Via,
            Field::SendHeaders,
            Field::Timeout,
            Field::Throttle,
        ] {
            if let Some(at) = self.said(field, name, of_it)
                && !self.has_no_effect(field, at, backend, &route)
            {
                self.take(at, field, &path, &mut route);
            }
        }
        match requires {
            Some(at) => self.take(at, Field::Requires, &path, &mut route),
            None if self.is_marked(&path, Field::Requires) => {}
            None => {
                let is_said = self.security_of_document(file, document, operation, &mut route);
                if !is_said && !self.unknown {
                    self.unsecured.push((name.to_owned(), place));
                }
            }
        }
        route
    }

    /// The pattern that says a field of an operation. A tie is reported.
    fn said(&mut self, field: Field, name: &str, of_it: &[usize]) -> Option<usize> {
        let saying: Vec<usize> = of_it
            .iter()
            .copied()
            .filter(|at| self.patterns[*at].says(field))
            .collect();
        let least = patterns::most_specific(&self.patterns, &saying);
        match least[..] {
            [] => None,
            [one] => Some(one),
            [first, second, ..] => {
                let [first, second] = [first, second].map(|at| &self.patterns[at]);
                let word = field.word();
                let message = format!(
                    "`{}` and `{}` both match `{name}`, and neither is more specific",
                    first.name, second.name
                );
                let help = format!("set it for `{name}` itself: `\"{name}\" = {{ {word} = … }}`");
                let pair = format!("{} {} {word}", first.name, second.name);
                let diagnostic = Diagnostic::error(Code::BadPattern, message)
                    .label(first.place(field), format!("`{word}` here"))
                    .label(second.place(field), "and here")
                    .help(help);
                let is_usable = !first.is_broken(field) && !second.is_broken(field);
                if is_usable && !self.reported.contains(&pair) {
                    self.reported.push(pair);
                    self.findings.push(diagnostic);
                }
                let path = self.routes.join(name);
                self.mark_unknown(&path, field);
                None
            }
        }
    }

    /// A field of this route is unknown for a reason that is reported elsewhere.
    fn mark_unknown(&mut self, path: &KeyPath, field: Field) {
        for key in field.keys() {
            self.findings.follows_from_another(&path.join(*key));
        }
    }

    fn is_marked(&self, path: &KeyPath, field: Field) -> bool {
        let mut keys = field.keys().iter();
        keys.all(|key| self.findings.is_broken(&path.join(*key)))
    }

    /// Whether a field has no effect on the backend, and is from a pattern that does not know which one that is: less specific than
    /// what says the backend.
    fn has_no_effect(
        &self,
        field: Field,
        at: usize,
        backend: Option<usize>,
        route: &Route,
    ) -> bool {
        let Some(backend) = backend else {
            return false;
        };
        let is_less = patterns::is_less_specific(&self.patterns[at], &self.patterns[backend]);
        let has_effect = match field {
            Field::Via | Field::SendHeaders => route.http.is_some(),
            Field::Timeout => route.http.is_some() || route.function.is_some(),
            Field::Backend | Field::Requires | Field::Throttle => true,
        };
        is_less && !has_effect
    }

    /// Takes a field from a pattern, with its places and what is unusable in it.
    fn take(&mut self, at: usize, field: Field, path: &KeyPath, route: &mut Route) {
        let pattern = &self.patterns[at];
        field.take(&pattern.route, route);
        for key in field.keys() {
            let (from, to) = (pattern.path.join(*key), path.join(*key));
            self.spans.lay(&to, &pattern.spans, &from);
            for broken in pattern.broken.iter().filter(|path| from.leads_to(path)) {
                let below = &broken.keys()[from.keys().len()..];
                let broken = below.iter().fold(to.clone(), |path, key| path.join(key));
                self.findings.follows_from_another(&broken);
            }
        }
    }

    /// Reports the patterns that match nothing.
    fn without_match(&mut self, matched: &[bool], operations: &BTreeMap<String, &Operation>) {
        for (pattern, _) in self
            .patterns
            .iter()
            .zip(matched)
            .filter(|(_, matched)| !**matched)
        {
            let near = pattern.nearest(operations.keys().map(String::as_str), MOST_NAMED);
            let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("`{}` matches no operation of the document", pattern.name);
            let help = match &near[..] {
                [] => "remove it".to_owned(),
                [one] => format!("the nearest operation is {one}"),
                _ => format!("the nearest operations are {}", near.join(", ")),
            };
            let diagnostic = Diagnostic::error(Code::BadPattern, message);
            self.findings
                .push(diagnostic.at(pattern.key.clone()).help(help));
        }
    }

    fn without_backends(&mut self) {
        let message = |names: &str, is_one| match is_one {
            true => format!("{names} has no backend"),
            false => format!("{names} have no backend"),
        };
        let help = |name: &str| {
            format!(
                "add `\"{name}\" = {{ http = \"https://…\" }}` to `[api.routes]`; `\"* *\" = {{ http = \"https://HOST/*\" }}` calls the operation's path for all"
            )
        };
        let operations = std::mem::take(&mut self.without_backend);
        self.lacking(operations, Code::RouteBackend, message, help);
    }

    fn open_operations(&mut self) {
        let message = |names: &str, _| {
            format!("no requirements for callers of {names}, in the file or the document")
        };
        let help = |name: &str| {
            format!(
                "add `requires` to `[api]`, or `\"{name}\" = {{ requires = … }}` to `[api.routes]`; with `requires = \"nothing\"` anyone may call"
            )
        };
        let operations = std::mem::take(&mut self.unsecured);
        self.lacking(operations, Code::Requirements, message, help);
    }

    /// One message about all operations that lack the same.
    fn lacking(
        &mut self,
        mut operations: Vec<(String, Range<usize>)>,
        code: Code,
        message: impl Fn(&str, bool) -> String,
        help: impl Fn(&str) -> String,
    ) {
        operations.sort_by_key(|(_, place)| place.start);
        let Some((first, place)) = operations.first() else {
            return;
        };
        let names = match operations.len() - 1 {
            0 => format!("`{first}`"),
            1 => format!("`{first}` and `{}`", operations[1].0),
            more => format!("`{first}` and {more} other operations"),
        };
        let diagnostic = Diagnostic::error(code, message(&names, operations.len() == 1));
        self.findings
            .push(diagnostic.at(place.clone()).help(help(first)));
    }
}

#[cfg(test)]
mod tests;
