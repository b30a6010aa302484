//! Which characters and lengths AWS accepts in names, as one table.

use std::sync::OnceLock;

use aws_facts::limits::tags::LONGEST_TAG_VALUE;
use aws_facts::names::{self, Name};
use regex::Regex;

use super::Judge;
use crate::stack::diagnostic::Code;
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

/// What one kind of name may be.
pub(in crate::stack) struct NameRule {
    /// What it is a name of, for the message.
    what: &'static str,
    name: Name,
    /// The characters in words.
    says: &'static str,
    compiled: OnceLock<Regex>,
}

const COGNITO_CHARACTERS: &str = "letters, digits, spaces and `_ + = , . @ -`";
const TAG_CHARACTERS: &str = "letters, digits, spaces and `_ . : / = + - @`";

/// A name that gatestack writes into tag values: the stack's, and those of tables.
pub(in crate::stack) static KEY: NameRule = NameRule::new(
    "name",
    Name {
        characters: r"[A-Za-z0-9 _.@+=-]",
        least: 1,
        most: 100,
    },
    "letters, digits, spaces and `_ . @ + = -`, for it becomes a tag's value",
);
/// A user pool's name.
pub(in crate::stack) static USER_POOL: NameRule =
    NameRule::new("user pool name", names::USER_POOL, COGNITO_CHARACTERS);
/// An app client's name.
pub(in crate::stack) static APP_CLIENT: NameRule =
    NameRule::new("app client name", names::APP_CLIENT, COGNITO_CHARACTERS);
/// A resource server's display name.
pub(in crate::stack) static RESOURCE_SERVER: NameRule = NameRule::new(
    "resource server name",
    names::RESOURCE_SERVER,
    COGNITO_CHARACTERS,
);
/// A resource server's identifier.
pub(in crate::stack) static IDENTIFIER: NameRule = NameRule::new(
    "identifier",
    names::IDENTIFIER,
    "letters, digits and punctuation except `\"` and `\\`, without spaces",
);
/// A scope's name below its resource server.
pub(in crate::stack) static SCOPE: NameRule = NameRule::new(
    "scope name",
    names::SCOPE,
    "letters, digits and punctuation except `\"`, `\\` and `/`, without spaces",
);
/// A scope's description, which Cognito requires.
pub(in crate::stack) static SCOPE_DESCRIPTION: NameRule = NameRule::new(
    "scope description",
    names::SCOPE_DESCRIPTION,
    "any text on one line",
);
/// An API's, an authorizer's or a usage plan's name.
pub(in crate::stack) static API_GATEWAY: NameRule =
    NameRule::new("name", names::API_GATEWAY, "any text on one line");
/// An API key's name.
pub(in crate::stack) static API_KEY: NameRule =
    NameRule::new("name", names::API_KEY, "any text on one line");
/// An API's stage.
pub(in crate::stack) static STAGE: NameRule =
    NameRule::new("stage name", names::STAGE, "letters, digits, `-` and `_`");
/// A stage variable's name.
pub(in crate::stack) static STAGE_VARIABLE: NameRule = NameRule::new(
    "stage variable name",
    names::STAGE_VARIABLE,
    "letters, digits and `_`",
);
/// A stage variable's value.
pub(in crate::stack) static STAGE_VARIABLE_VALUE: NameRule = NameRule::new(
    "stage variable value",
    names::STAGE_VARIABLE_VALUE,
    "letters, digits and `- . _ ~ : / ? # & = ,`, without spaces",
);
/// The name of an HTTP header.
pub(in crate::stack) static HEADER: NameRule =
    NameRule::new("header name", names::HEADER, "letters, digits and `-`");
/// A load balancer's name.
pub(in crate::stack) static LOAD_BALANCER: NameRule = NameRule::new(
    "load balancer name",
    names::LOAD_BALANCER,
    "letters, digits and `-`",
);
/// A log group's name, which must fit in the API's tags: `#` doesn't, nor do more than 256 characters.
pub(in crate::stack) static LOG_GROUP: NameRule = NameRule::new(
    "log group name",
    Name {
        characters: r"[A-Za-z0-9_./-]",
        most: LONGEST_TAG_VALUE,
        ..names::LOG_GROUP
    },
    "letters, digits and `_ . / -`",
);
/// A function's name.
pub(in crate::stack) static FUNCTION: NameRule = NameRule::new(
    "function name",
    names::FUNCTION,
    "letters, digits, `-` and `_`",
);
/// The name of a function's alias.
pub(in crate::stack) static FUNCTION_ALIAS: NameRule = NameRule::new(
    "alias",
    names::FUNCTION_ALIAS,
    "letters, digits, `-` and `_`",
);
/// A tag's key.
pub(in crate::stack) static TAG_KEY: NameRule =
    NameRule::new("tag key", names::TAG_KEY, TAG_CHARACTERS);
/// A tag's value.
pub(in crate::stack) static TAG_VALUE: NameRule =
    NameRule::new("tag value", names::TAG_VALUE, TAG_CHARACTERS);

