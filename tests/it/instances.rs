//! Instances behind the load balancer: launched, registered, replaced one at a time, and deleted without leftovers.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_local::{Pace, Service};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use gatestack::apply::Outcome;
use gatestack::engine::Purpose;
use gatestack::kinds::Resource;
use gatestack::model::Address;
use gatestack::plan::{self, Level, Options, Patterns, Plan, Problem};

use crate::support::road::private_subnets;
use crate::support::wire::{Fate, Wire};
use crate::support::world::{ACCOUNT, World, plan_of, somebody, summary};

const INSTANCES: &str = "load_balancer.targets.instances";
const PARAMETER: &str = "/claims/image";
/// Two releases of Amazon's image for the same architecture.
const RELEASES: &str = "al2023-ami-2023.*-kernel-6.1-arm64";

/// An account with private subnets and a parameter that names an image, and the stack in it.
struct Road {
    world: World,
    subnets: BTreeSet<String>,
    images: Vec<String>,
    count: u32,
    image: String,
    user_data: String,
}

/// An instance as seen by another client.
#[derive(Clone, Debug, PartialEq)]
struct Machine {
    state: String,
    /// Its health as a target; nothing if it is none.
    health: Option<String>,
    image: String,
    tags: BTreeMap<String, String>,
}

impl Road {
    async fn new() -> Self {
        Self::at(Pace::Immediate).await
    }

    /// One on which things take as long as on AWS.
    async fn realistic() -> Self {
        Self::at(Pace::Realistic { time_scale: 1.0 }).await
    }

    async fn at(pace: Pace) -> Self {
        let world = World::new();
        let options = aws_local::Options {
            account: ACCOUNT.into(),
            clock: world.clock.clone(),
            pace,
            ..aws_local::Options::default()
        };
        let world = World {
            service: Service::in_memory(options),
            ..world
        };
        let ec2 = somebody!(world, aws_sdk_ec2);
        let subnets = private_subnets(&world).await;
        assert_eq!(subnets.len(), 2);
        let releases = aws_sdk_ec2::types::Filter::builder()
            .name("name")
            .values(RELEASES)
            .build();
        let images = ec2
            .describe_images()
            .filters(releases)
            .send()
            .await
            .unwrap();
        let mut images: Vec<_> = images
            .images()
            .iter()
            .map(|image| (image.creation_date.clone(), image.image_id.clone().unwrap()))
            .collect();
        images.sort();
        let road = Self {
            world,
            subnets,
            images: images.into_iter().map(|(_, id)| id).collect(),
            count: 2,
            image: format!("ssm:{PARAMETER}"),
            user_data: "#!/bin/sh\nserve one\n".into(),
        };
        road.name_image(0).await;
        road
    }

    fn ec2(&self) -> aws_sdk_ec2::Client {
        somebody!(self.world, aws_sdk_ec2)
    }

    fn elbv2(&self) -> aws_sdk_elasticloadbalancingv2::Client {
        somebody!(self.world, aws_sdk_elasticloadbalancingv2)
    }

    /// Lets the parameter name one of the images.
    async fn name_image(&self, image: usize) {
        somebody!(self.world, aws_sdk_ssm)
            .put_parameter()
            .name(PARAMETER)
            .value(&self.images[image])
            .r#type(aws_sdk_ssm::types::ParameterType::String)
            .overwrite(true)
            .send()
            .await
            .unwrap();
    }

    fn text(&self) -> String {
        let subnets: Vec<_> = self.subnets.iter().collect();
        format!(
            "[stack]\nname = \"claims\"\nregion = \"eu-west-1\"\n\n[load_balancer]\nsubnets = {:?}\n\n\
             [load_balancer.listeners]\n80 = {{ to = 8080 }}\n\n[load_balancer.targets.instances]\ncount = {}\n\
             type = \"t4g.nano\"\nimage = {:?}\nuser_data = {:?}\n",
            subnets, self.count, self.image, self.user_data
        )
    }

