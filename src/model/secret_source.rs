use std::fmt;
use std::sync::LazyLock;

use regex::Regex;

/// Where a secret is that a stack file needs: the file has only this text, never the secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SecretSource {
    /// `env:NAME`: an environment variable of the run that needs it.
    Variable(String),
    /// `ssm:NAME`: a parameter of Systems Manager.
    Parameter(String),
    /// `secretsmanager:NAME`: the text of a secret, or with `#MEMBER` a member of the JSON object in it.
    Secret {
        /// The secret's name or ARN.
        name: String,
        /// The member.
        member: Option<String>,
    },
}

impl SecretSource {
    /// What stands before the colon.
    pub const KINDS: [&str; 3] = ["env", "ssm", "secretsmanager"];

    /// The possible forms, for messages.
    pub const FORMS: &str =
        "`env:NAME`, `ssm:NAME`, `secretsmanager:NAME` or `secretsmanager:NAME#MEMBER`";

    /// What such a text looks like. The characters of names are those of Systems Manager's and Secrets Manager's API references,
    /// "PutParameter" and "CreateSecret", and of their ARNs; `#` is in none of them.
    pub const PATTERN: &str = r"^(env:[A-Za-z_][A-Za-z0-9_]*|ssm:[A-Za-z0-9_./:-]+|secretsmanager:[A-Za-z0-9/_+=.@:!-]+(#[^#\s]+)?)$";

    /// The source in a text; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        static FORM: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(SecretSource::PATTERN).expect("the pattern is constant"));
        let (kind, name) = text.split_once(':').filter(|_| FORM.is_match(text))?;
        Some(match kind {
            "env" => Self::Variable(name.to_owned()),
            "ssm" => Self::Parameter(name.to_owned()),
            _ => {
                let (name, member) = match name.split_once('#') {
                    Some((name, member)) => (name, Some(member.to_owned())),
                    None => (name, None),
                };
                Self::Secret {
                    name: name.to_owned(),
                    member,
                }
            }
        })
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::Parameter(name) => write!(f, "ssm:{name}"),
            Self::Secret { name, member: None } => write!(f, "secretsmanager:{name}"),
            Self::Secret {
                name,
                member: Some(member),
            } => write!(f, "secretsmanager:{name}#{member}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_as_it_is_written() {
        for text in [
            "env:ACME_KEY",
            "ssm:/partners/acme",
            "secretsmanager:partners/acme",
            "secretsmanager:partners/acme#api-key",
            // Secrets that a service of AWS manages.
            "secretsmanager:rds!db-0a1b2c3d#password",
            "secretsmanager:arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme-AbCdEf#key",
        ] {
            let source = SecretSource::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(source.to_string(), text);
        }
        for text in [
            "",
            "env:",
            "env:A B",
            "env:1A",
            "ssm:",
            "secretsmanager:#key",
            "secretsmanager:a#",
            "secretsmanager:a#b#c",
            "file:key.txt",
            "0123456789abcdefghij0123456789",
            "ENV:A",
        ] {
            assert_eq!(SecretSource::parse(text), None, "{text}");
        }
    }
}
