//! What is tried at the door, what is expected of it, and what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::model::Address;
use crate::plan::FieldChange;

/// Who calls, named by what is right or wrong with what they show.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Caller {
    /// Somebody with nothing at all, where nothing is needed.
    Anybody,
    /// A browser that asks before it calls.
    Preflight,
    /// Somebody without a token.
    NoToken,
    /// Somebody whose token is no token.
    GarbageToken,
    /// Somebody who signed a good token's claims themselves.
    ForgedToken,
    /// Somebody whose token was good once.
    ExpiredToken,
    /// Somebody whose token another user pool gave.
    OtherPoolToken,
    /// Somebody whose token has none of the route's scopes.
    WithoutScope,
    /// Somebody with an access token where a person's ID token is wanted.
    AccessToken,
    /// Somebody without an API key.
    NoKey,
    /// Somebody with a key that AWS does not know.
    UnknownKey,
    /// Somebody whose key is on no plan.
    NoPlanKey,
    /// Somebody whose key's plan does not open this stage.
    OtherPlanKey,
    /// Somebody whose key is disabled.
    DisabledKey,
    /// Somebody whose key has used up its quota.
    UsedUpKey,
    /// Somebody of the stack, by address: `partners.acme`.
    Known(Address),
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Anybody => "anybody",
            Self::Preflight => "preflight",
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

/// The token a caller shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TokenShown {
    /// None.
    None,
    /// Something that is no token.
    Garbage,
    /// The one of this caller with another signature.
    Forged(Address),
    /// The one of this caller, when it is over.
    Expired(Address),
    /// One of another user pool, with the route's scopes.
    OtherPool,
    /// One of the stack's pool that has none of these scopes.
    Without(BTreeSet<String>),
    /// The one of this caller of the stack.
    Of(Address),
}

/// The API key a caller shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyShown {
    /// None.
    None,
    /// One that AWS does not know.
    Unknown,
    /// One on no plan.
    NoPlan,
    /// One on a plan that does not open the stage.
    OtherPlan,
    /// One that is disabled.
    Disabled,
    /// One whose quota is used up.
    UsedUp,
    /// The one of this caller of the stack.
    Of(Address),
}

/// Where a call comes in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Door {
    /// The URL that paths of routes are put behind, without a slash at its end.
    pub url: String,
    /// What it is called where it is not the stack's main one: the domain, or the default endpoint.
    pub name: Option<String>,
    /// What leads there, when that is not the route itself: a base path mapping, or the API.
    pub about: Option<Address>,
    /// Whether callers have to show a certificate of their own.
    pub mutual_tls: bool,
}

/// One call, and what is expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The route's address.
    pub route: Address,
    /// The method it is called with.
    pub method: String,
    /// The route's path as the file writes it.
    pub path: String,
    /// The path that is called, behind the door's URL.
    pub target: String,
    /// Where the call comes in.
    pub door: Door,
    /// Who calls.
    pub caller: Caller,
    /// With which token.
    pub token: TokenShown,
    /// With which key.
    pub key: KeyShown,
    /// Whether the file asks for a key there.
    pub needs_key: bool,
    /// What should become of it.
    pub expected: Expected,
    /// Whether answers that are let in are to let browsers read them although a backend makes them.
    pub cors: bool,
    /// Why it is not tried.
    pub not_tested: Option<String>,
}

/// What should become of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Expected {
    /// It reaches what the route leads to.
    Admitted {
        /// The status, where API Gateway answers it.
        status: Option<u16>,
        /// Headers that API Gateway adds.
        headers: BTreeMap<String, String>,
    },
    /// API Gateway refuses it.
    Refused {
        /// How.
        how: Refusal,
        /// Headers of the refusal.
        headers: BTreeMap<String, String>,
    },
}

/// How API Gateway refuses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The authorizer does not take the token.
    Token,
    /// The API key is not let in.
    Key,
    /// The key's quota is used up.
    Quota,
    /// There is no such route.
    NoRoute,
    /// The host name leads nowhere.
    NoDoor,
}

