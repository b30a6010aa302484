//! A stack's endpoints and callers. Nothing secret.

use std::collections::{BTreeMap, BTreeSet};

use super::endpoint::at_endpoint;
use crate::kinds::{Desired, Observation, Resource, app_client};
use crate::model::{
    ALL_SCOPES, Address, Book, NamedServer, OutputName, Place, ScopeServer, ScopeServers, Text,
};

/// The default header of the token.
const AUTHORIZATION: &str = "Authorization";

/// The header in which API Gateway reads API keys.
pub const API_KEY_HEADER: &str = "x-api-key";

/// A stack for its callers: the file's settings, with AWS's ids.
#[derive(Clone, Debug, Default)]
pub struct ClientView {
    /// The token URL; none if the file gives the pool no domain.
    pub token_url: Option<String>,
    /// The API's URL, without a slash at the end; none before the stage exists.
    pub invoke_url: Option<String>,
    /// The user pool's id, once it exists.
    pub user_pool_id: Option<String>,
    /// The stage's name.
    pub stage: Option<String>,
    /// The request header that carries the token.
    pub authorizer_header: String,
    /// All callers with credentials, by address: `partners.acme`, `app_clients.web`, `api_keys.batch`.
    pub callers: BTreeMap<String, Known>,
    /// The resource servers whose identifiers are known.
    pub servers: ScopeServers,
}

/// A caller with credentials: an app client, an API key, or both.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Known {
    /// The address, such as `partners.acme`.
    pub address: String,
    /// Whether the file gives it an app client.
    pub has_client: bool,
    /// Whether the file gives that client a secret.
    pub has_secret: bool,
    /// The app client's id, once it exists.
    pub client_id: Option<String>,
    /// Whether the file gives it an API key.
    pub has_api_key: bool,
    /// The ids of its existing API keys, the newest first: the one to call with.
    pub api_key_ids: Vec<String>,
    /// The OAuth grants that the file allows its client.
    pub flows: BTreeSet<String>,
    /// The scopes that the file allows its client.
    pub scopes: BTreeSet<String>,
    /// The address of the usage plan its key is on, such as `plans.standard`.
    pub plan: Option<String>,
    /// Whether its key is enabled in the file; true without a key.
    pub enabled: bool,
}

/// Why a scope can't be requested.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoSuchScope {
    /// Its server's name is the name of one table and the identifier of another: both meanings.
    #[error("`{0}` is ambiguous: `{1}` or `{2}`")]
    Ambiguous(String, String, String),
    /// The caller has no scope of this server.
    #[error("{0} has no scope of `{1}`")]
    NoneOf(String, String),
}

/// Why a name doesn't identify one caller.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoSuchCaller {
    /// There is none with this name.
    #[error("this stack has no partner, client or API key `{0}`")]
    Unknown(String),
    /// Several have it; all their addresses.
    #[error("`{0}` names more than one")]
    Ambiguous(String, Vec<String>),
}

impl Known {
    /// Whether its client uses client credentials.
    pub fn gets_tokens(&self) -> bool {
        self.flows.contains("client_credentials")
    }

    /// The id of the API key to call with, once it exists.
    pub fn api_key_id(&self) -> Option<&str> {
        self.api_key_ids.first().map(String::as_str)
    }

    /// A message about several API keys, and which one is used; `None` for one key.
    pub fn several_keys(&self) -> Option<String> {
        let (used, older) = self
            .api_key_ids
            .split_first()
            .filter(|(_, older)| !older.is_empty())?;
        Some(format!(
            "{} has {} API keys: the newest, {used}, is used; older ones: {}",
            self.address,
            self.api_key_ids.len(),
            older.join(", ")
        ))
    }

    /// The name without its table: `acme` of `partners.acme`.
    pub fn name(&self) -> &str {
        let (_, name) = self.address.split_once('.').unwrap_or_default();
        name.trim_matches('"')
    }
}

