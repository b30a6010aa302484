//! From files to operations.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use aws_facts::openapi::METHODS;

use super::fault::{Fault, Place};
use super::files::{At, Files, Member, ReadFile, Text, Unresolved};
use super::integration::{self, Integration};
use super::security::{self, Alternative, Scheme};
use super::tree::{DOCUMENT, Value};
use crate::model::similar::closest;

/// What was read.
pub struct Reading {
    /// The files in the order of reading, the document itself first. Places count them.
    pub texts: Vec<Text>,
    /// The document, as far as it can be read; none if nothing of it can.
    pub document: Option<Document>,
    /// Every mistake.
    pub faults: Vec<Fault>,
}

/// A document.
#[derive(Debug)]
pub struct Document {
    /// Its format with the version: `OpenAPI 3.0.3` or `Swagger 2.0`.
    pub format: String,
    /// Its operations in the order of the document.
    pub operations: Vec<Operation>,
    /// Its security schemes by name.
    pub schemes: BTreeMap<String, Scheme>,
}

/// A method on a path.
#[derive(Debug)]
pub struct Operation {
    /// The method in capitals; `ANY` for API Gateway's own extension.
    pub method: &'static str,
    /// The path as in the document.
    pub path: String,
    /// The path's place.
    pub path_place: Place,
    /// The method's place.
    pub place: Place,
    /// Its parameters and those of its path.
    pub parameters: Vec<Parameter>,
    /// What a caller needs, as a list of which one is enough: the operation's own, or the document's. None if neither says anything.
    pub security: Option<Vec<Alternative>>,
    /// Where its calls go.
    pub integration: Option<Integration>,
}

impl Operation {
    /// The name of its route.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// A parameter of an operation.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it is: `path`, `query`, `header`, `cookie`, `body` or `formData`.
    pub location: String,
    /// Whether a call must have it.
    pub required: bool,
    /// The place of its name.
    pub place: Place,
}

/// Reads the document at a path below a folder.
pub fn read(folder: &Path, written: &str, read_file: ReadFile<'_>) -> Reading {
    let mut faults = Vec::new();
    let files = Files::read(folder, written, read_file, &mut faults);
    let document = files
        .root()
        .and_then(|root| Reader::of(&files, root, &mut faults));
    // Two operations may use the same wrong thing.
    let mut seen = HashSet::new();
    faults.retain(|fault| seen.insert(fault.clone()));
    Reading {
        document,
        texts: files.texts,
        faults,
    }
}

pub(super) struct Reader<'f, 'r> {
    pub(super) files: &'r Files<'f>,
    pub(super) faults: &'r mut Vec<Fault>,
}

impl Reader<'_, '_> {
    fn of(files: &Files<'_>, root: At, faults: &mut Vec<Fault>) -> Option<Document> {
        let mut reader = Reader { files, faults };
        if !matches!(files.value(root), Value::Map(_)) {
            let fault = Fault::new("the file is not an OpenAPI document", DOCUMENT);
            reader.faults.push(fault.at(files.place(root)));
            return None;
        }
        let format = reader.format(root)?;
        let schemes = if format.starts_with("Swagger") {
            files.member(root, "securityDefinitions")
        } else {
            let components = files.member(root, "components");
            components.and_then(|components| files.member(components.value, "securitySchemes"))
        };
        let schemes = schemes.map(|member| reader.schemes(member.value));
        let schemes = schemes.unwrap_or_default();
        let everywhere = files
            .member(root, "security")
            .map(|member| reader.security(member.value, &schemes));
        let operations = reader.paths(root, &schemes, everywhere.as_deref());
        Some(Document {
            format,
            operations,
            schemes,
        })
    }

