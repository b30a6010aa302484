//! The language inside `${…}`.
//!
//! - `${var.NAME}` and `${env.NAME}` are replaced when the file is read; `variables` does that.
//! - References such as `${account.id}` or `${api.invoke_url}` stay until their values are known; [`pieces`] finds them.
//! - `${stageVariables.NAME}` in a route's URL or mock body and in the access log format is API Gateway's own and is sent
//!   unchanged. `$context.…` has no braces and is never touched.
//! - `$${` is a dollar sign and a brace.

use std::ops::Range;

use crate::model::bare_or_quoted;

/// A row for each reference: how it is written and what it means. The values are matched elsewhere, so that a new row does not
/// compile without a value, a sample and a dependency.
macro_rules! references {
    (
        alone { $($single:ident = $name:literal: $says:literal;)* }
        of entries { $($of_entry:ident = $table:literal $attribute:literal: $says_of_entry:literal;)* }
    ) => {
        /// Something whose value only AWS, or the account in use, determines.
        #[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
        pub enum Reference {
            $(
                #[doc = concat!("`${", $name, "}`: ", $says, ".")]
                $single,
            )*
            $(
                #[doc = concat!("`${", $table, ".NAME.", $attribute, "}`: ", $says_of_entry, ".")]
                $of_entry(String),
            )*
        }

        const SINGLE: &[(&str, Reference)] = &[$(($name, Reference::$single)),*];

        type OfName = fn(String) -> Reference;
        const NAMED: &[(&str, &str, OfName)] = &[$(($table, $attribute, Reference::$of_entry)),*];

        /// How each reference is written, and what it means.
        #[cfg(test)]
        pub(super) const SAID: &[(&str, &str)] = &[
            $(($name, $says),)*
            $((concat!($table, ".NAME.", $attribute), $says_of_entry),)*
        ];
    };
}

references! {
    alone {
        AccountId = "account.id": "the AWS account's 12 digits";
        StackName = "stack.name": "the stack's name";
        StackRegion = "stack.region": "the stack's Region";
        ApiId = "api.id": "the REST API's id";
        ApiInvokeUrl = "api.invoke_url": "the stage's URL, without a slash at the end";
        ApiStage = "api.stage": "the stage's name";
        UserPoolId = "user_pool.id": "the user pool's id";
        UserPoolArn = "user_pool.arn": "the user pool's ARN";
        UserPoolTokenUrl = "user_pool.token_url": "where clients ask for tokens";
        UserPoolIssuer = "user_pool.issuer": "the `iss` of the pool's tokens";
        ApiDomainName = "api.domain.name": "the API's own host name";
        ApiDomainTarget = "api.domain.target": "what the API's own host name has to point to";
        LoadBalancerDnsName = "load_balancer.dns_name": "the load balancer's host name";
    }
    of entries {
        AppClientId = "app_clients" "client_id": "the app client's id";
        PartnerClientId = "partners" "client_id": "the id of the partner's app client";
        ApiKeyId = "api_keys" "id": "the API key's id, not its value";
    }
}

/// Part of a string: text, or a reference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// Literal text.
    Literal(String),
    /// What AWS will tell.
    Reference(Reference),
}

/// The contents of one `${…}`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Expression {
    /// `${var.NAME}`.
    Variable(String),
    /// `${env.NAME}`.
    Environment(String),
    /// `${stageVariables.NAME}`.
    StageVariable(String),
    Reference(Reference),
}

/// Part of a string, as written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Token<'a> {
    /// Text.
    Literal(&'a str),
    /// `$${`.
    Escape,
    /// The inside of `${…}`.
    Expression(&'a str),
    /// `${` that is never closed.
    Unclosed,
}

/// Cuts a string into its tokens with their bytes.
pub(super) fn tokens(text: &str) -> Vec<(Token<'_>, Range<usize>)> {
    let mut tokens = Vec::new();
    let mut literal = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('$') {
        let dollar = at + found;
        let rest = &text[dollar..];
        let (token, length) = if rest.starts_with("$${") {
            (Token::Escape, 3)
        } else if !rest.starts_with("${") {
            at = dollar + 1;
            continue;
        } else if let Some(end) = rest.find('}') {
            (Token::Expression(&rest[2..end]), end + 1)
        } else {
            (Token::Unclosed, rest.len())
        };
        if literal < dollar {
            tokens.push((Token::Literal(&text[literal..dollar]), literal..dollar));
        }
        at = dollar + length;
        literal = at;
        tokens.push((token, dollar..at));
    }
    if literal < text.len() {
        tokens.push((Token::Literal(&text[literal..]), literal..text.len()));
    }
    tokens
}

/// Parses the contents of `${…}`; `None` if it is invalid.
pub(super) fn expression(text: &str) -> Option<Expression> {
    let text = text.trim();
    if let Some((_, reference)) = SINGLE.iter().find(|(name, _)| *name == text) {
        return Some(Expression::Reference(reference.clone()));
    }
    let (table, rest) = text.split_once('.')?;
    let whole = name(rest).filter(|name| !name.is_empty());
    match table {
        "var" => whole.map(Expression::Variable),
        "env" => whole.map(Expression::Environment),
        "stageVariables" => whole.map(Expression::StageVariable),
        _ => {
            let (entry, attribute) = rest.rsplit_once('.')?;
            let (_, _, reference) = NAMED
                .iter()
                .find(|named| (named.0, named.1) == (table, attribute))?;
            let entry = name(entry).filter(|name| !name.is_empty())?;
            Some(Expression::Reference(reference(entry)))
        }
    }
}

/// A name in a reference, which may be quoted as in TOML.
fn name(text: &str) -> Option<String> {
    match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').map(str::to_owned),
        None => Some(text.to_owned()),
    }
}

