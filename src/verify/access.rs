//! The expected access: URLs, routes and callers, all from the file.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Backend, Door, ORIGIN, Refusal};
use crate::caller::ClientView;
use crate::kinds::gateway_response::{CALLERS_ORIGIN, CLIENT_ERRORS};
use crate::kinds::route::Props as Route;
use crate::kinds::{Desired, HeaderValue, Observation, Resource, deployment};
use crate::model::{Address, Book, OutputName, Place, endpoints};

/// The expected access to a stack.
#[derive(Clone, Debug, Default)]
pub struct ExpectedAccess {
    /// The main URL; none if there is no stage.
    pub door: Option<Door>,
    /// Base paths of custom domains with the same stage, beside the main URL.
    pub others: Vec<Door>,
    /// The default endpoint, if it is to be disabled.
    pub shut: Option<Door>,
    /// The routes.
    pub routes: Vec<ExpectedRoute>,
    /// Paths and methods that AWS has and the file lacks.
    pub strangers: Vec<(Address, String, String)>,
    /// The callers, by address.
    pub callers: BTreeMap<Address, KnownCaller>,
    /// The header that carries the token.
    pub token_header: String,
    /// API Gateway's own answers that the file describes, by type.
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
    /// The issuer of the stack's tokens.
    pub issuer: Option<String>,
    /// The lowest rate at which the stage lets a method be called, if it has limits.
    pub stage_rate: Option<f64>,
}

/// An answer of API Gateway's own, as in the file.
#[derive(Clone, Debug, Default)]
pub struct GatewayResponse {
    /// Its status, if it is not the usual one.
    pub status: Option<u16>,
    /// Its headers that always have the same text.
    pub headers: BTreeMap<String, String>,
}

/// A route as in the file.
#[derive(Clone, Debug)]
pub struct ExpectedRoute {
    /// Its address.
    pub address: Address,
    /// Its method, or `ANY`.
    pub method: String,
    /// Its path.
    pub path: String,
    /// The scopes of which a token needs one; `None` if no token is needed, empty if an ID token is.
    pub scopes: Option<BTreeSet<String>>,
    /// Whether a key is needed.
    pub key: bool,
    /// API Gateway's own response: status and headers.
    pub mock: Option<(u16, BTreeMap<String, String>)>,
    /// What answers its calls.
    pub backend: Backend,
    /// The origins of pages, each of which that response allows; empty if it is the same for all.
    pub origins: BTreeSet<String>,
}

impl ExpectedRoute {
    /// Whether a function answers its calls.
    pub fn has_function(&self) -> bool {
        self.backend == Backend::Function
    }
}

/// A partner, an app client or an API key of the file.
#[derive(Clone, Debug)]
pub struct KnownCaller {
    /// The scopes of its client-credentials token; `None` if it gets none.
    pub scopes: Option<BTreeSet<String>>,
    /// Its API key.
    pub key: Option<KeySketch>,
    /// Whether the file enables it.
    pub enabled: bool,
}

/// An API key as in the file.
#[derive(Clone, Debug)]
pub struct KeySketch {
    /// Whether it works.
    pub enabled: bool,
    /// Its plan.
    pub plan: Option<Address>,
    /// How many requests the plan allows it in a period.
    pub quota: Option<i32>,
    /// How many requests a second the plan allows it, for the most limited method.
    pub rate: Option<f64>,
}

impl ExpectedAccess {
    /// The expected access by this file, with AWS's ids.
    pub fn of(desired: &Desired, observation: &Observation, view: &ClientView) -> Self {
        let book = &observation.book();
        let mut access = Self {
            token_header: view.authorizer_header.clone(),
            ..Self::default()
        };
        for (address, resource) in resources(desired) {
            match resource {
                Resource::Route(props) => access.routes.push(route(address, props, book)),
                Resource::GatewayResponse(props) => {
                    let headers = props.headers.iter();
                    let headers = headers.filter_map(|(name, value)| match value {
                        HeaderValue::Fixed(text) => Some((name.clone(), text.resolve(book)?)),
                        HeaderValue::Mapped { from } if from == CALLERS_ORIGIN => {
                            Some((name.clone(), ORIGIN.to_owned()))
                        }
                        HeaderValue::Mapped { .. } => None,
                    });
                    let response = GatewayResponse {
                        status: props.status,
                        headers: headers.collect(),
                    };
                    let response_type = props.response_type.clone();
                    access.gateway_responses.insert(response_type, response);
                }
                Resource::Stage(props) => {
                    let of_methods = props.method_throttles.values().flatten();
                    let all = of_methods.chain(&props.throttle);
                    access.stage_rate = all.map(|limit| limit.rate).min_by(f64::total_cmp);
                }
                _ => {}
            }
        }
        access.doors(desired, book);
        access.callers(desired, view);
        let issuer = desired.outputs.get("issuer");
        access.issuer = issuer.and_then(|issuer| issuer.resolve(book));
        access.strangers = observation
            .live
            .iter()
            .filter(|(address, _)| !desired.resources.contains_key(*address))
            .filter_map(|(address, live)| match &live.resource {
                Resource::Route(props) => {
                    Some((address.clone(), props.method.clone(), props.path.clone()))
                }
                _ => None,
            })
            .collect();
        access.strangers.extend(served_alone(desired, observation));
        access
    }

    /// Whether API Gateway's errors must have CORS headers.
    pub fn cors(&self) -> bool {
        let general = self.gateway_responses.get(CLIENT_ERRORS);
        general
            .into_iter()
            .flat_map(|response| response.headers.keys())
            .any(|name| name.eq_ignore_ascii_case("Access-Control-Allow-Origin"))
    }