    async fn try_plan(&self, options: &Options) -> Result<Plan, Vec<Problem>> {
        self.world.plan_with(&self.text(), options).await
    }

    async fn plan_with(&self, options: &Options) -> Plan {
        self.try_plan(options)
            .await
            .unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    async fn plan(&self) -> Plan {
        self.plan_with(&Options::default()).await
    }

    fn line(&self) -> SharedHttpClient {
        self.world.line()
    }

    async fn carry_out(&self, plan: &Plan) {
        let outcome = self.world.carry_out(plan, self.line()).await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    }

    /// Plans and applies, and nothing is left to do.
    async fn apply(&self) -> Plan {
        let plan = self.plan().await;
        self.carry_out(&plan).await;
        self.is_done().await;
        plan
    }

    async fn is_done(&self) {
        let again = self.plan().await;
        assert!(again.is_empty(), "{:#?}", again.changes);
    }

    /// Every instance in EC2 without terminated ones, by id.
    async fn machines(&self) -> BTreeMap<String, Machine> {
        let groups = self.elbv2().describe_target_groups().send().await.unwrap();
        let mut health = BTreeMap::new();
        for group in groups.target_groups() {
            let targets = self
                .elbv2()
                .describe_target_health()
                .set_target_group_arn(group.target_group_arn.clone())
                .send()
                .await
                .unwrap();
            for target in targets.target_health_descriptions() {
                let id = target.target.as_ref().and_then(|target| target.id.clone());
                let state = target
                    .target_health
                    .as_ref()
                    .and_then(|health| health.state.clone());
                health.insert(id.unwrap(), state.unwrap().as_str().to_owned());
            }
        }
        let answer = self.ec2().describe_instances().send().await.unwrap();
        let instances = answer
            .reservations()
            .iter()
            .flat_map(|made| made.instances());
        let machine = |instance: &aws_sdk_ec2::types::Instance| {
            let id = instance.instance_id.clone().unwrap();
            let tags = instance.tags().iter();
            let machine = Machine {
                state: instance
                    .state
                    .as_ref()
                    .unwrap()
                    .name
                    .as_ref()
                    .unwrap()
                    .as_str()
                    .into(),
                health: health.get(&id).cloned(),
                image: instance.image_id.clone().unwrap(),
                tags: tags
                    .map(|tag| (tag.key.clone().unwrap(), tag.value.clone().unwrap()))
                    .collect(),
            };
            (id, machine)
        };
        instances
            .map(machine)
            .filter(|(_, machine)| machine.state != "terminated")
            .collect()
    }

    async fn ids(&self) -> BTreeSet<String> {
        self.machines().await.into_keys().collect()
    }

    /// Executes a plan while every instance but these is put into a group that denies the load balancer.
    async fn shutting_out_new_ones(&self, old: &BTreeSet<String>, plan: &Plan) -> Outcome {
        let ec2 = self.ec2();
        let default = aws_sdk_ec2::types::Filter::builder()
            .name("group-name")
            .values("default")
            .build();
        let groups = ec2
            .describe_security_groups()
            .filters(default)
            .send()
            .await
            .unwrap();
        let group = groups.security_groups()[0].group_id.clone().unwrap();
        let shut_out = async {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                for id in self.ids().await.difference(old) {
                    ec2.modify_instance_attribute()
                        .instance_id(id)
                        .groups(&group)
                        .send()
                        .await
                        .unwrap();
                }
            }
        };
        tokio::select! {
            outcome = self.world.carry_out(plan, self.line()) => outcome,
            () = shut_out => unreachable!("they go on as long as it takes"),
        }
    }

