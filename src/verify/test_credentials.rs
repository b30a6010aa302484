//! Test credentials: tokens and keys, kept in memory only, or why one does not exist.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{KeyShown, TokenShown};
use crate::model::{Address, Secret};

/// A credential, or why it does not exist.
type Held = Result<Secret, String>;

/// Test credentials.
#[derive(Debug)]
pub struct TestCredentials {
    /// The tokens of the stack's callers.
    pub tokens: BTreeMap<Address, Held>,
    /// The keys of the stack's callers.
    pub keys: BTreeMap<Address, Held>,
    /// Tokens of the stack's pool, each with all the scopes it has.
    pub by_scopes: Vec<(BTreeSet<String>, Secret)>,
    /// Credentials of temporary resources.
    pub temporary: Temporary,
}

/// Credentials that a healthy stack does not have.
#[derive(Debug)]
pub struct Temporary {
    /// Whether a call can be made when a valid token has expired, or why not.
    pub expired: Result<(), String>,
    /// A token of another user pool with the same scopes.
    pub other_pool: Held,
    /// Why there is no token without certain scopes.
    pub without_scope: String,
    /// A key on no plan.
    pub no_plan: Held,
    /// A key on a plan that does not include the stage.
    pub other_plan: Held,
    /// A disabled key.
    pub disabled: Held,
    /// A key whose plan allows one request.
    pub used_up: Held,
}

impl Temporary {
    /// Nothing temporary, for one reason.
    pub fn none(reason: &str) -> Self {
        let none = || Err(reason.to_owned());
        Self {
            expired: Err(reason.to_owned()),
            other_pool: none(),
            without_scope: reason.to_owned(),
            no_plan: none(),
            other_plan: none(),
            disabled: none(),
            used_up: none(),
        }
    }
}

/// No token of any issuer.
const GARBAGE: &str = "gatestack-verify-is-no-token";

/// No API key: AWS's have 20 characters or more, without this word in them.
const UNKNOWN: &str = "gatestack-verify-is-no-api-key-000000000";

impl TestCredentials {
    /// The value of the header that carries the token; `None` for no header.
    ///
    /// # Errors
    /// Why it does not exist.
    pub fn token(&self, shown: &TokenShown) -> Result<Option<Secret>, String> {
        let of = |address: &Address| match self.tokens.get(address) {
            Some(held) => held.clone(),
            None => Err(format!("{address} has no token")),
        };
        let token = match shown {
            TokenShown::None => return Ok(None),
            TokenShown::Garbage => Secret::new(GARBAGE),
            TokenShown::Forged(address) => forge(&of(address)?)
                .ok_or_else(|| format!("the token of {address} is not a JWT"))?,
            TokenShown::Expired(address) => {
                self.temporary.expired.clone()?;
                of(address)?
            }
            TokenShown::OtherPool => self.temporary.other_pool.clone()?,
            TokenShown::Without(scopes) => {
                let fits = |held: &&(BTreeSet<String>, Secret)| held.0.is_disjoint(scopes);
                match self.by_scopes.iter().find(fits) {
                    Some((_, token)) => token.clone(),
                    None => return Err(self.temporary.without_scope.clone()),
                }
            }
            TokenShown::Of(address) => of(address)?,
        };
        Ok(Some(token))
    }

    /// The value of `x-api-key`; `None` for no header.
    ///
    /// # Errors
    /// Why it does not exist.
    pub fn key(&self, shown: &KeyShown) -> Result<Option<Secret>, String> {
        let key = match shown {
            KeyShown::None => return Ok(None),
            KeyShown::Unknown => Secret::new(UNKNOWN),
            KeyShown::NoPlan => self.temporary.no_plan.clone()?,
            KeyShown::OtherPlan => self.temporary.other_plan.clone()?,
            KeyShown::Disabled => self.temporary.disabled.clone()?,
            KeyShown::UsedUp => self.temporary.used_up.clone()?,
            KeyShown::Of(address) => match self.keys.get(address) {
                Some(held) => held.clone()?,
                None => return Err(format!("{address} has no key")),
            },
        };
        Ok(Some(key))
    }
}

/// The same header and claims with an invalid signature: another letter in its middle, since its last letters may contain unused
/// bits.
fn forge(good: &Secret) -> Option<Secret> {
    let (signed, signature) = good.expose().rsplit_once('.')?;
    let middle = signature.len() / 2;
    let other = match signature.as_bytes().get(middle)? {
        b'A' => "B",
        _ => "A",
    };
    let (before, after) = (signature.get(..middle)?, signature.get(middle + 1..)?);
    Some(Secret::new(format!("{signed}.{before}{other}{after}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_credentials() -> TestCredentials {
        TestCredentials {
            tokens: BTreeMap::from([
                (
                    Address::new("partners.acme"),
                    Ok(Secret::new("aaa.bbb.ccccc")),
                ),
                (Address::new("partners.zeta"), Err("no answer".into())),
            ]),
            keys: BTreeMap::new(),
            by_scopes: vec![(BTreeSet::from(["x/read".into()]), Secret::new("read"))],
            temporary: Temporary::none("pass --probe"),
        }
    }

    fn exposed(held: Result<Option<Secret>, String>) -> Result<Option<String>, String> {
        held.map(|held| held.map(|secret| secret.expose().to_owned()))
    }

    #[test]
    fn a_forged_token_differs_in_its_signature_only() {
        let forged =
            exposed(test_credentials().token(&TokenShown::Forged(Address::new("partners.acme"))));
        assert_eq!(forged, Ok(Some("aaa.bbb.ccAcc".into())));
    }

    #[test]
    fn a_token_without_a_scope_has_none_of_them() {
        let without = |scope: &str| {
            exposed(
                test_credentials().token(&TokenShown::Without(BTreeSet::from([scope.to_owned()]))),
            )
        };
        assert_eq!(without("x/write"), Ok(Some("read".into())));
        assert_eq!(without("x/read"), Err("pass --probe".into()));
    }

    #[test]
    fn what_is_not_there_says_why() {
        let of = TokenShown::Of(Address::new("partners.zeta"));
        assert_eq!(
            exposed(test_credentials().token(&of)),
            Err("no answer".into())
        );
        assert_eq!(
            exposed(test_credentials().key(&KeyShown::Disabled)),
            Err("pass --probe".into())
        );
        assert_eq!(exposed(test_credentials().key(&KeyShown::None)), Ok(None));
    }
}
