//! The methods of a deployment: all that AWS tells of what one shows. Where they lead and which scopes they take it tells nobody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::aws::{AwsError, Reader};

/// The methods of a deployment, as `GET /policies`, and what a caller of each needs.
pub type Methods = BTreeMap<String, Access>;

/// What a caller of a method has to have.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Access {
    /// Whether it needs a token, or another proof that its authorizer takes.
    pub token: bool,
    /// Whether it needs a request that is signed with credentials of AWS, as `AWS_IAM` does; gatestack makes no such method.
    pub signature: bool,
    /// Whether it needs an API key.
    pub api_key: bool,
}

impl Access {
    /// Whether it needs nothing.
    pub fn is_open(self) -> bool {
        self.needs().is_empty()
    }

    /// What it needs, in words.
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

    /// What of this the other one does not need; `None` where it needs all of it. A signature keeps out whoever has no credentials of
    /// the account, so it stands for a token here.
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

/// Whether a method is preflight that everybody may call.
pub fn is_preflight(method: &str, access: Access) -> bool {
    method.starts_with("OPTIONS ") && access.is_open()
}

/// The methods without preflight, which comes and goes with the others.
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
/// AWS's refusal of the read.
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
