//! Names of functions: what Lambda refuses, and that each function has one of its own.

use aws_facts::arns::Arn;

use super::super::names::{FUNCTION, KEY};
use super::super::{Judge, entries, references};
use crate::kinds::function::{default_name, name_of};
use crate::stack::diagnostic::{Code, Diagnostic};
use crate::stack::file::Function;
use crate::stack::interpolate::{Piece, Reference};
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

pub(super) fn name(judge: &mut Judge<'_>, path: &KeyPath, key: &str, function: &Function) {
    let here = path.join("name");
    let Some(name) = &function.name else {
        let usable = judge.usable(["stack", "name"]) && KEY.refusal(key).is_none();
        let name = default_name(&judge.file.stack.name, key);
        if usable
            && judge.lacks(&here)
            && let Some((message, _)) = FUNCTION.refusal(&name)
        {
            let help = "give it another `name = \"…\"` of its own";
            judge.error(Code::BadName, path, message, help);
        }
        return;
    };
    // A function is found by its name, before the rest of the stack exists.
    let waits = name.pieces().into_iter().find_map(|piece| match piece {
        Piece::Reference(reference) => references::target(judge, &reference),
        Piece::Literal(_) => None,
    });
    if let Some(waits) = waits {
        let message = format!("the function's name depends on `{waits}`, which is made later");
        let help = "use `${stack.name}`, `${stack.region}`, `${account.id}` or `${api.stage}`";
        judge.error(Code::MisplacedReference, &here, message, help);
        return;
    }
    judge.named_by(&here, name, &FUNCTION);
}

/// Refuses two functions with one name, and an existing function that is one of the stack's own. IAM compares names of roles, which
/// contain those of functions, without regard to case.
pub(super) fn unique(judge: &mut Judge<'_>) {
    let file = judge.file;
    let mut named: Vec<(KeyPath, &str, String)> = entries("functions", &file.functions)
        .filter(|(_, _, function)| function.existing.is_none())
        .filter_map(|(path, key, function)| {
            let name = name_in_lambda(judge, &path, key, function)?;
            Some((path, key, name))
        })
        .collect();
    named.sort_by_key(|(path, ..)| judge.spans.key(path).start);
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    for (index, (path, _, name)) in named.iter().enumerate() {
        let mut before = named[..index].iter();
        let Some((first, _, other)) = before.find(|(_, _, other)| same(name, other)) else {
            continue;
        };
        let message = match name == other {
            true => format!("two functions have the name `{name}`"),
            false => format!(
                "two functions have the names `{other}` and `{name}`, which are one name to IAM"
            ),
        };
        let (here, first) = (written_at(judge, path), written_at(judge, first));
        let diagnostic = Diagnostic::error(Code::Duplicate, message)
            .at(judge.spans.value_of(&here))
            .label(judge.spans.value_of(&first), "the first")
            .help("give one of them another `name = \"…\"` of its own");
        judge.tell(&here, diagnostic);
    }
    for (path, _, function) in entries("functions", &file.functions) {
        let Some(existing) = &function.existing else {
            continue;
        };
        let here = path.join("existing");
        let Some(arn) = own_arn(judge, existing) else {
            continue;
        };
        let name = name_of(&arn).unwrap_or_default();
        let Some((own, key, _)) = named.iter().find(|(_, _, own)| same(own, name)) else {
            continue;
        };
        let message = format!("`{name}` is a function of this stack, `{own}`");
        let help = format!("remove `{path}`, and write `function = \"{key}\"` in its routes");
        let diagnostic = Diagnostic::error(Code::Duplicate, message)
            .at(judge.spans.value_of(&here))
            .label(
                judge.spans.value_of(&written_at(judge, own)),
                "the function",
            )
            .help(help);
        judge.tell(&here, diagnostic);
    }
}

