//! The test calls, and their expected results by the file. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::access::{ExpectedAccess, ExpectedRoute, KnownCaller};
use super::case::{Backend, Caller, Case, Door, Expected, KeyShown, Refusal, TokenShown};
use crate::model::routing::VERBS;
use crate::model::{Address, routing};

/// The options of the matrix.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether methods are called that may write.
    pub include_writes: bool,
    /// Whether every caller of the stack is tested on every route, instead of each on one and one on each.
    pub all_partners: bool,
    /// The most calls.
    pub budget: usize,
    /// Values of path parameters.
    pub samples: Samples,
    /// Whether URLs with mutual TLS admit calls without a client certificate, as on the local AWS.
    pub without_certificate: bool,
    /// The share of a plan's quota that may be used: one tenth on AWS, all on a copy.
    pub quota_share: f64,
}

/// Values of path parameters, by name.
pub type Samples = BTreeMap<String, String>;

/// The default sample value of a path parameter.
const SAMPLE: &str = "gatestack-verify";

/// Methods that change nothing.
const SAFE: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// Every test call, route by route; those that the options leave out have the reason.
pub fn matrix(access: &ExpectedAccess, options: &Options) -> Vec<Case> {
    let Some(door) = &access.door else {
        return Vec::new();
    };
    let matrix = Matrix {
        access,
        options,
        door,
    };
    let mut cases = matrix.cases();
    for case in &mut cases {
        if case.door.mutual_tls && !options.without_certificate {
            case.not_tested =
                Some("callers show a certificate of their own there (mutual TLS)".into());
        }
    }
    within_quotas(&mut cases, access, options);
    within_budget(&mut cases, options.budget);
    cases
}

struct Matrix<'a> {
    access: &'a ExpectedAccess,
    options: &'a Options,
    door: &'a Door,
}

