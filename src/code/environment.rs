//! Values of environment variables: literals, and references to secrets.

use std::sync::LazyLock;

use regex::Regex;

use super::fault::CodeFault;
use crate::model::SecretSource;

/// A value of an environment variable as a file writes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Variable {
    /// The value itself.
    Literal(String),
    /// Where the value is.
    From(SecretSource),
}

impl Variable {
    /// The value in a setting: a reference if it begins like one, else a literal.
    ///
    /// # Errors
    /// It begins like a reference and is none.
    pub fn parse(text: &str) -> Result<Self, CodeFault> {
        if let Some(source) = SecretSource::parse(text) {
            return Ok(Self::From(source));
        }
        let kind = SecretSource::KINDS.iter().find(|kind| {
            text.strip_prefix(**kind)
                .is_some_and(|rest| rest.starts_with(':'))
        });
        match kind {
            // The text may be a secret that was pasted: it is not repeated.
            Some(kind) => Err(CodeFault::new(
                format!("the value begins with `{kind}:` and is not a reference"),
                format!("write it as {}", SecretSource::FORMS),
            )),
            None => Ok(Self::Literal(text.to_owned())),
        }
    }
}

/// Names whose values are secrets, by their last words.
const SECRET_NAMES: &str = r"(?i)(^|_)(PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|SECRET_KEY|CLIENT_SECRET|TOKEN|API_?KEY|PRIVATE_KEY|ACCESS_KEY|CREDENTIALS?)$";

/// Values of well-known forms of credentials, each with what it is.
const SECRET_VALUES: [(&str, &str); 8] = [
    (r"^(AKIA|ASIA)[A-Z0-9]{16}$", "an AWS access key"),
    (r"-----BEGIN [A-Z ]*PRIVATE KEY", "a private key"),
    (
        r"^(ghp|gho|ghs|ghu|ghr)_[A-Za-z0-9]{36}|^github_pat_",
        "a GitHub token",
    ),
    (r"^xox[abprs]-", "a Slack token"),
    (r"^(sk|rk)_live_", "a Stripe key"),
    (r"^AIza[0-9A-Za-z_-]{35}$", "a Google API key"),
    (
        r"^eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.",
        "a JSON Web Token",
    ),
    (
        r"^[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@",
        "a URL with a password",
    ),
];

/// What a literal looks like if it is a secret: `None` if it doesn't look like one. A name such as `TOKEN_URL` or `SECRET_ARN` is fine,
/// as is a value that only says where a secret is.
pub fn looks_secret(name: &str, value: &str) -> Option<&'static str> {
    static NAMES: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(SECRET_NAMES).expect("the pattern is constant"));
    static VALUES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let compiled = |(pattern, what): (&str, &'static str)| {
            (Regex::new(pattern).expect("the pattern is constant"), what)
        };
        SECRET_VALUES.into_iter().map(compiled).collect()
    });
    if let Some((_, what)) = VALUES.iter().find(|(form, _)| form.is_match(value)) {
        return Some(what);
    }
    let is_place = value.starts_with("arn:") || value.starts_with('/') || value.contains("://");
    let is_flag = ["", "true", "false", "none"].contains(&value);
    (NAMES.is_match(name) && !is_place && !is_flag).then_some("a secret, by its name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_reference_if_it_begins_like_one() {
        let from = |text: &str| Ok(Variable::From(SecretSource::parse(text).unwrap()));
        for text in ["env:GREETING", "ssm:/hello/key", "secretsmanager:hello#key"] {
            assert_eq!(Variable::parse(text), from(text), "{text}");
        }
        for text in [
            "",
            "Hello: world",
            "https://a",
            "environment",
            "arn:aws:ssm:eu-west-1:1:x",
        ] {
            assert_eq!(
                Variable::parse(text),
                Ok(Variable::Literal(text.into())),
                "{text}"
            );
        }
        let wrong = Variable::parse("ssm:pass word").unwrap_err();
        assert!(wrong.help.contains("`ssm:NAME`"), "{wrong}");
        assert!(!wrong.what.contains("pass word"), "{wrong}");
    }

    #[test]
    fn a_literal_that_looks_like_a_secret_is_noticed() {
        for (name, value) in [
            ("DB_PASSWORD", "hunter2"),
            ("password", "hunter2"),
            ("STRIPE_API_KEY", "x"),
            ("APIKEY", "x"),
            ("CLIENT_SECRET", "x"),
            ("KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("PEM", "-----BEGIN RSA PRIVATE KEY-----\nMII"),
            ("DATABASE", "postgres://me:hunter2@db/one"),
            ("AUTH", "ghp_0123456789abcdefghijklmnopqrstuvwxyz"),
        ] {
            assert!(looks_secret(name, value).is_some(), "{name}");
        }
        for (name, value) in [
            ("GREETING", "Hello from the Lambda function!"),
            ("TOKEN_URL", "https://a.example/token"),
            (
                "SECRET_ARN",
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a",
            ),
            (
                "DB_SECRET",
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a",
            ),
            ("DB_PASSWORD", "/hello/password"),
            ("USE_TOKEN", "true"),
            ("TABLE_KEY", "id"),
            ("DATABASE", "postgres://db/one"),
            ("MONKEY", "chimp"),
        ] {
            assert_eq!(looks_secret(name, value), None, "{name}");
        }
    }
}
