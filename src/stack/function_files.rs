//! The files of functions: their code, by the digest of its sources, and their policies.

mod policy;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_facts::runtimes::{self, DEFAULT};

use super::diagnostic::{Code, Diagnostic};
use super::file::{File, Function};
use super::findings::Findings;
use super::load::{CodeReading, LoadSettings, ReadCode};
use super::own_files::OwnFiles;
use super::source::Source;
use super::spans::{KeyPath, Spans};
use crate::code::{self, Code as Files, CodeFault, Origin};
use crate::kinds::lookups::FunctionContents;

/// The code of a function, as far as it is there.
#[derive(Clone, Debug)]
pub struct FunctionCode {
    /// The name of its table.
    pub key: String,
    /// Its files; none if a build makes them.
    pub files: Option<Arc<Files>>,
    /// What makes them.
    pub build: Option<Build>,
}

/// A build.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Build {
    /// The command.
    pub command: String,
    /// Where it runs.
    pub folder: PathBuf,
    /// The files and folders that it reads.
    pub reads: Vec<PathBuf>,
    /// What it makes.
    pub makes: Origin,
    /// What of that is left out of the archive.
    pub own_files: Arc<OwnFiles>,
    /// The handler that has to be in it.
    pub handler: String,
    /// Whether the handler may be in a layer.
    pub has_layers: bool,
    /// The runtime.
    pub runtime: String,
    /// The processor.
    pub architecture: String,
}

/// The code of all functions, by the digests of their sources.
pub type FunctionCodes = BTreeMap<String, FunctionCode>;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) files: BTreeMap<String, FunctionContents>,
    pub(super) codes: FunctionCodes,
}

/// Reads the code and the policies of all functions.
pub(super) fn read(
    file: &File,
    source: &Source,
    spans: &Spans,
    settings: &LoadSettings<'_>,
    findings: &mut Findings,
) -> Read {
    let mut read = Read::default();
    let folder = |path: &KeyPath| {
        let file = source.file(&spans.value_of(path)).path();
        file.parent().unwrap_or_else(|| Path::new("")).to_owned()
    };
    let policies = file.functions.iter().filter_map(|(key, function)| {
        let at = KeyPath::from(["functions", key, "policy"]);
        Some(folder(&at).join(function.policy.as_ref()?))
    });
    let documents = source.documents().iter();
    let documents = documents.map(|document| document.path().to_owned());
    let own_files = Arc::new(OwnFiles::of(
        source.base().path(),
        policies.chain(documents),
    ));
    for (key, function) in &file.functions {
        let path = KeyPath::from(["functions", key]);
        if function.existing.is_some() || !findings.is_usable(&path) {
            continue;
        }
        let mut files = FunctionContents::default();
        let at = path.join("source");
        if let Some(written) = &function.source
            && findings.is_intact(&path)
        {
            let of = Of {
                key,
                function,
                written,
                folder: folder(&at),
                own_files: &own_files,
            };
            let found = match settings.code {
                CodeReading::Needed(read) => of.code(read).map(Some),
                // What can't be read is not compared.
                CodeReading::IfThere(read) => Ok(of.code(read).ok()),
                CodeReading::Skipped => Ok(None),
            };
            match found {
                Ok(None) => files.handler.clone_from(&function.handler),
                Ok(Some(Found {
                    digest,
                    handler,
                    code,
                })) => {
                    read.codes.extend(code.map(|code| (digest.clone(), code)));
                    files.code = Some(digest);
                    files.handler = Some(handler);
                }
                Err((place, CodeFault { what, help, .. })) => {
                    let place = match place {
                        Place::Source => at,
                        Place::Handler if spans.has(&path.join("handler")) => path.join("handler"),
                        Place::Handler => at,
                        Place::Sources => path.join("sources"),
                    };
                    let diagnostic = Diagnostic::error(Code::BadFile, what);
                    findings.push(diagnostic.at(spans.value_of(&place)).help(help));
                }
            }
        }
        let at = path.join("policy");
        if let Some(written) = &function.policy
            && findings.is_usable(&at)
        {
            match policy::read(&folder(&at).join(written), settings) {
                Ok(policy) => files.policy = Some(policy),
                Err((what, help)) => {
                    let diagnostic = Diagnostic::error(Code::BadFile, what);
                    findings.push(diagnostic.at(spans.value_of(&at)).help(help));
                }
            }
        }
        read.files.insert(key.clone(), files);
    }
    read
}

/// The setting that a fault is about.
enum Place {
    Source,
    Handler,
    Sources,
}

struct Of<'f> {
    key: &'f str,
    function: &'f Function,
    written: &'f str,
    folder: PathBuf,
    own_files: &'f Arc<OwnFiles>,
}

/// The code of a function, as far as it is known.
struct Found {
    /// The digest of its sources, or where it is in S3.
    digest: String,
    handler: String,
    /// None in S3.
    code: Option<FunctionCode>,
}

impl Of<'_> {
    fn code(&self, read: ReadCode<'_>) -> Result<Found, (Place, CodeFault)> {
        let function = self.function;
        let at_source = |fault| (Place::Source, fault);
        let name = function.runtime.as_deref().unwrap_or(DEFAULT);
        // The checks told of one that Lambda does not have.
        let runtime = runtimes::runtime(name).or_else(|| runtimes::runtime(DEFAULT));
        let runtime = runtime.expect("the default is among the runtimes");
        let origin = Origin::of(self.written, &self.folder).map_err(at_source)?;
        let given = function.handler.as_deref();
        let has_layers = !function.layers.is_empty();
        let found = |digest: String, files: Option<&Files>, code: Option<FunctionCode>| {
            let handler = code::handler(runtime, given, files, has_layers);
            let handler = handler.map_err(|fault| (Place::Handler, fault))?;
            Ok(Found {
                digest,
                handler,
                code,
            })
        };
        let code_of = |files: Option<Arc<Files>>, build: Option<Build>| FunctionCode {
            key: self.key.to_owned(),
            files,
            build,
        };
        if let Origin::Object(_) = origin {
            return found(self.written.to_owned(), None, None);
        }
        if let Some(command) = &function.build {
            let sources: Vec<String> = function.sources.iter().cloned().collect();
            let digest = code::build_digest(command, &sources, &self.folder, self.written);
            let digest = digest.map_err(|fault| (Place::Sources, fault))?;
            let mut found = found(digest, None, None)?;
            let build = Build {
                command: command.clone(),
                folder: match self.folder.as_os_str().is_empty() {
                    true => PathBuf::from("."),
                    false => self.folder.clone(),
                },
                makes: origin,
                own_files: Arc::clone(self.own_files),
                reads: sources.iter().map(|one| self.folder.join(one)).collect(),
                handler: found.handler.clone(),
                has_layers,
                runtime: name.to_owned(),
                architecture: function.architecture.name().to_owned(),
            };
            found.code = Some(code_of(None, Some(build)));
            return Ok(found);
        }
        let Some(files) = read(&origin).map_err(at_source)? else {
            return found(crate::model::digest(self.written.as_bytes()), None, None);
        };
        let files = files.without(|path| self.own_files.contain(path));
        code::check_architecture(&files, function.architecture.name()).map_err(at_source)?;
        if files.may_be_too_large() {
            files.archive().map_err(at_source)?;
        }
        let files = Arc::new(files);
        let code = code_of(Some(Arc::clone(&files)), None);
        found(files.digest(), Some(&files), Some(code))
    }
}
