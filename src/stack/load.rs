//! From a text to a checked file, or to all its mistakes. Offline: AWS is not called.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, Deserializer};

use super::diagnostic::{Code, Diagnostic, Diagnostics, MOST_SHOWN};
use super::document::{self, FromDocument};
use super::file::File;
use super::files::{self, NamedFiles};
use super::findings::Findings;
use super::overlay::{self, Alone};
use super::secret_lines::SecretLines;
use super::source::{Location, Source, SourceFile};
use super::spans::{KeyPath, Spans};
use super::{check, limits, schema, structure, variables};
use crate::code::{Code as FunctionCode, CodeFault, Origin};
use crate::openapi::ReadFile;

/// The inputs of reading a file, beside its own text.
pub struct LoadSettings<'a> {
    /// Values of variables from outside of the file. Each replaces a variable of the file and is parsed in that variable's type.
    pub vars: BTreeMap<String, Given>,
    /// How `${env.NAME}` is looked up.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// How a file of at most so many bytes is read that the stack file names. Its path is relative to the working folder, as the stack
    /// file's own is.
    pub read: ReadFile<'a>,
    /// How the code of functions is read.
    pub code: CodeReading<'a>,
}

/// How the code of a function is read, as `code::Code::read` does; none if it is elsewhere or not made yet.
pub type ReadCode<'a> = &'a dyn Fn(&Origin) -> Result<Option<FunctionCode>, CodeFault>;

/// Whether a command needs the code of functions.
#[derive(Clone, Copy)]
pub enum CodeReading<'a> {
    /// It uploads it: what can't be read is a mistake.
    Needed(ReadCode<'a>),
    /// It compares it where it is there.
    IfThere(ReadCode<'a>),
    /// It doesn't look at it.
    Skipped,
}

/// The value of a variable from outside of the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Given {
    /// The value.
    pub value: String,
    /// Where it is from.
    pub by: GivenBy,
}

/// Where the value of a variable is from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GivenBy {
    /// `--var NAME=VALUE`.
    Flag,
    /// `GATESTACK_VAR_NAME`.
    Environment,
    /// A file of `--var-file`, at this `FILE:LINE:COLUMN`.
    File(String),
}

impl From<String> for Given {
    /// A value of `--var`.
    fn from(value: String) -> Self {
        Self {
            value,
            by: GivenBy::Flag,
        }
    }
}

/// A file without errors.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Its contents. Variables are replaced; references are not.
    pub file: File,
    /// Warnings.
    pub warnings: Diagnostics,
    /// The values from outside that replaced variables of the file, by name.
    pub given: BTreeMap<String, String>,
    /// The files that it names.
    pub files: NamedFiles,
    /// What came from the API's document; none without one.
    pub document: Option<FromDocument>,
    /// Whether the overlay changes only the account of the stack's identity, and the stack file leaves that to the credentials.
    pub(super) account_was_open: bool,
    /// Whether a text has the token URL, which an existing pool without a domain does not have.
    pub(super) names_token_url: bool,
    pub(super) spans: Spans,
}

impl Checked {
    /// Whether the stack in this account is another one than that of the stack file alone.
    ///
    /// # Errors
    /// It is the same, whatever the overlay contains.
    pub fn is_its_own_stack(&self, account: &str, alone_in: &str) -> Result<(), Diagnostics> {
        if !self.account_was_open || account != alone_in {
            return Ok(());
        }
        let (place, name) = (self.span("stack.account"), self.span("stack.name"));
        let same = overlay::same_account(self.source(), account, place, name);
        Err(Diagnostics::new(self.source().clone(), vec![same]))
    }

    /// The files it was read from.
    pub fn source(&self) -> &Source {
        self.warnings.source()
    }

    /// The place of an address such as `partners.acme` or `api.routes."GET /policies"`; a part such as `partners.acme/key` has
    /// its owner's place. For a missing one, the place where it would be.
    pub fn locate(&self, address: &str) -> Location {
        self.source().locate(&self.span(address))
    }

    /// The bytes of [`Self::locate`], for a caret.
    pub fn span(&self, address: &str) -> Range<usize> {
        self.spans.value_of(&KeyPath::of_address(address))
    }

    /// Whether the file itself has a table or key at this address.
    pub fn has(&self, address: &str) -> bool {
        self.spans.has(&KeyPath::of_address(address))
    }
}

