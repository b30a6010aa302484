//! Checks of the typed file by AWS's rules: one module for each part of it.
//!
//! A rule reads the file as if everything were valid, and reports at the wrong value: a message about an unusable value is
//! dropped. Only a rule that depends on *another* value, or on a missing one, checks whether that one is usable, intact or really
//! missing. [`Judge::has`] and [`Judge::names`] show what the file names, valid or not.
//!
//! A string with references is checked with sample values in their place, so that `domain = "x-${user_pool.id}"` fails here and
//! not at AWS.

mod access_logs;
mod api;
mod certificates;
mod clients;
mod domain;
mod functions;
mod gateway_responses;
mod headers;
mod load_balancer;
mod moved;
pub(super) mod names;
mod overlaps;
mod paths;
mod plans;
mod pool;
mod references;
mod requirements;
mod routes;
mod scopes;
mod stack_table;

pub(super) use paths::METHODS;
pub(super) use routes::{no_listener, port_of};

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use aws_facts::{arns, hosts};

use super::diagnostic::{Code, Diagnostic};
use super::file::File;
use super::findings::Findings;
use super::interpolate::{Piece, Reference};
use super::schema;
use super::source::Source;
use super::spans::{KeyPath, Spans};
use super::template::Template;
use crate::model::{Book, HumanDuration, endpoints};

/// Checks everything that can be read.
pub(super) fn check(file: &File, source: &Source, spans: &Spans, findings: &mut Findings) {
    let mut judge = Judge {
        servers: scopes::servers(file, spans, findings),
        file,
        source,
        spans,
        findings,
        elements: None,
        ports: OnceCell::new(),
    };
    stack_table::check(&mut judge);
    pool::check(&mut judge);
    clients::check(&mut judge);
    load_balancer::check(&mut judge);
    functions::check(&mut judge);
    api::check(&mut judge);
    access_logs::check(&mut judge);
    gateway_responses::check(&mut judge);
    domain::check(&mut judge);
    routes::check(&mut judge);
    requirements::check(&mut judge);
    overlaps::check(&mut judge);
    plans::check(&mut judge);
    moved::check(&mut judge);
    references::check(&mut judge);
}

/// The context of a rule: the file, the places of its parts, and the findings.
struct Judge<'c> {
    file: &'c File,
    source: &'c Source,
    spans: &'c Spans,
    findings: &'c mut Findings,
    /// The places of the elements of the last used list.
    elements: Option<(KeyPath, BTreeMap<String, Range<usize>>)>,
    /// The load balancer's ports, computed for the first route.
    ports: OnceCell<Option<Rc<BTreeSet<u16>>>>,
    servers: scopes::Servers,
}

impl<'c> Judge<'c> {
    /// Whether the value there is usable; something below it may not be.
    fn usable(&self, path: impl Into<KeyPath>) -> bool {
        self.findings.is_usable(&path.into())
    }

    /// Whether all of the value there is usable: for a rule that depends on what is missing in it.
    fn intact(&self, path: impl Into<KeyPath>) -> bool {
        self.findings.is_intact(&path.into())
    }

    /// Whether the file has a table or key there, valid or not.
    fn has(&self, path: impl Into<KeyPath>) -> bool {
        self.spans.has(&path.into())
    }

    /// Whether a table or key is really missing: not misspelled, nor inside something unusable.
    fn lacks(&self, path: impl Into<KeyPath>) -> bool {
        let path = path.into();
        !self.spans.has(&path) && self.usable(path)
    }

    /// The names in a table, valid or not; none if the table itself is unusable.
    fn names(&self, table: impl Into<KeyPath>) -> Vec<String> {
        let table = table.into();
        match self.usable(&table) {
            true => self.spans.names(&table).map(str::to_owned).collect(),
            false => Vec::new(),
        }
    }

    /// Reports a mistake in the value at a path, unless that is unusable already: one mistake, one message.
    fn tell(&mut self, path: &KeyPath, diagnostic: Diagnostic) {
        if self.findings.is_usable(path) {
            self.findings.push(diagnostic);
        }
    }

    /// Reports a mistake in the value at a path.
    fn error(
        &mut self,
        code: Code,
        path: &KeyPath,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::error(code, message)
            .at(self.spans.value_of(path))
            .help(help);
        self.tell(path, diagnostic);
    }

    /// Reports a mistake in the key at a path, whatever its value is.
    fn key_error(
        &mut self,
        code: Code,
        path: &KeyPath,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::error(code, message)
            .at(self.spans.key(path))
            .help(help);
        self.findings.push(diagnostic);
    }

    /// Reports a mistake in a piece of the text at a path.
    fn error_within(
        &mut self,
        code: Code,
        path: &KeyPath,
        piece: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let span = self.source.find(&self.spans.value_of(path), piece);
        let diagnostic = Diagnostic::error(code, message).at(span).help(help);
        self.tell(path, diagnostic);
    }

    /// Reports a mistake in one element of the list at a path.
    fn element_error(
        &mut self,
        code: Code,
        list: &KeyPath,
        text: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let span = self.element(list, text);
        let diagnostic = Diagnostic::error(code, message).at(span).help(help);
        self.tell(list, diagnostic);
    }

