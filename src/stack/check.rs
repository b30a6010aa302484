//! AWS's rules and contradictions, judged over the typed file: one module for each part of it.
//!
//! A string that holds references is judged with something of the usual shape in their place, so that
//! `domain = "x-${user_pool.id}"` fails here and not at AWS.

mod api;
mod clients;
mod ground;
mod moved;
mod names;
mod paths;
mod plans;
mod pool;
mod references;
mod requirements;
mod routes;
mod scopes;

use super::diagnostic::{Code, Diagnostic};
use super::file::File;
use super::findings::Findings;
use super::interpolate::{Piece, Reference, pieces};
use super::schema;
use super::similar::closest;
use super::source::Source;
use super::spans::{KeyPath, Spans};
use crate::model::HumanDuration;

/// Judges everything that is intact.
pub(super) fn check(file: &File, source: &Source, spans: &Spans, findings: &mut Findings) {
    let mut judge = Judge {
        file,
        source,
        spans,
        findings,
    };
    ground::check(&mut judge);
    pool::check(&mut judge);
    clients::check(&mut judge);
    api::check(&mut judge);
    routes::check(&mut judge);
    requirements::check(&mut judge);
    plans::check(&mut judge);
    moved::check(&mut judge);
    references::check(&mut judge);
}

/// What every rule needs: the file, where its parts stand, and a place to write down what is wrong.
struct Judge<'c> {
    file: &'c File,
    source: &'c Source,
    spans: &'c Spans,
    findings: &'c mut Findings,
}

impl<'c> Judge<'c> {
    /// Whether earlier passes found nothing wrong there.
    fn intact(&self, path: &KeyPath) -> bool {
        self.findings.intact(path)
    }

    /// Whether the file has a table or key there, sound or not.
    fn has<const N: usize>(&self, keys: [&str; N]) -> bool {
        self.spans.has(&keys.into())
    }

    /// Whether the file really lacks a table or key: it is not just misspelled.
    fn lacks<const N: usize>(&self, keys: [&str; N]) -> bool {
        let path = keys.into();
        !self.spans.has(&path) && !self.findings.is_broken(&path)
    }

    /// Writes down a mistake in the value at a path.
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
        self.findings.list.push(diagnostic);
    }

    /// Writes down a mistake in the key at a path.
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
        self.findings.list.push(diagnostic);
    }

    /// Writes down a mistake in a piece of the text at a path.
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
        self.findings.list.push(diagnostic);
    }

    /// Writes down a mistake in one element of the list at a path.
    fn element_error(
        &mut self,
        code: Code,
        list: &KeyPath,
        text: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::error(code, message)
            .at(self.spans.element(list, text))
            .help(help);
        self.findings.list.push(diagnostic);
    }

    /// Writes down what is worth knowing of the value at a path.
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
        self.findings.list.push(diagnostic);
    }

    /// The entries of a table that are intact, with their paths.
    fn entries<V>(
        &self,
        table: &str,
        map: &'c std::collections::BTreeMap<String, V>,
    ) -> Vec<(KeyPath, &'c str, &'c V)> {
        map.iter()
            .map(|(name, value)| (KeyPath::from([table, name]), name.as_str(), value))
            .filter(|(path, _, _)| self.intact(path))
            .collect()
    }

    /// A text as it may look once its references are made out.
    fn sample(&self, text: &str) -> String {
        let region = &self.file.stack.region;
        let stage = self.file.api.as_ref().map_or("", |api| &api.stage);
        let domain = || {
            let pool = self.file.user_pool.as_ref()?;
            match (&pool.own_domain, &pool.domain) {
                (Some(own), _) => Some(own.name.clone()),
                (None, prefix) => Some(format!(
                    "{}.auth.{region}.amazoncognito.com",
                    prefix.as_ref()?
                )),
            }
        };
        let known = |reference: &Reference| match reference {
            // What the file says may be no account; that is told elsewhere.
            Reference::AccountId => "123456789012".into(),
            Reference::StackName => self.file.stack.name.clone(),
            Reference::StackRegion => region.clone(),
            Reference::ApiId | Reference::ApiKeyId(_) => "a1b2c3d4e5".into(),
            Reference::ApiStage => stage.to_owned(),
            Reference::ApiInvokeUrl => {
                format!("https://a1b2c3d4e5.execute-api.{region}.amazonaws.com/{stage}")
            }
            Reference::UserPoolId => format!("{region}_AbCdEfGhI"),
            Reference::UserPoolArn => {
                format!("arn:aws:cognito-idp:{region}:123456789012:userpool/{region}_AbCdEfGhI")
            }
            Reference::UserPoolIssuer => {
                format!("https://cognito-idp.{region}.amazonaws.com/{region}_AbCdEfGhI")
            }
            Reference::UserPoolTokenUrl => {
                format!("https://{}/oauth2/token", domain().unwrap_or_default())
            }
            Reference::AppClientId(_) | Reference::PartnerClientId(_) => {
                "1a2b3c4d5e6f7g8h9i0j1k2l3m".into()
            }
        };
        let made_out = |piece: Piece| match piece {
            Piece::Literal(text) => text,
            Piece::Reference(reference) => known(&reference),
        };
        pieces(text).into_iter().map(made_out).collect()
    }

    /// Refuses a duration out of AWS's range, or finer than seconds where AWS counts in them.
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

/// “did you mean `x`?” if something comes near, else this.
fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    otherwise: impl Into<String>,
) -> String {
    match closest(word, candidates) {
        Some(near) => format!("did you mean `{near}`?"),
        None => otherwise.into(),
    }
}
