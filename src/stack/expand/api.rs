use std::collections::{BTreeMap, BTreeSet};

use super::Expansion;
use super::domain::access_mode;
use super::pool::{seconds, whole};
use crate::kinds::route::{Answer, Integration};
use crate::kinds::{
    DOMAIN_MARK, EXISTING_FUNCTION_MARK, EXISTING_POOL_MARK, FUNCTION_MARK, LOAD_BALANCER_MARK,
    LOG_GROUP_MARK, MARKED, Resource, USER_POOL_MARK, authorizer, deployment, log_group, log_role,
    mark_of, rest_api, route, stage, usage_plan,
};
use crate::model::routing::VERBS;
use crate::model::{Address, Book, OutputName, Place, Text};
use crate::stack::cors;
use crate::stack::file::{
    self, AccessLogSettings, AccessLogs, Api, Cors, CorsSettings, Period, Plan, Requires, TlsPolicy,
};
use crate::stack::methods::methods;

impl Expansion<'_> {
    pub(super) fn api(&mut self, api: &Api) {
        let address = Place::Api.address();
        let tls = api.tls.unwrap_or(TlsPolicy::Tls10);
        let props = rest_api::Props {
            name: self.text(&api.name),
            description: self.optional(api.description.as_ref()),
            disable_default_endpoint: api.disable_default_endpoint,
            keys_from_header: true,
            security_policy: tls.policy().into(),
            endpoint_access_mode: access_mode(tls, api.endpoint_access),
            ip_address_type: api.ip.address_type().into(),
            binary_media_types: api.binary.clone(),
            compression: api
                .compression
                .and_then(|size| i32::try_from(size.bytes()).ok()),
            tags: self.api_tags(api, &address),
        };
        self.add(address, Resource::RestApi(props));
        if api
            .routes
            .values()
            .any(|route| route.requires(api).needs_token())
        {
            self.authorizer(api);
        }
        for (name, route) in &api.routes {
            self.route(api, name, route);
        }
        if let Cors::On(cors) = &api.cors {
            self.cors(api, cors);
        }
        self.gateway_responses(api);
        self.stage(api);
        if let Some(domain) = &api.domain {
            self.api_domain(api, domain);
        }
    }

    /// The API's tags, including its marks.
    fn api_tags(&self, api: &Api, address: &Address) -> BTreeMap<String, String> {
        let mut tags = self.context.tags_of(address);
        let balancer = self.file.load_balancer.as_ref();
        let domain = api.domain.as_ref().filter(|domain| !domain.existing);
        let own_pool = self.file.user_pool.as_ref();
        let own_pool = own_pool.filter(|pool| pool.existing.is_none());
        let group = match &api.access_logs {
            AccessLogs::On(logs) => self.log_group(logs),
            AccessLogs::Off => None,
        };
        tags.extend(group.map(|name| mark_of(LOG_GROUP_MARK, &name)));
        tags.extend(self.function_marks());
        let marks = [
            balancer.map(|_| LOAD_BALANCER_MARK),
            domain.map(|_| DOMAIN_MARK),
            own_pool.map(|_| USER_POOL_MARK),
        ];
        let existing = self.lookups.user_pool();
        tags.extend(existing.map(|pool| (EXISTING_POOL_MARK.to_owned(), pool.id.clone())));
        tags.extend(
            marks
                .into_iter()
                .flatten()
                .map(|mark| (mark.into(), MARKED.into())),
        );
        tags
    }

    /// Marks that the stack has functions: a name for each that has no role of the stack's, which would lead to it, and the ARN of each
    /// that is not the stack's.
    fn function_marks(&self) -> Vec<(String, String)> {
        let functions = self.file.functions.iter();
        let mark = |(key, function): (&String, &file::Function)| match function {
            file::Function {
                existing: Some(existing),
                ..
            } => {
                let arn = self.text(existing).resolve(&Book::default());
                mark_of(EXISTING_FUNCTION_MARK, &arn.unwrap_or_default())
            }
            file::Function { role: Some(_), .. } => {
                mark_of(FUNCTION_MARK, &self.function_name(key, function))
            }
            _ => (FUNCTION_MARK.to_owned(), MARKED.to_owned()),
        };
        functions.map(mark).collect()
    }

    fn authorizer(&mut self, api: &Api) {
        let props = authorizer::Props {
            api: api_id(),
            name: self.text(&api.authorizer.name),
            kind: "COGNITO_USER_POOLS".into(),
            user_pools: [self.pool_arn()].into(),
            header: api.authorizer.header.clone(),
            cache_seconds: i32::try_from(seconds(api.authorizer.cache)).unwrap_or(i32::MAX),
        };
        self.add(Place::Authorizer.address(), Resource::Authorizer(props));
    }

    fn route(&mut self, api: &Api, name: &str, route: &file::Route) {
        let Some((method, path)) = name.split_once(' ') else {
            return;
        };
        let (scopes, api_key) = match route.requires(api) {
            Requires::Nothing => (BTreeSet::new(), false),
            Requires::These(these) => (self.scopes(&these.scopes), these.api_key),
        };
        let props = route::Props {
            api: api_id(),
            method: method.to_owned(),
            path: path.to_owned(),
            integration: self.integration(api, route),
            authorizer: route
                .requires(api)
                .needs_token()
                .then(|| Text::output(&Place::Authorizer.address(), OutputName::Id)),
            scopes,
            api_key,
        };
        let address = Place::Route(name.to_owned()).address();
        let written = route.requires.as_ref().or(api.requires.as_ref());
        if matches!(written, Some(Requires::Nothing)) {
            self.open_on_purpose.insert(address.clone());
        }
        self.add(address, Resource::Route(props));
    }

    fn integration(&self, api: &Api, route: &file::Route) -> Integration {
        let timeout_milliseconds = {
            let timeout = route.timeout.unwrap_or(file::Route::TIMEOUT);
            i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX)
        };
        if let Some(function) = &route.function {
            return Integration::Function {
                function: self.function_arn(function),
                timeout_milliseconds,
            };
        }
        match (&route.http, &route.mock) {
            (Some(url), _) => Integration::Http {
                url: self.text(url),
                link: route
                    .via
                    .map(|_| Text::output(&Place::VpcLink.address(), OutputName::Id)),
                timeout_milliseconds,
                send_headers: self.headers(&route.send_headers),
            },
            (None, mock) => {
                // A backend adds its own headers; without one, API Gateway must.
                let (headers, origins) = match &api.cors {
                    Cors::On(cors) => (cors::answered(cors), cors::several(cors)),
                    Cors::Off => Default::default(),
                };
                Integration::Mock(Answer {
                    status: mock.as_ref().map_or(200, |mock| mock.status),
                    headers,
                    origins,
                    body: self.optional(mock.as_ref().and_then(|mock| mock.body.as_deref())),
                    converts_to_text: !api.binary.is_empty(),
                })
            }
        }
    }

    /// A preflight on every path.
    fn cors(&mut self, api: &Api, cors: &CorsSettings) {
        let mut methods: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (method, path) in api.routes.keys().filter_map(|name| name.split_once(' ')) {
            let methods = methods.entry(path).or_default();
            match method {
                "ANY" => methods.extend(VERBS),
                method => methods.extend([method, "OPTIONS"]),
            }
        }
        let headers = cors::allowed(api, cors);
        for (path, methods) in methods {
            let name = format!("OPTIONS {path}");
            if !api.routes.contains_key(&name) {
                let props = preflight(path, &methods, cors, &headers, !api.binary.is_empty());
                let address = Place::Route(name).address();
                self.open_on_purpose.insert(address.clone());
                self.add(address, Resource::Route(props));
            }
        }
    }

    fn stage(&mut self, api: &Api) {
        let props = deployment::Props {
            api: api_id(),
            stage: api.stage.clone(),
            stack: self.context.stack.clone(),
            shows: deployment::Shows::Configured,
            serves: None,
            canary: None,
            beside: Vec::new(),
        };
        let mut after = self.behind(api);
        after.extend(self.permissions(api));
        after.extend(self.called_functions(api));
        self.add_after(
            Place::Deployment.address(),
            Resource::Deployment(props),
            after,
        );
        let logs = match &api.access_logs {
            AccessLogs::On(logs) => Some(self.access_logs(logs)),
            AccessLogs::Off => None,
        };
        // API Gateway refuses access logs without a role.
        let after = logs.iter().map(|_| Place::LogRole.address()).collect();
        let address = Place::Stage.address();
        let props = stage::Props {
            api: api_id(),
            name: api.stage.clone(),
            deployment: Text::output(&Place::Deployment.address(), OutputName::Id),
            variables: api
                .stage_variables
                .iter()
                .map(|(name, value)| (name.clone(), self.text(value)))
                .collect(),
            throttle: api.throttle.as_ref().map(throttle),
            method_throttles: method_throttles(api),
            other_settings: BTreeSet::new(),
            access_logs: logs,
            tracing: api.tracing,
            tags: self.context.tags_of(&address),
        };
        self.add_after(address, Resource::Stage(props), after);
    }

    /// The log group, unless it is an existing one, API Gateway's role, and the stage's setting.
    fn access_logs(&mut self, logs: &AccessLogSettings) -> stage::AccessLogs {
        let role = log_role::Props {
            role: log_role::arn(&self.context.account),
        };
        self.add(Place::LogRole.address(), Resource::LogRole(role));
        let format = match &logs.format {
            Some(format) => self.text(format),
            None => AccessLogSettings::FORMAT.into(),
        };
        let Some(name) = self.log_group(logs) else {
            return stage::AccessLogs {
                group: self.optional(logs.group.as_ref()),
                format,
            };
        };
        let address = Place::AccessLogs.address();
        let retention = logs.retention.unwrap_or(AccessLogSettings::RETENTION);
        let props = log_group::Props {
            arn: log_group::arn(self.context, &name),
            retention_days: u32::try_from(retention.as_secs() / 86_400).ok(),
            tags: self.context.tags_of(&address),
        };
        let group = Text::output(&address, OutputName::Arn);
        self.add(address, Resource::LogGroup(props));
        stage::AccessLogs { group, format }
    }

    /// The name of the stack's log group.
    fn log_group(&self, logs: &AccessLogSettings) -> Option<String> {
        match &logs.group {
            None => Some(log_group::default_name(&self.context.stack)),
            // The checks allow only what is known before anything is created.
            Some(group) => self
                .text(group)
                .resolve(&Book::default())
                .filter(|name| !name.starts_with("arn:")),
        }
    }

    /// The functions that routes call: the stage is switched only once they can be invoked.
    fn called_functions(&self, api: &Api) -> BTreeSet<Address> {
        let called = api.routes.values();
        let called = called.filter_map(|route| route.function.as_ref());
        let called = called.map(|key| Place::Function(key.clone()).address());
        called
            .filter(|address| self.resources.contains_key(address))
            .collect()
    }

    /// The targets of calls through the VPC link: the stage is switched only once they are ready.
    fn behind(&self, api: &Api) -> BTreeSet<Address> {
        if api.routes.values().all(|route| route.via.is_none()) {
            return BTreeSet::new();
        }
        let answers =
            |resource: &Resource| matches!(resource, Resource::Listener(_) | Resource::Instance(_));
        self.resources
            .iter()
            .filter(|(_, wanted)| answers(&wanted.resource))
            .map(|(address, _)| address.clone())
            .collect()
    }

    pub(super) fn plans(&mut self) {
        for (name, plan) in &self.file.plans {
            let address = Place::Plan(name.clone()).address();
            let stage = self.file.api.as_ref().map(|api| usage_plan::ApiStage {
                api: api_id(),
                stage: api.stage.clone(),
            });
            let props = usage_plan::Props {
                name: self.name(plan.name.as_ref(), name),
                description: self.optional(plan.description.as_ref()),
                throttle: plan.throttle.as_ref().map(throttle),
                quota: plan.quota.as_ref().map(|quota| usage_plan::Quota {
                    requests: whole(quota.requests),
                    period: period(quota.per).into(),
                    offset: whole(quota.offset),
                }),
                stages: stage.iter().cloned().collect(),
                method_throttles: self.method_throttles(plan),
                tags: self.context.tags_of(&address),
            };
            let after = stage.iter().map(|_| Place::Stage.address()).collect();
            self.add_after(address, Resource::UsagePlan(props), after);
        }
    }

    /// The throttles that a plan has for single methods.
    fn method_throttles(&self, plan: &Plan) -> BTreeMap<String, stage::Throttle> {
        let Some(api) = &self.file.api else {
            return BTreeMap::new();
        };
        let mut throttles = BTreeMap::new();
        for (name, limit) in &plan.routes {
            for (verb, path) in methods(api, name) {
                throttles.insert(usage_plan::method(verb, path, &api.stage), throttle(limit));
            }
        }
        throttles
    }
}

