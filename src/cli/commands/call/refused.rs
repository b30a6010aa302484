//! Why the API denied a call, from the file's caller and route.

use std::collections::BTreeSet;

use crate::caller::{ClientView, Known, Refusal, Token};
use crate::engine::{Invocation, enable};
use crate::kinds::{Desired, Resource, function, route, usage_plan};
use crate::model::similar::closest;
use crate::model::{Address, Book, Place, routing, shell_word};

/// A call that API Gateway denied.
pub(super) struct Refused<'a> {
    pub(super) invocation: &'a Invocation,
    pub(super) desired: &'a Desired,
    pub(super) book: &'a Book,
    pub(super) known: &'a Known,
    pub(super) method: &'a str,
    /// The path below the stage, without the query.
    pub(super) path: &'a str,
    /// The header that carries the token.
    pub(super) header: &'a str,
    /// For scopes in the file's words.
    pub(super) view: &'a ClientView,
    /// The requested token.
    pub(super) token: Option<&'a Token>,
    /// Whether `-H` replaced the token.
    pub(super) own_token: bool,
    /// Whether the caller's key was sent.
    pub(super) key: bool,
    /// Whether `-H` replaced the key.
    pub(super) own_key: bool,
}

impl Refused<'_> {
    /// What to do, in the words of the file.
    pub(super) fn hint(&self, refusal: Refusal) -> String {
        let who = &self.known.address;
        match refusal {
            Refusal::Unauthorized => self.unauthorized(),
            Refusal::ExpiredToken => format!(
                "the token in `{}` has expired: ask for a new one",
                self.header
            ),
            Refusal::Forbidden => self.forbidden(),
            Refusal::NoRoute => self.no_route(),
            Refusal::Quota => match self.plan().and_then(|plan| plan.quota.as_ref()) {
                Some(quota) => format!(
                    "{who} has used up the quota of {}: {} requests a {}",
                    self.plan_address(),
                    quota.requests,
                    quota.period.to_lowercase()
                ),
                None => {
                    "a quota that the file does not set is used up: see what differs on AWS"
                        .to_owned()
                        + &self.plan_command()
                }
            },
            Refusal::Throttle => match self.plan().and_then(|plan| plan.throttle.as_ref()) {
                Some(throttle) => format!(
                    "too many calls at once: {} allows {who} {} calls a second and {} at once, and the stage and its \
                     routes may have limits of their own",
                    self.plan_address(),
                    throttle.rate,
                    throttle.burst
                ),
                None => {
                    let function = self.function();
                    let function = function.map(|(name, _)| format!(", or for {name}"));
                    format!(
                        "too many calls at once for the stage or the route{}: call again in a second",
                        function.unwrap_or_default()
                    )
                }
            },
            Refusal::Timeout => "the backend took longer than the route's `timeout`".to_owned(),
            Refusal::Unreachable => self.unreachable(),
            Refusal::Failed => self.failed(false),
            Refusal::BadAnswer => self.failed(true),
        }
    }

    /// The address of the route whose function failed, if one did.
    pub(super) fn failed_function(&self, refusal: Refusal) -> Option<Address> {
        let failed = matches!(refusal, Refusal::BadAnswer | Refusal::Timeout);
        let route = self
            .route()
            .filter(|route| failed && route.function().is_some())?;
        let name = format!("{} {}", route.method, route.path);
        Some(Place::Route(name).address())
    }

    /// Why a call failed behind the API: the backend `ran`, or it was not called.
    fn failed(&self, ran: bool) -> String {
        let Some((name, function)) = self.function() else {
            return "API Gateway can't call the route's backend, or can't use its answer: see what differs on AWS".to_owned()
                + &self.plan_command();
        };
        let stopped = function.is_some_and(|function| function.concurrency == Some(0));
        match (ran, stopped) {
            (true, _) => format!(
                "{name} failed, or returned something else than an object with `statusCode` and a text as `body`: its logs tell \
                 which\n{}",
                self.logs_command()
            ),
            (false, true) => format!("{name} has `concurrency = 0`, which stops all its calls"),
            (false, false) => {
                format!(
                    "{name} was not run: the API may not invoke it, or as many calls run as its `concurrency` or the account allows. \
                 Call again in a second, and see what differs on AWS"
                ) + &self.plan_command()
            }
        }
    }

    /// The function of the route: its name, and its settings if it is the stack's own.
    fn function(&self) -> Option<(String, Option<&function::Props>)> {
        let arn = self.route()?.function()?;
        let address = arn.outputs().next().map(|output| output.of.owner());
        let own =
            address.and_then(
                |address| match &self.desired.resources.get(&address)?.resource {
                    Resource::Function(props) => Some((address.to_string(), Some(props))),
                    _ => None,
                },
            );
        own.or_else(|| {
            let arn = arn.resolve(self.book)?;
            Some((format!("the function {}", function::name_of(&arn)?), None))
        })
    }

    fn unreachable(&self) -> String {
        let public = self
            .route()
            .and_then(|route| route.public_backend(self.book));
        let local = self.invocation.local;
        match public {
            Some(at) if !local => {
                format!("the route's backend can't be reached: see that {at} answers calls from the internet")
            }
            Some(at) if is_this_machine(&at) => format!("nothing answers at {at}: start it"),
            Some(at) => {
                format!("nothing answers at {at}: start it, or leave out --real-backends")
            }
            None if local => {
                "the route's backend can't be reached: say what answers on this machine with --backend PORT".to_owned()
            }
            None => "the route's backend can't be reached: see that its targets are healthy and that its security group lets them \
                     be reached"
                .to_owned(),
        }
    }

    fn unauthorized(&self) -> String {
        let who = &self.known.address;
        let needed = self
            .route()
            .map(|route| self.scopes(route))
            .unwrap_or_default();
        match self.token {
            _ if self.own_token => {
                format!("this route does not accept the token in `{}`", self.header)
            }
            None if !self.known.enabled => self.disabled(),
            None if self.known.gets_tokens() => {
                "the route needs a token, and none was sent".to_owned()
            }
            None => format!(
                "the route needs a token, and {who} gets none: only a partner or client with `scopes` does"
            ),
            Some(token) if !needed.is_empty() && token.scopes.is_disjoint(&needed) => format!(
                "the route needs a token with {}, and this one has {}",
                any_of(&self.written(&needed)),
                if token.scopes.is_empty() {
                    "no scope".to_owned()
                } else {
                    listed(&self.written(&token.scopes))
                }
            ),
            Some(_)
                if self.route().is_some_and(|route| route.authorizer.is_some())
                    && needed.is_empty() =>
            {
                "the route takes the ID token of a signed-in user: it names no scopes".to_owned()
            }
            Some(_) => {
                "the file accepts this token, and the stage does not: see what differs on AWS"
                    .to_owned()
                    + &self.plan_command()
            }
        }
    }

    fn forbidden(&self) -> String {
        let who = &self.known.address;
        if self.own_key {
            return "no usage plan of this stage has the API key in `x-api-key`".to_owned();
        }
        if !self.key {
            return match self.known.has_api_key {
                true => "the route needs an API key, and none was sent".to_owned(),
                false => format!("the route needs an API key, and {who} has none"),
            };
        }
        if !self.known.enabled {
            return self.disabled();
        }
        if self.known.plan.is_none() {
            return format!(
                "the API key of {who} is on no usage plan: add `plan = \"…\"` to it, then apply it"
            );
        }
        "the file accepts this API key, and the stage does not. A key that is new, or new on its plan, works after a \
         minute; otherwise see what differs on AWS"
            .to_owned()
            + &self.plan_command()
    }

    fn disabled(&self) -> String {
        let who = &self.known.address;
        format!("{who} is disabled in the file; {}", enable(self.known))
    }

    fn no_route(&self) -> String {
        let called = format!("{} {}", self.method, self.path);
        if self.route().is_some() {
            return format!(
                "the file has a route for `{called}`, and the stage does not serve it yet: see what an apply would do"
            ) + &self.plan_command();
        }
        let routes: BTreeSet<String> = self
            .routes()
            .map(|route| format!("{} {}", route.method, route.path))
            .collect();
        let methods: BTreeSet<String> = self
            .routes()
            .filter(|route| routing::matches(&route.path, self.path))
            .map(|route| route.method.clone())
            // It is only for browsers' preflights.
            .filter(|method| method != "OPTIONS")
            .collect();
        if !methods.is_empty() {
            return format!("`{}` exists for {} only", self.path, listed(&methods));
        }
        let near = closest(&called, routes.iter().map(String::as_str));
        match near {
            Some(near) => format!("the API has no route for `{called}`: did you mean `{near}`?"),
            None => format!("the API has no route for `{called}`"),
        }
    }

    /// The command for the logs of the route.
    fn logs_command(&self) -> String {
        let route = self.route();
        let words = route.map(|route| [route.method.clone(), shell_word(&route.path)]);
        let words = words.as_ref().map_or(&[] as &[String], |words| words);
        self.invocation.command_line("logs", words)
    }

    /// A command on a line of its own.
    fn plan_command(&self) -> String {
        format!("\n{}", self.invocation.command_line("plan", &[]))
    }

    fn routes(&self) -> impl Iterator<Item = &route::Props> {
        let wanted = self.desired.resources.values();
        wanted.filter_map(|wanted| match &wanted.resource {
            Resource::Route(route) => Some(route),
            _ => None,
        })
    }

    /// The file's route for this call, as API Gateway chooses it.
    fn route(&self) -> Option<&route::Props> {
        let routes: Vec<&route::Props> = self.routes().collect();
        let found = routing::answering(
            &routes,
            |route| (route.method.as_str(), route.path.as_str()),
            self.method,
            self.path,
        );
        found.copied()
    }

    fn scopes(&self, route: &route::Props) -> BTreeSet<String> {
        let scopes = route.scopes.iter();
        scopes
            .filter_map(|scope| scope.resolve(self.book))
            .collect()
    }

    fn written(&self, scopes: &BTreeSet<String>) -> BTreeSet<String> {
        let scopes = scopes.iter();
        scopes.map(|scope| self.view.written(scope)).collect()
    }

    fn plan_address(&self) -> &str {
        self.known.plan.as_deref().unwrap_or("its plan")
    }

    fn plan(&self) -> Option<&usage_plan::Props> {
        let plan = self.known.plan.as_deref()?;
        let mut resources = self.desired.resources.iter();
        resources.find_map(|(address, wanted)| match &wanted.resource {
            Resource::UsagePlan(props) if address.as_str() == plan => Some(props),
            _ => None,
        })
    }
}

/// Whether a host and port are of this machine, which the local AWS always calls.
fn is_this_machine(at: &str) -> bool {
    let host = at.rsplit_once(':').map_or(at, |(host, _)| host);
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

fn listed(words: &BTreeSet<String>) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

fn any_of(words: &BTreeSet<String>) -> String {
    if words.len() == 1 {
        listed(words)
    } else {
        format!("one of {}", listed(words))
    }
}
