//! A caller's routes and URLs: nothing secret.

use std::collections::{BTreeMap, BTreeSet};

use crate::caller::{ClientView, Known};
use crate::kinds::route::{Integration, Props as Route};
use crate::kinds::{Observation, Resource, app_client};
use crate::model::{Address, Book, HumanDuration, Number, OutputName};

/// Methods in the order for trying them: reads first, deletes last.
const METHODS: [&str; 8] = [
    "GET", "HEAD", "OPTIONS", "ANY", "POST", "PUT", "PATCH", "DELETE",
];

/// What one caller, or all of a stack's callers together, may call.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Access {
    /// The stack's name.
    pub stack: String,
    /// The caller's name, such as `acme`; none for all callers together.
    pub caller: Option<String>,
    /// The API's name.
    pub api: String,
    /// The stage's name.
    pub stage: String,
    /// The API's URL, without a slash at the end.
    pub invoke_url: String,
    /// The token URL; none if no token is needed or the pool has no domain.
    pub token_url: Option<String>,
    /// The request header that carries the token.
    pub token_header: String,
    /// The client's id; none without a client, and for all callers together.
    pub client_id: Option<String>,
    /// Whether there is a client to get tokens with.
    pub has_client: bool,
    /// Whether there is an API key to call with.
    pub has_api_key: bool,
    /// The scopes that its tokens have, with their descriptions in the stack file.
    pub scopes: BTreeMap<String, String>,
    /// How long its tokens are valid; none without a client, and for all callers together.
    pub token_lifetime: Option<HumanDuration>,
    /// What its usage plan allows; none without one, and for all callers together.
    pub allowance: Option<Allowance>,
    /// What it may call, by path.
    pub calls: Vec<Call>,
}

/// How much a usage plan allows each of its keys.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Allowance {
    /// Requests a second, sustained, and at once.
    pub throttle: Option<(Number, i32)>,
    /// Requests, and the period in which they may come: `day`, `week` or `month`.
    pub quota: Option<(i32, String)>,
    /// Requests a second, sustained, and at once, of methods with limits of their own, such as `GET /policies`.
    pub methods: BTreeMap<String, (Number, i32)>,
}

/// A route that the caller may call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// The HTTP method, or `ANY`.
    pub method: String,
    /// The path, such as `/policies/{id}`.
    pub path: String,
    /// The caller's scopes, any one of which is enough; none if no token is needed.
    pub scopes: BTreeSet<String>,
    /// Whether it needs an API key.
    pub api_key: bool,
}

impl Access {
    /// What this caller may call, from the live resources. None without a stage.
    pub fn of(
        stack: &str,
        view: &ClientView,
        known: &Known,
        observation: &Observation,
    ) -> Option<Self> {
        let scopes = live_scopes(known, observation);
        let access = Self {
            caller: Some(known.name().to_owned()),
            client_id: known.client_id.clone(),
            token_lifetime: live_client(known, observation)
                .map(|client| HumanDuration::from_aws_seconds(client.access_token_seconds)),
            ..Self::among(stack, view, &[known], &scopes, observation)?
        };
        let allowance = allowance(known, &access.stage, observation);
        Some(Self {
            allowance,
            ..access
        })
    }

    /// What any of the stack's callers may call. None without a stage.
    pub fn of_all(stack: &str, view: &ClientView, observation: &Observation) -> Option<Self> {
        let callers: Vec<&Known> = view.callers.values().collect();
        let scopes = callers
            .iter()
            .flat_map(|known| live_scopes(known, observation))
            .collect();
        Self::among(stack, view, &callers, &scopes, observation)
    }

    fn among(
        stack: &str,
        view: &ClientView,
        callers: &[&Known],
        scopes: &BTreeSet<String>,
        observation: &Observation,
    ) -> Option<Self> {
        let book = observation.book();
        let has_client = callers
            .iter()
            .any(|known| known.has_client && known.gets_tokens());
        let has_api_key = callers.iter().any(|known| known.has_api_key);
        let described = descriptions(observation, &book);
        let live = || observation.live.values().map(|live| &live.resource);
        let header = live().find_map(|resource| match resource {
            Resource::Authorizer(authorizer) => Some(authorizer.header.clone()),
            _ => None,
        });
        let api = live().find_map(|resource| match resource {
            Resource::RestApi(api) => api.name.resolve(&book),
            _ => None,
        });
        let mut calls: Vec<Call> = live()
            .filter_map(|resource| match resource {
                Resource::Route(route) => open(route, scopes, has_api_key, &book),
                _ => None,
            })
            .collect();
        calls.sort_by_key(|call| {
            let method = METHODS.iter().position(|method| *method == call.method);
            (call.path.clone(), method)
        });
        Some(Self {
            stack: stack.to_owned(),
            caller: None,
            api: api.unwrap_or_default(),
            stage: view.stage.clone().unwrap_or_default(),
            invoke_url: view.invoke_url.clone()?,
            token_url: view.token_url.clone().filter(|_| has_client),
            token_header: header.unwrap_or_else(|| view.authorizer_header.clone()),
            client_id: None,
            has_client,
            has_api_key,
            scopes: scopes
                .iter()
                .map(|scope| {
                    (
                        scope.clone(),
                        described.get(scope).cloned().unwrap_or_default(),
                    )
                })
                .collect(),
            token_lifetime: None,
            allowance: None,
            calls,
        })
    }