/// Reads and checks a stack file, merged with its overlay.
///
/// # Errors
///
/// Every mistake; only the first syntax error of a file, since others mostly follow from it. Warnings are included.
pub fn load(mut source: Source, settings: &LoadSettings<'_>) -> Result<Checked, Diagnostics> {
    let (mut file, mut spans, account_was_open, mut findings) = match read(&source, settings) {
        Ok(read) => read,
        Err(syntax) => return Err(Diagnostics::new(source, syntax)),
    };
    let mut document = None;
    if let Some(file) = &mut file {
        let unfolded = document::unfold(file, &mut source, &mut spans, settings, &mut findings);
        check::check(file, &source, &spans, &mut findings);
        findings.once_at(&unfolded.once);
        document = unfolded.document;
    }
    let files = match &file {
        Some(file) => files::read(file, &source, &spans, settings, &mut findings),
        None => NamedFiles::default(),
    };
    let names_token_url = source.contains("${user_pool.token_url}");
    let (list, left_out) = findings.into_parts();
    let diagnostics = Diagnostics::with_more(source, list, left_out);
    match file {
        Some(file) if !diagnostics.has_errors() => Ok(Checked {
            given: settings
                .vars
                .iter()
                .filter(|(name, _)| file.vars.contains_key(*name))
                .map(|(name, given)| (name.clone(), given.value.clone()))
                .collect(),
            file,
            warnings: diagnostics,
            files,
            document,
            account_was_open,
            names_token_url,
            spans,
        }),
        _ => Err(diagnostics),
    }
}

fn read(
    source: &Source,
    settings: &LoadSettings<'_>,
) -> Result<(Option<File>, Spans, bool, Findings), Vec<Diagnostic>> {
    let (mut root, alone) = documents(source)?;
    let mut account_was_open = false;
    let values = limits::check(root.get_ref()).map_err(|too_large| vec![too_large])?;
    let mut findings = Findings::default();
    structure::outline(&root, &Spans::of(root.get_ref()), &mut findings);
    variables::replace(&mut root, source, settings, &mut findings);
    if let Some(mut alone) = alone {
        // The overlay may correct mistakes of the base.
        let unheard = &mut Findings::default();
        variables::replace(&mut alone.base, source, settings, unheard);
        alone.check(root.get_ref(), source, &mut findings);
        account_was_open = alone.leaves_account_open(root.get_ref());
    }
    let spans = Spans::of(root.get_ref());
    structure::check(&mut root, &spans, &mut findings);
    // Each round reads all of the file again.
    let mut rounds = (MOST_READ / values.max(1)).clamp(2, MOST_SHOWN);
    let file = loop {
        match File::deserialize(Deserializer::from(root.clone())) {
            Ok(file) => break Some(file),
            Err(error) => {
                let path = error
                    .span()
                    .and_then(|span| spans.path_at(&span).cloned())
                    .unwrap_or_default();
                // A missing variable is not a duration either.
                if !findings.is_broken(&path) {
                    findings.broken(&path, refused(&path, &error));
                }
                rounds -= 1;
                if rounds == 0 || !structure::repair(&mut root, &path) {
                    break None;
                }
            }
        }
    };
    Ok((file, spans, account_was_open, findings))
}

/// How many values are read in total, since each mistake that only the types find makes the file be read again.
const MOST_READ: usize = 500_000;

/// The merged document, and what it is without the overlay where there is one.
fn documents(
    source: &Source,
) -> Result<(Spanned<DeTable<'_>>, Option<Alone<'_>>), Vec<Diagnostic>> {
    let parse = |file| {
        limits::size(file)?;
        overlay::parse(file).map_err(|error| syntax(file, &error))
    };
    let base = parse(source.base());
    let Some(file) = source.overlay() else {
        return base.map(|root| (root, None)).map_err(|error| vec![error]);
    };
    match (base, parse(file)) {
        (Ok(mut root), Ok(overlay)) => {
            let alone = Alone::of(root.clone(), overlay.get_ref(), file);
            overlay::lay(overlay.into_inner(), root.get_mut());
            Ok((root, Some(alone)))
        }
        (base, overlay) => Err(base.err().into_iter().chain(overlay.err()).collect()),
    }
}

/// What only the types themselves can check, such as a duration.
fn refused(path: &KeyPath, error: &toml::de::Error) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::WrongValue, format!("`{path}`: {}", error.message()));
    let diagnostic = match error.span() {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    };
    match schema::brief(path) {
        Some(brief) => diagnostic.help(brief),
        None => diagnostic,
    }
}

