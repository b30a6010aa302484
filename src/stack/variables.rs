//! Replaces `${var.NAME}` and `${env.NAME}` before anything is typed, and refuses references that don't exist or can't be used in
//! their place.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::cycles::{Needs, spelled};
use super::diagnostic::{Code, Diagnostic};
use super::findings::Findings;
use super::interpolate::{Expression, Reference, Token, escape, expression, possible, tokens};
use super::load::{Given, GivenBy, LoadSettings};
use super::schema;
use super::source::Source;
use super::spans::{KeyPath, Spans};
use super::template::{GatewayTemplate, Template};
use crate::files::size;

/// The longest text, in bytes, after its variables are replaced: far more than AWS accepts.
const LONGEST_TEXT: usize = 1 << 20;

/// The most bytes that variables add to the whole file.
const MOST_EXPANDED: usize = 16 << 20;

/// The most mistakes in one text that are shown with their own place.
const MOST_PLACED: usize = 10;

/// Replaces variables in the whole file.
pub(super) fn replace<'t>(
    root: &mut Spanned<DeTable<'t>>,
    source: &'t Source,
    settings: &'t LoadSettings<'t>,
    findings: &mut Findings,
) {
    let spans = Spans::of(root.get_ref());
    let mut pass = Pass {
        source,
        settings,
        spans,
        findings,
        variables: BTreeMap::new(),
        expanded: 0,
    };
    pass.overrides(root.get_mut());
    pass.variables(root.get_mut());
    for (key, value) in root.get_mut() {
        let path = KeyPath::from([key.get_ref().as_ref()]);
        if path.last() != Some("vars") {
            pass.value(&path, value);
        }
    }
}

struct Pass<'p, 't> {
    source: &'t Source,
    settings: &'t LoadSettings<'t>,
    spans: Spans,
    findings: &'p mut Findings,
    /// Resolved; `None` if a mistake leaves nothing to insert.
    variables: BTreeMap<String, Option<DeValue<'t>>>,
    /// How many bytes variables have added to the file so far.
    expanded: usize,
}

fn vars<'r, 't>(root: &'r mut DeTable<'t>) -> Option<&'r mut DeTable<'t>> {
    match root.get_mut("vars")?.get_mut() {
        DeValue::Table(vars) => Some(vars),
        _ => None,
    }
}