impl ClientView {
    /// From the wanted and the live resources.
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
            servers: servers(desired, &book),
        }
    }

    /// The same with its URLs at this custom endpoint.
    #[must_use]
    pub fn at_endpoint(&self, endpoint: &str) -> Self {
        let moved = |address: &Option<String>| {
            let address = address.as_ref();
            address.map(|address| at_endpoint(address, endpoint))
        };
        Self {
            token_url: moved(&self.token_url),
            invoke_url: moved(&self.invoke_url),
            ..self.clone()
        }
    }

    /// The requested scopes, as in tokens: a table's name is replaced by its identifier, and `*` by all of the caller's scopes of
    /// that server. Those of no server are left for the token endpoint to refuse.
    ///
    /// # Errors
    /// A scope of one of two servers, or of a server of which the caller has no scope.
    pub fn scopes(&self, known: &Known, asked: &[String]) -> Result<Vec<String>, NoSuchScope> {
        let mut scopes = Vec::new();
        for scope in asked {
            let named = scope
                .rsplit_once('/')
                .map(|(server, name)| (self.servers.named(server), name));
            match named {
                Some((NamedServer::Ambiguous(by_table, by_identifier), name)) => {
                    return Err(NoSuchScope::Ambiguous(
                        scope.clone(),
                        format!("{}/{name}", by_table.identifier),
                        format!("{}/{name}", by_identifier.table),
                    ));
                }
                Some((NamedServer::One(server), ALL_SCOPES)) if server.star_is_all() => {
                    let of_server = |scope: &&String| {
                        let parts = scope.rsplit_once('/');
                        parts.is_some_and(|(identifier, _)| identifier == server.identifier)
                    };
                    let before = scopes.len();
                    scopes.extend(known.scopes.iter().filter(of_server).cloned());
                    if scopes.len() == before {
                        let server = server.table.clone();
                        return Err(NoSuchScope::NoneOf(known.address.clone(), server));
                    }
                }
                Some((NamedServer::One(server), name)) => {
                    scopes.push(format!("{}/{name}", server.identifier));
                }
                _ => scopes.push(scope.clone()),
            }
        }
        Ok(scopes)
    }

    /// A scope in the file's words if that is shorter: by the name of its server's table.
    pub fn written(&self, scope: &str) -> String {
        let parts = scope.rsplit_once('/');
        match parts.map(|(server, name)| (self.servers.named(server), name)) {
            Some((NamedServer::One(server), name))
                if server.table.len() < server.identifier.len() =>
            {
                format!("{}/{name}", server.table)
            }
            _ => scope.to_owned(),
        }
    }

    /// The caller of this name: `acme`, `partners.acme`.
    ///
    /// # Errors
    /// None or several have this name.
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
    let older = older(book);
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
                known.has_secret = client.secret;
                known.client_id = id();
                known.flows.clone_from(&client.flows);
                known.scopes = scopes(client, book);
            }
            Resource::ApiKey(key) => {
                let known = callers.entry(owner.clone()).or_insert_with(known);
                known.has_api_key = true;
                known.api_key_ids = id().into_iter().collect();
                known
                    .api_key_ids
                    .extend(older.get(address).into_iter().flatten().cloned());
                known.enabled = key.enabled;
            }
            Resource::PlanMembership(membership) => {
                let known = callers.entry(owner.clone()).or_insert_with(known);
                known.plan = referred(&membership.plan).map(Address::to_string);
            }
            _ => {}
        }
    }
    for (address, guest) in &desired.guests {
        let Some(known) = callers.get_mut(&address.to_string()) else {
            continue;
        };
        known.has_client = guest.client.is_some();
        known.has_secret = known.has_client;
        known.client_id.clone_from(&guest.client);
        known.has_api_key = true;
        known.api_key_ids = vec![guest.key.clone()];
        known.scopes.clone_from(&guest.scopes);
        if !guest.scopes.is_empty() {
            known.flows.insert("client_credentials".to_owned());
        }
    }
    callers
}