    /// The format, if it is one that API Gateway reads.
    fn format(&mut self, root: At) -> Option<String> {
        let version = |key| {
            let member = self.files.member(root, key)?;
            let text = self.files.text(member.value).unwrap_or_default().to_owned();
            Some((text, self.files.place(member.value)))
        };
        let fault = match (version("openapi"), version("swagger")) {
            (Some((version, _)), None) if version == "3.0" || version.starts_with("3.0.") => {
                return Some(format!("OpenAPI {version}"));
            }
            (None, Some((version, _))) if version == "2.0" || version == "2" => {
                return Some("Swagger 2.0".into());
            }
            (Some((version, place)), None) => {
                let what = format!("the document is OpenAPI {version}, and gatestack reads 3.0");
                Fault::new(
                    what,
                    "write it as OpenAPI 3.0.3 or Swagger 2.0, as API Gateway reads them",
                )
                .at(place)
            }
            (None, Some((version, place))) => {
                let what = format!("the document is Swagger {version}, and gatestack reads 2.0");
                Fault::new(what, "write `swagger: \"2.0\"`, or `openapi: 3.0.3`").at(place)
            }
            (Some((_, place)), Some((_, other))) => {
                let what = "the document has both `openapi` and `swagger`";
                Fault::new(what, "remove one of them")
                    .at(other)
                    .label(place, "and here")
            }
            (None, None) => {
                let place = self.files.members(root).next().map(|member| member.place);
                let place = place.unwrap_or_else(|| self.files.place(root));
                Fault::new("the document does not say its version", DOCUMENT).at(place)
            }
        };
        self.faults.push(fault);
        None
    }

    fn paths(
        &mut self,
        root: At,
        schemes: &BTreeMap<String, Scheme>,
        everywhere: Option<&[Alternative]>,
    ) -> Vec<Operation> {
        let files = self.files;
        let mut operations = Vec::new();
        let paths = files.member(root, "paths");
        let Some(paths) = paths.filter(|paths| matches!(files.value(paths.value), Value::Map(_)))
        else {
            let place = files.members(root).next().map(|member| member.place);
            let place = place.unwrap_or_else(|| files.place(root));
            let fault = Fault::new(
                "the document has no `paths`",
                "add `paths:` with a mapping for each path",
            );
            self.faults.push(fault.at(place));
            return operations;
        };
        for path in files.members(paths.value) {
            if path.key.starts_with("x-") {
                continue;
            }
            if !path.key.starts_with('/') {
                let what = format!("the path `{}` does not start with a slash", path.key);
                let help = format!("write `/{}`", path.key);
                self.faults.push(Fault::new(what, help).at(path.place));
                continue;
            }
            let Some(item) = self.resolved(path.value) else {
                continue;
            };
            if !self.is_mapping(item, &path.place, &format!("the path `{}`", path.key)) {
                continue;
            }
            let mut shared = None;
            for member in files.members(item) {
                match method(member.key) {
                    Method::Known(method) => {
                        let name = format!("the operation `{method} {}`", path.key);
                        let Some(at) = self.resolved(member.value) else {
                            continue;
                        };
                        if !self.is_mapping(at, &member.place, &name) {
                            continue;
                        }
                        let shared = shared
                            .get_or_insert_with(|| self.parameters(item, &path))
                            .clone();
                        let own = self.parameters(at, &path);
                        let security = files.member(at, "security");
                        let security = match security {
                            Some(own) => Some(self.security(own.value, schemes)),
                            None => everywhere.map(<[Alternative]>::to_vec),
                        };
                        operations.push(Operation {
                            method,
                            path: path.key.to_owned(),
                            path_place: path.place.clone(),
                            place: member.place,
                            parameters: over(shared, own),
                            security,
                            integration: integration::of(files, at, method),
                        });
                    }
                    Method::Other => {}
                    Method::None(what, help) => {
                        self.faults.push(Fault::new(what, help).at(member.place));
                    }
                }
            }
        }
        if operations.is_empty() && self.faults.is_empty() {
            let fault = Fault::new(
                "the document has no operations",
                "add one below `paths`: a path with a method, as in `/pets:` with `get:`",
            );
            self.faults.push(fault.at(paths.place));
        }
        operations
    }

