//! Mapping templates.
//!
//! API Gateway runs those of integrations through Velocity. Here are references (`$context`, `$stageVariables`, `$input`,
//! `$util`, and variables that the template sets), comments, `#set` of texts and references, and `#if` with comparisons of them by
//! `==`. Other directives and methods that Velocity would evaluate are refused by name. Gateway responses don't use Velocity.

mod reader;
mod utilities;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::exchange::Refused;
use super::integration::headers::arrives;
use super::json_path;
use super::refusals::{configuration, unreadable_body};
use super::variables::Variables;
use reader::{Assignment, Reader, Reference, Step, unused};

/// Fills a mapping template of an integration.
///
/// # Errors
/// It needs more of Velocity than is implemented, or a body that isn't JSON.
pub(super) fn fill(template: &str, variables: &Variables<'_>) -> Result<String, Refused> {
    let mut filling = Filling::new(template, variables);
    let filled = filling.run()?;
    match filling.headers.keys().next() {
        None => Ok(filled),
        Some(name) => Err(refused(format_args!("#set of ${OVERRIDE}{name}"))),
    }
}

/// Fills a template of an integration response; with the headers that it overrides.
///
/// # Errors
/// As for [`fill`], or it overrides a header twice.
pub(super) fn fill_answer<'t>(
    template: &'t str,
    variables: &Variables<'_>,
) -> Result<(String, BTreeMap<&'t str, String>), Refused> {
    let mut filling = Filling::new(template, variables);
    Ok((filling.run()?, filling.headers))
}

/// A header of the response that a template sets.
const OVERRIDE: &str = "context.responseOverride.header.";

/// A template half filled.
struct Filling<'t, 'v> {
    reader: Reader<'t>,
    variables: &'v Variables<'v>,
    /// What the template has set.
    set: BTreeMap<&'t str, String>,
    /// The headers that it has set.
    headers: BTreeMap<&'t str, String>,
    /// The open `#if`s, the innermost last.
    branches: Vec<Branch>,
}

/// A branch of an `#if`.
struct Branch {
    /// Whether what is outside of the `#if` is in effect.
    outside: bool,
    /// Whether this branch is in effect.
    is_on: bool,
    /// Whether this one or one before it was.
    was_on: bool,
}

impl<'t, 'v> Filling<'t, 'v> {
    fn new(template: &'t str, variables: &'v Variables<'v>) -> Self {
        Self {
            reader: Reader::new(template),
            variables,
            set: BTreeMap::new(),
            headers: BTreeMap::new(),
            branches: Vec::new(),
        }
    }

    fn is_on(&self) -> bool {
        self.branches.last().is_none_or(|branch| branch.is_on)
    }

    fn run(&mut self) -> Result<String, Refused> {
        let mut filled = String::with_capacity(self.reader.rest().len());
        loop {
            let text = self.reader.text_before(&['$', '#']);
            let is_on = self.is_on();
            if is_on {
                filled.push_str(text);
            }
            if self.reader.is_done() {
                return match self.branches.is_empty() {
                    true => Ok(filled),
                    false => Err(refused("#if without #end")),
                };
            }
            let is_escaped = text.ends_with('\\');
            if self.reader.rest().starts_with('#') {
                self.hash(&mut filled, is_escaped)?;
                continue;
            }
            let (variables, set) = (self.variables, &self.set);
            let reference = self
                .reader
                .reference(&mut evaluator(is_on, variables, set))?;
            match reference {
                Some(_) if !is_on => {}
                Some(reference) if is_escaped && is_defined(&reference, set) => {
                    return Err(refused(format_args!("the escaped \\{}", reference.source)));
                }
                Some(reference) => match evaluate(&reference, variables, set)? {
                    Some(value) => filled.push_str(&value),
                    // Velocity leaves an undefined reference as it is, unless it is a quiet one.
                    None if reference.is_quiet => {}
                    None => filled.push_str(reference.source),
                },
                None => {
                    let dollar = self.reader.skip_one();
                    if is_on {
                        filled.push_str(dollar);
                    }
                }
            }
        }
    }