/// The ids of older resources, by the address of the newest.
fn older(book: &Book) -> BTreeMap<Address, Vec<String>> {
    let mut older: BTreeMap<Address, Vec<String>> = BTreeMap::new();
    for address in book.addresses() {
        let id = book.get(address, OutputName::Id);
        let is_whole = address.older_one().as_ref() == Some(address);
        if let (Some(newer), Some(id), true) = (address.older_of(), id, is_whole) {
            older.entry(newer).or_default().push(id.to_owned());
        }
    }
    older
}

fn servers(desired: &Desired, book: &Book) -> ScopeServers {
    let servers = desired.resources.iter().filter_map(|(address, wanted)| {
        let Resource::ResourceServer(server) = &wanted.resource else {
            return None;
        };
        Some(ScopeServer {
            table: match address.place()? {
                Place::ResourceServer(name) => name,
                _ => return None,
            },
            identifier: server.identifier.resolve(book)?,
            scopes: Some(server.scopes.keys().cloned().collect()),
        })
    });
    servers.collect()
}

/// A scope whose server's identifier contains an unknown id can't be requested.
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

    fn view(addresses: &[&str]) -> ClientView {
        let known = |address: &&str| {
            let known = Known {
                address: (*address).to_owned(),
                ..Known::default()
            };
            ((*address).to_owned(), known)
        };
        ClientView {
            callers: addresses.iter().map(known).collect(),
            ..ClientView::default()
        }
    }

    #[test]
    fn a_caller_is_found_by_name_or_address() {
        let view = view(&["partners.acme", "app_clients.web", "partners.\"a b\""]);
        for (name, address) in [
            ("acme", "partners.acme"),
            ("partners.acme", "partners.acme"),
            ("web", "app_clients.web"),
            ("a b", "partners.\"a b\""),
        ] {
            assert_eq!(
                view.caller(name).map(|known| known.address.as_str()),
                Ok(address)
            );
        }
        assert_eq!(
            view.caller("acne"),
            Err(NoSuchCaller::Unknown("acne".into()))
        );
    }

    #[test]
    fn scopes_are_asked_for_by_the_name_of_a_table_too() {
        let server = |table: &str, identifier: &str| ScopeServer {
            table: table.into(),
            identifier: identifier.into(),
            scopes: Some(["read", "write"].map(str::to_owned).into()),
        };
        let url = "https://pets.example/v1";
        let view = ClientView {
            servers: [server("pets", url), server("a", "b"), server("b", "c")]
                .into_iter()
                .collect(),
            ..ClientView::default()
        };
        let known = Known {
            address: "partners.acme".into(),
            scopes: [format!("{url}/read"), "b/read".into(), "openid".into()].into(),
            ..Known::default()
        };
        let asked = |scope: &str| view.scopes(&known, &[scope.to_owned()]);
        let read = Ok(vec![format!("{url}/read")]);
        assert_eq!(asked("pets/read"), read);
        assert_eq!(asked(&format!("{url}/read")), read);
        // Only the caller's scopes: the endpoint would refuse the whole request.
        assert_eq!(asked("pets/*"), read);
        assert_eq!(asked("pets/write"), Ok(vec![format!("{url}/write")]));
        for other in ["openid", "strange/read", "read"] {
            assert_eq!(asked(other), Ok(vec![other.to_owned()]));
        }
        assert!(matches!(asked("b/read"), Err(NoSuchScope::Ambiguous(..))));
        assert_eq!(
            asked("c/*"),
            Err(NoSuchScope::NoneOf("partners.acme".into(), "b".into()))
        );
        assert_eq!(view.written(&format!("{url}/read")), "pets/read");
        assert_eq!(view.written("strange/read"), "strange/read");
    }

    #[test]
    fn a_name_that_two_have_means_neither() {
        let view = view(&["partners.web", "app_clients.web"]);
        let both = vec!["app_clients.web".to_owned(), "partners.web".to_owned()];
        assert_eq!(
            view.caller("web"),
            Err(NoSuchCaller::Ambiguous("web".into(), both))
        );
        assert!(view.caller("partners.web").is_ok());
    }
}
