//! Merges `stack.prod.toml` over `stack.toml`: as documents, before anything is typed, so that every later pass checks the merged
//! file and still knows which file contains each value.

use std::collections::HashSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Code, Diagnostic};
use super::findings::Findings;
use super::source::{Source, SourceFile};
use super::spans::Spans;

/// The keys of `[stack]` that identify it: without a difference in these, two stacks would own the same resources.
const IDENTITY: [&str; 3] = ["name", "account", "region"];

/// Reads a file's document, with its places counted over all files.
///
/// # Errors
/// The text is not TOML.
pub(super) fn parse(file: &SourceFile) -> Result<Spanned<DeTable<'_>>, toml::de::Error> {
    let document = DeTable::parse(file.text())?;
    let span = file.counted(&document.span());
    Ok(Spanned::new(span, table(document.into_inner(), file)))
}

fn table<'t>(parsed: DeTable<'t>, file: &SourceFile) -> DeTable<'t> {
    parsed
        .into_iter()
        .map(|(key, value)| {
            let span = file.counted(&key.span());
            (Spanned::new(span, key.into_inner()), counted(value, file))
        })
        .collect()
}

fn counted<'t>(value: Spanned<DeValue<'t>>, file: &SourceFile) -> Spanned<DeValue<'t>> {
    let span = file.counted(&value.span());
    let value = match value.into_inner() {
        DeValue::Table(inner) => DeValue::Table(table(inner, file)),
        DeValue::Array(array) => {
            DeValue::Array(array.into_iter().map(|one| counted(one, file)).collect())
        }
        plain => plain,
    };
    Spanned::new(span, value)
}

/// Merges one table over another: tables merge, everything else replaces.
pub(super) fn lay<'t>(overlay: DeTable<'t>, base: &mut DeTable<'t>) {
    let mut above = Vec::new();
    for (key, value) in overlay {
        let below = base.get_mut(key.get_ref().as_ref()).map(Spanned::get_mut);
        match (below, value.get_ref()) {
            (Some(DeValue::Table(below)), DeValue::Table(_)) => {
                if let DeValue::Table(above) = value.into_inner() {
                    lay(above, below);
                }
            }
            _ => above.push((key, value)),
        }
    }
    // Inserting alone would keep the base's key, and with it the place in the wrong file. A single removal moves everything after
    // it.
    let replaced: HashSet<String> = above
        .iter()
        .map(|(key, _)| key.get_ref().to_string())
        .collect();
    let kept = std::mem::take(base)
        .into_iter()
        .filter(|(key, _)| !replaced.contains(key.get_ref().as_ref()));
    *base = kept.chain(above).collect();
}

/// The stack without its overlay, to decide whether it is another one with it.
pub(super) struct Alone<'t> {
    /// The stack file's own document.
    pub(super) base: Spanned<DeTable<'t>>,
    /// The place of the stack's identity in the overlay.
    place: Range<usize>,
}

impl<'t> Alone<'t> {
    /// A document before it is merged with the overlay in this file.
    pub(super) fn of(base: Spanned<DeTable<'t>>, overlay: &DeTable<'_>, file: &SourceFile) -> Self {
        let spans = Spans::of(overlay);
        let place = if spans.has(&["stack"].into()) {
            spans.value_of(&["stack", "name"].into())
        } else {
            file.counted(&(0..0))
        };
        Self { base, place }
    }

    /// Whether the overlay says of the stack's identity only the account, and the stack file leaves that to the credentials.
    pub(super) fn leaves_account_open(&self, merged: &DeTable<'_>) -> bool {
        let base = self.base.get_ref();
        let same = |key| said(base, key) == said(merged, key);
        same("name") && same("region") && said(base, "account").is_none() && !same("account")
    }

