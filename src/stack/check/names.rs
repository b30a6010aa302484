//! Which characters and lengths AWS accepts in names, as one table.

use aws_facts::limits::apigateway::{
    LONGEST_STAGE_NAME, LONGEST_STAGE_VARIABLE, LONGEST_STAGE_VARIABLE_NAME,
};
use aws_facts::limits::elbv2::LONGEST_NAME;
use aws_facts::limits::tags::{LONGEST_TAG_KEY, LONGEST_TAG_VALUE};

use super::Judge;
use crate::model::is_key_character;
use crate::stack::diagnostic::Code;
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

/// What one kind of name may be.
pub(in crate::stack) struct NameRule {
    /// What it is a name of, for the message.
    what: &'static str,
    /// The fewest and the most characters.
    length: (usize, usize),
    allowed: fn(char) -> bool,
    /// The characters in words.
    says: &'static str,
}

fn cognito(c: char) -> bool {
    c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "_+=,.@-".contains(c)
}

/// Printable ASCII without `"` and `\`.
fn printable(c: char) -> bool {
    c.is_ascii_graphic() && c != '"' && c != '\\'
}

fn any(c: char) -> bool {
    !c.is_control()
}

const COGNITO_CHARACTERS: &str = "letters, digits, spaces and `_ + = , . @ -`";
const PRINTABLE_CHARACTERS: &str =
    "letters, digits and punctuation except `\"` and `\\`, without spaces";

/// A name that gatestack writes into tag values: the stack's, and those of tables.
pub(in crate::stack) const KEY: NameRule = NameRule {
    what: "name",
    length: (1, 100),
    allowed: is_key_character,
    says: "letters, digits, spaces and `_ . @ + = -`, for it becomes a tag's value",
};
/// A user pool's name.
pub(in crate::stack) const USER_POOL: NameRule = NameRule {
    what: "user pool name",
    length: (1, 128),
    allowed: cognito,
    says: COGNITO_CHARACTERS,
};
/// An app client's name.
pub(in crate::stack) const APP_CLIENT: NameRule = NameRule {
    what: "app client name",
    length: (1, 128),
    allowed: cognito,
    says: COGNITO_CHARACTERS,
};
/// A resource server's display name.
pub(in crate::stack) const RESOURCE_SERVER: NameRule = NameRule {
    what: "resource server name",
    length: (1, 256),
    allowed: cognito,
    says: COGNITO_CHARACTERS,
};
/// A resource server's identifier.
pub(in crate::stack) const IDENTIFIER: NameRule = NameRule {
    what: "identifier",
    length: (1, 256),
    allowed: printable,
    says: PRINTABLE_CHARACTERS,
};
/// A scope's name below its resource server.
pub(in crate::stack) const SCOPE: NameRule = NameRule {
    what: "scope name",
    length: (1, 256),
    allowed: |c| printable(c) && c != '/',
    says: "letters, digits and punctuation except `\"`, `\\` and `/`, without spaces",
};
/// A scope's description, which Cognito requires.
pub(in crate::stack) const SCOPE_DESCRIPTION: NameRule = NameRule {
    what: "scope description",
    length: (1, 256),
    allowed: any,
    says: "any text on one line",
};
/// Names of API Gateway without a documented limit; this is the console's.
pub(in crate::stack) const API_GATEWAY: NameRule = NameRule {
    what: "name",
    length: (1, 255),
    allowed: any,
    says: "any text on one line",
};
/// An API's stage.
pub(in crate::stack) const STAGE: NameRule = NameRule {
    what: "stage name",
    length: (1, LONGEST_STAGE_NAME),
    allowed: |c| c.is_ascii_alphanumeric() || c == '_',
    says: "letters, digits and `_`",
};
/// A stage variable's name.
pub(in crate::stack) const STAGE_VARIABLE: NameRule = NameRule {
    what: "stage variable name",
    length: (1, LONGEST_STAGE_VARIABLE_NAME),
    allowed: |c| c.is_ascii_alphanumeric() || c == '_',
    says: "letters, digits and `_`",
};
/// A stage variable's value.
pub(in crate::stack) const STAGE_VARIABLE_VALUE: NameRule = NameRule {
    what: "stage variable value",
    length: (1, LONGEST_STAGE_VARIABLE),
    allowed: |c| c.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(c),
    says: "letters, digits and `- . _ ~ : / ? # & = ,`, without spaces",
};
/// The name of an HTTP header.
pub(in crate::stack) const HEADER: NameRule = NameRule {
    what: "header name",
    length: (1, 256),
    allowed: |c| c.is_ascii_alphanumeric() || "!#$%&*+-.^_`|~".contains(c),
    says: "letters, digits and `-`",
};
/// A load balancer's name.
pub(in crate::stack) const LOAD_BALANCER: NameRule = NameRule {
    what: "load balancer name",
    length: (1, LONGEST_NAME),
    allowed: |c| c.is_ascii_alphanumeric() || c == '-',
    says: "letters, digits and `-`",
};
/// A log group's name, which must fit in the API's tags.
pub(in crate::stack) const LOG_GROUP: NameRule = NameRule {
    what: "log group name",
    length: (1, LONGEST_TAG_VALUE),
    allowed: |c| c.is_ascii_alphanumeric() || "_./-".contains(c),
    says: "letters, digits and `_ . / -`",
};
/// A tag's key.
pub(in crate::stack) const TAG_KEY: NameRule = NameRule {
    what: "tag key",
    length: (1, LONGEST_TAG_KEY),
    allowed: tag,
    says: TAG_CHARACTERS,
};
/// A tag's value.
pub(in crate::stack) const TAG_VALUE: NameRule = NameRule {
    what: "tag value",
    length: (0, LONGEST_TAG_VALUE),
    allowed: tag,
    says: TAG_CHARACTERS,
};