/// The function's name, if it is certain.
fn name_in_lambda(
    judge: &Judge<'_>,
    path: &KeyPath,
    key: &str,
    function: &Function,
) -> Option<String> {
    let here = path.join("name");
    let is_certain = match &function.name {
        Some(_) => judge.usable(&here),
        None => judge.lacks(&here) && judge.usable(["stack", "name"]),
    };
    is_certain.then(|| match &function.name {
        Some(name) => judge.sample(name),
        None => default_name(&judge.file.stack.name, key),
    })
}

/// Where a function's name is: its `name`, or the name of its table.
fn written_at(judge: &Judge<'_>, table: &KeyPath) -> KeyPath {
    let name = table.join("name");
    match judge.has(&name) {
        true => name,
        false => table.clone(),
    }
}

/// The ARN of an existing function, unless it is in another account than the stack.
fn own_arn(judge: &Judge<'_>, existing: &Template) -> Option<String> {
    let arn = judge.sample(existing);
    let refers = |piece: &Piece| matches!(piece, Piece::Reference(Reference::AccountId));
    let of_account = existing.pieces().iter().any(refers);
    let parsed = Arn::parse(&arn)?;
    let known = judge.file.stack.account.as_deref();
    let known = known.filter(|_| judge.usable(["stack", "account"]));
    let same_account = of_account || known.is_none_or(|known| known == parsed.account);
    (same_account && parsed.region == judge.region()).then_some(arn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::testing::{codes, edited, read};

    /// The one mistake: its message, and the two places that it shows.
    fn told(functions: &str) -> (String, String, String) {
        let text = edited("", functions);
        let found = read(&text).unwrap_err();
        let [one] = found.list() else {
            panic!("{found:?}");
        };
        assert_eq!(one.code, Code::Duplicate);
        let shown = |index: usize| text[one.labels[index].range()].to_owned();
        (one.message.clone(), shown(0), shown(1))
    }

    #[test]
    fn two_functions_have_two_names() {
        let of = |key: &str, more: &str| {
            format!("[functions.{key}]\nsource = \"s3://bucket/f.zip\"\n{more}\n")
        };
        let (message, here, first) = told(&(of("b", "name = \"x\"") + &of("a", "name = \"x\"")));
        assert_eq!(message, "two functions have the name `x`");
        assert_eq!((here.as_str(), first.as_str()), ("\"x\"", "\"x\""));
        let (message, here, first) = told(&(of("a", "") + &of("A", "")));
        assert!(message.contains("`hello-a` and `hello-A`"), "{message}");
        assert_eq!((here.as_str(), first.as_str()), ("A", "a"));
        let named = of("b", "name = \"${stack.name}-a\"");
        let (message, here, first) = told(&(of("a", "") + &named));
        assert_eq!(message, "two functions have the name `hello-a`");
        assert_eq!(
            (here.as_str(), first.as_str()),
            ("\"${stack.name}-a\"", "a")
        );
        assert_eq!(codes(&edited("", &(of("a", "") + &of("b", "")))), []);
    }

    #[test]
    fn an_existing_function_is_not_one_of_the_stack() {
        let with = |arn: &str| {
            format!(
                "[functions.a]\nsource = \"s3://bucket/f.zip\"\n[functions.theirs]\nexisting = \"{arn}\""
            )
        };
        for account in ["123456789012", "${account.id}"] {
            let arn = format!("arn:aws:lambda:eu-central-1:{account}:function:hello-a");
            let (message, here, first) = told(&with(&arn));
            assert!(message.contains("`functions.a`"), "{message}");
            assert_eq!((here, first), (format!("\"{arn}\""), "a".to_owned()));
        }
        let other = with("arn:aws:lambda:eu-central-1:123456789012:function:hello-b");
        assert_eq!(codes(&edited("", &other)), []);
        let elsewhere = with("arn:aws:lambda:eu-central-1:210987654321:function:hello-a");
        let account = "region = \"eu-central-1\"\naccount = \"123456789012\"";
        let stack = edited("region = \"eu-central-1\"", account);
        assert_eq!(codes(&format!("{stack}\n{elsewhere}\n")), []);
    }
}