    /// The bytes of the element with this text in a list, or of the list.
    fn element(&mut self, list: &KeyPath, text: &str) -> Range<usize> {
        let elements = match self.elements.take() {
            Some((known, elements)) if known == *list => elements,
            _ => self.spans.elements(list),
        };
        let span = elements.get(text).cloned();
        self.elements = Some((list.clone(), elements));
        span.unwrap_or_else(|| self.spans.value_of(list))
    }

    /// “did you mean `x`?” if something is similar, else this.
    fn did_you_mean<'a>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
        otherwise: impl Into<String>,
    ) -> String {
        self.findings.did_you_mean(word, candidates, otherwise)
    }

    /// Reports a warning about the value at a path.
    fn warning(
        &mut self,
        code: Code,
        path: &KeyPath,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::warning(code, message)
            .at(self.spans.value_of(path))
            .help(help);
        self.tell(path, diagnostic);
    }

    /// The stack's Region, or a sample if that is unusable.
    fn region(&self) -> &'c str {
        match self.usable(["stack", "region"]) {
            true => &self.file.stack.region,
            false => "eu-central-1",
        }
    }

    /// A text with sample values for its references.
    fn sample(&self, text: &Template) -> String {
        let region = self.region();
        let stage = match &self.file.api {
            Some(api) if self.usable(["api", "stage"]) => &api.stage,
            _ => "stage",
        };
        let domain = || match &self.file.user_pool {
            Some(pool) if self.intact(["user_pool"]) && pool.existing.is_none() => {
                match (&pool.own_domain, &pool.domain) {
                    (Some(own), _) => own.name.as_written().to_owned(),
                    (None, Some(prefix)) => endpoints::prefix_domain(prefix.as_written(), region),
                    (None, None) => String::new(),
                }
            }
            _ => "auth.example.com".to_owned(),
        };
        let known = |reference: &Reference| match reference {
            // The file's account may be invalid; that is reported elsewhere.
            Reference::AccountId => "123456789012".into(),
            Reference::StackName if self.usable(["stack", "name"]) => self.file.stack.name.clone(),
            Reference::StackName => "stack".into(),
            Reference::StackRegion => region.to_owned(),
            Reference::ApiId | Reference::ApiKeyId(_) => "a1b2c3d4e5".into(),
            Reference::ApiStage => stage.to_string(),
            Reference::ApiInvokeUrl => {
                let url = endpoints::invoke_url("a1b2c3d4e5".into(), region, stage);
                url.resolve(&Book::default()).unwrap_or_default()
            }
            Reference::UserPoolId => format!("{region}_AbCdEfGhI"),
            Reference::UserPoolArn => {
                arns::user_pool(region, "123456789012", &format!("{region}_AbCdEfGhI"))
            }
            Reference::UserPoolIssuer => endpoints::issuer(&format!("{region}_AbCdEfGhI"), false),
            Reference::UserPoolTokenUrl => endpoints::token_url(&domain()),
            Reference::ApiDomainName | Reference::ApiDomainTarget => self.api_domain(),
            Reference::LoadBalancerDnsName => {
                hosts::load_balancer("private-1a2b3c4d5e6f7a8b", region)
            }
            Reference::AppClientId(_) | Reference::PartnerClientId(_) => {
                "1a2b3c4d5e6f7g8h9i0j1k2l3m".into()
            }
        };
        let made_out = |piece: Piece| match piece {
            Piece::Literal(text) => text,
            Piece::Reference(reference) => known(&reference),
        };
        text.pieces().into_iter().map(made_out).collect()
    }

    /// The API's own host name, or a sample.
    fn api_domain(&self) -> String {
        let domain = self.file.api.as_ref().and_then(|api| api.domain.as_ref());
        match domain {
            Some(domain) if self.usable(["api", "domain", "name"]) => domain.name.clone(),
            _ => "api.example.com".to_owned(),
        }
    }

    /// Refuses a duration out of AWS's range, or with fractions of a second if AWS counts in seconds.
    fn duration(
        &mut self,
        path: &KeyPath,
        value: HumanDuration,
        least: HumanDuration,
        most: HumanDuration,
        seconds: bool,
    ) {
        if value < least || value > most {
            let message = format!("`{path}` must be from {least} to {most}, not {value}");
            let help = schema::brief(path).unwrap_or_else(|| "write it as in \"90s\"".into());
            self.error(Code::OutOfRange, path, message, help);
        } else if seconds && !value.is_whole_seconds() {
            let message = format!("`{path}` must be whole seconds, not {value}");
            self.error(
                Code::OutOfRange,
                path,
                message,
                "round it to seconds, as in \"90s\"",
            );
        }
    }
}

/// The entries of a table that are tables, with their paths.
fn entries<'c, V>(
    table: &'static str,
    map: &'c BTreeMap<String, V>,
) -> impl Iterator<Item = (KeyPath, &'c str, &'c V)> {
    map.iter()
        .map(move |(name, value)| (KeyPath::from([table, name]), name.as_str(), value))
}