impl Refusal {
    /// The status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Token => 401,
            Self::Quota => 429,
            Self::Key | Self::NoRoute | Self::NoDoor => 403,
        }
    }

    /// What API Gateway calls it in `x-amzn-ErrorType`.
    pub const fn error_type(self) -> &'static str {
        match self {
            Self::Token => "UnauthorizedException",
            Self::Quota => "LimitExceededException",
            Self::Key | Self::NoDoor => "ForbiddenException",
            Self::NoRoute => "MissingAuthenticationTokenException",
        }
    }

    /// The status with its words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Token => "401 Unauthorized",
            Self::Quota => "429 Limit Exceeded",
            Self::Key | Self::NoDoor => "403 Forbidden",
            Self::NoRoute => "403 Missing Authentication Token",
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admitted { status: None, .. } => f.pad("let in"),
            Self::Admitted {
                status: Some(status),
                ..
            } => f.pad(&format!("let in, {status}")),
            Self::Refused { how, .. } => f.pad(how.words()),
        }
    }
}

/// What came back, as far as it may be told: no body of a backend, nothing that a caller showed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// What API Gateway calls its refusal; none when what the route leads to has answered.
    pub error_type: Option<String>,
    /// API Gateway's own words.
    pub message: Option<String>,
    /// The CORS headers, and those that a mock is to answer, by their names in lower case.
    pub headers: BTreeMap<String, String>,
}

impl Answer {
    /// Whether API Gateway refused the caller.
    pub fn is_refusal(&self) -> bool {
        self.error_type.is_some() && !self.is_broken()
    }

    /// Whether API Gateway let the caller in and found nobody behind the door.
    pub fn is_broken(&self) -> bool {
        // Statuses of gateway responses can be changed; what the refusal is called can't.
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

/// Something that is not as the file says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// What is wrong, in a sentence without a full stop.
    pub what: String,
    /// What to do, in a sentence without a full stop.
    pub help: String,
}

/// What became of a cell or a check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// As the file says.
    Passed,
    /// Not as the file says.
    Different(Vec<Difference>),
    /// Nobody tried, and why.
    NotTested(String),
}

/// A cell that was tried, or was not.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The cell.
    pub cell: Cell,
    /// What came back last; none when there was no answer.
    pub answer: Option<Answer>,
    /// What became of it.
    pub outcome: Outcome,
    /// What is worth knowing although API Gateway did as the file says, in sentences without a full stop.
    pub remarks: Vec<String>,
}

/// What is found out by reading, and by asking for tokens.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CheckName {
    /// What AWS has is what the file says.
    Applied,
    /// Callers see what is configured.
    Deployed,
    /// The token endpoint gives a caller its token, with its scopes and its claims.
    Token,
    /// The own domain is at work.
    Domain,
    /// Its certificate is valid.
    Certificate,
}

impl CheckName {
    /// Its name in reports; it never changes its meaning.
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
    /// What is worth knowing although it passed.
    pub remarks: Vec<String>,
}

/// Everything that was found out.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The calls, route by route.
    pub cells: Vec<Tested>,
    /// The checks.
    pub checks: Vec<Checked>,
    /// What is worth knowing of the whole, in sentences without a full stop.
    pub remarks: Vec<String>,
}

impl Report {
    fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        let cells = self.cells.iter().map(|cell| &cell.outcome);
        cells.chain(self.checks.iter().map(|check| &check.outcome))
    }

    /// How many calls were tried.
    pub fn tried(&self) -> usize {
        let tried = |tested: &&Tested| !matches!(tested.outcome, Outcome::NotTested(_));
        self.cells.iter().filter(tried).count()
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

    /// How many cells and checks nobody tried.
    pub fn not_tested(&self) -> usize {
        self.outcomes()
            .filter(|outcome| matches!(outcome, Outcome::NotTested(_)))
            .count()
    }
}
