//! The cases, their expected results, and their outcomes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::model::Address;
use crate::plan::FieldChange;

/// The kind of caller, named by what is right or wrong with its credentials.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Caller {
    /// A caller without credentials, if none are needed.
    Anybody,
    /// A browser's preflight, from an origin that no file lists.
    Preflight,
    /// A browser's preflight from this origin, which the file lists.
    ListedPreflight(String),
    /// A caller without a token.
    NoToken,
    /// A caller with an invalid token.
    GarbageToken,
    /// A caller with a forged signature.
    ForgedToken,
    /// A caller with an expired token.
    ExpiredToken,
    /// A caller with another user pool's token.
    OtherPoolToken,
    /// A caller whose token has none of the route's scopes.
    WithoutScope,
    /// A caller with an access token where an ID token is needed.
    AccessToken,
    /// A caller without an API key.
    NoKey,
    /// A caller with an unknown key.
    UnknownKey,
    /// A caller whose key is on no plan.
    NoPlanKey,
    /// A caller whose key's plan does not include this stage.
    OtherPlanKey,
    /// A caller whose key is disabled.
    DisabledKey,
    /// A caller whose key has used up its quota.
    UsedUpKey,
    /// A caller of the stack, by address: `partners.acme`.
    Known(Address),
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Anybody => "anybody",
            Self::Preflight => "preflight",
            Self::ListedPreflight(_) => "preflight of a listed origin",
            Self::NoToken => "no token",
            Self::GarbageToken => "garbage token",
            Self::ForgedToken => "forged token",
            Self::ExpiredToken => "expired token",
            Self::OtherPoolToken => "token of another pool",
            Self::WithoutScope => "token without the scope",
            Self::AccessToken => "access token for an ID token",
            Self::NoKey => "no key",
            Self::UnknownKey => "unknown key",
            Self::NoPlanKey => "key on no plan",
            Self::OtherPlanKey => "key of another plan",
            Self::DisabledKey => "disabled key",
            Self::UsedUpKey => "key with its quota used up",
            Self::Known(address) => address.as_str(),
        })
    }
}

/// The token of a case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TokenShown {
    /// None.
    None,
    /// An invalid token.
    Garbage,
    /// The one of this caller with another signature.
    Forged(Address),
    /// The one of this caller, expired.
    Expired(Address),
    /// One of another user pool, with the route's scopes.
    OtherPool,
    /// One of the stack's pool that has none of these scopes.
    Without(BTreeSet<String>),
    /// The one of this caller of the stack.
    Of(Address),
}

/// The API key of a case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyShown {
    /// None.
    None,
    /// An unknown one.
    Unknown,
    /// One on no plan.
    NoPlan,
    /// One on a plan that does not include the stage.
    OtherPlan,
    /// One that is disabled.
    Disabled,
    /// One whose quota is used up.
    UsedUp,
    /// The one of this caller of the stack.
    Of(Address),
}

/// A URL of the stage.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Door {
    /// The base URL for routes' paths, without a slash at its end.
    pub url: String,
    /// Its name if it is not the stack's main one: the domain, or the default endpoint.
    pub name: Option<String>,
    /// The address of a difference, if that is not the route itself: a base path mapping, or the API.
    pub about: Option<Address>,
    /// Whether it requires client certificates.
    pub mutual_tls: bool,
}

/// The origin of a calling page: `.invalid` is reserved (RFC 2606).
pub(super) const ORIGIN: &str = "https://gatestack-verify.invalid";

/// What answers the calls of a route.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Backend {
    /// A function.
    Function,
    /// A host and port on the internet.
    Public(String),
    /// API Gateway itself, or something behind the load balancer.
    Other,
}

/// A call and its expected result.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The route's address.
    pub route: Address,
    /// The method it is called with.
    pub method: String,
    /// The route's path in the file.
    pub path: String,
    /// The called path, below the base URL.
    pub target: String,
    /// The base URL.
    pub door: Door,
    /// The caller.
    pub caller: Caller,
    /// With which token.
    pub token: TokenShown,
    /// With which key.
    pub key: KeyShown,
    /// Whether the file asks for a key there.
    pub needs_key: bool,
    /// What answers its calls.
    pub backend: Backend,
    /// The expected result.
    pub expected: Expected,
    /// Whether a backend's responses must have CORS headers.
    pub cors: bool,
    /// Why it is not tested.
    pub not_tested: Option<String>,
}

/// The expected result of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Expected {
    /// It is admitted.
    Admitted {
        /// The status, if API Gateway itself responds.
        status: Option<u16>,
        /// Headers that API Gateway adds.
        headers: BTreeMap<String, String>,
    },
    /// API Gateway refuses it.
    Refused {
        /// How.
        how: Refusal,
        /// With which status.
        status: u16,
        /// Headers of the refusal.
        headers: BTreeMap<String, String>,
    },
}

/// How API Gateway refuses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The authorizer rejects the token.
    Token,
    /// The API key is rejected.
    Key,
    /// The key's quota is used up.
    Quota,
    /// There is no such route.
    NoRoute,
    /// The host name doesn't serve the API.
    DefaultEndpoint,
}

