//! `[functions]`: each is a function, its role and its log group, and what lets the API invoke it.

use std::collections::{BTreeMap, BTreeSet};

use aws_facts::limits::lambda::LARGEST_POLICY;

use super::Expansion;
use super::api::api_id;
use super::pool::seconds;
use crate::kinds::{
    MARKED, Resource, function, function_alias, function_permission, function_role, log_group,
};
use crate::model::{Address, Book, OutputName, Place, SecretSource, Text};
use crate::stack::file::{Api, Function};
use crate::stack::template::Template;

/// The bytes of a function's policy that are left to statements of others.
const OTHERS: usize = 4_096;

impl Expansion<'_> {
    pub(super) fn functions(&mut self) {
        let own = self.file.functions.iter();
        let own = own.filter(|(_, function)| function.existing.is_none());
        for (key, function) in own {
            self.function(key, function);
        }
    }

    /// The ARNs of those that are not the stack's.
    pub(super) fn existing_functions(&self) -> BTreeMap<Address, String> {
        let functions = self.file.functions.iter();
        let existing = functions.filter_map(|(key, function)| {
            let arn = self.text(function.existing.as_ref()?);
            let address = Place::Function(key.clone()).address();
            Some((address, arn.resolve(&Book::default())?))
        });
        existing.collect()
    }

    /// The name of a function in Lambda.
    pub(super) fn function_name(&self, key: &str, function: &Function) -> String {
        // The checks allow only what is known before anything is created.
        let own = function.name.as_ref();
        let own = own.and_then(|name| self.text(name).resolve(&Book::default()));
        own.unwrap_or_else(|| function::default_name(&self.context.stack, key))
    }

    fn function(&mut self, key: &str, function: &Function) {
        let address = Place::Function(key.to_owned()).address();
        let name = self.function_name(key, function);
        let logs = self.function_logs(key, function, &name);
        let role = match &function.role {
            Some(role) => self.text(role),
            None => self.function_role(key, function, &name, &logs),
        };
        let files = self.lookups.functions.get(key).cloned().unwrap_or_default();
        let texts = |ids: Option<&BTreeSet<String>>| {
            let ids = ids.into_iter().flatten();
            ids.map(|id| Text::literal(&**id)).collect()
        };
        let vpc = function.vpc.as_ref();
        let mut tags = self.context.tags_of(&address);
        if function.alias.is_some() {
            tags.insert(function::ALIAS_TAG.into(), MARKED.into());
        }
        let props = function::Props {
            arn: function::arn(self.context, &name),
            role,
            runtime: function
                .runtime
                .clone()
                .unwrap_or_else(|| aws_facts::runtimes::DEFAULT.to_owned()),
            handler: files.handler,
            memory_mb: function.memory,
            timeout_seconds: u32::try_from(seconds(function.timeout)).unwrap_or(u32::MAX),
            environment: function
                .environment
                .iter()
                .map(|(name, value)| (name.clone(), self.variable(value)))
                .collect(),
            architecture: function.architecture.name().to_owned(),
            layers: function
                .layers
                .iter()
                .map(|layer| self.text(layer))
                .collect(),
            tracing: function.tracing,
            subnets: texts(vpc.map(|vpc| &vpc.subnets)),
            security_groups: texts(vpc.map(|vpc| &vpc.security_groups)),
            concurrency: function.concurrency,
            code: files.code,
            active: true,
            tags,
        };
        if let Some(name) = &function.alias {
            self.function_alias(key, name, &props);
        }
        // Lambda would make the log group itself, without a retention, at the first call.
        let after = BTreeSet::from([Place::FunctionLogs(key.to_owned()).address()]);
        self.add_after(address, Resource::Function(props), after);
    }

    /// The alias of a function, at what this function is.
    fn function_alias(&mut self, key: &str, name: &str, function: &function::Props) {
        let of = Place::Function(key.to_owned()).address();
        let props = function_alias::Props {
            function: Text::output(&of, OutputName::Arn),
            name: name.to_owned(),
            version: function_alias::Version::Of(function.content()),
            weights: BTreeMap::new(),
        };
        let address = Place::FunctionAlias(key.to_owned()).address();
        self.add(address, Resource::FunctionAlias(props));
    }

    fn variable(&self, value: &Template) -> function::Variable {
        match SecretSource::parse(value.as_written()) {
            Some(_) => {
                let source = value.as_written().to_owned();
                let version = self.lookups.secret_versions.get(&source);
                let version = version.cloned().unwrap_or_default();
                function::Variable::From { source, version }
            }
            None => function::Variable::Text(self.text(value)),
        }
    }

    /// The function's log group; returns its ARN.
    fn function_logs(&mut self, key: &str, function: &Function, name: &str) -> String {
        let address = Place::FunctionLogs(key.to_owned()).address();
        let retention = function.logs.retention.unwrap_or(Function::RETENTION);
        let arn = log_group::arn(self.context, &function::log_group(name));
        let props = log_group::Props {
            arn: arn.clone(),
            retention_days: u32::try_from(retention.as_secs() / 86_400).ok(),
            tags: self.context.tags_of(&address),
        };
        self.add(address, Resource::LogGroup(props));
        arn
    }

    fn function_role(&mut self, key: &str, function: &Function, name: &str, logs: &str) -> Text {
        let address = Place::FunctionRole(key.to_owned()).address();
        let mut tags = self.context.tags_of(&address);
        tags.insert(function_role::FUNCTION_TAG.into(), name.to_owned());
        let own = function_role::own_policy(logs, function.vpc.is_some(), function.tracing);
        let mut policies = BTreeMap::from([(function_role::OWN_POLICY.to_owned(), own)]);
        let files = self.lookups.functions.get(key);
        if let Some(policy) = files.and_then(|files| files.policy.clone()) {
            policies.insert(function_role::FILE_POLICY.into(), policy);
        }
        let props = function_role::Props {
            arn: function_role::arn(self.context, name),
            trust: function_role::TRUST.into(),
            policies,
            attached: BTreeSet::new(),
            tags,
        };
        let role = Text::output(&address, OutputName::Arn);
        self.add(address, Resource::FunctionRole(props));
        role
    }

    /// The ARN of what routes invoke of the function of a table: the function, or its alias.
    pub(super) fn function_arn(&self, key: &str) -> Text {
        let place = match self.file.functions.get(key) {
            Some(Function {
                existing: Some(existing),
                ..
            }) => return self.text(existing),
            Some(Function { alias: Some(_), .. }) => Place::FunctionAlias(key.to_owned()),
            _ => Place::Function(key.to_owned()),
        };
        Text::output(&place.address(), OutputName::Arn)
    }

    /// What lets the API invoke its functions: a statement for each route while all of a function's fit into its policy, else some
    /// for all routes below a path, and in the end one for all of the API's. Returns where they are.
    pub(super) fn permissions(&mut self, api: &Api) -> BTreeSet<Address> {
        let mut routes: BTreeMap<&str, Vec<(&str, String)>> = BTreeMap::new();
        for (name, route) in &api.routes {
            let Some((verb, path)) = name.split_once(' ') else {
                continue;
            };
            if let Some(function) = &route.function {
                let pattern = function_permission::pattern(verb, path);
                routes.entry(function).or_default().push((name, pattern));
            }
        }
        let mut added = BTreeSet::new();
        for (key, routes) in routes {
            let all: BTreeSet<&str> = routes.iter().map(|(_, method)| method.as_str()).collect();
            let fits = self.fits(key, api, all.iter().copied());
            let function = self.file.functions.get(key);
            let is_existing = function.is_some_and(|function| function.existing.is_some());
            let each = routes
                .iter()
                .map(|(name, method)| (Place::RoutePermission((*name).to_owned()), method.clone()));
            let grouped = || {
                let place = Place::FunctionPermission(key.to_owned());
                (place.address(), self.grouped(key, api, &all))
            };
            let wanted: BTreeMap<Address, BTreeSet<String>> = match fits {
                true => each
                    .map(|(place, method)| (place.address(), BTreeSet::from([method])))
                    .collect(),
                false => BTreeMap::from([grouped()]),
            };
            for (address, methods) in wanted {
                let props = function_permission::Props {
                    function: self.function_arn(key),
                    api: api_id(),
                    stages: [api.stage.clone()].into(),
                    methods,
                    marked_on: is_existing.then(api_id),
                };
                added.insert(address.clone());
                self.add(address, Resource::FunctionPermission(props));
            }
        }
        added
    }

    /// Whether a statement for each of these methods fits into the function's policy.
    fn fits<'m>(&self, key: &str, api: &Api, methods: impl IntoIterator<Item = &'m str>) -> bool {
        let function = self.file.functions.get(key);
        let existing = function.and_then(|function| function.existing.as_ref());
        let arn = match (existing, function) {
            (Some(existing), _) => self.text(existing).resolve(&Book::default()),
            (None, Some(function)) => {
                let name = self.function_name(key, function);
                let arn = function::arn(self.context, &name);
                let alias = function.alias.iter();
                Some(alias.fold(arn, |arn, alias| format!("{arn}:{alias}")))
            }
            (None, None) => None,
        };
        let arn = arn.unwrap_or_default();
        let (region, account) = (&*self.context.region, &*self.context.account);
        let sizes = methods
            .into_iter()
            .map(|method| function_permission::size(&arn, region, account, &api.stage, method));
        sizes.sum::<usize>() <= LARGEST_POLICY - OTHERS
    }

    /// Methods for all routes below the first segments of their paths, or below the API, whichever fits.
    fn grouped(&self, key: &str, api: &Api, methods: &BTreeSet<&str>) -> BTreeSet<String> {
        let below: BTreeSet<String> = methods
            .iter()
            .map(|method| {
                let mut segments = method.splitn(3, '/');
                let first = segments.nth(1).unwrap_or_default();
                match segments.next() {
                    Some(_) => format!("*/{first}/*"),
                    None => format!("*/{first}"),
                }
            })
            .collect();
        match self.fits(key, api, below.iter().map(String::as_str)) {
            true => below,
            false => ["*".to_owned()].into(),
        }
    }
}
