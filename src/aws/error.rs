use std::fmt;

use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId;
use schemars::JsonSchema;
use serde::Serialize;

use super::lease::LeaseOver;
use super::pace::Operation;
use super::patience::{self, Means};

/// A call that failed: what was called, what AWS said, and the id under which AWS knows the request.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct AwsError {
    /// The operation, such as `CreateUserPoolClient`.
    pub operation: String,
    /// Why.
    pub cause: Cause,
    /// AWS's error code, when AWS answered.
    pub code: Option<String>,
    /// AWS's words, or what went wrong before AWS could answer.
    pub message: String,
    /// The request's id, when AWS answered.
    pub request_id: Option<String>,
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// AWS refused it.
    Refused,
    /// There were no usable credentials.
    Credentials,
    /// AWS could not be reached, or did not answer in time.
    Connection,
    /// AWS's answer is not one that gatestack knows.
    Unknown,
    /// AWS accepted it and did not finish it in time.
    Unfinished,
    /// It was not sent, because the run no longer holds the lock on the stack.
    Unlocked,
}

impl AwsError {
    pub(super) fn from_sdk<E>(operation: &Operation<'_>, error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let request_id = error.request_id().map(str::to_owned);
        let operation = operation.name.to_owned();
        match error.as_service_error() {
            Some(service) => Self {
                operation,
                cause: Cause::Refused,
                code: service.code().map(str::to_owned),
                message: service.message().unwrap_or("AWS gave no reason").to_owned(),
                request_id,
            },
            None => {
                let message = DisplayErrorContext(&error).to_string();
                if let Some(over) = lease_over(&error) {
                    return Self {
                        operation,
                        cause: Cause::Unlocked,
                        code: None,
                        message: over.to_string(),
                        request_id,
                    };
                }
                let cause = match &error {
                    SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_)
                        if message.contains("credential") || message.contains("identity") =>
                    {
                        Cause::Credentials
                    }
                    _ => Cause::Connection,
                };
                let message = match (cause, causes(&error)) {
                    (Cause::Credentials, Some(causes)) => {
                        format!("there are no usable credentials: {causes}")
                    }
                    (Cause::Credentials, None) => {
                        "there are no usable credentials: the profile has neither keys nor a way to get some".to_owned()
                    }
                    (_, causes) => causes.unwrap_or_else(|| error.to_string()),
                };
                Self {
                    operation,
                    cause,
                    code: None,
                    message,
                    request_id,
                }
            }
        }
    }

    /// An answer that gatestack doesn't know.
    pub fn unknown(operation: &str, message: impl Into<String>) -> Self {
        Self {
            operation: operation.into(),
            cause: Cause::Unknown,
            code: None,
            message: message.into(),
            request_id: None,
        }
    }

    /// Something AWS accepted and failed later, with AWS's message.
    pub(crate) fn gave_up(operation: &str, message: impl Into<String>) -> Self {
        Self {
            cause: Cause::Refused,
            ..Self::unknown(operation, message)
        }
    }

    /// Something AWS accepted and did not finish in time.
    pub(crate) fn unfinished(operation: &str, message: impl Into<String>) -> Self {
        Self {
            cause: Cause::Unfinished,
            ..Self::unknown(operation, message)
        }
    }

    /// What AWS's code means, if that is the same everywhere.
    fn means(&self) -> Option<Means> {
        self.code.as_deref().and_then(patience::meaning)
    }

    /// Whether the error is that the resource does not exist.
    pub fn is_not_found(&self) -> bool {
        self.means() == Some(Means::Gone)
    }

    /// Whether the error is that there is such a resource already. API Gateway has one code for it and for another change at the
    /// same time, after which nothing is known of the resource.
    pub(crate) fn is_there_already(&self) -> bool {
        let concurrent = patience::CONCURRENT.iter();
        self.is("ConflictException") && !{ concurrent }.any(|words| self.message.contains(words))
    }

    /// Whether the call was denied.
    pub fn is_denied(&self) -> bool {
        matches!(
            self.code.as_deref(),
            Some("AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation")
        )
    }

    /// Whether AWS's code is this one.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// What to do about it, if known.
    pub fn hint(&self) -> Option<String> {
        let hint = match (self.cause, self.code.as_deref()) {
            (Cause::Credentials, _) => {
                "log in (`aws login`, `aws sso login`), set AWS_PROFILE, or try it without AWS: --local"
            }
            (Cause::Connection, _) => {
                "check the network, the Region and --endpoint-url, then run the same command again"
            }
            (
                _,
                Some(
                    "ExpiredTokenException"
                    | "ExpiredToken"
                    | "RequestExpired"
                    | "AuthFailure"
                    | "UnrecognizedClientException"
                    | "InvalidClientTokenId",
                ),
            ) => "the credentials are expired or unknown to AWS: log in again",
            _ if self.is_denied() => {
                let action = match action(&self.message) {
                    Some(action) => action.to_owned(),
                    None => format!("the action for {}", self.operation),
                };
                return Some(match authorization_id(&self.message) {
                    // Not in every message; AWS keeps it for a day.
                    Some(id) => format!(
                        "see which policy denied it, allow the caller {action}, then run the same command again\n\
                         aws iam-toolbox get-request-authorization-details --authorization-id {id}"
                    ),
                    None => {
                        format!("allow the caller {action} in IAM, then run the same command again")
                    }
                });
            }
            _ if self.means() == Some(Means::SlowDown) => {
                "other requests used up the account's request quota; run the same command again in a minute"
            }
            _ if self.means() == Some(Means::InUse) => {
                "something outside this stack still uses it, such as a network interface, a rule of another security \
                 group, a VPC link or an endpoint service: point it elsewhere or delete it, then run the same command \
                 again"
            }
            (_, Some("InsufficientInstanceCapacity")) => {
                "AWS has no capacity for that instance type in that zone now: run the same command again later, or choose \
                 another `type`"
            }
            _ if self.means() == Some(Means::HardLimit) => {
                "an AWS quota is reached: delete what is not needed or ask AWS for more in Service Quotas"
            }
            (Cause::Unfinished, _) => "run the same command again later: it continues from here",
            (Cause::Unknown, _) => "a newer gatestack may know it; nothing was changed here",
            (Cause::Unlocked, _) => {
                "run the same command again: it continues where this one stopped"
            }
            _ => return None,
        };
        Some(hint.into())
    }
}

