//! Properties of the planner, over stacks drawn by chance: a pure check, without any AWS at all.

use std::collections::{BTreeMap, BTreeSet};

use gatestack::kinds::{Desired, Live, Observation, Replace, Resource};
use gatestack::model::{Address, Book, OutputName};
use gatestack::plan::{self, Operation, Options, Patterns, Plan};
use proptest::prelude::*;

use crate::harness::{desired, stack_of};

/// An AWS that does exactly what each step says, or objects.
#[derive(Clone, Default)]
struct Paper {
    observation: Observation,
    made: u32,
}

impl Paper {
    fn plan(&self, desired: &Desired, options: &Options) -> Plan {
        plan::plan(desired, &self.observation, options)
            .unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    fn apply(&mut self, plan: &Plan) {
        for (place, step) in plan.steps.iter().enumerate() {
            assert!(
                step.needs.iter().all(|need| *need < place),
                "a step stands behind what it needs"
            );
            let book = self.observation.book();
            match &step.operation {
                Operation::Create(want) => {
                    let first = plan.changes[&step.address].action == plan::Action::Replace
                        && want.info().replace == Replace::CreateFirst;
                    let there = self.observation.live.contains_key(&step.address);
                    assert!(!there || first, "{} is made twice", step.address);
                    let resource = known(want, &book, &step.address);
                    self.made += 1;
                    let outputs = BTreeMap::from([
                        (OutputName::Id, identity(&resource, self.made)),
                        (OutputName::Arn, format!("arn:{}", self.made)),
                    ]);
                    let live = Live {
                        resource,
                        outputs,
                        was: None,
                        unmanaged: Vec::new(),
                        only_a_mark: false,
                        broken: None,
                    };
                    self.observation.live.insert(step.address.clone(), live);
                }
                Operation::Settle(_) => assert!(
                    self.observation.live.contains_key(&step.address),
                    "{} is there before anybody waits for it",
                    step.address
                ),
                Operation::Update { want, live, .. } | Operation::Unprotect { want, live, .. } => {
                    let resource = known(want, &book, &step.address);
                    let live = Live {
                        resource,
                        was: None,
                        ..live.clone()
                    };
                    self.observation.live.insert(step.address.clone(), live);
                }
                // The new one is there already.
                Operation::Delete(old)
                    if self.observation.live[&step.address].outputs != old.outputs => {}
                Operation::Delete(_) => {
                    for address in step.carries.iter().chain([&step.address]) {
                        assert!(
                            self.observation.live.remove(address).is_some(),
                            "{address} is deleted twice"
                        );
                    }
                }
            }
        }
    }
}

// Resource servers are known by their identifier and stages by their name, as the kinds have it.
fn identity(resource: &Resource, made: u32) -> String {
    match resource {
        Resource::ResourceServer(server) => server.identifier.resolve(&Book::default()).unwrap(),
        Resource::Stage(stage) => format!(
            "{}:{}",
            stage.api.resolve(&Book::default()).unwrap(),
            stage.name
        ),
        _ => format!("id{made}"),
    }
}

/// The resource with everything it refers to written out; a reference that is not known yet means a missing edge.
fn known(want: &Resource, book: &Book, address: &Address) -> Resource {
    let mut json = serde_json::to_value(want).unwrap();
    write_out(&mut json, book, address);
    serde_json::from_value(json).unwrap()
}

fn write_out(json: &mut serde_json::Value, book: &Book, address: &Address) {
    if let Some(output) = json.get("output").cloned() {
        let of = Address::new(output["of"].as_str().unwrap());
        let name: OutputName = serde_json::from_value(output["name"].clone()).unwrap();
        let value = book
            .get(&of, name)
            .unwrap_or_else(|| panic!("{address} needs {of}, which is not there yet"));
        *json = serde_json::json!({ "literal": value });
        return;
    }
    match json {
        serde_json::Value::Array(items) => items
            .iter_mut()
            .for_each(|item| write_out(item, book, address)),
        serde_json::Value::Object(items) => items
            .values_mut()
            .for_each(|item| write_out(item, book, address)),
        _ => {}
    }
}

prop_compose! {
    fn any_stack()(
        partners in prop::collection::btree_map("[a-d]", (0..2_u8, any::<bool>()), 0..4),
        routes in prop::collection::btree_set(0..5_u8, 0..5),
        cors in any::<bool>(),
        guarded in any::<bool>(),
        write_scope in any::<bool>(),
        identifier in prop::option::of("[a-b]{3}"),
        domain in prop::option::of("[a-b]{4}"),
        web_client in any::<bool>(),
        burst in 1..3_u8,
        logout in any::<bool>(),
    ) -> String {
        let server = identifier.clone().unwrap_or_else(|| "xxx-api".into());
        let mut text = String::from("[stack]\nname = \"claims\"\nregion = \"eu-west-1\"\n\n[user_pool]\nname = \"XXX Users\"\n");
        if let Some(domain) = domain {
            text += &format!("domain = \"{domain}\"\n");
        }
        text += "\n[resource_servers.xxx-api]\n";
        if let Some(identifier) = identifier {
            text += &format!("identifier = \"{identifier}\"\n");
        }
        text += if write_scope { "scopes = { read = \"r\", write = \"w\" }\n" } else { "scopes = { read = \"r\" }\n" };
        text += &format!("\n[api]\nname = \"xxx-api\"\nstage = \"prod\"\ncors = {cors}\n");
        if guarded {
            text += &format!("requires = {{ scopes = [\"{server}/read\"], api_key = true }}\n");
        }
        text += "\n[api.routes]\n\"GET /health\" = { mock = 200, requires = \"nothing\" }\n";
        for route in routes {
            text += &format!("\"GET /r{route}/{{id}}\" = {{ http = \"http://api.aws.com/{burst}/{{id}}\" }}\n");
        }
        for plan in 0..2 {
            text += &format!("\n[plans.P{plan}]\nthrottle = {{ rate = 5, burst = {burst} }}\n");
        }
        for (name, (plan, enabled)) in partners {
            text += &format!("\n[partners.{name}]\nplan = \"P{plan}\"\nscopes = [\"{server}/read\"]\nenabled = {enabled}\n");
        }
        if web_client {
            text += &format!("\n[app_clients.web]\nflows = [\"code\"]\ncallback_urls = [\"https://a.example.com/\"]\nscopes = [\"openid\", \"{server}/read\"]\n");
            if logout {
                text += "logout_urls = [\"https://a.example.com/out\"]\n";
            }
        }
        text
    }
}

fn everything_agreed() -> Options {
    Options {
        allow_delete: Patterns::new(["**".to_owned()]),
        ..Options::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_carried_out_leaves_nothing_to_plan(first in any_stack(), second in any_stack()) {
        let mut paper = Paper::default();
        for text in [&first, &second, &first] {
            let desired = desired(text);
            let plan = paper.plan(&desired, &Options::default());
            paper.apply(&plan);
            let again = paper.plan(&desired, &Options::default());
            prop_assert!(again.is_empty(), "{:#?}\nafter\n{text}", again.changes);
            let there: BTreeSet<_> = paper.observation.live.keys().collect();
            prop_assert_eq!(there, desired.resources.keys().collect::<BTreeSet<_>>());
        }
    }

    #[test]
    fn destroying_leaves_nothing(text in any_stack()) {
        let mut paper = Paper::default();
        let desired = desired(&text);
        let plan = paper.plan(&desired, &Options::default());
        paper.apply(&plan);
        let plan = paper.plan(&desired, &Options { destroy: true, ..everything_agreed() });
        paper.apply(&plan);
        prop_assert!(paper.observation.live.is_empty());
    }

    #[test]
    fn credentials_pools_and_stages_are_never_replaced_and_deletes_need_consent(first in any_stack(), second in any_stack()) {
        let mut paper = Paper::default();
        let plan = paper.plan(&desired(&first), &Options::default());
        paper.apply(&plan);
        let plan = paper.plan(&desired(&second), &Options::default());
        for (address, change) in &plan.changes {
            if change.kind.loss.is_some() {
                prop_assert_ne!(change.action, plan::Action::Replace, "{}", address);
                prop_assert_eq!(change.action == plan::Action::Delete, plan.missing_consent.contains_key(address));
            }
            if change.action == plan::Action::Delete {
                prop_assert!(!desired(&second).resources.contains_key(address));
            }
        }
    }
}

#[test]
fn a_plan_is_the_same_every_time() {
    let desired = desired(&stack_of(3, 3));
    let plans: Vec<_> = (0..3)
        .map(|_| {
            format!(
                "{:?}",
                plan::plan(&desired, &Observation::default(), &Options::default())
                    .unwrap()
                    .steps
            )
        })
        .collect();
    assert_eq!(plans[0], plans[1]);
    assert_eq!(plans[1], plans[2]);
}