impl<'t> Pass<'_, 't> {
    /// Replaces the file's values by those from outside, in the file's type.
    fn overrides(&mut self, root: &mut DeTable<'t>) {
        let table = KeyPath::from(["vars"]);
        for (name, given) in &self.settings.vars {
            let Some(value) = vars(root).and_then(|vars| vars.get_mut(name.as_str())) else {
                if self.findings.is_usable(&table) {
                    let near = self.findings.closest(name, self.spans.names(&table));
                    self.findings.push(without_variable(name, given, near));
                }
                continue;
            };
            match typed(&given.value, value.get_ref()) {
                Some(typed) => *value.get_mut() = typed,
                None => {
                    let wanted = value.get_ref().type_str();
                    let message = format!(
                        "{} must be {} {wanted}, as `{name}` is in the file",
                        shown(name, given),
                        article(wanted)
                    );
                    let diagnostic = Diagnostic::error(Code::WrongValue, message)
                        .label(value.span(), format!("{} {wanted}", article(wanted)))
                        .help(format!(
                            "pass {} {wanted}, or put the value here in quotes to make it text",
                            article(wanted)
                        ));
                    self.findings.broken(&table.join(name), diagnostic);
                }
            }
        }
    }

    fn variables(&mut self, root: &mut DeTable<'t>) {
        let Some(vars) = vars(root) else { return };
        let needs: BTreeMap<String, Vec<String>> = vars
            .iter()
            .map(|(name, value)| (name.get_ref().to_string(), named_in(value.get_ref())))
            .collect();
        let needs = Needs::of(&needs);
        for cycle in needs.cycles() {
            let path = KeyPath::from(["vars", &cycle[0]]);
            let names: Vec<_> = cycle.iter().map(|name| format!("vars.{name}")).collect();
            let diagnostic = Diagnostic::error(
                Code::Cycle,
                format!("`{path}` refers to itself: {}", spelled(&names)),
            )
            .at(self.spans.value_of(&path))
            .help("give one of them a value of its own");
            self.findings.broken(&path, diagnostic);
            for name in &cycle[1..] {
                self.findings
                    .follows_from_another(&KeyPath::from(["vars", name]));
            }
        }
        for name in needs.in_order() {
            self.resolve(name, vars);
        }
        for (name, value) in vars.iter_mut() {
            if let Some(Some(resolved)) = self.variables.get(name.get_ref().as_ref()) {
                *value.get_mut() = resolved.clone();
            }
        }
    }

    /// Resolves one variable, after those it needs.
    fn resolve(&mut self, name: &str, vars: &DeTable<'t>) {
        let Some(value) = vars.get(name) else { return };
        let path = KeyPath::from(["vars", name]);
        if self.findings.is_broken(&path) {
            self.variables.insert(name.to_owned(), None);
            return;
        }
        let mut value = value.clone();
        self.value(&path, &mut value);
        // A list or a date is refused at its place.
        let is_sound = !self.findings.is_broken(&path)
            && (value.get_ref().is_str()
                || value.get_ref().is_integer()
                || value.get_ref().is_float()
                || value.get_ref().is_bool());
        let resolved = is_sound.then(|| value.into_inner());
        self.variables.insert(name.to_owned(), resolved);
    }

    fn value(&mut self, path: &KeyPath, value: &mut Spanned<DeValue<'t>>) {
        let span = value.span();
        match value.get_mut() {
            DeValue::Table(table) => {
                for (key, value) in table {
                    self.value(&path.join(key.get_ref().as_ref()), value);
                }
            }
            DeValue::Array(array) => {
                for (index, element) in array.iter_mut().enumerate() {
                    self.value(&path.join(index.to_string()), element);
                }
            }
            DeValue::String(text) if text.contains("${") => {
                if let Some(replaced) = self.string(path, &span, text) {
                    *value.get_mut() = replaced;
                }
            }
            _ => {}
        }
    }

    /// A string with its variables replaced; `None` if that fails.
    fn string(&mut self, path: &KeyPath, span: &Range<usize>, text: &str) -> Option<DeValue<'t>> {
        if let [(Token::Expression(inside), _)] = tokens(text).as_slice()
            && let Some(Expression::Variable(name)) = expression(inside)
        {
            let value = self.variable(path, span, text, &name, &mut 0)?;
            return match value {
                DeValue::String(text) => self.judged(path, span, &text),
                typed => Some(typed),
            };
        }
        let mut replaced = String::new();
        let mut whole = true;
        let mut placed = 0;
        for (token, range) in tokens(text) {
            let written = &text[range];
            let Token::Expression(inside) = token else {
                replaced.push_str(written);
                continue;
            };
            match expression(inside) {
                Some(Expression::Variable(name)) => {
                    match self.variable(path, span, written, &name, &mut placed) {
                        Some(value) => replaced.push_str(&plain(&value)),
                        None => whole = false,
                    }
                }
                Some(Expression::Environment(name)) => match (self.settings.env)(&name) {
                    Some(value) if self.may_expand(path, span, value.len()) => {
                        replaced.push_str(&escape(&value));
                    }
                    Some(_) => whole = false,
                    None => {
                        let diagnostic = Diagnostic::error(
                            Code::MissingEnvironment,
                            format!("the environment variable `{name}` is not set"),
                        )
                        .at(self.place(span, written, &mut placed))
                        .help(format!("set it, as in `{name}=… gatestack validate`"));
                        self.findings.broken(path, diagnostic);
                        whole = false;
                    }
                },
                _ => replaced.push_str(written),
            }
            if replaced.len() > LONGEST_TEXT {
                let message = format!(
                    "`{path}` is longer than {} once its variables are replaced",
                    size(LONGEST_TEXT as u64)
                );
                let diagnostic = Diagnostic::error(Code::TooLarge, message)
                    .at(span.clone())
                    .help("gatestack takes no longer text, and neither does AWS: see which variable grows so");
                self.findings.broken(path, diagnostic);
                return None;
            }
        }
        if whole {
            self.judged(path, span, &replaced)
        } else {
            None
        }
    }

    /// Whether this many more bytes may be added to the file. Only the first excess is reported.
    fn may_expand(&mut self, path: &KeyPath, span: &Range<usize>, bytes: usize) -> bool {
        let before = self.expanded;
        self.expanded = before.saturating_add(bytes);
        if self.expanded <= MOST_EXPANDED {
            return true;
        }
        if before > MOST_EXPANDED {
            self.findings.follows_from_another(path);
            return false;
        }
        let message = format!(
            "variables put more than {} into the file, the last into `{path}`",
            size(MOST_EXPANDED as u64)
        );
        let diagnostic = Diagnostic::error(Code::TooLarge, message)
            .at(span.clone())
            .help("use long variables in fewer places");
        self.findings.broken(path, diagnostic);
        false
    }

    /// The bytes of a piece of a text, or of the whole text after too many mistakes.
    fn place(&self, span: &Range<usize>, written: &str, placed: &mut usize) -> Range<usize> {
        *placed += 1;
        if *placed > MOST_PLACED {
            return span.clone();
        }
        self.source.find(span, written)
    }

    fn variable(
        &mut self,
        path: &KeyPath,
        span: &Range<usize>,
        written: &str,
        name: &str,
        placed: &mut usize,
    ) -> Option<DeValue<'t>> {
        if let Some(value) = self.variables.get(name) {
            let Some(value) = value else {
                self.findings.follows_from_another(path);
                return None;
            };
            let bytes = value.as_str().map_or(0, str::len);
            if !self.may_expand(path, span, bytes) {
                return None;
            }
            return self.variables.get(name).cloned().flatten();
        }
        let names = KeyPath::from(["vars"]);
        if !self.findings.is_usable(&names) {
            self.findings.follows_from_another(path);
            return None;
        }
        let help = match self.findings.closest(name, self.spans.names(&names)) {
            Some(near) => format!("did you mean `${{var.{near}}}`?"),
            None => format!("add `{name} = …` to `[vars]`"),
        };
        let diagnostic =
            Diagnostic::error(Code::UnknownVariable, format!("`[vars]` has no `{name}`"))
                .at(self.place(span, written, placed))
                .help(help);
        self.findings.broken(path, diagnostic);
        None
    }

    /// The string itself if all its references are allowed there; escapes are undone if nothing reads them later.
    fn judged(&mut self, path: &KeyPath, span: &Range<usize>, text: &str) -> Option<DeValue<'t>> {
        let holds_references = holds_references(path);
        let mut plain = String::new();
        let mut placed = 0;
        for (token, range) in tokens(text) {
            let written = &text[range];
            plain.push_str(if token == Token::Escape {
                "${"
            } else {
                written
            });
            let fault = match token {
                Token::Literal(_) | Token::Escape => None,
                Token::Unclosed => Some(
                    Diagnostic::error(Code::BadReference, "`${` is never closed")
                        .help("close it with `}`, or write `$${` for a dollar sign and a brace"),
                ),
                Token::Expression(inside) => match expression(inside) {
                    None => Some(self.unknown(inside)),
                    Some(Expression::StageVariable(name)) => self.stage_variable(path, &name),
                    Some(Expression::Reference(reference)) if holds_references => self.dangling(written, &reference),
                    // What no key may hold is reported as an unknown key.
                    Some(Expression::Reference(_)) if schema::at(path).is_none() => None,
                    Some(Expression::Reference(_)) => Some(
                        Diagnostic::error(
                            Code::MisplacedReference,
                            format!("`{written}` can't be used in `{path}`"),
                        )
                        .help("references work in names, URLs and other texts; use `${var.NAME}` or `${env.NAME}` here"),
                    ),
                    Some(Expression::Variable(_) | Expression::Environment(_)) => None,
                },
            };
            if let Some(fault) = fault {
                let fault = fault.at(self.place(span, written, &mut placed));
                self.findings.broken(path, fault);
            }
        }
        if self.findings.is_broken(path) {
            return None;
        }
        let text = if holds_references {
            text.to_owned()
        } else {
            plain
        };
        Some(DeValue::String(DeString::Owned(text)))
    }

    fn stage_variable(&self, path: &KeyPath, name: &str) -> Option<Diagnostic> {
        // What no key may hold is reported as an unknown key.
        schema::at(path)?;
        if !holds_stage_variables(path) {
            let message = format!("API Gateway does not read stage variables in `{path}`");
            return Some(Diagnostic::error(Code::MisplacedReference, message).help(
                "`${stageVariables.NAME}` works in a route's `http` and `mock.body` and in `api.access_logs.format`; use `${var.NAME}`",
            ));
        }
        let table = KeyPath::from(["api", "stage_variables"]);
        if path.leads_to(&KeyPath::from(["vars"])) || self.may_have(&table.join(name)) {
            return None;
        }
        let help = match self.findings.closest(name, self.spans.names(&table)) {
            Some(near) => format!("did you mean `${{stageVariables.{near}}}`?"),
            None => format!("add `{name} = \"…\"` to `[api.stage_variables]`"),
        };
        Some(
            Diagnostic::error(
                Code::DanglingReference,
                format!("the stage has no variable `{name}`"),
            )
            .help(help),
        )
    }

    fn unknown(&self, inside: &str) -> Diagnostic {
        let possible = if self.findings.compares(inside) {
            possible(inside)
        } else {
            Vec::new()
        };
        let near = self
            .findings
            .closest(inside, possible.iter().map(String::as_str));
        let help = match near {
            Some(near) => format!("did you mean `${{{near}}}`?"),
            None => {
                "expected one of `var.NAME`, `env.NAME`, `account.id`, `stack.…`, `api.…`, `user_pool.…`, \
                 `partners.NAME.client_id` and the like; write `$${` for a dollar sign and a brace"
                    .to_owned()
            }
        };
        Diagnostic::error(Code::BadReference, format!("`${{{inside}}}` means nothing")).help(help)
    }

    /// Whether the file has something there, or would have without a misspelled or unusable parent.
    fn may_have(&self, path: &KeyPath) -> bool {
        self.spans.has(path) || !self.findings.is_usable(path)
    }

    /// Why a reference doesn't exist, if so.
    fn dangling(&self, written: &str, reference: &Reference) -> Option<Diagnostic> {
        let has = |keys: &[&str]| self.may_have(&keys.into());
        let nowhere = |why: &str| {
            Diagnostic::error(
                Code::DanglingReference,
                format!("`{written}` refers to nothing: {why}"),
            )
        };
        let entry = |table: &str, attribute: &str, name: &str| {
            let path = KeyPath::from([table]);
            if self.may_have(&path.join(name)) {
                return None;
            }
            let help = match self.findings.closest(name, self.spans.names(&path)) {
                Some(near) => format!("did you mean `${{{table}.{near}.{attribute}}}`?"),
                None => format!("add `[{}]`, or remove the reference", path.join(name)),
            };
            Some(nowhere(&format!("the file has no `[{}]`", path.join(name))).help(help))
        };
        let pool = || {
            (!has(&["user_pool"])).then(|| {
                nowhere("the file has no `[user_pool]`")
                    .help("add `[user_pool]`, or remove the reference")
            })
        };
        match reference {
            Reference::AccountId | Reference::StackName | Reference::StackRegion => None,
            Reference::ApiId | Reference::ApiInvokeUrl | Reference::ApiStage => (!has(&["api"]))
                .then(|| {
                    nowhere("the file has no `[api]`").help("add `[api]`, or remove the reference")
                }),
            Reference::UserPoolId | Reference::UserPoolArn | Reference::UserPoolIssuer => pool(),
            Reference::UserPoolTokenUrl => pool().or_else(|| {
                let domain = ["domain", "own_domain", "existing"];
                let domain = domain.iter().any(|key| has(&["user_pool", key]));
                (!domain).then(|| {
                    nowhere("the pool has no domain")
                        .help("give `[user_pool]` a `domain`, the prefix of its token URL")
                })
            }),
            Reference::ApiDomainName | Reference::ApiDomainTarget => (!has(&["api", "domain"]))
                .then(|| {
                    nowhere("the file has no `[api.domain]`")
                        .help("add `[api.domain]`, or remove the reference")
                }),
            Reference::LoadBalancerDnsName => (!has(&["load_balancer"])).then(|| {
                nowhere("the file has no `[load_balancer]`")
                    .help("add `[load_balancer]`, or remove the reference")
            }),
            Reference::AppClientId(name) => entry("app_clients", "client_id", name),
            Reference::PartnerClientId(name) => entry("partners", "client_id", name).or_else(pool),
            Reference::ApiKeyId(name) => entry("api_keys", "id", name),
        }
    }
}