impl Refusal {
    /// The status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Token => 401,
            Self::Quota => 429,
            Self::Key | Self::NoRoute | Self::DefaultEndpoint => 403,
        }
    }

    /// The value of `x-amzn-ErrorType`.
    pub const fn error_type(self) -> &'static str {
        match self {
            Self::Token => "UnauthorizedException",
            Self::Quota => "LimitExceededException",
            Self::Key | Self::DefaultEndpoint => "ForbiddenException",
            Self::NoRoute => "MissingAuthenticationTokenException",
        }
    }

    /// The type of API Gateway's answer; none if it is not one of the API's.
    pub const fn response_type(self) -> Option<&'static str> {
        match self {
            Self::Token => Some("UNAUTHORIZED"),
            Self::Key => Some("INVALID_API_KEY"),
            Self::Quota => Some("QUOTA_EXCEEDED"),
            Self::NoRoute => Some("MISSING_AUTHENTICATION_TOKEN"),
            Self::DefaultEndpoint => None,
        }
    }

    /// The status, and the reason in API Gateway's words.
    pub fn with(self, status: u16) -> String {
        let usual = self.words();
        match usual.split_once(' ') {
            Some((_, reason)) if status != self.status() => format!("{status} {reason}"),
            _ => usual.to_owned(),
        }
    }

    /// The status with its reason phrase.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Token => "401 Unauthorized",
            Self::Quota => "429 Limit Exceeded",
            Self::Key | Self::DefaultEndpoint => "403 Forbidden",
            Self::NoRoute => "403 Missing Authentication Token",
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admitted { status: None, .. } => f.pad("admitted"),
            Self::Admitted {
                status: Some(status),
                ..
            } => f.pad(&format!("admitted, {status}")),
            Self::Refused { how, status, .. } => f.pad(&how.with(*status)),
        }
    }
}

/// What the local AWS puts in `x-amzn-ErrorType` if it lacks what the stage is configured with. AWS has no such type.
pub(super) const NOT_IMPLEMENTED: &str = "NotImplemented";

/// A response, as far as it may be shown: without a backend's body and credentials.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The error type of API Gateway's own response; none for a backend's.
    pub error_type: Option<String>,
    /// API Gateway's own words.
    pub message: Option<String>,
    /// The CORS headers, and those of a mock, by their names in lower case.
    pub headers: BTreeMap<String, String>,
}

impl Answer {
    /// Whether API Gateway denied the call.
    pub fn is_refusal(&self) -> bool {
        self.error_type.is_some() && !self.is_broken()
    }

    /// What the local AWS lacks to respond as AWS does, in its own words.
    pub(super) fn not_simulated(&self) -> Option<&str> {
        let says_so = self.error_type.as_deref() == Some(NOT_IMPLEMENTED) && self.status == 501;
        self.message.as_deref().filter(|_| says_so)
    }

    /// Whether API Gateway admitted the call but the backend failed.
    pub fn is_broken(&self) -> bool {
        // Statuses of gateway responses can be changed; the error type can't.
        let broken = ["InternalServerErrorException", "InternalFailureException"];
        match self.error_type.as_deref() {
            Some(named) => {
                broken.contains(&named) || (self.status >= 500 && !named.contains("Unauthorized"))
            }
            None => false,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => f.pad(&format!("{} {message}", self.status)),
            None => f.pad(&self.status.to_string()),
        }
    }
}

/// A difference from the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// What is wrong, in a sentence without a full stop.
    pub what: String,
    /// What to do, in a sentence without a full stop.
    pub help: String,
}

/// The outcome of a case or a check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// As the file says.
    Passed,
    /// It does not match the file.
    Different(Vec<Difference>),
    /// Not tested, and why.
    NotTested(String),
}

/// A case with its outcome.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The case.
    pub case: Case,
    /// The last response; none if there was none.
    pub answer: Option<Answer>,
    /// What became of it.
    pub outcome: Outcome,
    /// Remarks on a passed case, in sentences without a full stop.
    pub remarks: Vec<String>,
}

/// Checks by reading AWS and by requesting tokens.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CheckName {
    /// AWS matches the file.
    Applied,
    /// The stage serves what is configured.
    Deployed,
    /// The token endpoint issues a caller's token, with its scopes and claims.
    Token,
    /// The custom domain is ready.
    Domain,
    /// Its certificate is valid.
    Certificate,
}

impl CheckName {
    /// Its name in reports, with a stable meaning.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Deployed => "deployed",
            Self::Token => "token",
            Self::Domain => "domain",
            Self::Certificate => "certificate",
        }
    }
}

/// A check of one thing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checked {
    /// Which check.
    pub name: CheckName,
    /// Of what.
    pub about: Address,
    /// What became of it.
    pub outcome: Outcome,
    /// The settings that differ from the file.
    pub fields: Vec<FieldChange>,
    /// Remarks on a passed check.
    pub remarks: Vec<String>,
}

/// The report.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The calls, route by route.
    pub cases: Vec<Tested>,
    /// The checks.
    pub checks: Vec<Checked>,
    /// Remarks on the whole, in sentences without a full stop.
    pub remarks: Vec<String>,
}

impl Report {
    fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        let cases = self.cases.iter().map(|case| &case.outcome);
        cases.chain(self.checks.iter().map(|check| &check.outcome))
    }

    /// How many calls were made.
    pub fn tried(&self) -> usize {
        let tried = |tested: &&Tested| !matches!(tested.outcome, Outcome::NotTested(_));
        self.cases.iter().filter(tried).count()
    }

    /// How many differences there are.
    pub fn differences(&self) -> usize {
        self.outcomes()
            .map(|outcome| match outcome {
                Outcome::Different(differences) => differences.len(),
                Outcome::Passed | Outcome::NotTested(_) => 0,
            })
            .sum()
    }

    /// How many cases and checks were not tested.
    pub fn not_tested(&self) -> usize {
        self.outcomes()
            .filter(|outcome| matches!(outcome, Outcome::NotTested(_)))
            .count()
    }
}
