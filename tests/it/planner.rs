//! Properties of the planner, over stacks drawn by chance: a pure check, without any AWS at all.

use std::collections::{BTreeMap, BTreeSet};

use gatestack::kinds::deployment::Shows;
use gatestack::kinds::lookups::{Lookups, Subnet};
use gatestack::kinds::{Desired, Live, Observation, Resource};
use gatestack::model::{Address, Book, OutputName, Value};
use gatestack::plan::{self, Inputs, Operation, Options, Patterns, Plan, Saved, Step};
use gatestack::stack;
use proptest::prelude::*;

use crate::support::world::{ACCOUNT, checked, stack_of};

/// What a stack file wants on paper, where every VPC has two subnets.
fn desired(text: &str) -> Desired {
    let subnet = |zone: &str| Subnet {
        zone: zone.into(),
        id: format!("subnet-{zone}"),
        vpc: "vpc-1".into(),
        public: false,
    };
    let lookups = Lookups {
        subnets: vec![subnet("a"), subnet("b")],
        ..Lookups::default()
    };
    stack::expand::expand(&checked(text).file, ACCOUNT, Default::default(), &lookups)
}

/// An AWS that does exactly what each step says, or objects as AWS would.
#[derive(Clone, Default)]
struct Paper {
    observation: Observation,
    made: u32,
    /// The ids of what is ready and not only created.
    settled: BTreeSet<String>,
    /// The VPC links of the stage's deployment.
    served: BTreeSet<String>,
    /// What that snapshot shows.
    snapshot: Snapshot,
    /// The ids of replacements and of what they replace: only the new one's tag distinguishes the two.
    successors: BTreeMap<String, String>,
}