/// The throttles that the stage has for single methods.
fn method_throttles(api: &Api) -> BTreeMap<String, Option<stage::Throttle>> {
    let mut throttles = BTreeMap::new();
    for (name, route) in &api.routes {
        let Some(limit) = &route.throttle else {
            continue;
        };
        for (verb, path) in methods(api, name) {
            throttles.insert(stage::method(verb, path), Some(throttle(limit)));
        }
    }
    throttles
}

pub(super) fn api_id() -> Text {
    Text::output(&Place::Api.address(), OutputName::Id)
}

fn preflight(
    path: &str,
    methods: &BTreeSet<&str>,
    cors: &CorsSettings,
    headers: &BTreeSet<&str>,
    converts_to_text: bool,
) -> route::Props {
    let list = |items: Vec<&str>| items.join(",");
    let mut answered = cors::allowing(cors);
    answered.extend([
        (
            "Access-Control-Allow-Methods".to_owned(),
            list(methods.iter().copied().collect()),
        ),
        (
            "Access-Control-Allow-Headers".to_owned(),
            list(headers.iter().copied().collect()),
        ),
    ]);
    if let Some(max_age) = cors.max_age {
        answered.insert(
            "Access-Control-Max-Age".into(),
            seconds(max_age).to_string(),
        );
    }
    route::Props {
        api: api_id(),
        method: "OPTIONS".into(),
        path: path.to_owned(),
        integration: Integration::Mock(Answer {
            status: 204,
            headers: answered,
            origins: cors::several(cors),
            body: Text::default(),
            converts_to_text,
        }),
        authorizer: None,
        scopes: BTreeSet::new(),
        api_key: false,
    }
}

fn throttle(throttle: &file::Throttle) -> stage::Throttle {
    stage::Throttle {
        rate: throttle.rate,
        burst: whole(throttle.burst),
    }
}

/// A quota's period in API Gateway.
pub(in crate::stack) fn period(period: Period) -> &'static str {
    match period {
        Period::Day => "DAY",
        Period::Week => "WEEK",
        Period::Month => "MONTH",
    }
}