    /// What follows a `#`: a comment, a directive, or text.
    fn hash(&mut self, filled: &mut String, is_escaped: bool) -> Result<(), Refused> {
        if self.reader.skip_comment() {
            return Ok(());
        }
        let is_on = self.is_on();
        let Some(directive) = self.reader.directive() else {
            let text = self.reader.skip_one();
            if is_on {
                filled.push_str(text);
            }
            return Ok(());
        };
        if is_escaped {
            return Err(refused(format_args!("the escaped \\#{directive}")));
        }
        match directive {
            "set" => self.assign(is_on)?,
            "if" => {
                let holds = self.condition(directive, is_on)?;
                self.branches.push(Branch {
                    outside: is_on,
                    is_on: is_on && holds,
                    was_on: holds,
                });
            }
            "elseif" => {
                let branch = self.branches.last();
                let is_open = branch.is_some_and(|branch| branch.outside && !branch.was_on);
                let holds = self.condition(directive, is_open)? && is_open;
                let branch = self.branches.last_mut();
                let branch = branch.ok_or_else(|| refused("#elseif without #if"))?;
                branch.is_on = holds;
                branch.was_on |= holds;
            }
            "else" => {
                self.reader.skip_line_end();
                let branch = self.branches.last_mut();
                let branch = branch.ok_or_else(|| refused("#else without #if"))?;
                branch.is_on = branch.outside && !branch.was_on;
                branch.was_on = true;
            }
            "end" => {
                self.reader.skip_line_end();
                let branch = self.branches.pop();
                branch.ok_or_else(|| refused("#end without #if"))?;
            }
            other => return Err(refused(format_args!("#{other}"))),
        }
        Ok(())
    }

    /// The condition of a directive; not evaluated where it has no effect.
    fn condition(&mut self, directive: &str, is_on: bool) -> Result<bool, Refused> {
        let condition = self
            .reader
            .condition(&mut evaluator(is_on, self.variables, &self.set))?;
        condition.ok_or_else(|| refused(format_args!("#{directive}")))
    }

    fn assign(&mut self, is_on: bool) -> Result<(), Refused> {
        let assignment =
            self.reader
                .assignment(&mut evaluator(is_on, self.variables, &self.set))?;
        let Assignment { target, value } = assignment.ok_or_else(|| refused("#set"))?;
        // Velocity ignores an undefined value.
        let Some(value) = value.filter(|_| is_on) else {
            return Ok(());
        };
        if let Some(name) = target.strip_prefix(OVERRIDE) {
            let mut others = self.headers.keys();
            if others.any(|other| other.eq_ignore_ascii_case(name)) {
                return Err(configuration(format!(
                    "the template overrides the header {name} twice"
                )));
            }
            self.headers.insert(name, value);
            return Ok(());
        }
        if target.contains('.') || ROOTS.contains(&target) {
            return Err(refused(format_args!("#set of ${target}")));
        }
        self.set.insert(target, value);
        Ok(())
    }
}

/// What evaluates the references of a branch, by whether it is in effect.
fn evaluator<'e>(
    is_on: bool,
    variables: &'e Variables<'_>,
    set: &'e BTreeMap<&str, String>,
) -> impl FnMut(Reference<'_>) -> Result<Option<String>, Refused> + 'e {
    move |reference| match is_on {
        true => evaluate(&reference, variables, set),
        false => unused(reference),
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
    if let [
        Step::Call("params", none),
        Step::Name(of),
        Step::Call("get", arguments),
    ] = reference.steps.as_slice()
        && let ([], [name]) = (none.as_slice(), arguments.as_slice())
    {
        let value = match of.as_ref() {
            "path" => in_path(variables, name),
            "querystring" => in_query(variables, name),
            "header" => in_headers(variables, name),
            _ => return Err(unknown()),
        };
        return Ok(value.unwrap_or_default().to_owned());
    }
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

/// A parameter of the request, looked for in the path, the query and the headers, in that order; empty without one.
fn parameter(variables: &Variables<'_>, name: &str) -> String {
    let found = in_path(variables, name);
    found
        .or_else(|| in_query(variables, name))
        .or_else(|| in_headers(variables, name))
        .unwrap_or_default()
        .to_owned()
}

fn in_path<'v>(variables: &'v Variables<'_>, name: &str) -> Option<&'v str> {
    let parameters = &variables.exchange.path_parameters;
    parameters.get(name).map(String::as_str)
}

fn in_query<'v>(variables: &'v Variables<'_>, name: &str) -> Option<&'v str> {
    let query = variables.exchange.query.iter().rev();
    let mut found = query.filter(|(key, _)| key == name);
    found.next().map(|(_, value)| value.as_str())
}

/// AWS also compares the case, which is lost by now.
fn in_headers<'v>(variables: &'v Variables<'_>, name: &str) -> Option<&'v str> {
    let headers = &variables.exchange.headers;
    let value = headers.get_all(name).iter().next_back()?;
    value.to_str().ok().filter(|_| arrives(name))
}

#[cfg(test)]
mod tests;