fn syntax(file: &SourceFile, error: &toml::de::Error) -> Diagnostic {
    let end = file.text().len();
    let span = error.span().unwrap_or(end..end);
    let is_secret = SecretLines::of_text(file).hold(&file.counted(&span));
    let written = file.text().get(span.clone()).unwrap_or_default();
    let message = error.message();
    let said = |part: &str| message.contains(part);
    let before = file.text().get(..span.start).unwrap_or_default();
    let is_missing = before.trim_end_matches([' ', '\t']).ends_with('=')
        && written
            .trim()
            .trim_start_matches(['}', ']', ','])
            .is_empty()
        && !said("duplicate key");
    let (fault, help) = if is_missing {
        (
            "a value is missing after `=`".to_owned(),
            "write the value: text is in quotes, lists in `[…]`, tables in `{…}`",
        )
    } else if said("duplicate key") {
        (
            format!("duplicate `{written}`"),
            "put the lines of both places together in one",
        )
    } else if said("string values must be quoted") && is_secret {
        (
            "this value is text without quotes".to_owned(),
            "put it in quotes; of a secret, the file says where its value is, as in `key = \"env:NAME\"`",
        )
    } else if said("string values must be quoted") {
        (
            format!("`{written}` is text without quotes"),
            "put it in quotes, as in `name = \"claims\"`",
        )
    } else if said("basic string") || said("literal string") {
        (
            "this text is not closed".to_owned(),
            "end it on its line with the quote it starts with",
        )
    } else if said("unclosed table") || said("unclosed array of tables") {
        (
            "this table's name is not closed".to_owned(),
            "end it with `]`; names with spaces are quoted",
        )
    } else {
        let fault = message
            .split_once(", expected")
            .map_or(message, |(fault, _)| fault);
        let help = "a line is `key = value`; text is in quotes, lists in `[…]`, tables in `{…}` or under `[name]`";
        (fault.to_owned(), help)
    };
    Diagnostic::error(Code::Syntax, format!("not TOML: {fault}"))
        .at(file.counted(&span))
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{STACK, codes, edited, load_with, read};
    use crate::stack::scalar::Var;

    #[test]
    fn the_stack_files_of_the_repository_are_without_fault() {
        assert_eq!(codes(STACK), []);
        let example = include_str!("../../examples/partner-api/stack.toml");
        assert_eq!(codes(example), []);
    }

    #[test]
    fn addresses_lead_to_lines() {
        let checked = read(STACK).unwrap();
        assert_eq!(
            checked.locate("partners.acme/key").link(),
            "stack.toml:24:11"
        );
        assert_eq!(
            checked.locate("api.routes.\"GET /hello\"").link(),
            "stack.toml:19:1"
        );
        assert_eq!(checked.locate("user_pool.tier").link(), "stack.toml:6:2");
    }

    #[test]
    fn a_variable_keeps_its_type_and_may_use_others() {
        let text = edited("burst = 20", "burst = \"${var.burst}\"").replace(
            "name   = \"hello\"\nregion",
            "name = \"${var.full}\"\nregion",
        ) + "[vars]\nfull = \"${var.short}-${env.STAGE}\"\nshort = \"hi\"\nburst = 7\n";
        let checked = load_with(&text, &[], &[("STAGE", "test")]).unwrap();
        assert_eq!(checked.file.stack.name, "hi-test");
        assert_eq!(
            checked.file.plans["standard"]
                .throttle
                .as_ref()
                .unwrap()
                .burst,
            7
        );
        assert_eq!(checked.file.vars["full"], Var::String("hi-test".into()));
        let checked = load_with(
            &text,
            &[("burst", "9"), ("short", "ho")],
            &[("STAGE", "test")],
        )
        .unwrap();
        assert_eq!(checked.file.stack.name, "ho-test");
        assert_eq!(
            checked.file.plans["standard"]
                .throttle
                .as_ref()
                .unwrap()
                .burst,
            9
        );
    }

    #[test]
    fn text_from_outside_is_no_reference() {
        let text = edited("name     = \"hello\"", "name = \"${env.NAME}\"");
        let checked = load_with(&text, &[], &[("NAME", "${api.id}")]).unwrap();
        let name = checked.file.api.unwrap().name;
        assert_eq!(
            name.pieces(),
            [crate::stack::interpolate::Piece::Literal(
                "${api.id}".into()
            )]
        );
    }

    #[test]
    fn escapes_are_undone_where_no_reference_may_stand() {
        let text = edited(
            "region = \"eu-central-1\"",
            "region = \"eu-central-1\"\ntags = { a = \"$${x}\" }",
        );
        let refused = read(&text).unwrap_err();
        assert!(refused.list()[0].message.contains("`${x}`"), "{refused:?}");
    }

    #[test]
    fn durations_numbers_and_shorthands_are_read() {
        use crate::stack::file::{Cors, Requires};
        let text = edited(
            "stage    = \"prod\"",
            "stage = \"prod\"\ncors = { max_age = \"1h\" }\nauthorizer = { cache = \"0s\" }",
        ) + "tokens = { access = \"15m\" }\n";
        let file = read(&text).unwrap().file;
        let Cors::On(cors) = &file.api.as_ref().unwrap().cors else {
            panic!("cors is on")
        };
        assert_eq!(
            (cors.max_age.unwrap().as_secs(), cors.origin.is_any()),
            (3600, true)
        );
        assert_eq!(file.partners["acme"].tokens.access.as_secs(), 900);
        assert!(
            matches!(&file.api.unwrap().requires, Some(Requires::These(these)) if these.api_key)
        );
    }
    #[test]
    fn a_missing_value_is_called_so() {
        for line in [
            "name = }",
            "name =",
            "name = ]",
            "tags = { team = }",
            "tags = { team = , more = \"x\" }",
        ] {
            let text = edited("name   = \"hello\"\nregion", &format!("{line}\nregion"));
            let found = read(&text).unwrap_err();
            let [one] = found.list() else {
                panic!("{line}: {found:?}");
            };
            assert_eq!(
                one.message, "not TOML: a value is missing after `=`",
                "{line}"
            );
            assert!(one.help.as_ref().unwrap().contains("in quotes"), "{line}");
        }
    }
}