const TAG_CHARACTERS: &str = "letters, digits, spaces and `_ . : / = + - @`";

fn tag(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c)
}

impl NameRule {
    /// The rule as a regular expression that editors understand: a class of characters, and how many of them.
    pub(in crate::stack) fn pattern(&self) -> String {
        let ascii = (0..128u8).map(char::from);
        let (allowed, refused): (Vec<char>, Vec<char>) =
            ascii.partition(|character| (self.allowed)(*character));
        // One letter beyond ASCII represents all.
        let (not, listed) = match (self.allowed)('é') {
            true => ("^", refused),
            false => ("", allowed),
        };
        let escaped = |character: &char| match character {
            c if c.is_ascii_alphanumeric() => c.to_string(),
            c if c.is_ascii_control() => format!("\\x{:02x}", u32::from(*c)),
            c => format!("\\{c}"),
        };
        let class: String = listed.iter().map(escaped).collect();
        let (least, most) = self.length;
        format!("^[{not}{class}]{{{least},{most}}}$")
    }

    /// What the name may be, in words.
    #[cfg(test)]
    pub(in crate::stack) fn in_words(&self) -> String {
        let (least, most) = self.length;
        format!("{least} to {most} characters: {}", self.says)
    }

    /// Why AWS refuses the name, if it does, and what it may be.
    pub(super) fn refusal(&self, name: &str) -> Option<(String, String)> {
        let (least, most) = self.length;
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
        let culprit = name.chars().find(|c| !(self.allowed)(*c))?;
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
    use super::*;

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
        assert!(refused(&STAGE, "pre-prod") && !refused(&STAGE, "pre_prod"));
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
            (&KEY, 100),
        ] {
            assert!(refused(rule, ""), "{}", rule.what);
            assert!(!refused(rule, &"a".repeat(most)), "{}", rule.what);
            assert!(refused(rule, &"a".repeat(most + 1)), "{}", rule.what);
        }
    }

    #[test]
    fn the_message_names_the_character() {
        let (message, help) = STAGE.refusal("pre-prod").unwrap();
        assert_eq!(message, "the stage name `pre-prod` holds `-`");
        assert_eq!(help, "allowed are letters, digits and `_`");
    }
}