    /// Executes a plan while the state is read every second, and returns it.
    async fn watched(&self, plan: &Plan) -> (Outcome, Vec<BTreeMap<String, Machine>>) {
        let seen = RefCell::new(Vec::new());
        let watch = async {
            loop {
                let machines = self.machines().await;
                seen.borrow_mut().push(machines);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let outcome = tokio::select! {
            outcome = self.world.carry_out(plan, self.line()) => outcome,
            () = watch => unreachable!("they look as long as it takes"),
        };
        (outcome, seen.into_inner())
    }
}

fn healthy(machines: &BTreeMap<String, Machine>) -> usize {
    machines
        .values()
        .filter(|machine| machine.health.as_deref() == Some("healthy"))
        .count()
}

fn replacing(pattern: &str) -> Options {
    Options {
        replace: Patterns::new([pattern.to_owned()]),
        ..Options::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_apply_launches_all_at_once_and_leaves_nothing_to_do() {
    let road = Road::realistic().await;
    let plan = road.plan().await;
    let (outcome, seen) = road.watched(&plan).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    let starting = |machines: &BTreeMap<String, Machine>| {
        machines
            .values()
            .filter(|machine| machine.state == "pending")
            .count()
    };
    assert_eq!(
        seen.iter().map(starting).max(),
        Some(2),
        "they start together"
    );
    let machines = road.machines().await;
    assert_eq!(healthy(&machines), 2, "{machines:#?}");
    for machine in machines.values() {
        assert_eq!(machine.tags["gatestack:stack"], "claims");
        assert_eq!(machine.tags["gatestack:image"], road.image);
        assert_eq!(machine.tags["gatestack:user-data"].len(), 64);
        assert_eq!(machine.image, road.images[0]);
    }
    road.is_done().await;

    let answer = road.ec2().describe_instances().send().await.unwrap();
    let instances: Vec<_> = answer
        .reservations()
        .iter()
        .flat_map(|made| made.instances())
        .collect();
    let subnets: BTreeSet<_> = instances
        .iter()
        .map(|instance| instance.subnet_id().unwrap())
        .collect();
    assert_eq!(subnets.len(), 2, "spread over the subnets");
    for instance in instances {
        assert_eq!(instance.public_ip_address, None);
        let metadata = instance.metadata_options.as_ref().unwrap();
        assert_eq!(metadata.http_tokens.as_ref().unwrap().as_str(), "required");
        assert_eq!(metadata.http_put_response_hop_limit, Some(2));
    }
}

#[tokio::test(start_paused = true)]
async fn more_come_and_go_while_the_others_stay() {
    let mut road = Road::new().await;
    road.apply().await;
    let first = road.ids().await;
    road.count = 3;
    assert_eq!(
        summary(&road.apply().await),
        [format!("create {INSTANCES}/3")]
    );
    let three = road.ids().await;
    assert!(three.is_superset(&first) && three.len() == 3);
    road.count = 1;
    assert_eq!(
        summary(&road.apply().await),
        [
            format!("delete {INSTANCES}/2"),
            format!("delete {INSTANCES}/3")
        ]
    );
    let one = road.ids().await;
    assert!(three.is_superset(&one) && one.len() == 1);
    // EC2 remembers the tokens of those that went.
    road.count = 3;
    road.apply().await;
    let again = road.ids().await;
    assert!(again.is_superset(&one) && again.len() == 3, "{again:?}");
    assert_eq!(again.intersection(&three).count(), 1, "{again:?} {three:?}");
}

#[tokio::test(start_paused = true)]
async fn other_user_data_rolls_and_nobody_is_missed() {
    let mut road = Road::realistic().await;
    road.apply().await;
    let old = road.ids().await;
    road.user_data = "#!/bin/sh\nserve two\n".into();
    let plan = road.plan().await;
    assert_eq!(
        summary(&plan),
        [
            format!("replace {INSTANCES}/1"),
            format!("replace {INSTANCES}/2")
        ]
    );
    let told = |code: &str| {
        let notes = plan.notes.iter().filter(|note| note.code == code);
        notes.map(|note| note.text.as_str()).collect::<Vec<_>>()
    };
    let [one, two] = told("GS116")[..] else {
        panic!("{:#?}", plan.notes)
    };
    assert_eq!(one, two, "so that it is said once");
    assert!(one.contains("drains (5m)"), "{one}");
    let takes = format!("AWS takes about 4 minutes to create this, then {INSTANCES}/2");
    assert_eq!(told("GS115"), [takes]);
    let (outcome, seen) = road.watched(&plan).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    for machines in &seen {
        assert!(healthy(machines) >= 2, "{machines:#?}");
        assert!(machines.len() <= 3, "one after another: {machines:#?}");
        for machine in machines
            .values()
            .filter(|machine| machine.state == "shutting-down")
        {
            assert_eq!(machine.health, None, "it drained before: {machines:#?}");
        }
    }
    let drained = seen.iter().any(|machines| {
        machines
            .values()
            .any(|machine| machine.health.as_deref() == Some("draining"))
    });
    assert!(drained, "the old ones leave by draining");
    let new = road.ids().await;
    assert!(new.is_disjoint(&old) && new.len() == 2);
    road.is_done().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_one_that_never_serves_stops_the_roll() {
    let mut road = Road::realistic().await;
    road.apply().await;
    let old = road.ids().await;
    road.user_data = "#!/bin/sh\nfall over\n".into();
    let plan = road.plan().await;
    let outcome = road.shutting_out_new_ones(&old, &plan).await;
    assert_eq!(outcome.failures.len(), 1, "{:#?}", outcome.failures);
    let said = format!("{:?}", outcome.failures);
    assert!(said.contains("Target.FailedHealthChecks"), "{said}");
    assert!(said.contains("system log"), "what to look at: {said}");
    let machines = road.machines().await;
    assert_eq!(machines.len(), 3, "only one was begun: {machines:#?}");
    for id in &old {
        assert_eq!(machines[id].health.as_deref(), Some("healthy"));
    }

    let plan = road.plan().await;
    let change = &plan.changes[&Address::new(format!("{INSTANCES}/1"))];
    assert_eq!(
        change.action,
        plan::Action::Update,
        "what was begun is gone on with"
    );
    let fields: Vec<_> = change.fields.iter().map(|field| field.name).collect();
    assert_eq!(fields, ["security_groups", "in_service"]);
    let waits = |step: &plan::Step| matches!(step.operation, plan::Operation::Settle(_));
    let settled = plan.steps.iter().position(waits).unwrap();
    let gone = plan
        .steps
        .iter()
        .position(|step| step.address.takes_its_place().is_some());
    assert!(
        settled < gone.unwrap(),
        "the old one waits for it: {:#?}",
        plan.steps
    );
    // It is no longer blocked, and its security group is restored.
    road.apply().await;
    assert_eq!(healthy(&road.machines().await), 2);
    assert!(road.ids().await.is_disjoint(&old));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_one_that_was_stopped() {
    let road = Road::realistic().await;
    let plan = road.plan().await;
    let ec2 = road.ec2();
    let stop = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            for (id, machine) in road.machines().await {
                if machine.health.is_some() && machine.state == "running" {
                    ec2.stop_instances().instance_ids(id).send().await.unwrap();
                }
            }
        }
    };
    let start = road.world.clock.now();
    let outcome = tokio::select! {
        outcome = road.world.carry_out(&plan, road.line()) => outcome,
        () = stop => unreachable!("it goes on until the run ends"),
    };
    let said = format!("{:?}", outcome.failures);
    assert!(said.contains("Client.UserInitiatedShutdown"), "{said}");
    let minutes = road.world.clock.now().duration_since(start).as_mins();
    assert!(minutes < 5, "{minutes}");
}

#[tokio::test(start_paused = true)]
async fn a_roll_can_die_anywhere() {
    let mut calls = 1;
    loop {
        let mut road = Road::new().await;
        road.apply().await;
        let old = road.ids().await;
        road.user_data = "#!/bin/sh\nserve two\n".into();
        let plan = road.plan().await;
        let dying = Wire::dying_after(calls, &road.world);
        if road.world.carry_out(&plan, dying).await.failures.is_empty() {
            break;
        }
        assert!(
            healthy(&road.machines().await) >= 1,
            "died after call {calls}"
        );
        road.apply().await;
        let machines = road.machines().await;
        assert_eq!(machines.len(), 2, "died after call {calls}: {machines:#?}");
        assert_eq!(
            healthy(&machines),
            2,
            "died after call {calls}: {machines:#?}"
        );
        assert!(
            machines.keys().all(|id| !old.contains(id)),
            "died after call {calls}"
        );
        calls += 1;
    }
    assert!(calls > 20, "{calls}");
}

#[tokio::test(start_paused = true)]
async fn a_first_apply_can_die_anywhere() {
    let mut calls = 1;
    loop {
        let road = Road::new().await;
        let plan = road.plan().await;
        let dying = Wire::dying_after(calls, &road.world);
        if road.world.carry_out(&plan, dying).await.failures.is_empty() {
            break;
        }
        road.apply().await;
        let machines = road.machines().await;
        assert_eq!(machines.len(), 2, "died after call {calls}: {machines:#?}");
        calls += 1;
    }
    assert!(calls > 10, "{calls}");
}

#[tokio::test(start_paused = true)]
async fn a_broken_line_makes_no_instance_twice() {
    for broken in 1..40 {
        let mut road = Road::new().await;
        road.count = 1;
        let plan = road.plan().await;
        let line = Wire::to(&road.world, move |number, _| {
            if number == broken {
                Fate::Broken
            } else {
                Fate::Arrives
            }
        });
        let _died_or_not = road.world.carry_out(&plan, line).await;
        let machines = road.machines().await;
        assert!(machines.len() <= 1, "call {broken}: {machines:#?}");
        road.apply().await;
        assert_eq!(road.ids().await.len(), 1, "call {broken}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_was_terminated_by_hand_is_made_anew() {
    let road = Road::new().await;
    road.apply().await;
    let before = road.ids().await;
    let gone = before.first().unwrap();
    road.ec2()
        .terminate_instances()
        .instance_ids(gone)
        .send()
        .await
        .unwrap();
    road.apply().await;
    let after = road.ids().await;
    assert_eq!(after.len(), 2);
    assert!(!after.contains(gone) && after.intersection(&before).count() == 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_stopped_by_hand_is_started() {
    let road = Road::realistic().await;
    road.apply().await;
    let before = road.ids().await;
    let stopped = before.first().unwrap();
    road.ec2()
        .stop_instances()
        .instance_ids(stopped)
        .send()
        .await
        .unwrap();
    let plan = road.apply().await;
    assert_eq!(plan.changes.len(), 1);
    assert_eq!(
        plan.changes.values().next().unwrap().fields[0].name,
        "running"
    );
    assert_eq!(road.ids().await, before);
    assert_eq!(healthy(&road.machines().await), 2);
}

#[tokio::test(start_paused = true)]
async fn a_newer_image_is_a_note_until_it_is_asked_for() {
    let road = Road::new().await;
    road.apply().await;
    assert_eq!(road.plan().await.notes, []);
    let before = road.ids().await;
    road.name_image(1).await;
    let plan = road.plan().await;
    assert!(plan.is_empty(), "{:#?}", plan.changes);
    assert_eq!(plan.notes.len(), 2, "{:#?}", plan.notes);
    for note in &plan.notes {
        assert_eq!((note.level, &*note.code), (Level::Info, "GS110"));
        assert!(
            note.text.contains(&road.images[1]) && note.text.contains("--replace"),
            "{note:?}"
        );
    }

    let plan = road.plan_with(&replacing(INSTANCES)).await;
    assert_eq!(
        summary(&plan),
        [
            format!("replace {INSTANCES}/1"),
            format!("replace {INSTANCES}/2")
        ]
    );
    assert!(
        plan.notes.iter().all(|note| note.code != "GS110"),
        "{:#?}",
        plan.notes
    );
    road.carry_out(&plan).await;
    let machines = road.machines().await;
    assert!(
        machines
            .values()
            .all(|machine| machine.image == road.images[1])
    );
    assert!(machines.keys().all(|id| !before.contains(id)));
    road.is_done().await;
}

#[tokio::test(start_paused = true)]
async fn a_parameter_that_nobody_may_read_stops_no_plan() {
    let road = Road::new().await;
    road.apply().await;
    let refused = Wire::to(&road.world, |_, operation| match operation {
        "GetParameter" => Fate::Refused(400, "AccessDeniedException", "not allowed"),
        _ => Fate::Arrives,
    });
    let desired = road.world.desired(&road.text()).await;
    let session = road.world.session_through(refused, &desired, Purpose::Make);
    let plan = plan_of(&session.await, &Options::default()).await.unwrap();
    assert!(plan.is_empty(), "{:#?}", plan.changes);
    assert!(
        plan.notes[0].text.contains("AccessDeniedException"),
        "{:?}",
        plan.notes
    );
}

#[tokio::test(start_paused = true)]
async fn pinning_the_image_that_runs_changes_nothing() {
    let mut road = Road::new().await;
    road.apply().await;
    road.image = road.images[0].clone();
    road.is_done().await;
    road.image = road.images[1].clone();
    assert_eq!(
        summary(&road.apply().await),
        [
            format!("replace {INSTANCES}/1"),
            format!("replace {INSTANCES}/2")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn somebodys_protection_keeps_an_instance_in_service() {
    let mut road = Road::new().await;
    road.apply().await;
    for id in road.ids().await {
        let protect = aws_sdk_ec2::types::AttributeBooleanValue::builder()
            .value(true)
            .build();
        road.ec2()
            .modify_instance_attribute()
            .instance_id(id)
            .disable_api_termination(protect)
            .send()
            .await
            .unwrap();
    }
    road.count = 1;
    let plan = road.plan().await;
    let outcome = road.world.carry_out(&plan, road.line()).await;
    let said = format!("{:?}", outcome.failures);
    assert!(said.contains("disableApiTermination"), "{said}");
    assert_eq!(healthy(&road.machines().await), 2, "it serves on");
}

#[tokio::test(start_paused = true)]
async fn another_subnet_takes_another_instance() {
    let mut road = Road::new().await;
    road.count = 1;
    road.apply().await;
    let before = road.ids().await;
    let address = Address::new(format!("{INSTANCES}/1"));
    let there = road.world.look(&road.text()).await;
    let Resource::Instance(instance) = &there.live[&address].resource else {
        panic!("an instance");
    };
    assert!(road.subnets.remove(&instance.subnet));
    let plan = road.plan().await;
    let change = &plan.changes[&address];
    assert_eq!(change.action, plan::Action::Replace);
    road.carry_out(&plan).await;
    assert!(road.ids().await.is_disjoint(&before));
}

#[tokio::test(start_paused = true)]
async fn a_destroy_leaves_nothing() {
    let road = Road::realistic().await;
    road.apply().await;
    let options = Options {
        destroy: true,
        allow_delete: Patterns::new(["*".to_owned()]),
        ..Options::default()
    };
    let plan = road.plan_with(&options).await;
    road.carry_out(&plan).await;
    assert!(road.machines().await.is_empty());
    let groups = road.elbv2().describe_target_groups().send().await.unwrap();
    assert!(groups.target_groups().is_empty());
    assert!(road.plan_with(&options).await.is_empty());
}