/// Every reference, as written and parsed; those to a table's entry with this name.
pub(super) fn references(entry: &str) -> Vec<(String, Reference)> {
    let single = SINGLE.iter();
    let single = single.map(|(name, reference)| ((*name).to_owned(), reference.clone()));
    let named = NAMED.iter().map(|(table, attribute, reference)| {
        let written = format!("{table}.{}.{attribute}", bare_or_quoted(entry));
        (written, reference(entry.to_owned()))
    });
    single.chain(named).collect()
}

/// Suggestions for an invalid expression.
pub(super) fn possible(text: &str) -> Vec<String> {
    let entry = text
        .split('.')
        .nth(1)
        .filter(|name| !name.is_empty())
        .unwrap_or("NAME");
    let single = SINGLE.iter().map(|(name, _)| (*name).to_owned());
    let named = NAMED
        .iter()
        .map(|(table, attribute, _)| format!("{table}.{entry}.{attribute}"));
    let read = ["var", "env", "stageVariables"].map(|table| format!("{table}.{entry}"));
    single.chain(named).chain(read).collect()
}

/// Cuts a string of a checked file into text and references. `$${` becomes `${`; `${stageVariables.NAME}` stays text.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (token, range) in tokens(text) {
        let literal = match token {
            Token::Literal(literal) => literal,
            Token::Escape => "${",
            Token::Unclosed => &text[range],
            Token::Expression(inside) => match expression(inside) {
                Some(Expression::Reference(reference)) => {
                    pieces.push(Piece::Reference(reference));
                    continue;
                }
                _ => &text[range],
            },
        };
        match pieces.last_mut() {
            Some(Piece::Literal(before)) => before.push_str(literal),
            _ => pieces.push(Piece::Literal(literal.to_owned())),
        }
    }
    pieces
}

/// The text with normalized expressions, so that equal texts are equal.
pub(super) fn canonical(text: &str) -> String {
    let tokens = tokens(text).into_iter();
    tokens
        .map(|(token, range)| match token {
            Token::Expression(inside) => format!("${{{}}}", inside.trim()),
            Token::Literal(_) | Token::Escape | Token::Unclosed => text[range].to_owned(),
        })
        .collect()
}

/// The text with every `${` escaped.
pub(super) fn escape(text: &str) -> String {
    text.replace("${", "$${")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn literal(text: &str) -> Piece {
        Piece::Literal(text.into())
    }

    #[test]
    fn a_string_falls_into_text_and_references() {
        assert_eq!(
            pieces("xxx-${account.id}!"),
            [
                literal("xxx-"),
                Piece::Reference(Reference::AccountId),
                literal("!")
            ]
        );
        assert_eq!(
            pieces("${app_clients.web.client_id}"),
            [Piece::Reference(Reference::AppClientId("web".into()))]
        );
        assert_eq!(
            pieces("${partners.\"a.b c\".client_id}"),
            [Piece::Reference(Reference::PartnerClientId("a.b c".into()))]
        );
    }

    #[test]
    fn what_is_not_ours_stays() {
        assert_eq!(
            pieces("https://${stageVariables.host}/$context.path"),
            [literal("https://${stageVariables.host}/$context.path")]
        );
        assert_eq!(pieces("a $${x} $$ $"), [literal("a ${x} $$ $")]);
        assert_eq!(pieces(""), []);
    }

    #[test]
    fn what_means_nothing_is_nothing() {
        for text in [
            "",
            "api",
            "api.idd",
            "var.",
            "partners.client_id",
            "partners..client_id",
            "app_clients.web.id",
        ] {
            assert_eq!(expression(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_escaped_text_comes_back_as_it_was(text in "[a-z${}. ]{0,20}") {
            let expected: Vec<_> = (!text.is_empty()).then(|| literal(&text)).into_iter().collect();
            prop_assert_eq!(pieces(&escape(&text)), expected);
        }

        #[test]
        fn tokens_cover_the_string(text in "[a-z${}.]{0,20}") {
            let mut end = 0;
            for (_, range) in tokens(&text) {
                prop_assert_eq!(range.start, end);
                end = range.end;
            }
            prop_assert_eq!(end, text.len());
        }
    }
}