impl NameRule {
    const fn new(what: &'static str, name: Name, says: &'static str) -> NameRule {
        NameRule {
            what,
            name,
            says,
            compiled: OnceLock::new(),
        }
    }

    fn allows(&self, character: char) -> bool {
        let compile = || Regex::new(self.name.characters).expect("the class is constant");
        let class = self.compiled.get_or_init(compile);
        class.is_match(character.encode_utf8(&mut [0; 4]))
    }

    /// The rule as a regular expression that editors understand: a class of characters, and how many of them.
    pub(in crate::stack) fn pattern(&self) -> String {
        let ascii = (0..128u8).map(char::from);
        let (allowed, refused): (Vec<char>, Vec<char>) =
            ascii.partition(|character| self.allows(*character));
        // One letter beyond ASCII represents all.
        let (not, listed) = match self.allows('é') {
            true => ("^", refused),
            false => ("", allowed),
        };
        let escaped = |character: &char| match character {
            c if c.is_ascii_alphanumeric() => c.to_string(),
            c if c.is_ascii_control() => format!("\\x{:02x}", u32::from(*c)),
            c => format!("\\{c}"),
        };
        let class: String = listed.iter().map(escaped).collect();
        let Name { least, most, .. } = self.name;
        format!("^[{not}{class}]{{{least},{most}}}$")
    }

    /// What the name may be, in words.
    #[cfg(test)]
    pub(in crate::stack) fn in_words(&self) -> String {
        let Name { least, most, .. } = self.name;
        format!("{least} to {most} characters: {}", self.says)
    }

    /// Why AWS refuses the name, if it does, and what it may be.
    pub(super) fn refusal(&self, name: &str) -> Option<(String, String)> {
        let Name { least, most, .. } = self.name;
        let length = name.chars().count();
        let what = self.what;
        if length < least {
            return Some((
                format!("the {what} is empty"),
                format!("give it {least} to {most} characters"),
            ));
        }
        if length > most {
            return Some((
                format!("the {what} has {length} characters"),
                format!("AWS allows {most}"),
            ));
        }
        let culprit = name.chars().find(|c| !self.allows(*c))?;
        let shown = if culprit == ' ' {
            "a space".to_owned()
        } else {
            format!("`{}`", culprit.escape_debug())
        };
        Some((
            format!("the {what} `{name}` holds {shown}"),
            format!("allowed are {}", self.says),
        ))
    }
}