/// The id in AWS's message by which AWS explains that a call was denied (IAM User Guide, "Troubleshoot access denied error messages
/// with authorization ID").
fn authorization_id(message: &str) -> Option<&str> {
    const BEFORE: &str = "authorization id: ";
    let (_, rest) = message.split_once(BEFORE)?;
    let id = rest.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    (!id.is_empty()).then_some(id)
}

/// The action in AWS's message that a call was denied, such as `lambda:GetPolicy`.
fn action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    let action = rest.split_whitespace().next()?;
    action.contains(':').then_some(action)
}

/// Whether a call was not sent because the lock is lost.
fn lease_over<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a LeaseOver> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(over) = error.downcast_ref() {
            return Some(over);
        }
        next = error.source();
    }
    None
}

/// Why a call did not reach AWS: the SDK's chain of causes without generic layers; `None` if nothing is left.
fn causes(error: &dyn std::error::Error) -> Option<String> {
    const SAY_NOTHING: &[&str] = &[
        "dispatch failure",
        "io error",
        "other",
        "client error (Connect)",
        "client error (SendRequest)",
        "tcp connect error",
        "an error occurred while loading credentials",
        "the credential provider was not enabled",
        "service error",
    ];
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        // Further lines are about each provider of a chain: -vv shows them.
        let line = text.lines().next().unwrap_or_default();
        let line = line.trim_end_matches(" Attempted:").trim_end_matches('.');
        let repeats = said.last().is_some_and(|last| last.contains(line));
        if !repeats && !SAY_NOTHING.contains(&line) {
            said.push(line.to_owned());
        }
        next = error.source();
    }
    (!said.is_empty()).then(|| said.join(": "))
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.operation)?;
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for AwsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_call_is_explained_by_its_authorization_id_if_aws_gives_one() {
        let denied = |message: &str| {
            let error = AwsError {
                code: Some("AccessDeniedException".into()),
                ..AwsError::gave_up("CreateRestApi", message)
            };
            error.hint().unwrap()
        };
        let said = "User: arn:aws:iam::123456789012:user/jane is not authorized to perform: apigateway:POST on resource: \
                    arn:aws:apigateway:eu-west-1::/restapis because no identity-based policy allows the apigateway:POST \
                    action. Go to https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/authorization-details/\
                    9fwl8rk7s35s for complete details, or call the GetRequestAuthorizationDetails API with the following \
                    authorization id: 9fwl8rk7s35s";
        let hint = denied(said);
        assert!(hint.contains("--authorization-id 9fwl8rk7s35s"), "{hint}");
        assert!(!denied("not allowed").contains("iam-toolbox"));
    }

    #[test]
    fn what_ends_a_wait_says_what_to_do() {
        let refused = |code: &str| AwsError {
            code: Some(code.into()),
            ..AwsError::gave_up(
                "DeleteSecurityGroup",
                "resource sg-1 has a dependent object",
            )
        };
        for (code, word) in [
            ("DependencyViolation", "network interface"),
            ("ResourceInUse", "VPC link"),
            ("VcpuLimitExceeded", "Service Quotas"),
            ("RequestExpired", "log in"),
        ] {
            let hint = refused(code).hint();
            assert!(hint.is_some_and(|hint| hint.contains(word)), "{code}");
        }
    }
}