    /// Refuses an overlay that doesn't change the stack's identity. Both documents come with their variables replaced: the name
    /// may well be `"claims-${var.stage}"`.
    pub(super) fn check(&self, merged: &DeTable<'_>, source: &Source, findings: &mut Findings) {
        let base = self.base.get_ref();
        let (Some(name), Some(region)) = (said(merged, "name"), said(merged, "region")) else {
            return;
        };
        let differs = |key| said(base, key) != said(merged, key);
        let unclear = |key| !findings.is_intact(&["stack", key].into());
        if IDENTITY.into_iter().any(|key| differs(key) || unclear(key)) {
            return;
        }
        let message = format!(
            "with `{}` it is still the same stack: `{name}` in {region}",
            source.file(&self.place).path().display(),
        );
        let diagnostic = Diagnostic::error(Code::SameStack, message)
            .at(self.place.clone())
            .label(
                Spans::of(base).value_of(&["stack", "name"].into()),
                "its name without the overlay",
            )
            .help("say in the overlay's `[stack]` another `name`, `account` or `region`: both would own the same things");
        findings.push(diagnostic);
    }
}

/// Refuses an overlay that changes only the account, to the one that the stack file alone would be in too.
pub(super) fn same_account(
    source: &Source,
    account: &str,
    place: Range<usize>,
    name: Range<usize>,
) -> Diagnostic {
    let (base, overlay) = (
        source.base().path().display(),
        source.file(&place).path().display(),
    );
    let message = format!(
        "with `{overlay}` it is still the same stack: {account} is the account of these credentials, and `{base}` names none"
    );
    Diagnostic::error(Code::SameStack, message)
        .at(place)
        .label(name, "its name with the overlay and without")
        .help(format!(
            "say in `{base}` which `account` it belongs in, or in the overlay's `[stack]` another `name` or `region`: both \
             would own the same things"
        ))
}