impl Judge<'_> {
    /// Refuses an invalid name; the text is at the path, or is the last key of it.
    pub(super) fn name(&mut self, path: &KeyPath, text: &str, rule: &NameRule) {
        self.named(Code::BadName, path, text, rule);
    }

    /// The same for a text that may contain references.
    pub(super) fn named_by(&mut self, path: &KeyPath, text: &Template, rule: &NameRule) {
        self.name(path, &self.sample(text), rule);
    }

    /// The same under another code.
    pub(super) fn named(&mut self, code: Code, path: &KeyPath, text: &str, rule: &NameRule) {
        if let Some((message, help)) = rule.refusal(text) {
            self.error(code, path, message, help);
            // Texts that contain the name are not reported.
            self.findings.follows_from_another(path);
        }
    }

    /// Checks a display name, or the table's name if it is the display name.
    pub(super) fn display_name(
        &mut self,
        table: &KeyPath,
        name: Option<&Template>,
        rule: &NameRule,
    ) {
        match name {
            Some(name) => self.named_by(&table.join("name"), name, rule),
            None => {
                let key = table.last().unwrap_or_default();
                // The characters of a tag's value are valid in most names; the others need `name`.
                if KEY.refusal(key).is_none()
                    && self.lacks(table.join("name"))
                    && let Some((message, _)) = rule.refusal(key)
                {
                    self.error(
                        Code::BadName,
                        table,
                        message,
                        "give it another `name = \"…\"` of its own",
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use serde_json::Value;

    use super::*;
    use crate::model::is_key_character;

    fn refused(rule: &NameRule, name: &str) -> bool {
        rule.refusal(name).is_some()
    }

    #[test]
    fn characters_are_those_of_aws() {
        assert!(!refused(&USER_POOL, "XXX Users, +=.@-_"));
        assert!(refused(&USER_POOL, "a/b"));
        assert!(refused(&APP_CLIENT, "Müller"));
        assert!(!refused(
            &IDENTIFIER,
            "https://a.execute-api.eu-central-1.amazonaws.com/prod"
        ));
        assert!(
            refused(&IDENTIFIER, "a b")
                && refused(&IDENTIFIER, "a\"")
                && refused(&IDENTIFIER, "a\\")
        );
        assert!(refused(&SCOPE, "a/b") && !refused(&SCOPE, "orders.read"));
        assert!(refused(&STAGE, "pre.prod") && !refused(&STAGE, "pre-prod_1"));
        assert!(
            refused(&STAGE_VARIABLE_VALUE, "a b")
                && !refused(&STAGE_VARIABLE_VALUE, "https://a/b?c=d")
        );
        assert!(
            !refused(&TAG_VALUE, "")
                && !refused(&TAG_KEY, "Größe: a/b")
                && refused(&TAG_KEY, "a#b")
        );
        assert!(refused(&KEY, "a/b") && !refused(&KEY, "a b.c@d"));
    }

    #[test]
    fn lengths_are_those_of_aws() {
        for (rule, most) in [
            (&USER_POOL, 128),
            (&IDENTIFIER, 256),
            (&STAGE, 128),
            (&STAGE_VARIABLE, 64),
            (&API_KEY, 1_024),
            (&KEY, 100),
        ] {
            assert!(refused(rule, ""), "{}", rule.what);
            assert!(!refused(rule, &"a".repeat(most)), "{}", rule.what);
            assert!(refused(rule, &"a".repeat(most + 1)), "{}", rule.what);
        }
    }

    /// A string of AWS's service models, as the local AWS has them.
    fn modelled(service: &str, shape: &str) -> Value {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/aws-local/models");
        let text = fs::read_to_string(folder.join(format!("{service}.json"))).unwrap();
        let model: Value = serde_json::from_str(&text).unwrap();
        let found = &model["shapes"][shape];
        assert_eq!(found["type"], "string", "{service} {shape}");
        found.clone()
    }

    /// A model's pattern for a text of one character. Java's `\w` and `\s` are ASCII.
    fn of_one(pattern: &str) -> Regex {
        let pattern = pattern
            .replace(r"\w", "A-Za-z0-9_")
            .replace(r"\s", r" \t\n\x0b\f\r");
        Regex::new(&format!(r"\A(?:{pattern})\z")).unwrap()
    }

    #[test]
    fn names_are_those_of_the_service_models() {
        for (rule, service, shape, narrower) in [
            (&USER_POOL, "cognito", "UserPoolNameType", ""),
            (&APP_CLIENT, "cognito", "ClientNameType", ""),
            (&RESOURCE_SERVER, "cognito", "ResourceServerNameType", ""),
            (&IDENTIFIER, "cognito", "ResourceServerIdentifierType", ""),
            (&SCOPE, "cognito", "ResourceServerScopeNameType", ""),
            (&LOG_GROUP, "logs", "LogGroupName", "#"),
            (&TAG_KEY, "elbv2", "TagKey", ""),
            (&TAG_VALUE, "elbv2", "TagValue", ""),
            (&TAG_KEY, "logs", "TagKey", ""),
            (&TAG_VALUE, "logs", "TagValue", ""),
        ] {
            let model = modelled(service, shape);
            let pattern = of_one(model["pattern"].as_str().unwrap());
            for character in '\0'..='\u{31ff}' {
                let expected =
                    pattern.is_match(&character.to_string()) && !narrower.contains(character);
                assert_eq!(rule.allows(character), expected, "{shape} {character:?}");
            }
        }
    }

    #[test]
    fn lengths_are_those_of_the_service_models() {
        for (rule, service, shape) in [
            (&USER_POOL, "cognito", "UserPoolNameType"),
            (&APP_CLIENT, "cognito", "ClientNameType"),
            (&RESOURCE_SERVER, "cognito", "ResourceServerNameType"),
            (&IDENTIFIER, "cognito", "ResourceServerIdentifierType"),
            (&SCOPE, "cognito", "ResourceServerScopeNameType"),
            (
                &SCOPE_DESCRIPTION,
                "cognito",
                "ResourceServerScopeDescriptionType",
            ),
            (&TAG_KEY, "elbv2", "TagKey"),
            (&TAG_VALUE, "elbv2", "TagValue"),
            (&TAG_KEY, "cognito", "TagKeysType"),
            (&TAG_VALUE, "cognito", "TagValueType"),
            (&TAG_KEY, "tagging", "TagKey"),
            (&TAG_VALUE, "tagging", "TagValue"),
        ] {
            let model = modelled(service, shape);
            let length = (rule.name.least, rule.name.most);
            let expected = (model["min"].as_u64(), model["max"].as_u64());
            assert_eq!(
                (Some(length.0 as u64), Some(length.1 as u64)),
                expected,
                "{shape}"
            );
        }
        let group = modelled("logs", "LogGroupName");
        assert_eq!(group["max"], names::LOG_GROUP.most);
    }

    /// The table's names are those of `model`, which other parts of gatestack write.
    #[test]
    fn a_key_is_what_tags_hold() {
        for character in '\0'..='\u{31ff}' {
            assert_eq!(KEY.allows(character), is_key_character(character));
            assert!(!KEY.allows(character) || TAG_VALUE.allows(character));
        }
    }

    #[test]
    fn the_message_names_the_character() {
        let (message, help) = STAGE.refusal("pre.prod").unwrap();
        assert_eq!(message, "the stage name `pre.prod` holds `.`");
        assert_eq!(help, "allowed are letters, digits, `-` and `_`");
    }
}