    /// The status and the headers of a denial: those of its own gateway response, or else of the general one.
    pub fn refusal(&self, how: Refusal) -> (u16, BTreeMap<String, String>) {
        let own = how
            .response_type()
            .and_then(|name| self.gateway_responses.get(name));
        let general = || self.gateway_responses.get(CLIENT_ERRORS);
        let response = own.or_else(general).cloned().unwrap_or_default();
        (response.status.unwrap_or(how.status()), response.headers)
    }

    /// The lowest rate of the stage or a plan.
    pub fn lowest_rate(&self) -> Option<f64> {
        let keys = self
            .callers
            .values()
            .filter_map(|caller| caller.key.as_ref());
        let rates = keys.filter_map(|key| key.rate);
        rates.chain(self.stage_rate).min_by(f64::total_cmp)
    }

    fn doors(&mut self, desired: &Desired, book: &Book) {
        let api = Place::Api.address();
        let stage = resources(desired).find_map(|(_, resource)| match resource {
            Resource::Stage(props) => Some(props.name.as_str()),
            _ => None,
        });
        let (Some(id), Some(stage)) = (book.get(&api, OutputName::Id), stage) else {
            return;
        };
        let url = endpoints::invoke_url(id.into(), &desired.context.region, stage);
        let endpoint = Door {
            url: url.resolve(book).unwrap_or_default(),
            name: Some("the default endpoint".into()),
            about: Some(api.clone()),
            mutual_tls: false,
        };
        let mutual_tls = resources(desired).any(|(_, resource)| match resource {
            Resource::ApiDomain(props) => props.mutual_tls.is_some(),
            _ => false,
        });
        let mut own: Vec<Door> = resources(desired)
            .filter_map(|(address, resource)| match resource {
                Resource::BasePathMapping(props) => {
                    let domain = props.domain.resolve(book)?;
                    let whole = props.base_path.is_empty();
                    let slash = if whole { "" } else { "/" };
                    Some(Door {
                        url: format!("https://{domain}{slash}{}", props.base_path),
                        name: Some(format!("{domain}{slash}{}", props.base_path)),
                        about: Some(address.clone()),
                        mutual_tls,
                    })
                }
                _ => None,
            })
            .collect();
        let shut = matches!(
            desired.resources.get(&api).map(|wanted| &wanted.resource),
            Some(Resource::RestApi(props)) if props.disable_default_endpoint
        );
        let main = if shut {
            self.shut = Some(endpoint);
            (!own.is_empty()).then(|| own.remove(0))
        } else {
            Some(endpoint)
        };
        self.door = main.map(|door| Door {
            name: None,
            about: None,
            ..door
        });
        self.others = own;
    }

    fn callers(&mut self, desired: &Desired, view: &ClientView) {
        let plan_of = |address: &str| match desired.resources.get(&Address::new(address)) {
            Some(wanted) => match &wanted.resource {
                Resource::UsagePlan(props) => Some(props),
                _ => None,
            },
            None => None,
        };
        for known in view.callers.values() {
            let plan = known.plan.as_deref().and_then(plan_of);
            let key = known.has_api_key.then(|| KeySketch {
                enabled: known.enabled,
                plan: known.plan.as_deref().map(Address::new),
                quota: plan
                    .and_then(|plan| plan.quota.as_ref())
                    .map(|quota| quota.requests),
                rate: plan
                    .into_iter()
                    .flat_map(|plan| plan.method_throttles.values().chain(&plan.throttle))
                    .map(|throttle| throttle.rate)
                    .min_by(f64::total_cmp),
            });
            let caller = KnownCaller {
                scopes: known.gets_tokens().then(|| known.scopes.clone()),
                key,
                enabled: known.enabled,
            };
            if caller.scopes.is_some() || caller.key.is_some() {
                self.callers
                    .insert(Address::new(known.address.as_str()), caller);
            }
        }
    }
}

/// Methods that the stage serves although neither the file nor the API has them: they were deployed by hand.
fn served_alone(desired: &Desired, observation: &Observation) -> Vec<(Address, String, String)> {
    let Some(serves) = deployment::live(observation).and_then(|live| live.serves.as_ref()) else {
        return Vec::new();
    };
    let known: BTreeSet<(&str, &str)> = resources(desired)
        .map(|(_, resource)| resource)
        .chain(observation.live.values().map(|live| &live.resource))
        .filter_map(|resource| match resource {
            Resource::Route(props) => Some((props.method.as_str(), props.path.as_str())),
            _ => None,
        })
        .collect();
    serves
        .keys()
        .filter_map(|method| method.split_once(' '))
        .filter(|name| !known.contains(name))
        .map(|(verb, path)| (Place::Deployment.address(), verb.into(), path.into()))
        .collect()
}

fn resources(desired: &Desired) -> impl Iterator<Item = (&Address, &Resource)> {
    let all = desired.resources.iter();
    all.map(|(address, wanted)| (address, &wanted.resource))
}

fn route(address: &Address, props: &Route, book: &Book) -> ExpectedRoute {
    let scopes = props.scopes.iter().filter_map(|scope| scope.resolve(book));
    ExpectedRoute {
        address: address.clone(),
        method: props.method.clone(),
        path: props.path.clone(),
        scopes: props.authorizer.as_ref().map(|_| scopes.collect()),
        key: props.api_key,
        mock: props
            .answer()
            .map(|answer| (answer.status, answer.headers.clone())),
        backend: match (props.function(), props.public_backend(book)) {
            (Some(_), _) => Backend::Function,
            (None, Some(at)) => Backend::Public(at),
            (None, None) => Backend::Other,
        },
        origins: props
            .answer()
            .map(|answer| answer.origins.clone())
            .unwrap_or_default(),
    }
}