/// A text of `[stack]`.
fn said<'d>(document: &'d DeTable<'_>, key: &str) -> Option<&'d str> {
    let stack = document.get("stack")?.get_ref().as_table()?;
    stack.get(key)?.get_ref().as_str()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{STACK, edited, laid};
    use crate::stack::diagnostic::Code;
    use crate::stack::file::{Cors, Requires};

    const NAMED: &str = "[stack]\nname = \"hello-prod\"\n";

    fn with(overlay: &str) -> crate::stack::file::File {
        match laid(STACK, &format!("{NAMED}{overlay}"), &[]) {
            Ok(checked) => checked.file,
            Err(diagnostics) => panic!("{:?}", diagnostics.list()),
        }
    }

    #[test]
    fn tables_merge_however_they_are_written() {
        let file = with(
            "[api]\nrequires.api_key = false\n[plans]\nstandard = { throttle = { burst = 99 } }\n[plans.gold]\n\
             [partners.zeta]\nplan = \"gold\"\nscopes = [\"hello/read\"]\n",
        );
        assert_eq!(
            (file.stack.name.as_str(), file.stack.region.as_str()),
            ("hello-prod", "eu-central-1")
        );
        let api = file.api.unwrap();
        let Some(Requires::These(requires)) = &api.requires else {
            panic!("the table of the base is still one")
        };
        assert_eq!((requires.scopes.len(), requires.api_key), (1, false));
        assert_eq!(api.stage, "prod");
        let throttle = file.plans["standard"].throttle.as_ref().unwrap();
        assert_eq!((throttle.rate, throttle.burst), (10.0, 99));
        assert_eq!(file.partners.len(), 2);
    }

    #[test]
    fn everything_else_replaces() {
        let file = with(
            "[resource_servers.hello.scopes]\nwrite = \"Write\"\n[api]\nrequires = \"nothing\"\ncors = { max_age = \"1h\" }\n\
             [api.routes]\n\"GET /hello\" = { mock = 204 }\n[partners.acme]\nscopes = [\"hello/write\"]\n",
        );
        let scopes = file.partners["acme"].scopes.iter();
        assert!(scopes.map(|scope| scope.as_written()).eq(["hello/write"]));
        let api = file.api.unwrap();
        assert!(
            matches!(api.requires, Some(Requires::Nothing)),
            "text over a table"
        );
        assert!(matches!(api.cors, Cors::On(_)));
        let mock = api.routes["GET /hello"].mock.as_ref().unwrap();
        assert_eq!(
            (mock.status, mock.body.as_deref()),
            (204, None),
            "a number over a table"
        );
    }

    #[test]
    fn an_array_of_tables_replaces() {
        let moved =
            |from: &str| format!("[[moved]]\nfrom = \"partners.{from}\"\nto = \"partners.acme\"\n");
        let base = edited("", &moved("ame"));
        let overlay = format!("{NAMED}{}", moved("acmee"));
        let file = laid(&base, &overlay, &[]).unwrap().file;
        assert_eq!(file.moved.len(), 1);
        assert_eq!(file.moved[0].from, "partners.acmee");
    }

    #[test]
    fn variables_merge_and_the_command_line_wins() {
        let base = edited("burst = 20", "burst = \"${var.burst}\"")
            .replace("rate = 10", "rate = \"${var.rate}\"")
            + "[vars]\nburst = 1\nrate = 2\n";
        let overlay = format!("{NAMED}[vars]\nburst = 3\n");
        let throttle = |vars: &[(&str, &str)]| {
            let file = laid(&base, &overlay, vars).unwrap().file;
            let throttle = file.plans["standard"].throttle.clone().unwrap();
            (throttle.rate, throttle.burst)
        };
        assert_eq!(throttle(&[]), (2.0, 3));
        assert_eq!(throttle(&[("burst", "4")]), (2.0, 4));
    }

    #[test]
    fn addresses_lead_to_the_file_that_says_it() {
        let overlay = format!(
            "{NAMED}[partners.acme]\nname = \"Acme\"\n[partners.zeta]\nplan = \"standard\"\n"
        );
        let overlay = format!("{overlay}[api.cors]\nmax_age = \"1h\"\n");
        let base = edited("stage    = \"prod\"", "stage = \"prod\"\ncors = true");
        let checked = laid(&base, &overlay, &[]).unwrap();
        let at = |address: &str| checked.locate(address).link();
        assert_eq!(at("stack.name"), "stack.prod.toml:2:8");
        assert_eq!(at("stack.region"), "stack.toml:4:10");
        assert_eq!(at("partners.acme/key"), "stack.toml:25:11");
        assert_eq!(at("partners.acme.name"), "stack.prod.toml:4:8");
        assert_eq!(at("partners.zeta"), "stack.prod.toml:5:11");
        assert_eq!(at("api.cors"), "stack.prod.toml:7:6");
    }

    #[test]
    fn any_of_name_account_and_region_makes_another_stack() {
        let codes = |overlay: &str| match laid(STACK, overlay, &[]) {
            Ok(_) => Vec::new(),
            Err(diagnostics) => diagnostics.list().iter().map(|one| one.code).collect(),
        };
        assert_eq!(codes(NAMED), []);
        assert_eq!(codes("[stack]\naccount = \"123456789012\"\n"), []);
        assert_eq!(codes("[stack]\nregion = \"eu-west-1\"\n"), []);
        assert_eq!(codes("[stack]\ntags = { a = \"b\" }\n"), [Code::SameStack]);
        // An unreadable value is reported once, and not also as unchanged.
        assert_eq!(codes("[stack]\nname = 7\n"), [Code::WrongValue]);
        assert_eq!(codes("[stack]\nname = \"${var.x\"\n"), [Code::BadReference]);
        let unknown = edited("name   = \"hello\"\nregion", "name = \"${var.x}\"\nregion");
        let refused = laid(&unknown, "[plans.standard]\n", &[]).unwrap_err();
        let errors = refused.list().iter().map(|one| one.code);
        assert!(errors.eq([Code::UnknownVariable]), "{:?}", refused.list());
    }

    #[test]
    fn a_base_need_not_be_complete() {
        let base = edited("name   = \"hello\"\nregion", "region");
        assert!(laid(&base, NAMED, &[]).is_ok());
    }
}
