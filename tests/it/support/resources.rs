//! What is wanted resource by resource, without a stack file, and what the engine makes of it: for the tests of kinds.

use std::collections::{BTreeMap, BTreeSet};

use aws_local::{Options as LocalOptions, Service, connector};
use gatestack::aws::{Connection, Endpoint};
use gatestack::clock::Clock;
use gatestack::engine::{Aws, Purpose, Session, Silent};
use gatestack::kinds::{Desired, KindInfo, Observation, Resource, StackContext, Wanted};
use gatestack::model::{Address, OutputName};
use gatestack::plan::{Action, Options, Patterns, Plan};

use super::world::{carried_out, local, plan_of};

/// An account and what is wanted in it.
pub(crate) struct WantedResources {
    pub(crate) connection: Connection,
    pub(crate) desired: Desired,
    pub(crate) service: Service,
    clock: Clock,
    /// What was wanted first, first.
    order: Vec<Address>,
}

impl WantedResources {
    /// An empty account.
    pub(crate) async fn new() -> Self {
        let service = Service::in_memory(LocalOptions::default());
        let clock = Clock::simulated("2026-11-21T10:00:00Z".parse().expect("a time"));
        Self {
            connection: Connection::open(
                Endpoint::InProcess(connector(service.clone())),
                "eu-west-1",
                &clock,
            )
            .await,
            desired: Desired {
                context: StackContext {
                    stack: "claims".into(),
                    region: "eu-west-1".into(),
                    account: "123456789012".into(),
                    tags: BTreeMap::from([("team".to_owned(), "claims".to_owned())]),
                },
                resources: BTreeMap::new(),
                moved: Vec::new(),
                adopt: Default::default(),
                leaving: Default::default(),
                open_on_purpose: Default::default(),
                existing_functions: Default::default(),
                outputs: BTreeMap::new(),
                lock: true,
                existing_pool: None,
                others_scopes: false,
                guests: BTreeMap::new(),
            },
            service,
            clock,
            order: Vec::new(),
        }
    }

    /// API Gateway, for changes by hand.
    pub(crate) fn somebody(&self) -> aws_sdk_apigateway::Client {
        let config = aws_sdk_apigateway::Config::builder()
            .behavior_version(aws_sdk_apigateway::config::BehaviorVersion::latest())
            .region(aws_sdk_apigateway::config::Region::new("eu-west-1"))
            .credentials_provider(aws_sdk_apigateway::config::Credentials::new(
                "some", "body", None, None, "test",
            ))
            .http_client(connector(self.service.clone()))
            .build();
        aws_sdk_apigateway::Client::from_conf(config)
    }

    /// The id of something of the stack's.
    pub(crate) async fn id(&self, address: &str) -> String {
        self.look().await.live[&Address::new(address)].outputs[&OutputName::Id].clone()
    }

    /// How often an operation was called so far.
    pub(crate) fn calls(&self, operation: &str) -> u64 {
        self.all_calls().get(operation).copied().unwrap_or(0)
    }

    /// How often each operation was called so far, whatever its service.
    pub(crate) fn all_calls(&self) -> BTreeMap<String, u64> {
        let mut calls = BTreeMap::new();
        for ((_, operation), times) in self.connection.tally().by_operation() {
            *calls.entry(operation).or_default() += times;
        }
        calls
    }

    /// Wants one more resource, made after those wanted before.
    pub(crate) fn want(&mut self, address: &str, resource: Resource) {
        let address = Address::new(address);
        if !self.order.contains(&address) {
            self.order.push(address.clone());
        }
        let wanted = Wanted {
            resource,
            after: BTreeSet::new(),
        };
        self.desired.resources.insert(address, wanted);
    }

    /// Wants a resource no longer.
    pub(crate) fn forget(&mut self, address: &str) {
        self.desired.resources.remove(&Address::new(address));
    }

    /// Changes what is wanted at an address.
    pub(crate) fn change(&mut self, address: &str, change: impl FnOnce(&mut Resource)) {
        let wanted = self
            .desired
            .resources
            .get_mut(&Address::new(address))
            .expect("something wanted");
        change(&mut wanted.resource);
    }

    /// What is wanted, each thing after those that it follows without holding an output of theirs.
    fn desired(&self) -> Desired {
        let mut desired = self.desired.clone();
        let all: Vec<(Address, &'static KindInfo)> = desired
            .resources
            .iter()
            .map(|(address, wanted)| (address.clone(), wanted.resource.info()))
            .collect();
        let those = |is_one: &dyn Fn(&KindInfo) -> bool| -> BTreeSet<Address> {
            let found = all.iter().filter(|(_, info)| is_one(info));
            found.map(|(address, _)| address.clone()).collect()
        };
        for wanted in desired.resources.values_mut() {
            wanted.after = match &wanted.resource {
                Resource::Deployment(_) => those(&|info| info.deployed),
                Resource::UsagePlan(_) => those(&|info| info.name == "stage"),
                Resource::AppClient(_) => those(&|info| info.name == "resource_server"),
                _ => BTreeSet::new(),
            };
        }
        desired
    }

    fn session(&self) -> Session {
        let (service, clock) = (self.service.clone(), self.clock.clone());
        let account = &self.desired.context.account;
        let aws = Aws::in_process(service, self.connection.clone(), clock, account);
        Session::of(aws, &local(), self.desired(), Purpose::Make)
    }

    /// What is there now.
    pub(crate) async fn look(&self) -> Observation {
        let observation = self.session().observe(&mut Silent).await;
        observation.expect("AWS to answer")
    }

    /// Applies what is needed and returns it, such as `update api [name]`: deletes first, then all else in the order of wanting.
    pub(crate) async fn converge(&self) -> Vec<String> {
        let options = Options {
            allow_delete: Patterns::new(["*".to_owned()]),
            ..Options::default()
        };
        let plan = plan_of(&self.session(), &options).await;
        let plan = plan.unwrap_or_else(|problems| panic!("{problems:#?}"));
        let outcome = carried_out(&plan, &self.connection, &self.clock, &mut Silent).await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
        self.told(&plan)
    }

    fn told(&self, plan: &Plan) -> Vec<String> {
        let deleted = plan.steps.iter().filter_map(|step| {
            let change = plan.changes.get(&step.address)?;
            (change.action == Action::Delete).then(|| step.address.clone())
        });
        let deleted: BTreeSet<Address> = deleted.collect();
        let deleted = deleted
            .iter()
            .rev()
            .map(|address| format!("delete {address}"));
        let others = self.order.iter().filter_map(|address| {
            let change = plan.changes.get(address)?;
            let fields: Vec<&str> = change.fields.iter().map(|field| field.name).collect();
            let fields = fields.join(", ");
            match change.action {
                Action::Create => Some(format!("create {address}")),
                Action::Update => Some(format!("update {address} [{fields}]")),
                Action::Replace => Some(format!("replace {address} [{fields}]")),
                Action::Delete => None,
            }
        });
        deleted.chain(others).collect()
    }
}
