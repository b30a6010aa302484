//! Mapping templates.
//!
//! API Gateway runs those of integrations through Velocity. Here are references (`$context`, `$stageVariables`, `$input`,
//! `$util`, and variables that the template sets to a plain text), comments, but no computation: directives and methods that
//! Velocity would evaluate are refused by name. Gateway responses don't use Velocity.

mod reader;
mod utilities;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::exchange::Refused;
use super::integration::headers::arrives;
use super::json_path;
use super::refusals::unreadable_body;
use super::variables::Variables;
use reader::{Reader, Reference, Step};

/// Fills a mapping template of an integration.
///
/// # Errors
/// It needs more of Velocity than is implemented, or a body that isn't JSON.
pub(super) fn fill(template: &str, variables: &Variables<'_>) -> Result<String, Refused> {
    let mut filling = Filling {
        reader: Reader::new(template),
        variables,
        set: BTreeMap::new(),
    };
    filling.run()
}

/// A template half filled.
struct Filling<'t, 'v> {
    reader: Reader<'t>,
    variables: &'v Variables<'v>,
    /// What the template has set.
    set: BTreeMap<&'t str, String>,
}

impl Filling<'_, '_> {
    fn run(&mut self) -> Result<String, Refused> {
        let mut filled = String::with_capacity(self.reader.rest().len());
        loop {
            let text = self.reader.text_before(&['$', '#']);
            filled.push_str(text);
            if self.reader.is_done() {
                return Ok(filled);
            }
            let is_escaped = text.ends_with('\\');
            if self.reader.rest().starts_with('#') {
                self.hash(&mut filled, is_escaped)?;
                continue;
            }
            let (variables, set) = (self.variables, &self.set);
            let reference = self
                .reader
                .reference(&mut |argument| evaluate(&argument, variables, set))?;
            match reference {
                Some(reference) if is_escaped && is_defined(&reference, set) => {
                    return Err(refused(format_args!("the escaped \\{}", reference.source)));
                }
                Some(reference) => match evaluate(&reference, variables, set)? {
                    Some(value) => filled.push_str(&value),
                    // Velocity leaves an undefined reference as it is, unless it is a quiet one.
                    None if reference.is_quiet => {}
                    None => filled.push_str(reference.source),
                },
                None => filled.push_str(self.reader.skip_one()),
            }
        }
    }

    /// What follows a `#`: a comment, a directive, or text.
    fn hash(&mut self, filled: &mut String, is_escaped: bool) -> Result<(), Refused> {
        if self.reader.skip_comment() {
            return Ok(());
        }
        let Some(directive) = self.reader.directive() else {
            filled.push_str(self.reader.skip_one());
            return Ok(());
        };
        if is_escaped {
            return Err(refused(format_args!("the escaped \\#{directive}")));
        }
        let assignment = match directive {
            "set" => self.reader.assignment(),
            _ => None,
        };
        let Some((name, value)) = assignment else {
            return Err(refused(format_args!("#{directive}")));
        };
        if ROOTS.contains(&name) {
            return Err(refused(format_args!("#set of ${name}")));
        }
        self.set.insert(name, value.to_owned());
        Ok(())
    }
}

/// The variables that API Gateway defines.
const ROOTS: &[&str] = &["context", "input", "stageVariables", "util"];

fn is_defined(reference: &Reference<'_>, set: &BTreeMap<&str, String>) -> bool {
    ROOTS.contains(&reference.root) || set.contains_key(reference.root)
}

fn refused(what: impl std::fmt::Display) -> Refused {
    Refused::not_implemented(format_args!("{what} in a mapping template"))
}

/// A reference's value; none if it is undefined.
fn evaluate(
    reference: &Reference<'_>,
    variables: &Variables<'_>,
    set: &BTreeMap<&str, String>,
) -> Result<Option<String>, Refused> {
    let value = match reference.root {
        "context" | "stageVariables" => named(reference, variables)?,
        "input" => input(reference, variables)?,
        "util" => match reference.steps.as_slice() {
            [Step::Call(function, arguments)] => match arguments.as_slice() {
                [argument] => {
                    utilities::call(function, argument).ok_or_else(|| refused(reference.source))?
                }
                _ => return Err(refused(reference.source)),
            },
            _ => return Err(refused(reference.source)),
        },
        name => match (set.get(name), reference.steps.is_empty()) {
            (None, _) => return Ok(None),
            (Some(value), true) => value.clone(),
            (Some(_), false) => return Err(refused(reference.source)),
        },
    };
    Ok(Some(value))
}

/// `$context.…` and `$stageVariables.…`.
fn named(reference: &Reference<'_>, variables: &Variables<'_>) -> Result<String, Refused> {
    let names = reference.steps.iter().map(|step| match step {
        Step::Name(name) => Some(name.as_ref()),
        Step::Call(..) => None,
    });
    let names = names
        .collect::<Option<Vec<&str>>>()
        .ok_or_else(|| refused(reference.source))?;
    match (reference.root, names.as_slice()) {
        ("stageVariables", [name]) => Ok(variables.stage_variable(name).to_owned()),
        ("context", [_, ..]) => {
            let value = variables.context(&names.join("."));
            value
                .map(Cow::into_owned)
                .ok_or_else(|| refused(reference.source))
        }
        _ => Err(refused(reference.source)),
    }
}

fn input(reference: &Reference<'_>, variables: &Variables<'_>) -> Result<String, Refused> {
    let unknown = || refused(reference.source);
    // API Gateway reads an empty body as an empty object.
    let body = match variables.text() {
        empty if empty.is_empty() => "{}".into(),
        body => body,
    };
    let at = |path: &str| {
        let value = serde_json::from_str::<Value>(&body).map_err(|_| unreadable_body())?;
        let found = json_path::at(&value, path).map_err(|_| unknown())?;
        Ok(found.cloned())
    };
    let [step] = reference.steps.as_slice() else {
        return Err(unknown());
    };
    match step {
        Step::Name(name) if name == "body" => Ok(body.into_owned()),
        Step::Call("json", arguments) => match arguments.as_slice() {
            [path] => Ok(at(path)?.map_or_else(|| "\"\"".to_owned(), |value| value.to_string())),
            _ => Err(unknown()),
        },
        Step::Call("path", arguments) => match arguments.as_slice() {
            [path] => match at(path)? {
                Some(Value::String(text)) => Ok(text),
                Some(Value::Null) | None => Ok(String::new()),
                // Velocity would print Java's idea of it.
                Some(Value::Object(_) | Value::Array(_)) => Err(refused(format_args!(
                    "{} of an object or array",
                    reference.source
                ))),
                Some(plain) => Ok(plain.to_string()),
            },
            _ => Err(unknown()),
        },
        Step::Call("params", arguments) => match arguments.as_slice() {
            [name] => Ok(parameter(variables, name)),
            _ => Err(unknown()),
        },
        _ => Err(unknown()),
    }
}

/// A parameter of the request, looked for in the path, the query and the headers, in that order; empty without one. AWS also
/// compares a header's case, which is lost by now.
fn parameter(variables: &Variables<'_>, name: &str) -> String {
    let exchange = variables.exchange;
    let in_query = || {
        let mut found = exchange.query.iter().rev().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    };
    let in_headers = || {
        let value = exchange.headers.get_all(name).iter().next_back()?;
        value.to_str().ok().filter(|_| arrives(name))
    };
    let found = exchange.path_parameters.get(name).map(String::as_str);
    found
        .or_else(in_query)
        .or_else(in_headers)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests;