    /// The parameters in a path or an operation. Those of the path have to be in it.
    fn parameters(&mut self, owner: At, path: &Member<'_>) -> Vec<Parameter> {
        let files = self.files;
        let Some(list) = files.member(owner, "parameters") else {
            return Vec::new();
        };
        let mut parameters = Vec::new();
        let mut seen = HashSet::new();
        for item in files.items(list.value) {
            let Some(at) = self.resolved(item) else {
                continue;
            };
            let text = |key| {
                let member = files.member(at, key)?;
                Some((
                    files.text(member.value)?.to_owned(),
                    files.place(member.value),
                ))
            };
            let (Some((name, place)), Some((location, _))) = (text("name"), text("in")) else {
                let what = "a parameter needs `name` and `in`";
                let help = "write both, as in `name: petId` and `in: path`";
                let place = files.members(at).next().map(|member| member.place);
                let place = place.unwrap_or_else(|| files.place(item));
                self.faults.push(Fault::new(what, help).at(place));
                continue;
            };
            if location == "path" && !has_parameter(path.key, &name) {
                let what = format!("the path `{}` has no parameter `{name}`", path.key);
                let help = format!("add `{{{name}}}` to the path, or remove the parameter");
                let fault = Fault::new(what, help).at(place.clone());
                self.faults
                    .push(fault.label(path.place.clone(), "the path"));
            }
            if !seen.insert((name.clone(), location.clone())) {
                let what = format!("a second parameter `{name}` in `{location}`");
                self.faults
                    .push(Fault::new(what, "remove one of them").at(place.clone()));
            }
            let required = files.member(at, "required");
            let required = required.and_then(|member| files.text(member.value));
            parameters.push(Parameter {
                required: location == "path" || required == Some("true"),
                name,
                location,
                place,
            });
        }
        parameters
    }

    /// The node, or the target of its `$ref`. A missing target is reported and gives `None`.
    pub(super) fn resolved(&mut self, at: At) -> Option<At> {
        match self.files.resolve(at) {
            Ok(at) => Some(at),
            Err(Unresolved::Wrong(fault)) => {
                self.faults.push(fault);
                None
            }
            Err(Unresolved::Elsewhere) => None,
        }
    }

    /// Reports what must be a mapping and is something else.
    pub(super) fn is_mapping(&mut self, at: At, place: &Place, what: &str) -> bool {
        let is_mapping = matches!(self.files.value(at), Value::Map(_));
        if !is_mapping {
            let fault = Fault::new(
                format!("{what} must be a mapping"),
                "put its keys below it, each with a colon",
            );
            self.faults.push(fault.at(place.clone()));
        }
        is_mapping
    }

    fn schemes(&mut self, at: At) -> BTreeMap<String, Scheme> {
        let members = self.files.members(at);
        let mut schemes = BTreeMap::new();
        for member in members {
            if let Some(at) = self.resolved(member.value)
                && self.is_mapping(at, &member.place, "a security scheme")
            {
                let scheme = security::scheme(self.files, at, member.place);
                schemes.insert(member.key.to_owned(), scheme);
            }
        }
        schemes
    }
}

/// What a key of a path is.
enum Method {
    Known(&'static str),
    /// Something else that a path may have.
    Other,
    /// What is wrong with it, and what to do.
    None(String, String),
}

fn method(key: &str) -> Method {
    if let Some((_, method)) = METHODS.iter().find(|(known, _)| *known == key) {
        return Method::Known(method);
    }
    let is_other = ["$ref", "summary", "description", "servers", "parameters"].contains(&key);
    if is_other || key.starts_with("x-") {
        return Method::Other;
    }
    if key == "trace" {
        let what = "API Gateway has no method TRACE".to_owned();
        return Method::None(what, "remove it from the document".into());
    }
    let lower = key.to_ascii_lowercase();
    let help = match closest(&lower, METHODS.map(|(known, _)| known)) {
        Some(near) => format!("write `{near}`"),
        None => format!(
            "expected one of {}",
            METHODS.map(|(known, _)| known).join(", ")
        ),
    };
    Method::None(format!("`{key}` is not a method"), help)
}

/// Whether a path has this parameter.
fn has_parameter(path: &str, name: &str) -> bool {
    path.contains(&format!("{{{name}}}")) || path.contains(&format!("{{{name}+}}"))
}

/// Parameters of a path, and those of an operation over them.
fn over(mut shared: Vec<Parameter>, own: Vec<Parameter>) -> Vec<Parameter> {
    shared.retain(|one| {
        let is_same = |other: &Parameter| other.name == one.name && other.location == one.location;
        !own.iter().any(is_same)
    });
    shared.extend(own);
    shared
}
