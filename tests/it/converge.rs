//! The least of an engine: brings AWS to what is wanted by looking, comparing fields and calling the kinds, in the order of a
//! list. The planner has its own tests; these are the kinds'.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use aws_local::{Options, Service, connector};
use gatestack::aws::{Connection, Endpoint, Writer};
use gatestack::clock::Clock;
use gatestack::kinds::{
    Compare, Desired, Ground, Live, Observation, OnChange, Outputs, Replace, Resource, Wanted,
    observe,
};
use gatestack::model::{Address, Book, OutputName, Value};

/// An account and what is wanted in it.
pub(crate) struct World {
    pub(crate) connection: Connection,
    pub(crate) desired: Desired,
    pub(crate) service: Service,
    /// What comes before what.
    order: Vec<Address>,
}

impl World {
    /// An empty account.
    pub(crate) async fn new() -> Self {
        let service = Service::in_memory(Options::default());
        let clock = Clock::simulated("2026-11-21T10:00:00Z".parse().expect("a time"));
        Self {
            connection: Connection::open(
                Endpoint::InProcess(connector(service.clone())),
                "eu-west-1",
                &clock,
            )
            .await,
            desired: Desired {
                ground: Ground {
                    stack: "claims".into(),
                    region: "eu-west-1".into(),
                    account: "123456789012".into(),
                    tags: BTreeMap::from([("team".to_owned(), "claims".to_owned())]),
                },
                resources: BTreeMap::new(),
                moved: Vec::new(),
                adopt: Vec::new(),
                leaving: Default::default(),
                open_on_purpose: Default::default(),
                outputs: BTreeMap::new(),
                lock: true,
            },
            service,
            order: Vec::new(),
        }
    }

    /// API Gateway for somebody who doesn't use gatestack.
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

    /// What is there now.
    pub(crate) async fn look(&self) -> Observation {
        observe(&self.connection.reader(), &self.desired)
            .await
            .expect("AWS to answer")
    }

    /// Does what is needed and tells it, such as `update api [name]`.
    pub(crate) async fn converge(&self) -> Vec<String> {
        let observation = self.look().await;
        assert_eq!(observation.obstacles, []);
        let writer = self.connection.writer();
        let mut book = observation.book();
        let mut steps = Vec::new();
        let mut behind = false;
        for (address, live) in observation.live.iter().rev() {
            if !self.desired.resources.contains_key(address)
                && live.resource.info().goes_with.is_none_or(|container| {
                    observation.live.iter().any(|(address, live)| {
                        live.resource.info().name == container
                            && self.desired.resources.contains_key(address)
                    })
                })
            {
                live.delete(&writer, address)
                    .await
                    .unwrap_or_else(|error| panic!("delete {address}: {error}"));
                behind |= live.resource.info().deployed;
                steps.push(format!("delete {address}"));
            }
        }
        for address in &self.order {
            let Some(wanted) = self.desired.resources.get(address) else {
                continue;
            };
            let resource = &wanted.resource;
            let live = observation.live.get(address);
            let mut seen_after_deploying = true;
            let step = match live {
                None => {
                    let outputs = resource.create(&writer, address, &book, None).await;
                    let outputs =
                        outputs.unwrap_or_else(|error| panic!("create {address}: {error}"));
                    book.insert(address.clone(), outputs);
                    settle(resource, &writer, address, &mut book).await;
                    Some(format!("create {address}"))
                }
                Some(live) => {
                    let mut changed = differences(resource, live, &book);
                    if resource.info().snapshot && behind && changed.is_empty() {
                        changed.push("configuration");
                    }
                    if changed.is_empty() {
                        None
                    } else if replaced(resource, &changed) {
                        let info = resource.info();
                        if info.replace == Replace::DeleteFirst {
                            live.delete(&writer, address)
                                .await
                                .unwrap_or_else(|error| panic!("delete {address}: {error}"));
                        }
                        let outputs = resource.create(&writer, address, &book, None).await;
                        let outputs =
                            outputs.unwrap_or_else(|error| panic!("create {address}: {error}"));
                        book.insert(address.clone(), outputs);
                        settle(resource, &writer, address, &mut book).await;
                        if info.replace == Replace::CreateFirst {
                            live.delete(&writer, address)
                                .await
                                .unwrap_or_else(|error| panic!("delete {address}: {error}"));
                        }
                        Some(format!("replace {address} [{}]", changed.join(", ")))
                    } else {
                        seen_after_deploying = !changed.iter().all(|name| at_once(resource, name));
                        let outputs = resource
                            .update(&writer, address, live, &book, &changed)
                            .await;
                        let outputs =
                            outputs.unwrap_or_else(|error| panic!("update {address}: {error}"));
                        let mut known: Outputs = live.outputs.clone();
                        known.extend(outputs);
                        book.insert(address.clone(), known);
                        settle(resource, &writer, address, &mut book).await;
                        Some(format!("update {address} [{}]", changed.join(", ")))
                    }
                }
            };
            if let Some(step) = step {
                behind |= resource.info().deployed && seen_after_deploying;
                steps.push(step);
            }
        }
        steps
    }
}

/// Waits for what AWS goes on working on.
async fn settle(resource: &Resource, writer: &Writer, address: &Address, book: &mut Book) {
    if resource.info().settles_in.is_some() {
        let news = resource.settle(writer, address, book).await;
        let news = news.unwrap_or_else(|error| panic!("settle {address}: {error}"));
        let mut known: Outputs = book.outputs(address).cloned().unwrap_or_default();
        known.extend(news);
        book.insert(address.clone(), known);
    }
}

fn at_once(resource: &Resource, name: &str) -> bool {
    resource
        .fields(&Book::default())
        .iter()
        .any(|(info, _)| info.name == name && info.live_at_once)
}

fn replaced(resource: &Resource, changed: &[&str]) -> bool {
    let fields = resource.fields(&Book::default());
    fields.iter().any(|(field, _)| {
        changed.contains(&field.name) && matches!(field.on_change, OnChange::Replace(_))
    })
}

fn differences(wanted: &Resource, live: &Live, book: &Book) -> Vec<&'static str> {
    let pairs = wanted
        .fields(book)
        .into_iter()
        .zip(live.resource.fields(book));
    pairs
        .filter(|((info, _), _)| info.on_change != OnChange::Place)
        .filter(
            |((info, wanted), (_, live))| match (info.compare, wanted, live) {
                (Compare::WantedKeys, Value::Map(wanted), Value::Map(live)) => wanted
                    .iter()
                    .any(|(key, value)| live.get(key) != Some(value)),
                (Compare::WhenWanted, Value::Unset, _) => false,
                _ => wanted != live,
            },
        )
        .map(|((info, _), _)| info.name)
        .collect()
}