    /// A name for the caller.
    pub fn name(&self) -> &str {
        self.caller.as_deref().unwrap_or(&self.stack)
    }

    /// The scopes for a token request.
    pub fn scope(&self) -> String {
        let scopes: Vec<&str> = self.scopes.keys().map(String::as_str).collect();
        scopes.join(" ")
    }

    /// What to try first: something that reads, needs all credentials, and has no parameters.
    pub fn first_call(&self) -> Option<&Call> {
        self.calls.iter().min_by_key(|call| {
            (
                !call.reads(),
                !(call.needs_token() && call.api_key),
                !call.needs_token() && !call.api_key,
                call.path.contains('{'),
            )
        })
    }
}

impl Call {
    /// Whether it needs a token.
    pub fn needs_token(&self) -> bool {
        !self.scopes.is_empty()
    }

    /// Whether trying it changes nothing.
    pub fn reads(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "ANY")
    }

    /// The method of one request to it.
    pub fn request_method(&self) -> &str {
        match self.method.as_str() {
            "ANY" => "GET",
            method => method,
        }
    }

    /// Whether such a request has a body.
    pub fn has_body(&self) -> bool {
        matches!(self.method.as_str(), "POST" | "PUT" | "PATCH")
    }

    /// The names of the path's parameters, in order; true for a greedy one.
    pub fn parameters(&self) -> Vec<(&str, bool)> {
        let parts = self.path.split('/');
        let inner = parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        inner
            .map(|name| match name.strip_suffix('+') {
                Some(name) => (name, true),
                None => (name, false),
            })
            .collect()
    }

    /// The path with `value` for each parameter.
    pub fn path_with(&self, value: impl Fn(&str) -> String) -> String {
        let parts = self.path.split('/').map(|part| {
            let name = part.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
            name.map_or_else(|| part.to_owned(), |name| value(name.trim_end_matches('+')))
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// A route that a caller with these scopes may call, if it is one. With an authorizer and no scopes it needs an ID token, which
/// only users have. Preflights are left out.
fn open(route: &Route, scopes: &BTreeSet<String>, has_api_key: bool, book: &Book) -> Option<Call> {
    let preflight = route.method == "OPTIONS" && matches!(route.integration, Integration::Mock(_));
    if preflight || (route.api_key && !has_api_key) {
        return None;
    }
    let needed: BTreeSet<String> = route
        .scopes
        .iter()
        .filter_map(|scope| scope.resolve(book))
        .collect();
    let opening: BTreeSet<String> = needed.intersection(scopes).cloned().collect();
    if route.authorizer.is_some() && opening.is_empty() {
        return None;
    }
    Some(Call {
        method: route.method.clone(),
        path: route.path.clone(),
        scopes: if route.authorizer.is_some() {
            opening
        } else {
            BTreeSet::new()
        },
        api_key: route.api_key,
    })
}

/// The scopes of a caller's client on AWS; empty for one that gets no tokens.
fn live_scopes(known: &Known, observation: &Observation) -> BTreeSet<String> {
    let book = observation.book();
    match live_client(known, observation) {
        Some(client) => {
            let scopes = client.scopes.iter();
            scopes.filter_map(|scope| scope.resolve(&book)).collect()
        }
        // The client of a partner of another stack is no resource of this one, and its scopes were read with it.
        None if known.client_id.is_some() && known.gets_tokens() => known.scopes.clone(),
        None => BTreeSet::new(),
    }
}

/// A caller's live client; none for one that gets no tokens.
fn live_client<'a>(known: &Known, observation: &'a Observation) -> Option<&'a app_client::Props> {
    let owner = Address::new(known.address.as_str());
    let live = observation.live.iter();
    let mut clients = live.filter_map(|(address, live)| match &live.resource {
        Resource::AppClient(client) if address.owner() == owner => Some(client),
        _ => None,
    });
    clients.find(|_| known.gets_tokens())
}

/// The limits of a caller's usage plan; with several keys, of the newest one's.
fn allowance(known: &Known, stage: &str, observation: &Observation) -> Option<Allowance> {
    let owner = Address::new(known.address.as_str());
    let book = observation.book();
    let id = observation
        .live
        .iter()
        .find_map(|(address, live)| match &live.resource {
            Resource::PlanMembership(membership)
                if address.owner() == owner && address.older_of().is_none() =>
            {
                membership.plan.resolve(&book)
            }
            _ => None,
        })?;
    let plan = observation
        .live
        .values()
        .find_map(|live| match &live.resource {
            Resource::UsagePlan(plan) if live.outputs.get(&OutputName::Id) == Some(&id) => {
                Some(plan)
            }
            _ => None,
        })?;
    let throttle = plan.throttle.as_ref();
    let quota = plan.quota.as_ref();
    let on_stage = format!(" on {stage}");
    let of_methods = plan.method_throttles.iter();
    let of_methods = of_methods
        .filter_map(|(method, throttle)| Some((method.strip_suffix(&on_stage)?, throttle)));
    Some(Allowance {
        throttle: throttle.map(|throttle| (Number(throttle.rate), throttle.burst)),
        quota: quota.map(|quota| (quota.requests, quota.period.to_lowercase())),
        methods: of_methods
            .map(|(method, throttle)| (method.to_owned(), (Number(throttle.rate), throttle.burst)))
            .collect(),
    })
}

fn descriptions(observation: &Observation, book: &Book) -> BTreeMap<String, String> {
    let mut descriptions = BTreeMap::new();
    for live in observation.live.values() {
        let Resource::ResourceServer(server) = &live.resource else {
            continue;
        };
        let Some(identifier) = server.identifier.resolve(book) else {
            continue;
        };
        for (name, description) in &server.scopes {
            if let Some(description) = description.resolve(book) {
                descriptions.insert(format!("{identifier}/{name}"), description);
            }
        }
    }
    descriptions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::testing::access;
    use crate::kinds::route::Answer;

    fn route(method: &str, scopes: &[&str], authorizer: bool, api_key: bool) -> Route {
        Route {
            api: "api".into(),
            method: method.into(),
            path: "/claims".into(),
            integration: Integration::Mock(Answer {
                status: 200,
                headers: BTreeMap::new(),
                origins: BTreeSet::new(),
                body: "".into(),
                converts_to_text: false,
            }),
            authorizer: authorizer.then(|| "authorizer".into()),
            scopes: scopes.iter().map(|scope| (*scope).into()).collect(),
            api_key,
        }
    }

    #[test]
    fn a_route_is_open_to_whoever_has_any_of_its_scopes_and_a_key_if_it_needs_one() {
        let book = Book::default();
        let mine = BTreeSet::from(["x/read".to_owned(), "x/mine".to_owned()]);
        let opened = |route: &Route, key| open(route, &mine, key, &book).is_some();
        assert!(opened(
            &route("GET", &["x/read", "x/write"], true, true),
            true
        ));
        assert!(!opened(&route("GET", &["x/read"], true, true), false));
        assert!(!opened(&route("GET", &["x/write"], true, false), true));
        assert!(opened(&route("GET", &[], false, false), false));
        assert!(opened(&route("GET", &[], false, true), true));
        // ID tokens, and preflights.
        assert!(!opened(&route("GET", &[], true, false), true));
        assert!(!opened(&route("OPTIONS", &[], false, false), true));
        let call = open(
            &route("GET", &["x/read", "x/write"], true, true),
            &mine,
            true,
            &book,
        );
        assert_eq!(call.unwrap().scopes, BTreeSet::from(["x/read".to_owned()]));
    }

    #[test]
    fn the_first_call_to_try_reads_and_needs_everything() {
        let access = access();
        let first = access.first_call().unwrap();
        assert_eq!(
            (first.method.as_str(), first.path.as_str()),
            ("GET", "/policies")
        );
    }

    #[test]
    fn parameters_of_a_path() {
        let call = Call {
            method: "ANY".into(),
            path: "/policies/{id}/{rest+}".into(),
            scopes: BTreeSet::new(),
            api_key: false,
        };
        assert_eq!(call.parameters(), [("id", false), ("rest", true)]);
        assert_eq!(
            call.path_with(|name| format!(":{name}")),
            "/policies/:id/:rest"
        );
    }
}
