//! Where the document says that the calls of an operation go: its integration, as far as a route can say it.

use std::collections::BTreeMap;

use super::patterns::Field;
use super::{Unfolding, counted};
use crate::model::HumanDuration;
use crate::openapi::{Backend, Integration, Operation, Place};
use crate::stack::diagnostic::{Code, Diagnostic};
use crate::stack::file::{File, HeaderValue, Mock, Route};
use crate::stack::interpolate::escape;
use crate::stack::spans::KeyPath;
use crate::stack::template::{GatewayTemplate, Template};

/// What API Gateway puts into a document that it imports, and how the stack file says it.
const VARIABLES: [(&str, &str); 3] = [
    ("${AWS::AccountId}", "${account.id}"),
    ("${AWS::Region}", "${stack.region}"),
    ("${AWS::Partition}", "aws"),
];

impl Unfolding<'_> {
    /// Takes the backend of an operation from the document. Returns whether it has one, valid or not.
    pub(super) fn backend_of_document(
        &mut self,
        file: &File,
        operation: &Operation,
        path: &KeyPath,
        route: &mut Route,
    ) -> bool {
        let Some(Integration { backend, place }) = &operation.integration else {
            return false;
        };
        match backend {
            Ok(backend) => self.take_backend(file, backend, operation, path, route),
            Err((what, at)) => {
                let name = operation.name();
                let message =
                    format!("the document's integration of `{name}` can't be a route: {what}");
                let help = format!(
                    "write where its calls go into `[api.routes]`: `\"{name}\" = {{ http = \"https://…\" }}`"
                );
                let diagnostic = Diagnostic::error(Code::BadDocument, message);
                let at = counted(&self.starts, if at == place { place } else { at });
                self.findings.push(diagnostic.at(at).help(help));
                self.mark_unknown(path, Field::Backend);
            }
        }
        true
    }

    fn take_backend(
        &mut self,
        file: &File,
        backend: &Backend,
        operation: &Operation,
        path: &KeyPath,
        route: &mut Route,
    ) {
        match backend {
            Backend::Http {
                url,
                place,
                headers,
                timeout,
            } => {
                route.http = Some(GatewayTemplate::new(text(url)));
                self.put(path.join("http"), place);
                let mut values = BTreeMap::new();
                let table = path.join("send_headers");
                for header in headers {
                    let value = match header.expression.strip_prefix('\'') {
                        Some(fixed) => {
                            HeaderValue::Fixed(Template::new(escape(fixed.trim_end_matches('\''))))
                        }
                        None => HeaderValue::From(header.expression.clone()),
                    };
                    self.put(table.clone(), &header.place);
                    self.put(table.join(&header.name), &header.place);
                    values.insert(header.name.clone(), value);
                }
                route.send_headers = values;
                self.timeout(timeout.as_ref(), path, route);
            }
            Backend::Function {
                arn,
                place,
                timeout,
            } => {
                match function(file, arn) {
                    Some(key) => {
                        route.function = Some(key);
                        self.put(path.join("function"), place);
                    }
                    None => {
                        let name = operation.name();
                        let message =
                            format!("`{name}` calls a function that the file does not have: {arn}");
                        let help = format!(
                            "add `[functions.NAME]` with this ARN as `existing`, or write `\"{name}\" = {{ function = \"NAME\" }}` into `[api.routes]`"
                        );
                        let diagnostic = Diagnostic::error(Code::DanglingReference, message);
                        let at = counted(&self.starts, place);
                        self.findings.push(diagnostic.at(at).help(help));
                        self.mark_unknown(path, Field::Backend);
                    }
                }
                self.timeout(timeout.as_ref(), path, route);
            }
            Backend::Mock {
                status,
                body,
                place,
            } => {
                route.mock = Some(Mock {
                    status: *status,
                    body: body
                        .as_deref()
                        .map(|body| GatewayTemplate::new(escape(body))),
                });
                self.put(path.join("mock"), place);
            }
        }
    }

    fn timeout(&mut self, timeout: Option<&(u64, Place)>, path: &KeyPath, route: &mut Route) {
        if let Some((written, place)) = timeout {
            route.timeout = Some(HumanDuration::from_millis(*written));
            self.put(path.join("timeout"), place);
        }
    }

    /// A value of the document.
    fn put(&mut self, path: KeyPath, place: &Place) {
        let place = counted(&self.starts, place);
        self.spans.put(path, Some(place.clone()), place, None);
    }
}

/// A text of the document as one of the file: with the variables of a document's import, and nothing else that the file would replace.
fn text(written: &str) -> String {
    const STAGE_VARIABLE: &str = "${stageVariables.";
    let escaped = escape(written).replace(&format!("${STAGE_VARIABLE}"), STAGE_VARIABLE);
    VARIABLES.iter().fold(escaped, |text, (theirs, ours)| {
        text.replace(&format!("${theirs}"), ours)
    })
}

/// The table of the existing function with this ARN.
fn function(file: &File, arn: &str) -> Option<String> {
    let is_it = |existing: &Template| existing.as_written() == text(arn);
    let named = file.functions.iter().find(|(_, function)| {
        let existing = function.existing.as_ref();
        existing.is_some_and(is_it)
    });
    named.map(|(key, _)| key.clone())
}
