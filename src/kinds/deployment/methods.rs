//! The methods of a deployment: all that AWS exposes of its contents. It does not expose integrations and scopes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::aws::{AwsError, Reader};

/// The methods of a deployment, as `GET /policies`, and their requirements.
pub type Methods = BTreeMap<String, Access>;

/// A method's requirements.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Access {
    /// Whether it needs a token, or something else that its authorizer accepts.
    pub token: bool,
    /// Whether it needs a signed request (`AWS_IAM`); gatestack creates no such method.
    pub signature: bool,
    /// Whether it needs an API key.
    pub api_key: bool,
}

impl Access {
    /// Whether it needs nothing.
    pub fn is_open(self) -> bool {
        self.needs().is_empty()
    }

    /// The requirements, in words.
    pub fn needs(self) -> Vec<&'static str> {
        let all = [
            (self.token, "token"),
            (self.signature, "AWS signature"),
            (self.api_key, "API key"),
        ];
        let all = all.into_iter();
        all.filter_map(|(needed, name)| needed.then_some(name))
            .collect()
    }

    /// The requirements that the other one lacks; `None` if it has all of them. A signature counts as a token, since it needs
    /// credentials of the account.
    pub fn missing_in(self, other: Self) -> Option<&'static str> {
        let token = self.token && !other.token && !other.signature;
        match (token, self.api_key && !other.api_key) {
            (true, true) => Some("neither a token nor an API key"),
            (true, false) => Some("no token"),
            (false, true) => Some("no API key"),
            (false, false) => None,
        }
    }
}

/// Whether a method is a public preflight.
pub fn is_preflight(method: &str, access: Access) -> bool {
    method.starts_with("OPTIONS ") && access.is_open()
}

/// The methods without preflights.
pub fn without_preflight(methods: &Methods) -> Methods {
    let methods = methods
        .iter()
        .map(|(method, access)| (method.clone(), *access));
    methods
        .filter(|(method, access)| !is_preflight(method, *access))
        .collect()
}

/// Reads the methods of one deployment.
///
/// # Errors
/// A read failed.
pub(super) async fn methods(reader: &Reader, api: &str, id: &str) -> Result<Methods, AwsError> {
    let summary = reader.deployment_summary(api, id).await?;
    let methods = summary.into_iter().flat_map(|(path, methods)| {
        methods.into_iter().map(move |(verb, method)| {
            let authorization = method.authorization_type.as_deref().unwrap_or("NONE");
            let access = Access {
                token: !matches!(authorization, "NONE" | "AWS_IAM"),
                signature: authorization == "AWS_IAM",
                api_key: method.api_key_required,
            };
            (verb, path.clone(), access)
        })
    });
    Ok(methods
        .map(|(verb, path, access)| (format!("{verb} {path}"), access))
        .collect())
}
