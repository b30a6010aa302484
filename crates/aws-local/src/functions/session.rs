//! The session in which a function's processes have its role.

use aws_facts::arns::{self, Arn};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::FunctionVersion;

/// How session tokens of the local AWS begin. What follows says whose they are, so they outlive its process, as those of AWS do.
const LOCAL: &str = "local-";

/// A role that a function has assumed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The role's ARN.
    pub role_arn: String,
    /// The name of the session: the function's.
    pub name: String,
}

impl Session {
    /// Of a version's processes.
    pub(super) fn of(version: &FunctionVersion) -> Self {
        Self {
            role_arn: version.role_arn.clone(),
            name: version.name.clone(),
        }
    }

    /// Its token, which requests carry in `X-Amz-Security-Token`.
    pub(super) fn token(&self) -> String {
        let text = format!("{} {}", self.role_arn, self.name);
        format!("{LOCAL}{}", URL_SAFE_NO_PAD.encode(text))
    }

    /// That of a token; none if it is not the local AWS's.
    pub(crate) fn with_token(token: &str) -> Option<Self> {
        let text = URL_SAFE_NO_PAD.decode(token.strip_prefix(LOCAL)?).ok()?;
        let text = String::from_utf8(text).ok()?;
        let (role_arn, name) = text.split_once(' ')?;
        Some(Self {
            role_arn: role_arn.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Its ARN, which has the role's name without a path. In the form that the IAM User Guide's page "IAM identifiers" gives.
    pub(crate) fn arn(&self) -> Option<String> {
        let role = Arn::parse(&self.role_arn)?;
        let (_, name) = role.resource.rsplit_once('/')?;
        let resource = format!("assumed-role/{name}/{}", self.name);
        Some(arns::arn("sts", "", role.account, resource))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_whose_it_is() {
        let session = Session {
            role_arn: "arn:aws:iam::123456789012:role/service/hello-role".into(),
            name: "hello".into(),
        };
        assert_eq!(Session::with_token(&session.token()), Some(session.clone()));
        assert_eq!(
            session.arn().as_deref(),
            Some("arn:aws:sts::123456789012:assumed-role/hello-role/hello")
        );
        assert_eq!(Session::with_token("IQoJb3JpZ2luX2VjE"), None);
        assert_eq!(Session::with_token("local-?"), None);
    }
}