/// Whether a value is one of `[vars]`, which may become any text of the file.
fn is_variable(path: &KeyPath) -> bool {
    KeyPath::from(["vars"]).leads_to(path)
}

/// Whether a text may contain references. All others are needed before the first call to AWS.
fn holds_references(path: &KeyPath) -> bool {
    let template = |format| [Template::FORMAT, GatewayTemplate::FORMAT].contains(&format);
    is_variable(path) || schema::format_at(path).is_some_and(template)
}

/// Whether API Gateway reads stage variables in a text.
fn holds_stage_variables(path: &KeyPath) -> bool {
    is_variable(path) || schema::format_at(path) == Some(GatewayTemplate::FORMAT)
}

/// The variables that a value names.
fn named_in(value: &DeValue<'_>) -> Vec<String> {
    let Some(text) = value.as_str() else {
        return Vec::new();
    };
    tokens(text)
        .into_iter()
        .filter_map(|(token, _)| match token {
            Token::Expression(inside) => match expression(inside)? {
                Expression::Variable(name) => Some(name),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// The source of a variable's value. The environment may contain secrets.
fn shown(name: &str, given: &Given) -> String {
    match &given.by {
        GivenBy::Flag => format!("`--var {name}={}`", given.value),
        GivenBy::Environment => format!("the value of `GATESTACK_VAR_{name}`"),
        GivenBy::File(place) => format!("`{name}` at {place}"),
    }
}

/// A value for a variable that the file does not have. A flag is meant for this file; an environment and a file may serve several.
fn without_variable(name: &str, given: &Given, near: Option<&str>) -> Diagnostic {
    let add = || format!("add `{name}` to `[vars]` with the value it has otherwise");
    match &given.by {
        GivenBy::Flag => {
            let message = format!("`--var {name}` has no variable to replace");
            let help = match near {
                Some(near) => format!("did you mean `--var {near}=…`?"),
                None => format!("add `{name}` to `[vars]` with the value it has without `--var`"),
            };
            Diagnostic::error(Code::UnknownVariable, message).help(help)
        }
        GivenBy::Environment => {
            let message = format!("`GATESTACK_VAR_{name}` is set, and `[vars]` has no `{name}`");
            let help = match near {
                Some(near) => format!("did you mean `GATESTACK_VAR_{near}`?"),
                None => add(),
            };
            Diagnostic::warning(Code::UnknownVariable, message).help(help)
        }
        GivenBy::File(place) => {
            let message = format!("`[vars]` has no `{name}`, which {place} gives a value");
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => add(),
            };
            Diagnostic::warning(Code::UnknownVariable, message).help(help)
        }
    }
}

/// The text of `--var` in the type of the value it replaces; a text is used literally, without references.
fn typed<'t>(text: &'t str, replaced: &DeValue<'_>) -> Option<DeValue<'t>> {
    if replaced.is_str() {
        return Some(DeValue::String(DeString::Owned(escape(text))));
    }
    let value = DeValue::parse(text).ok()?.into_inner();
    let wide_enough = value.is_integer() && replaced.is_float();
    (value.same_type(replaced) || wide_enough).then_some(value)
}

fn plain(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(on) => on.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) | DeValue::Table(_) => String::new(),
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}