impl Matrix<'_> {
    fn cases(&self) -> Vec<Case> {
        let mut alone: BTreeSet<&Address> = self.access.callers.keys().collect();
        let mut cases = Vec::new();
        for route in &self.access.routes {
            cases.extend(self.of_route(route, &mut alone));
        }
        for (address, method, path) in &self.access.strangers {
            let route = ExpectedRoute {
                address: address.clone(),
                method: method.clone(),
                path: path.clone(),
                scopes: None,
                key: false,
                mock: None,
                backend: Backend::Other,
                origins: BTreeSet::new(),
            };
            cases.push(self.of_stranger(&route));
        }
        cases.extend(self.of_greedy_routes());
        cases.extend(self.of_other_doors());
        cases
    }

    /// What AWS has and the file lacks: expected is nothing, or the file's greedy route that matches the path.
    fn of_stranger(&self, route: &ExpectedRoute) -> Case {
        let verb = self.verb(route).unwrap_or("GET");
        match self.answering(verb, &route.path) {
            Some(other) => self.first(&ExpectedRoute {
                address: route.address.clone(),
                method: verb.to_owned(),
                path: route.path.clone(),
                ..other.clone()
            }),
            None => self.refused(route, Caller::Anybody, Refusal::NoRoute),
        }
    }

    /// Paths with the verbs that a greedy route answers: with its requirements. Of verbs that may write, one represents all
    /// unless they may be called.
    fn of_greedy_routes(&self) -> Vec<Case> {
        let mut paths: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for route in &self.access.routes {
            paths.entry(&route.path).or_default().insert(&route.method);
        }
        paths.retain(|_, verbs| !verbs.contains("ANY"));
        let mut cases = Vec::new();
        for (path, own) in paths {
            let mut writes = 0;
            for verb in VERBS.into_iter().filter(|verb| !own.contains(verb)) {
                let Some(route) = self.answering(verb, path) else {
                    continue;
                };
                if !is_safe(verb) {
                    writes += 1;
                }
                if is_safe(verb) || writes == 1 || self.options.include_writes {
                    cases.push(self.first(&ExpectedRoute {
                        method: verb.to_owned(),
                        path: path.to_owned(),
                        ..route.clone()
                    }));
                }
            }
        }
        cases
    }

    /// The file's route that answers a call.
    fn answering(&self, verb: &str, path: &str) -> Option<&ExpectedRoute> {
        routing::answering(
            &self.access.routes,
            |route| (route.method.as_str(), route.path.as_str()),
            verb,
            path,
        )
    }

    /// The verb of a call: for `ANY`, one that no other route on its path has, preferably one that changes nothing.
    fn verb<'r>(&self, route: &'r ExpectedRoute) -> Option<&'r str> {
        if route.method != "ANY" {
            return Some(&route.method);
        }
        let others = self.access.routes.iter();
        let taken: BTreeSet<&str> = others
            .filter(|other| other.path == route.path)
            .map(|other| other.method.as_str())
            .collect();
        let mut verbs = SAFE.into_iter().chain(VERBS);
        verbs.find(|verb| !taken.contains(verb))
    }

    /// One call, the first that needs no valid token.
    fn first(&self, route: &ExpectedRoute) -> Case {
        let (caller, refusal) = if route.scopes.is_some() {
            (Caller::NoToken, Some(Refusal::Token))
        } else if route.key {
            (Caller::NoKey, Some(Refusal::Key))
        } else {
            (Caller::Anybody, None)
        };
        let key = match caller {
            Caller::NoKey => None,
            _ => self.good_key(route),
        };
        let case = match refusal {
            Some(how) => self.refused(route, caller, how),
            None => self.admitted(route, caller),
        };
        Case {
            key: key.unwrap_or(KeyShown::None),
            ..case
        }
    }

    /// The cases of a route. Callers are removed from `alone` as soon as a route admits them.
    fn of_route<'a>(
        &'a self,
        route: &ExpectedRoute,
        alone: &mut BTreeSet<&'a Address>,
    ) -> Vec<Case> {
        let good = self.good_token(route);
        let key = self.good_key(route);
        if is_preflight(route) {
            let listed = route.origins.last();
            let cases = [
                Some(Caller::Preflight),
                listed.cloned().map(Caller::ListedPreflight),
            ];
            let cases = cases.into_iter().flatten();
            return cases.map(|caller| self.admitted(route, caller)).collect();
        }
        let mut cases = Vec::new();
        // With an invalid token the key is valid, and vice versa: only one thing is wrong.
        let token_refused = |caller, token| Case {
            token,
            key: key.clone().unwrap_or(KeyShown::None),
            ..self.refused(route, caller, Refusal::Token)
        };
        let key_refused = |caller, key, how| {
            let case = self.refused(route, caller, how);
            let (token, not_tested) = match &good {
                Ok(address) => (
                    address.clone().map_or(TokenShown::None, TokenShown::Of),
                    case.not_tested.clone(),
                ),
                Err(reason) => (TokenShown::None, Some(reason.clone())),
            };
            Case {
                token,
                key,
                not_tested,
                ..case
            }
        };
        if let Some(scopes) = &route.scopes {
            cases.push(token_refused(Caller::NoToken, TokenShown::None));
            cases.push(token_refused(Caller::GarbageToken, TokenShown::Garbage));
            // These would be admitted but for one wrong credential.
            for caller in [Caller::ForgedToken, Caller::ExpiredToken] {
                cases.push(match &good {
                    Ok(Some(address)) if caller == Caller::ForgedToken => {
                        token_refused(caller, TokenShown::Forged(address.clone()))
                    }
                    Ok(Some(address)) => {
                        token_refused(caller, TokenShown::Expired(address.clone()))
                    }
                    Ok(None) => continue,
                    Err(reason) => {
                        let case = token_refused(caller, TokenShown::None);
                        Case {
                            not_tested: Some(reason.clone()),
                            ..case
                        }
                    }
                });
            }
            let other_pool = token_refused(Caller::OtherPoolToken, TokenShown::OtherPool);
            cases.push(
                if scopes.is_empty() || scopes.iter().any(|scope| scope.contains('/')) {
                    other_pool
                } else {
                    Case {
                        not_tested: Some(
                            "it takes the token of a person in another user pool".into(),
                        ),
                        ..other_pool
                    }
                },
            );
            if scopes.is_empty() {
                // Without scopes the authorizer needs an ID token.
                let any = self
                    .access
                    .callers
                    .iter()
                    .find(|(_, caller)| caller.scopes.is_some());
                cases.extend(any.map(|(address, _)| {
                    token_refused(Caller::AccessToken, TokenShown::Of(address.clone()))
                }));
            } else {
                let without = TokenShown::Without(scopes.clone());
                cases.push(token_refused(Caller::WithoutScope, without));
            }
        }
        if route.key {
            for (caller, key, how) in [
                (Caller::NoKey, KeyShown::None, Refusal::Key),
                (Caller::UnknownKey, KeyShown::Unknown, Refusal::Key),
                (Caller::NoPlanKey, KeyShown::NoPlan, Refusal::Key),
                (Caller::OtherPlanKey, KeyShown::OtherPlan, Refusal::Key),
                (Caller::DisabledKey, KeyShown::Disabled, Refusal::Key),
                (Caller::UsedUpKey, KeyShown::UsedUp, Refusal::Quota),
            ] {
                cases.push(key_refused(caller, key, how));
            }
        }
        if route.scopes.is_none() && !route.key {
            cases.push(self.admitted(route, Caller::Anybody));
            return cases;
        }
        cases.extend(self.known(route, alone));
        cases
    }

    /// The stack's own callers: each on the first route that admits it, and one on every route.
    fn known<'a>(&'a self, route: &ExpectedRoute, alone: &mut BTreeSet<&'a Address>) -> Vec<Case> {
        let mut cases = Vec::new();
        let mut somebody = false;
        for (address, caller) in &self.access.callers {
            let verdict = verdict(route, caller);
            // A disabled caller is tested once, too: its credentials must not admit it.
            let first = alone.contains(address) && (verdict.is_ok() || !caller.enabled);
            if !(self.options.all_partners || first || (!somebody && verdict.is_ok())) {
                continue;
            }
            let case = match verdict {
                Ok(()) => self.admitted(route, Caller::Known(address.clone())),
                Err(how) => self.refused(route, Caller::Known(address.clone()), how),
            };
            // A route that is not called doesn't count for its callers.
            if (verdict.is_ok() || !caller.enabled) && case.not_tested.is_none() {
                alone.remove(address);
            }
            somebody |= verdict.is_ok();
            cases.push(Case {
                token: match (&route.scopes, &caller.scopes) {
                    (Some(_), Some(_)) => TokenShown::Of(address.clone()),
                    _ => TokenShown::None,
                },
                key: match (route.key, &caller.key) {
                    (true, Some(_)) => KeyShown::Of(address.clone()),
                    _ => KeyShown::None,
                },
                ..case
            });
        }
        if !somebody {
            let reason = match &route.scopes {
                Some(scopes) if scopes.is_empty() => {
                    "it needs the ID token of a person who signed in"
                }
                _ => "no partner or client in the file may call it",
            };
            let case = self.admitted(
                route,
                Caller::Known(Address::new("any caller of the stack")),
            );
            cases.push(Case {
                not_tested: Some(reason.into()),
                ..case
            });
        }
        cases
    }

    /// That other URLs serve the same stage, or nothing: one call each, the first that needs no valid token.
    fn of_other_doors(&self) -> Vec<Case> {
        let access = self.access;
        let others = access.others.iter().map(|door| (door, false));
        let shut = access.shut.iter().map(|door| (door, true));
        let safe = access
            .routes
            .iter()
            .find(|route| self.verb(route).is_some_and(is_safe) && !is_preflight(route));
        let Some(route) = safe else {
            return Vec::new();
        };
        let call = |(door, shut): (&Door, bool)| {
            let case = Case {
                door: door.clone(),
                ..self.first(route)
            };
            match shut {
                // The response is not a gateway response of this API.
                true => Case {
                    expected: Expected::Refused {
                        how: Refusal::DefaultEndpoint,
                        status: Refusal::DefaultEndpoint.status(),
                        headers: BTreeMap::new(),
                    },
                    ..case
                },
                false => case,
            }
        };
        others.chain(shut).map(call).collect()
    }

    fn admitted(&self, route: &ExpectedRoute, caller: Caller) -> Case {
        let expected = match &route.mock {
            Some((status, headers)) => {
                let mut headers = headers.clone();
                if let Caller::ListedPreflight(origin) = &caller {
                    headers.insert(ALLOW_ORIGIN.into(), origin.clone());
                }
                Expected::Admitted {
                    status: Some(*status),
                    headers,
                }
            }
            None => Expected::Admitted {
                status: None,
                headers: BTreeMap::new(),
            },
        };
        self.case(route, caller, expected)
    }

    fn refused(&self, route: &ExpectedRoute, caller: Caller, how: Refusal) -> Case {
        let (status, headers) = self.access.refusal(how);
        let expected = Expected::Refused {
            how,
            status,
            headers,
        };
        self.case(route, caller, expected)
    }

    fn case(&self, route: &ExpectedRoute, caller: Caller, expected: Expected) -> Case {
        let verb = self.verb(route);
        let method = verb.unwrap_or("ANY");
        // If access were wrongly admitted, a call that should be denied would write too.
        let writes = !is_safe(method) && !self.options.include_writes;
        let target = filled(&route.path, &self.options.samples);
        // With values of the caller's own, `/a/{id}` may be called as `/a/b`, which is another route.
        let at = |path: &str| self.answering(method, path).map(|route| &route.address);
        let elsewhere = !self.options.samples.is_empty() && at(&route.path) != at(&target);
        let not_tested = match verb {
            Some(_) if elsewhere => {
                Some("the values of its parameters match another route: give others with --param")
            }
            None => Some("each method that `ANY` stands for has a route of its own there"),
            Some(_) if writes => Some("it may write: pass --include-writes"),
            Some(_) => None,
        };
        Case {
            not_tested: not_tested.map(str::to_owned),
            needs_key: route.key,
            backend: route.backend.clone(),
            route: route.address.clone(),
            method: method.to_owned(),
            path: route.path.clone(),
            target,
            door: self.door.clone(),
            caller,
            token: TokenShown::None,
            key: KeyShown::None,
            expected,
            cors: self.access.cors() && route.mock.is_none(),
        }
    }

    /// A caller whose token the route's authorizer accepts; `None` if no token is needed.
    fn good_token(&self, route: &ExpectedRoute) -> Result<Option<Address>, String> {
        let Some(scopes) = &route.scopes else {
            return Ok(None);
        };
        if scopes.is_empty() {
            return Err("it needs the ID token of a person who signed in".into());
        }
        let mut callers = self.access.callers.iter();
        let fits = |caller: &KnownCaller| {
            let held = caller.scopes.as_ref();
            held.is_some_and(|held| !held.is_disjoint(scopes))
        };
        match callers.find(|(_, caller)| fits(caller)) {
            Some((address, _)) => Ok(Some(address.clone())),
            None => Err(format!(
                "no partner or client in the file gets a token with {}",
                scopes.iter().cloned().collect::<Vec<_>>().join(" or ")
            )),
        }
    }

    /// The key of a caller that the route's plan admits.
    fn good_key(&self, route: &ExpectedRoute) -> Option<KeyShown> {
        let mut callers = self.access.callers.iter();
        let good = callers.find(|(_, caller)| has_good_key(caller));
        good.filter(|_| route.key)
            .map(|(address, _)| KeyShown::Of(address.clone()))
    }
}