/// The fields that callers see only after a redeployment, by address.
type Snapshot = Vec<(Address, Vec<(&'static str, Value)>)>;

impl Paper {
    fn plan(&self, desired: &Desired, options: &Options) -> Plan {
        let mut observed = self.observed();
        // A protected load balancer is only deleted after the file removed the protection.
        for (address, live) in &mut observed.live {
            if let Resource::LoadBalancer(props) = &mut live.resource {
                let wanted = desired.resources.get(address);
                props.deletion_protection &= wanted.is_some_and(|wanted| {
                    !options.destroy || wanted.resource.unprotected().is_some()
                });
            }
        }
        plan::plan(desired, &observed, options).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    /// What exists, with unready resources as the kinds observe them.
    fn observed(&self) -> Observation {
        let mut observation = self.observation.clone();
        let replaced: BTreeSet<_> = observation
            .live
            .keys()
            .filter_map(Address::takes_its_place)
            .collect();
        for (address, live) in &mut observation.live {
            let works = id(live).is_some_and(|id| self.settled.contains(id));
            match &mut live.resource {
                Resource::LoadBalancer(props) => props.active = works,
                Resource::VpcLink(props) => props.available = works,
                Resource::Deployment(props) if self.snapshot != self.configured() => {
                    props.shows = Shows::Behind;
                }
                Resource::Deployment(props) => props.shows = Shows::Configured,
                Resource::Instance(props) => {
                    props.in_service = works || !replaced.contains(address)
                }
                _ => {}
            }
        }
        observation
    }

    /// What a snapshot would show.
    fn configured(&self) -> Snapshot {
        let live = self.observation.live.iter();
        live.filter(|(_, live)| live.resource.info().deployed)
            .map(|(address, live)| {
                let fields = live.resource.fields(&Book::default()).into_iter();
                let shown = fields.filter(|(info, _)| !info.live_at_once);
                let shown = shown.map(|(info, value)| (info.name, value)).collect();
                (address.clone(), shown)
            })
            .collect()
    }

    fn apply(&mut self, plan: &Plan) {
        self.apply_until(plan, plan.steps.len());
    }

    /// Carries out the first steps of a plan.
    fn apply_until(&mut self, plan: &Plan, end: usize) {
        for (place, step) in plan.steps.iter().enumerate().take(end) {
            assert!(
                step.needs.iter().all(|need| *need < place),
                "a step stands behind what it needs"
            );
            self.carry_out(step);
        }
    }

    fn carry_out(&mut self, step: &Step) {
        let book = self.observation.book();
        let address = &step.address;
        match &step.operation {
            Operation::Create(want) => {
                let old = self.observation.live.remove(address);
                assert_eq!(
                    old.as_ref().and_then(id),
                    step.replaces.as_deref(),
                    "{address} is made twice"
                );
                if let Some(old) = &step.replaces {
                    let new = identity(want, self.made + 1);
                    self.successors.insert(old.clone(), new);
                }
                if let Some((old, id)) = old.zip(step.replaces.as_ref()) {
                    let place = address.replaced(id);
                    let older = address.all_replaced();
                    let below = place.all_replaced();
                    self.observation.live = std::mem::take(&mut self.observation.live)
                        .into_iter()
                        .map(|(other, live)| (other.moved(&older, &below).unwrap_or(other), live))
                        .collect();
                    self.observation.live.insert(place, old);
                }
                let resource = known(want, &book, address);
                self.made += 1;
                let outputs = BTreeMap::from([
                    (OutputName::Id, identity(&resource, self.made)),
                    (OutputName::Arn, arn(&resource, self.made)),
                    (OutputName::Target, format!("target{}", self.made)),
                    (OutputName::TargetZone, "Z1".into()),
                ]);
                self.check(&resource, address);
                self.observation
                    .live
                    .insert(address.clone(), live(resource, outputs));
            }
            Operation::Settle(_) => {
                let live = &self.observation.live[address];
                self.settled.extend(id(live).map(str::to_owned));
            }
            Operation::Update {
                want, live: was, ..
            }
            | Operation::Unprotect {
                want, live: was, ..
            } => {
                let resource = known(want, &book, address);
                self.check(&resource, address);
                self.observation.live.insert(
                    self.place(address, was),
                    live(resource, was.outputs.clone()),
                );
            }
            Operation::Delete(old) => self.delete(step, old),
        }
    }

    /// The address of this one of two with one address.
    fn place(&self, address: &Address, which: &Live) -> Address {
        let there = self.observation.live.get(address);
        match id(which) {
            Some(id) if there.is_none_or(|there| there.outputs != which.outputs) => {
                address.replaced(id)
            }
            _ => address.clone(),
        }
    }

    fn delete(&mut self, step: &Step, old: &Live) {
        let goes = match id(old).map(|id| step.address.replaced(id)) {
            Some(replaced) if self.stands_at(&replaced).is_some() => replaced,
            _ => step.address.clone(),
        };
        for address in step.carries.iter().chain([&goes]) {
            let place = self.stands_at(address);
            let place = place.unwrap_or_else(|| panic!("{address} is deleted twice"));
            self.observation.live.remove(&place);
        }
        if matches!(old.resource, Resource::RestApi(_) | Resource::Stage(_)) {
            self.served.clear();
        }
        let Some(gone) = id(old) else { return };
        assert!(!self.served.contains(gone), "the stage leads to {gone}");
        // Only AWS's ids are unique; a name may be something else's.
        if !gone.starts_with("id") {
            return;
        }
        let predecessors = self.observation.live.iter().filter(|(_, live)| {
            id(live).is_some_and(|old| self.successors.get(old).is_some_and(|new| new == gone))
        });
        let nameless: Vec<_> = predecessors.map(|(address, _)| address).collect();
        assert!(
            nameless.is_empty(),
            "{gone} of {} goes, which alone tells that {nameless:?} has to go too",
            step.address
        );
        for (address, other) in &self.observation.live {
            let fields = other.resource.fields(&Book::default());
            let held = fields.iter().find(|(info, value)| {
                info.refers_to == Some(old.resource.info().name) && holds(value, gone)
            });
            assert!(held.is_none(), "{address} holds {gone}, which goes");
        }
    }

    /// The current address of something that had this one when the plan was made: an old resource is below its replacement.
    fn stands_at(&self, address: &Address) -> Option<Address> {
        let successor = address.takes_its_place();
        let last = |address: &Address| address.as_str().rsplit('/').next().map(str::to_owned);
        self.observation
            .live
            .keys()
            .find(|other| {
                *other == address
                    || (successor.is_some()
                        && other.takes_its_place() == successor
                        && last(other) == last(address))
            })
            .cloned()
    }

    /// What AWS looks at when something is made or changed.
    fn check(&mut self, resource: &Resource, address: &Address) {
        for (info, value) in resource.fields(&Book::default()) {
            let held = ids(&value);
            if info.when_ready {
                let idle: Vec<_> = held.difference(&self.settled).collect();
                assert!(idle.is_empty(), "{address} needs {idle:?} to be at work");
            }
        }
        if matches!(resource, Resource::Deployment(_)) {
            self.snapshot = self.configured();
            let routes = self.observation.live.values();
            self.served = routes
                .filter_map(|live| match &live.resource {
                    Resource::Route(route) => route.link(),
                    _ => None,
                })
                .map(|link| link.resolve(&Book::default()).unwrap())
                .collect();
            let idle: Vec<_> = self.served.difference(&self.settled).collect();
            assert!(
                idle.is_empty(),
                "callers are led to {idle:?}, which does not work"
            );
        }
    }

    /// Instances that serve, of all there are.
    fn serving(&self) -> usize {
        let instances = self
            .observation
            .live
            .values()
            .filter(|live| matches!(live.resource, Resource::Instance(_)));
        instances
            .filter(|live| id(live).is_some_and(|id| self.settled.contains(id)))
            .count()
    }
}

fn id(live: &Live) -> Option<&str> {
    live.outputs.get(&OutputName::Id).map(String::as_str)
}

fn live(resource: Resource, outputs: BTreeMap<OutputName, String>) -> Live {
    Live {
        resource,
        outputs,
        was: None,
        unmanaged: Vec::new(),
        notices: Vec::new(),
        only_a_mark: false,
        broken: None,
    }
}

/// AWS's ids in a value.
fn ids(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Text(text) => BTreeSet::from([text.clone()]),
        Value::Set(items) => items.iter().flat_map(ids).collect(),
        Value::List(items) => items.iter().flat_map(ids).collect(),
        Value::Map(items) => items.values().flat_map(ids).collect(),
        _ => BTreeSet::new(),
    }
}

fn holds(value: &Value, id: &str) -> bool {
    ids(value)
        .iter()
        .any(|text| text == id || text.starts_with(&format!("{id}:")))
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

// Elastic Load Balancing identifies its resources only by ARN.
fn arn(resource: &Resource, made: u32) -> String {
    match resource {
        Resource::LoadBalancer(_) | Resource::TargetGroup(_) | Resource::Listener(_) => {
            identity(resource, made)
        }
        _ => format!("arn:{made}"),
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
    fn any_road()(
        name in "[a-b]",
        ports in prop::collection::btree_map(prop::sample::select(vec![80_u16, 81]), 8080..8082_u16, 0..2),
        count in 1..4_u8,
        image in "[a-b]",
        protected in any::<bool>(),
    ) -> String {
        let mut text = format!("\n[load_balancer]\nname = \"{name}\"\nsubnets = [\"subnet-0000000a\", \"subnet-0000000b\"]\ndeletion_protection = {protected}\n");
        text += &format!("targets = {{ instances = {{ count = {count}, type = \"t3.micro\", image = \"ami-0000000{image}\" }} }}\n");
        text += "\n[load_balancer.listeners]\n80 = { to = 8080 }\n";
        for (port, to) in ports.iter().filter(|(port, _)| **port != 80) {
            text += &format!("{port} = {{ to = {to} }}\n");
        }
        text
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
        road in prop::option::of(any_road()),
        api_domain in prop::option::of(("[a-b]", prop::collection::btree_set("[v-w]", 0..3))),
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
            let via = if road.is_some() && route % 2 == 0 { ", via = \"load_balancer\"" } else { "" };
            text += &format!("\"GET /r{route}/{{id}}\" = {{ http = \"http://api.aws.com/{burst}/{{id}}\"{via} }}\n");
        }
        if let Some((name, base_paths)) = api_domain {
            let base_paths: Vec<_> = base_paths.into_iter().collect();
            text += &format!("\n[api.domain]\nname = \"{name}.example.com\"\ncertificate = \"arn:aws:acm:eu-west-1:123456789012:certificate/1\"\nbase_paths = {base_paths:?}\n");
        }
        text += &road.unwrap_or_default();
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
    fn a_run_that_dies_anywhere_is_finished_by_the_next(first in any_stack(), second in any_stack(), cut in 0.0..1.0) {
        let mut paper = Paper::default();
        paper.apply(&paper.plan(&desired(&first), &everything_agreed()));
        let second = desired(&second);
        let plan = paper.plan(&second, &everything_agreed());
        paper.apply_until(&plan, (plan.steps.len() as f64 * cut) as usize);
        let plan = paper.plan(&second, &everything_agreed());
        paper.apply(&plan);
        prop_assert!(paper.plan(&second, &everything_agreed()).is_empty());
        let there: BTreeSet<_> = paper.observation.live.keys().collect();
        prop_assert_eq!(there, second.resources.keys().collect::<BTreeSet<_>>());
    }

    #[test]
    fn replaced_instances_never_leave_fewer_serving(road in any_road(), other in any_road()) {
        let base = "[stack]\nname = \"claims\"\nregion = \"eu-west-1\"\n\n[api]\nname = \"a\"\nstage = \"prod\"\n\n[api.routes]\n\"GET /a\" = { http = \"http://a.b/\", via = \"load_balancer\" }\n";
        let mut paper = Paper::default();
        paper.apply(&paper.plan(&desired(&format!("{base}{road}")), &everything_agreed()));
        let wanted = desired(&format!("{base}{other}"));
        let count = |desired: &Desired| desired.resources.values().filter(|wanted| matches!(wanted.resource, Resource::Instance(_))).count();
        let least = count(&wanted).min(paper.serving());
        let plan = paper.plan(&wanted, &everything_agreed());
        for step in &plan.steps {
            paper.carry_out(step);
            prop_assert!(paper.serving() >= least, "{} of {least} serve after {}", paper.serving(), step.address);
        }
    }

    #[test]
    fn what_was_replaced_goes_before_its_successor(roads in prop::collection::vec(any_road(), 3), cuts in prop::collection::vec(0.0..1.0, 2)) {
        let base = "[stack]\nname = \"claims\"\nregion = \"eu-west-1\"\n";
        let mut paper = Paper::default();
        let mut wanted = roads.iter().map(|road| desired(&format!("{base}{road}")));
        paper.apply(&paper.plan(&wanted.next().unwrap(), &everything_agreed()));
        for (wanted, cut) in wanted.zip(cuts) {
            let plan = paper.plan(&wanted, &everything_agreed());
            paper.apply_until(&plan, (plan.steps.len() as f64 * cut) as usize);
            let mut other = paper.clone();
            other.apply(&paper.plan(&wanted, &Options { destroy: true, ..everything_agreed() }));
            prop_assert!(other.observation.live.is_empty());
        }
        let last = desired(&format!("{base}{}", roads[0]));
        paper.apply(&paper.plan(&last, &everything_agreed()));
        prop_assert!(paper.plan(&last, &everything_agreed()).is_empty());
    }

    #[test]
    fn a_saved_plan_is_read_as_it_was(first in any_stack(), second in any_stack()) {
        let mut paper = Paper::default();
        let second = desired(&second);
        let plans = [(desired(&first), false), (second.clone(), false), (second, true)];
        for (desired, destroy) in plans {
            let plan = paper.plan(&desired, &Options { destroy, ..Options::default() });
            let saved = Saved {
                local: true,
                inputs: Inputs::default(),
                confirmed: false,
                desired,
                observation: paper.observation.clone(),
                plan,
            };
            let text = saved.to_text().unwrap();
            let read = Saved::from_text(&text).unwrap();
            prop_assert_eq!(format!("{saved:?}"), format!("{read:?}"));
            prop_assert_eq!(read.to_text().unwrap(), text);
            paper.apply(&read.plan);
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
                // A domain is the only loss that can be replaced.
                prop_assert!(change.action != plan::Action::Replace || change.kind.name == "api_domain", "{}", address);
                let goes = matches!(change.action, plan::Action::Delete | plan::Action::Replace);
                prop_assert_eq!(goes, plan.missing_consent.contains_key(address));
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

/// A stack with two instances on paper.
fn two_instances() -> (Paper, Desired) {
    let text = "[stack]\nname = \"claims\"\nregion = \"eu-west-1\"\n\n[user_pool]\nname = \"Users\"\n\n[load_balancer]\nsubnets = [\"subnet-0000000a\"]\n\
                targets = { instances = { count = 2, type = \"t3.micro\", image = \"ami-0000000a\" } }\n\n[load_balancer.listeners]\n80 = { to = 8080 }\n";
    let desired = desired(text);
    let mut paper = Paper::default();
    paper.apply(&paper.plan(&desired, &Options::default()));
    (paper, desired)
}

fn replacing(pattern: &str) -> Options {
    Options {
        replace: Patterns::new([pattern.to_owned()]),
        ..Options::default()
    }
}

#[test]
fn instances_are_made_anew_on_demand_one_after_another() {
    let (mut paper, desired) = two_instances();
    let options = replacing("load_balancer.targets.instances");
    let plan = paper.plan(&desired, &options);
    let changes: Vec<_> = plan.changes.iter().collect();
    assert_eq!(changes.len(), 2, "{changes:#?}");
    for (address, change) in changes {
        assert!(
            address
                .as_str()
                .starts_with("load_balancer.targets.instances/")
        );
        assert_eq!(change.action, plan::Action::Replace);
        assert_eq!(change.reasons, ["asked for with --replace"]);
    }
    for step in &plan.steps {
        paper.carry_out(step);
        assert!(paper.serving() >= 2, "{}", step.address);
    }
    assert!(paper.plan(&desired, &Options::default()).is_empty());
}

#[test]
fn a_replacement_on_demand_that_died_is_not_begun_again() {
    let (mut paper, desired) = two_instances();
    let options = replacing("load_balancer.targets.instances/1");
    let plan = paper.plan(&desired, &options);
    paper.apply_until(&plan, 1);
    let plan = paper.plan(&desired, &options);
    let made = |step: &&Step| matches!(step.operation, Operation::Create(_));
    assert_eq!(
        plan.steps.iter().filter(made).count(),
        0,
        "{:#?}",
        plan.changes
    );
    paper.apply(&plan);
    assert!(paper.plan(&desired, &Options::default()).is_empty());
}

#[test]
fn nothing_is_made_anew_on_demand_that_would_be_missed() {
    let (paper, desired) = two_instances();
    for (pattern, what) in [
        ("user_pool", "what would be lost"),
        ("load_balancer", "missing until"),
        ("load_balancer.listeners.*", "missing until"),
        ("load_balancer.targets.instance", "names nothing"),
    ] {
        let problems = plan::plan(&desired, &paper.observed(), &replacing(pattern));
        let problems = problems.expect_err(pattern);
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].what.contains(what), "{problems:#?}");
    }
}

/// A stack whose one route goes through the load balancer, to so many instances.
fn through_the_road(count: u8, via: &str, domain: &str, tags: &str) -> Desired {
    desired(&format!(
        "[stack]\nname = \"claims\"\nregion = \"eu-west-1\"\n{tags}\n[api]\nname = \"api\"\nstage = \"prod\"\n\n\
         [api.routes]\n\"GET /a\" = {{ http = \"http://api.aws.com/a\"{via}, requires = \"nothing\" }}\n{domain}\n\
         [load_balancer]\nsubnets = [\"subnet-0000000a\"]\n\
         targets = {{ instances = {{ count = {count}, type = \"t3.micro\", image = \"ami-0000000a\" }} }}\n\n\
         [load_balancer.listeners]\n80 = {{ to = 8080 }}\n"
    ))
}

const VIA: &str = ", via = \"load_balancer\"";

fn settles(plan: &Plan) -> Vec<&str> {
    let steps = plan.steps.iter();
    let waits = steps.filter(|step| matches!(step.operation, Operation::Settle(_)));
    waits.map(|step| step.address.as_str()).collect()
}

#[test]
fn tags_alone_are_not_waited_for() {
    let mut paper = Paper::default();
    let plan = paper.plan(&through_the_road(1, VIA, "", ""), &Options::default());
    assert_eq!(settles(&plan).len(), 3);
    paper.apply(&plan);
    let tagged = through_the_road(1, VIA, "", "tags = { team = \"claims\" }\n");
    let plan = paper.plan(&tagged, &Options::default());
    let instance = Address::new("load_balancer.targets.instances/1");
    assert_eq!(plan.changes[&instance].action, plan::Action::Update);
    assert_eq!(settles(&plan), [""; 0]);
    // One that does not work yet is waited for, whatever else changes.
    paper.settled.clear();
    let plan = paper.plan(&tagged, &Options::default());
    assert_eq!(settles(&plan), ["load_balancer", "api/vpc_link"]);
}

#[test]
fn who_loses_what_is_said() {
    let domain = |name: &str| {
        format!(
            "\n[api.domain]\nname = \"{name}.example.com\"\ncertificate = \"arn:aws:acm:eu-west-1:123456789012:certificate/1\"\n"
        )
    };
    let mut paper = Paper::default();
    let before = through_the_road(2, VIA, &domain("a"), "");
    paper.apply(&paper.plan(&before, &Options::default()));
    let said = |desired: &Desired| -> Vec<String> {
        let plan = paper.plan(desired, &Options::default());
        let notes = plan.notes.iter();
        let notes = notes.filter(|note| ["GS118", "GS119", "GS120"].contains(&&*note.code));
        notes
            .map(|note| format!("{} {}: {}", note.code, note.address, note.text))
            .collect()
    };
    let moved = said(&through_the_road(2, VIA, &domain("b"), ""));
    assert_eq!(moved.len(), 1, "{moved:?}");
    assert!(
        moved[0].contains("api.domain: the API stops answering at a.example.com")
            && moved[0].contains("b.example.com"),
        "{moved:?}"
    );
    let fewer = said(&through_the_road(1, VIA, &domain("a"), ""));
    assert_eq!(fewer.len(), 1, "{fewer:?}");
    assert!(
        fewer[0].starts_with("GS119 load_balancer.targets.instances/2"),
        "{fewer:?}"
    );
    let open = said(&through_the_road(2, "", &domain("a"), ""));
    assert_eq!(open.len(), 1, "{open:?}");
    assert!(open[0].starts_with("GS120 api/vpc_link"), "{open:?}");
    assert_eq!(said(&before), [""; 0]);
}
