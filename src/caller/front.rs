//! What callers of a stack have to know: its addresses, and who may call with what. Nothing secret.

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::{Desired, Observation, Resource, app_client};
use crate::model::{Address, Book, OutputName, Text};

/// The header that carries the token where no authorizer says another.
const AUTHORIZATION: &str = "Authorization";

/// The header in which API Gateway reads API keys.
pub const API_KEY_HEADER: &str = "x-api-key";

/// A stack as its callers see it: what the file says, with the ids that AWS gave.
#[derive(Clone, Debug, Default)]
pub struct Front {
    /// Where tokens are asked for; none when the file gives the pool no domain.
    pub token_url: Option<String>,
    /// Where the API answers, without a slash at the end; none before the stage is there.
    pub invoke_url: Option<String>,
    /// The user pool's id, once it is there.
    pub user_pool_id: Option<String>,
    /// The stage's name.
    pub stage: Option<String>,
    /// The request header that carries the token.
    pub authorizer_header: String,
    /// Everybody who has credentials, by address: `partners.acme`, `app_clients.web`, `api_keys.batch`.
    pub callers: BTreeMap<String, Known>,
}

/// Somebody who has credentials: an app client, an API key, or both.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Known {
    /// The address, such as `partners.acme`.
    pub address: String,
    /// Whether the file gives it an app client.
    pub has_client: bool,
    /// The app client's id, once the client is there.
    pub client_id: Option<String>,
    /// Whether the file gives it an API key.
    pub has_api_key: bool,
    /// The API key's id, once the key is there.
    pub api_key_id: Option<String>,
    /// The OAuth grants that the file allows its client.
    pub flows: BTreeSet<String>,
    /// The scopes that the file allows its client.
    pub scopes: BTreeSet<String>,
    /// The address of the usage plan its key is on, such as `plans.standard`.
    pub plan: Option<String>,
    /// Whether the file lets its key in; true without a key.
    pub enabled: bool,
}

/// Why a name means nobody in particular.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoSuchCaller {
    /// Nobody is called so.
    #[error("nobody in this stack is called `{0}`")]
    Unknown(String),
    /// More than one is; all their addresses.
    #[error("`{0}` is the name of more than one")]
    Ambiguous(String, Vec<String>),
}

impl Known {
    /// Whether its client gets tokens by its own id and secret, without a person who signs in.
    pub fn gets_tokens(&self) -> bool {
        self.flows.contains("client_credentials")
    }

    /// The name without its table: `acme` of `partners.acme`.
    pub fn name(&self) -> &str {
        let (_, name) = self.address.split_once('.').unwrap_or_default();
        name.trim_matches('"')
    }
}

impl Front {
    /// From what the file wants and what AWS has.
    pub fn of(desired: &Desired, observation: &Observation) -> Self {
        let book = observation.book();
        let output = |name: &str| desired.outputs.get(name)?.resolve(&book);
        let live = |wanted: fn(&Resource) -> bool| {
            let mut live = observation.live.values();
            live.any(|live| !live.only_a_mark && wanted(&live.resource))
        };
        let header = desired
            .resources
            .values()
            .find_map(|wanted| match &wanted.resource {
                Resource::Authorizer(authorizer) => Some(authorizer.header.clone()),
                _ => None,
            });
        Self {
            token_url: output("token_url"),
            invoke_url: output("invoke_url")
                .filter(|_| live(|resource| matches!(resource, Resource::Stage(_)))),
            user_pool_id: output("user_pool_id"),
            stage: output("stage"),
            authorizer_header: header.unwrap_or_else(|| AUTHORIZATION.to_owned()),
            callers: callers(desired, &book),
        }
    }

    /// The caller of this name: `acme`, `partners.acme`.
    ///
    /// # Errors
    /// None or several are called so.
    pub fn caller(&self, name: &str) -> Result<&Known, NoSuchCaller> {
        if let Some(known) = self.callers.get(name) {
            return Ok(known);
        }
        let called: Vec<&Known> = self
            .callers
            .values()
            .filter(|known| known.name() == name)
            .collect();
        match called.as_slice() {
            [one] => Ok(one),
            [] => Err(NoSuchCaller::Unknown(name.to_owned())),
            several => {
                let addresses = several.iter().map(|known| known.address.clone()).collect();
                Err(NoSuchCaller::Ambiguous(name.to_owned(), addresses))
            }
        }
    }
}

fn callers(desired: &Desired, book: &Book) -> BTreeMap<String, Known> {
    let mut callers: BTreeMap<String, Known> = BTreeMap::new();
    for (address, wanted) in &desired.resources {
        let owner = address.owner().to_string();
        let known = || Known {
            address: owner.clone(),
            enabled: true,
            ..Known::default()
        };
        let id = || book.get(address, OutputName::Id).map(str::to_owned);
        match &wanted.resource {
            Resource::AppClient(client) => {
                let known = callers.entry(owner.clone()).or_insert_with(known);
                known.has_client = true;
                known.client_id = id();
                known.flows.clone_from(&client.flows);
                known.scopes = scopes(client, book);
            }
            Resource::ApiKey(key) => {
                let known = callers.entry(owner.clone()).or_insert_with(known);
                known.has_api_key = true;
                known.api_key_id = id();
                known.enabled = key.enabled;
            }
            Resource::PlanMembership(membership) => {
                let known = callers.entry(owner.clone()).or_insert_with(known);
                known.plan = referred(&membership.plan).map(Address::to_string);
            }
            _ => {}
        }
    }
    callers
}

/// A scope whose server is named after an id that AWS has not given yet is nothing that anybody could ask for.
fn scopes(client: &app_client::Props, book: &Book) -> BTreeSet<String> {
    let scopes = client.scopes.iter();
    scopes.filter_map(|scope| scope.resolve(book)).collect()
}

fn referred(text: &Text) -> Option<&Address> {
    text.outputs().next().map(|output| &output.of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front(addresses: &[&str]) -> Front {
        let known = |address: &&str| {
            let known = Known {
                address: (*address).to_owned(),
                ..Known::default()
            };
            ((*address).to_owned(), known)
        };
        Front {
            callers: addresses.iter().map(known).collect(),
            ..Front::default()
        }
    }

    #[test]
    fn a_caller_is_found_by_name_or_address() {
        let front = front(&["partners.acme", "app_clients.web", "partners.\"a b\""]);
        for (name, address) in [
            ("acme", "partners.acme"),
            ("partners.acme", "partners.acme"),
            ("web", "app_clients.web"),
            ("a b", "partners.\"a b\""),
        ] {
            assert_eq!(
                front.caller(name).map(|known| known.address.as_str()),
                Ok(address)
            );
        }
        assert_eq!(
            front.caller("acne"),
            Err(NoSuchCaller::Unknown("acne".into()))
        );
    }

    #[test]
    fn a_name_that_two_have_means_neither() {
        let front = front(&["partners.web", "app_clients.web"]);
        let both = vec!["app_clients.web".to_owned(), "partners.web".to_owned()];
        assert_eq!(
            front.caller("web"),
            Err(NoSuchCaller::Ambiguous("web".into(), both))
        );
        assert!(front.caller("partners.web").is_ok());
    }
}