/// Whether a route admits a caller with all its credentials. API Gateway checks the token before the key.
fn verdict(route: &ExpectedRoute, caller: &KnownCaller) -> Result<(), Refusal> {
    if let Some(needed) = &route.scopes {
        let held = caller.scopes.as_ref();
        if held.is_none_or(|held| held.is_disjoint(needed)) {
            return Err(Refusal::Token);
        }
    }
    if route.key && !has_good_key(caller) {
        return Err(Refusal::Key);
    }
    Ok(())
}

fn has_good_key(caller: &KnownCaller) -> bool {
    let key = caller.key.as_ref();
    key.is_some_and(|key| key.enabled && key.plan.is_some())
}

fn is_safe(method: &str) -> bool {
    SAFE.contains(&method)
}

/// The header that says which pages may read an answer.
const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";

/// The expected response to a preflight.
fn is_preflight(route: &ExpectedRoute) -> bool {
    let allows = |headers: &BTreeMap<String, String>| {
        headers
            .keys()
            .any(|name| name.eq_ignore_ascii_case("Access-Control-Allow-Methods"))
    };
    route.method == "OPTIONS"
        && route
            .mock
            .as_ref()
            .is_some_and(|(_, headers)| allows(headers))
}

/// A path with values for its parameters.
fn filled(path: &str, samples: &Samples) -> String {
    let part = |part: &str| {
        let name = part
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        match name {
            Some(name) => {
                let sample = samples.get(name.trim_end_matches('+'));
                sample.map_or(SAMPLE, String::as_str).to_owned()
            }
            None => part.to_owned(),
        }
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Admitted calls count against the plan of their key. The rest of a quota is the partner's.
fn within_quotas(cases: &mut [Case], access: &ExpectedAccess, options: &Options) {
    let mut counted: BTreeMap<Address, u32> = BTreeMap::new();
    for case in cases.iter_mut().filter(|case| case.not_tested.is_none()) {
        let KeyShown::Of(address) = &case.key else {
            continue;
        };
        let key = access
            .callers
            .get(address)
            .and_then(|caller| caller.key.as_ref());
        let Some((quota, plan)) = key.and_then(|key| Some((key.quota?, key.plan.as_ref()?))) else {
            continue;
        };
        // A call with an invalid token is denied before its key is checked.
        if matches!(case.expected, Expected::Refused { .. }) {
            continue;
        }
        let allowed = (f64::from(quota) * options.quota_share).max(1.0);
        let calls = counted.entry(address.clone()).or_default();
        if f64::from(*calls + 1) > allowed {
            case.not_tested = Some(format!("it would use up the quota of {plan}"));
        } else {
            *calls += 1;
        }
    }
}

/// The most important calls come first.
fn within_budget(cases: &mut [Case], budget: usize) {
    let mut places: Vec<usize> = (0..cases.len())
        .filter(|place| cases[*place].not_tested.is_none())
        .collect();
    places.sort_by_key(|place| rank(&cases[*place]));
    for place in places.into_iter().skip(budget) {
        cases[place].not_tested = Some(format!("the budget is {budget} calls: pass --budget"));
    }
}

fn rank(case: &Case) -> u8 {
    match &case.caller {
        _ if case.door.about.is_some() => 0,
        Caller::Anybody | Caller::NoToken | Caller::NoKey | Caller::Known(_) => 0,
        Caller::WithoutScope | Caller::UnknownKey | Caller::AccessToken => 1,
        Caller::Preflight | Caller::ListedPreflight(_) => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests;
