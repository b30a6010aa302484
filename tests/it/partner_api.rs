//! The whole reference system, `examples/partner-api`, on the engine and the local AWS: through every change its owner may
//! make, with nothing left behind, and in no more time than AWS itself takes for the load balancer and then the link.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_local::apigateway::{LINK_CREATION_TIME, LINK_DELETION_TIME};
use aws_local::elbv2::PROVISIONING;
use aws_local::scenario::TaggingIndex;
use aws_local::{Pace, Service};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use gatestack::apply::{self, Done, Event, Interrupt, Outcome};
use gatestack::aws::{Connection, Endpoint, Operation, Pacer};
use gatestack::clock::Clock;
use gatestack::kinds::{self, Desired, LOOKS_EVERY};
use gatestack::model::Address;
use gatestack::plan::{self, Action, Options, Patterns, Plan};
use gatestack::stack::{self, LoadSettings, Source};

use crate::certificates::issued;
use crate::harness::{ACCOUNT, World, summary};
use crate::program::{Folder, example};
use crate::screens::{screen, with_filters};

const OVERLAY: &str = include_str!("../../examples/partner-api/stack.prod.toml");
const USER_DATA: &str = include_str!("../../examples/partner-api/backend.sh");

/// Where the stack stands without its overlay, and with it.
const REGION: &str = "ap-southeast-1";
const PRODUCTION: &str = "ap-southeast-2";

/// One of the SDK's clients for somebody else in this account.
macro_rules! somebody {
    ($example:expr, $sdk:ident) => {{
        let config = $sdk::Config::builder()
            .behavior_version_latest()
            .region($sdk::config::Region::new($example.region()))
            .credentials_provider($sdk::config::Credentials::from_keys(
                "someone", "else", None,
            ))
            .http_client($example.line())
            .build();
        $sdk::Client::from_conf(config)
    }};
}

/// Everything one call lists, each as `NOUN ID`.
macro_rules! listed {
    ($into:expr, $noun:literal, $call:expr, $items:ident, $id:expr) => {
        let answer = $call.send().await.unwrap();
        let ids = answer.$items().iter().map($id);
        $into.extend(ids.map(|id| format!("{} {id}", $noun)));
    };
}

/// The example in an account of its own.
pub(crate) struct Example {
    world: World,
    text: String,
    overlay: Option<String>,
    user_data: String,
    certificate: String,
}

impl Example {
    fn at(pace: Pace) -> Self {
        let world = World::new();
        let service = Service::in_memory(aws_local::Options {
            account: ACCOUNT.into(),
            clock: world.clock.clone(),
            pace,
            ..aws_local::Options::default()
        });
        Self {
            world: World { service, ..world },
            text: example("partner-api"),
            overlay: None,
            user_data: USER_DATA.into(),
            certificate: String::new(),
        }
    }

    /// One with so many partners and routes on the private road, applied.
    pub(crate) async fn of(partners: usize, routes: usize) -> Self {
        let mut example = Self::at(Pace::Immediate);
        let (before, rest) = example.text.split_once("[api.routes]").unwrap();
        let (_, plans) = rest.split_once("\n[plans.").unwrap();
        let (plans, _) = plans.split_once("\n[partners.").unwrap();
        let routes = (0..routes).map(|number| {
            format!(
                "\"GET /things{number}/{{id}}\" = {{ http = \"http://api.aws.com/things{number}/{{id}}\", via = \"load_balancer\" }}\n"
            )
        });
        let partners = (0..partners).map(|number| {
            format!(
                "\n[partners.insurer{number}]\nplan = \"XXXPlan\"\nscopes = [\"xxx-api/read\"]\n"
            )
        });
        let (routes, partners): (String, String) = (routes.collect(), partners.collect());
        example.text = format!("{before}[api.routes]\n{routes}\n[plans.{plans}{partners}");
        let _applied = example.apply_with(&Options::default()).await;
        example
    }

    /// One whose things take as long as on AWS.
    fn realistic() -> Self {
        Self::at(Pace::Realistic { time_scale: 1.0 })
    }

    fn region(&self) -> &'static str {
        if self.overlay.is_some() {
            PRODUCTION
        } else {
            REGION
        }
    }

    fn line(&self) -> SharedHttpClient {
        aws_local::connector(self.world.service.clone())
    }

    async fn connection(&self) -> Connection {
        let endpoint = Endpoint::InProcess(self.line());
        let connection = Connection::open(endpoint, self.region(), &self.world.clock).await;
        connection.contents().put(&self.user_data);
        connection
    }

    /// The example, or its overlay too, in an account whose tagging API lags.
    pub(crate) async fn under(index: TaggingIndex, overlay: bool) -> Self {
        let mut example = Self::at(Pace::Immediate);
        example.world = example.world.with_index(index);
        if overlay {
            example.certificate = issued(&example.world.service, PRODUCTION, "*.example.com").await;
            example.overlay = Some(OVERLAY.into());
        }
        example
    }

    /// Through its life: made, its pool renamed, the load balancer and the domain taken out, destroyed. Nothing is made twice, and
    /// nothing is left.
    pub(crate) async fn lives(&mut self) {
        let before = Box::pin(self.there()).await;
        let _applied = self.apply_with(&Options::default()).await;
        self.edit("XXX Users", "Other users");
        self.changes(&["update user_pool"]).await;
        let goes = |plan: &Plan, address: &str| {
            let change = plan.changes.get(&Address::new(address));
            change.is_some_and(|change| change.action == Action::Delete)
        };
        if let Some(overlay) = &mut self.overlay {
            let (rest, _) = overlay.split_once("[api.domain]").unwrap();
            *overlay = rest.to_owned();
            let (plan, ..) = self.apply_with(&agreed()).await;
            assert!(goes(&plan, "api.domain") && goes(&plan, "api.domain/record"));
        } else {
            let deletable = "[load_balancer]\ndeletion_protection = false\n";
            self.edit("[load_balancer]\n", deletable);
            self.changes(&["update load_balancer"]).await;
            let (above, rest) = self.text.split_once("[load_balancer]\n").unwrap();
            let (_, below) = rest.split_once("\n[api]\n").unwrap();
            let below = below.replace(", via = \"load_balancer\"", "");
            self.text = format!("{above}[api]\n{below}");
            let (plan, ..) = self.apply_with(&agreed()).await;
            for address in [
                "load_balancer",
                "api/vpc_link",
                "load_balancer/security_group",
            ] {
                assert!(goes(&plan, address), "{address}");
            }
        }
        self.destroy().await;
        assert_eq!(Box::pin(self.there()).await, before);
    }

    /// Everything but what the tagging API tells.
    async fn there(&self) -> BTreeSet<String> {
        let mut all = Box::pin(self.everything()).await;
        all.retain(|line| !line.starts_with("tagged "));
        all
    }

    /// Exchanges what the stack file says.
    fn edit(&mut self, from: &str, to: &str) {
        assert!(self.text.contains(from), "{from}\n{}", self.text);
        self.text = self.text.replace(from, to);
    }

    /// Exchanges the table of the launched instances.
    fn lead_to(&mut self, targets: &str) {
        let (before, rest) = self.text.split_once("[load_balancer.targets").unwrap();
        let (_, after) = rest.split_once("\n[api]\n").unwrap();
        self.text = format!("{before}[load_balancer.targets]\n{targets}\n\n[api]\n{after}");
    }

    async fn desired(&self, connection: &Connection) -> Desired {
        let mut source = Source::new("stack.toml", self.text.as_str());
        if let Some(overlay) = &self.overlay {
            source = source.with_overlay("stack.prod.toml", overlay.as_str());
        }
        let certificate = ("certificate".to_owned(), self.certificate.clone().into());
        let settings = LoadSettings {
            vars: self.overlay.iter().map(|_| certificate.clone()).collect(),
            env: &|_| None,
            read: &|_| Ok(self.user_data.clone()),
        };
        let checked = stack::load(source, &settings)
            .unwrap_or_else(|diagnostics| panic!("{diagnostics:#?}\n{}", self.text));
        assert_eq!(checked.file.stack.region, self.region());
        let questions = stack::questions(&checked, ACCOUNT);
        let reader = connection.reader();
        let found = kinds::look_around(&reader, &questions, false);
        let user_data = checked.user_data.as_ref();
        let surroundings = kinds::Surroundings {
            user_data: user_data.map(|content| connection.contents().put(content)),
            ..found.await.unwrap()
        };
        let told = stack::preflight(&checked, ACCOUNT, &surroundings);
        assert!(!told.has_errors(), "{told:#?}");
        stack::expand(&checked.file, ACCOUNT, Vec::new(), &surroundings)
    }

    async fn plan_with(&self, options: &Options) -> Plan {
        let connection = self.connection().await;
        let desired = self.desired(&connection).await;
        let observed = kinds::observe(&connection.reader(), &desired).await;
        plan::plan(&desired, &observed.unwrap(), options)
            .unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    async fn carry_out(&self, plan: &Plan) -> (Outcome, Vec<Moment>) {
        assert!(
            plan.missing_consent.is_empty(),
            "{:#?}",
            plan.missing_consent
        );
        let clock = &self.world.clock;
        let began = clock.now();
        let mut moments = Vec::new();
        let mut tell = |event: Event| moments.extend(Moment::of(&event, clock, began));
        let writer = self.connection().await.writer();
        let outcome = apply::run(plan, &writer, clock, &Interrupt::new(), &mut tell).await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
        (outcome, moments)
    }

    /// Plans, applies, and sees that nothing is left to do.
    async fn apply_with(&self, options: &Options) -> (Plan, Outcome, Vec<Moment>) {
        // The futures of an SDK are larger than a test's stack.
        let plan = Box::pin(self.plan_with(options)).await;
        let (outcome, moments) = Box::pin(self.carry_out(&plan)).await;
        let again = Box::pin(self.plan_with(&Options::default())).await;
        assert!(again.is_empty(), "{:#?}", again.changes);
        (plan, outcome, moments)
    }

    /// Sees that exactly this is planned, agrees to every loss, applies it, and sees that nothing is left to do.
    async fn changes(&self, expected: &[&str]) {
        let (plan, ..) = self.apply_with(&agreed()).await;
        assert_eq!(summary(&plan), expected);
    }

    /// Deletes the stack, and waits until AWS no longer tells of terminated instances, nor of the interfaces of a load
    /// balancer: an hour.
    async fn destroy(&self) {
        let options = Options {
            destroy: true,
            ..agreed()
        };
        let plan = Box::pin(self.plan_with(&options)).await;
        let (outcome, _) = Box::pin(self.carry_out(&plan)).await;
        assert_eq!(outcome.skipped, 0);
        self.world.clock.sleep(Duration::from_secs(3_601)).await;
    }

    /// The requests of a plan from the file to the last look.
    pub(crate) async fn reads_of_a_plan(&self) -> (u64, BTreeMap<(String, String), u64>) {
        let connection = self.connection().await;
        let reader = connection.reader();
        reader.account().await.unwrap();
        let desired = Box::pin(self.desired(&connection)).await;
        Box::pin(kinds::observe(&reader, &desired)).await.unwrap();
        let count = connection.tally().count();
        assert_eq!(count.writes, 0, "a plan writes nothing");
        (count.reads, connection.tally().by_operation())
    }

    /// What every service lists in this Region, names and ids.
    async fn everything(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let cognito = somebody!(self, aws_sdk_cognitoidentityprovider);
        let pools = cognito.list_user_pools().max_results(60);
        listed!(all, "pool", pools, user_pools, |pool| pool.id().unwrap());
        let gateway = somebody!(self, aws_sdk_apigateway);
        listed!(all, "api", gateway.get_rest_apis(), items, |api| api
            .id()
            .unwrap());
        let plans = gateway.get_usage_plans();
        listed!(all, "plan", plans, items, |plan| plan.id().unwrap());
        listed!(all, "key", gateway.get_api_keys(), items, |key| key
            .id()
            .unwrap());
        let links = gateway.get_vpc_links();
        listed!(all, "link", links, items, |link| link.id().unwrap());
        let domains = gateway.get_domain_names();
        listed!(all, "domain", domains, items, |domain| domain
            .domain_name()
            .unwrap());
        let balancers = somebody!(self, aws_sdk_elasticloadbalancingv2);
        let described = balancers.describe_load_balancers();
        listed!(all, "load balancer", described, load_balancers, |one| one
            .load_balancer_arn()
            .unwrap());
        let described = balancers.describe_target_groups();
        listed!(all, "target group", described, target_groups, |group| group
            .target_group_arn()
            .unwrap());
        let network = somebody!(self, aws_sdk_ec2);
        let described = network.describe_security_groups();
        listed!(all, "security group", described, security_groups, |group| {
            group.group_id().unwrap()
        });
        let described = network.describe_subnets();
        listed!(all, "subnet", described, subnets, |subnet| subnet
            .subnet_id()
            .unwrap());
        let described = network.describe_route_tables();
        listed!(all, "route table", described, route_tables, |table| table
            .route_table_id()
            .unwrap());
        let described = network.describe_network_interfaces();
        listed!(all, "interface", described, network_interfaces, |one| one
            .network_interface_id()
            .unwrap());
        let living = aws_sdk_ec2::types::Filter::builder()
            .name("instance-state-name")
            .set_values(Some(
                ["pending", "running", "stopping", "stopped"]
                    .map(Into::into)
                    .into(),
            ));
        let described = network.describe_instances().filters(living.build());
        let answer = described.send().await.unwrap();
        let made = answer.reservations().iter();
        let instances = made.flat_map(|made| made.instances());
        all.extend(instances.map(|one| format!("instance {}", one.instance_id().unwrap())));
        let certificates = somebody!(self, aws_sdk_acm).list_certificates();
        listed!(
            all,
            "certificate",
            certificates,
            certificate_summary_list,
            |one| one.certificate_arn().unwrap()
        );
        let names = somebody!(self, aws_sdk_route53);
        let zones = names.list_hosted_zones().send().await.unwrap();
        for zone in zones.hosted_zones() {
            let records = names.list_resource_record_sets().hosted_zone_id(zone.id());
            listed!(all, "record", records, resource_record_sets, |record| {
                format!("{} {}", record.r#type().as_str(), record.name())
            });
        }
        let tagging = somebody!(self, aws_sdk_resourcegroupstagging).get_resources();
        listed!(all, "tagged", tagging, resource_tag_mapping_list, |one| one
            .resource_arn()
            .unwrap());
        all
    }

    /// The private subnets and the default security group of the default VPC.
    async fn ground(&self) -> (Vec<String>, String) {
        use aws_sdk_ec2::types::Filter;
        let network = somebody!(self, aws_sdk_ec2);
        let private = Filter::builder().name("tag:tier").values("private");
        let subnets = network.describe_subnets().filters(private.build());
        let subnets = subnets.send().await.unwrap();
        let default = Filter::builder().name("group-name").values("default");
        let groups = network.describe_security_groups().filters(default.build());
        let groups = groups.send().await.unwrap();
        let ids = subnets.subnets().iter();
        let ids = ids.map(|subnet| subnet.subnet_id().unwrap().to_owned());
        let group = groups.security_groups()[0].group_id().unwrap();
        (ids.collect(), group.to_owned())
    }

    /// An instance that somebody else launched, tagged `role = backend`.
    async fn launch(&self) -> String {
        use aws_sdk_ec2::types::{InstanceType, ResourceType, Tag, TagSpecification};
        let (subnets, group) = self.ground().await;
        let parameter = somebody!(self, aws_sdk_ssm)
            .get_parameter()
            .name("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64");
        let image = parameter.send().await.unwrap().parameter.unwrap();
        let tag = Tag::builder().key("role").value("backend").build();
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::Instance)
            .tags(tag);
        let launched = somebody!(self, aws_sdk_ec2)
            .run_instances()
            .set_image_id(image.value)
            .instance_type(InstanceType::T3Micro)
            .subnet_id(&subnets[0])
            .security_group_ids(group)
            .min_count(1)
            .max_count(1)
            .tag_specifications(tags.build());
        let launched = launched.send().await.unwrap();
        launched.instances()[0].instance_id().unwrap().to_owned()
    }

    /// A load balancer of somebody else's, called `theirs`, with a listener on port 80.
    async fn stand_up(&self) {
        use aws_sdk_elasticloadbalancingv2::types::{
            Action, ActionTypeEnum, LoadBalancerSchemeEnum, LoadBalancerTypeEnum, ProtocolEnum,
        };
        let (subnets, _) = self.ground().await;
        let balancers = somebody!(self, aws_sdk_elasticloadbalancingv2);
        let made = balancers
            .create_load_balancer()
            .name("theirs")
            .r#type(LoadBalancerTypeEnum::Network)
            .scheme(LoadBalancerSchemeEnum::Internal)
            .set_subnets(Some(subnets));
        let made = made.send().await.unwrap();
        let balancer = &made.load_balancers()[0];
        let group = balancers
            .create_target_group()
            .name("theirs")
            .protocol(ProtocolEnum::Tcp)
            .port(8080)
            .set_vpc_id(balancer.vpc_id.clone());
        let group = group.send().await.unwrap();
        let forward = Action::builder()
            .r#type(ActionTypeEnum::Forward)
            .set_target_group_arn(group.target_groups()[0].target_group_arn.clone());
        let listener = balancers
            .create_listener()
            .set_load_balancer_arn(balancer.load_balancer_arn.clone())
            .protocol(ProtocolEnum::Tcp)
            .port(80)
            .default_actions(forward.build());
        listener.send().await.unwrap();
    }
}

/// A step that is done, and when, since the apply began.
#[derive(Debug)]
struct Moment {
    address: Address,
    action: Done,
    ended: Duration,
}

impl Moment {
    fn of(event: &Event, clock: &Clock, began: jiff::Timestamp) -> Option<Self> {
        match event {
            Event::StepDone {
                address, action, ..
            } => Some(Self {
                address: address.clone(),
                action: *action,
                ended: clock.now().duration_since(began).unsigned_abs(),
            }),
            _ => None,
        }
    }
}

fn agreed() -> Options {
    Options {
        allow_delete: Patterns::new(["*".to_owned()]),
        ..Options::default()
    }
}

fn renamed(example: &mut Example) {
    example.edit(
        "[load_balancer]\n",
        "[load_balancer]\nname      = \"partner-api-2\"\n",
    );
}

const ROUTES: [&str; 4] = [
    "update api.routes.\"GET /claims\"",
    "update api.routes.\"GET /claims/{id}\"",
    "update api.routes.\"GET /policies\"",
    "update api.routes.\"GET /policies/{id}\"",
];

#[tokio::test(start_paused = true)]
async fn every_change_of_the_road_is_what_the_plan_says_and_nothing_is_left() {
    let mut example = Example::at(Pace::Immediate);
    let theirs = [example.launch().await, example.launch().await];
    example.stand_up().await;
    let before = Box::pin(example.everything()).await;
    let (first, ..) = example.apply_with(&Options::default()).await;
    assert_eq!(first.changes.len(), 37, "{:#?}", summary(&first));

    example.edit("count     = 2", "count     = 3");
    example
        .changes(&["create load_balancer.targets.instances/3"])
        .await;

    example.edit("to = 8080", "to = 8081");
    example
        .changes(&[
            "update load_balancer.listeners.80",
            "replace load_balancer.listeners.80/target_group",
            "update load_balancer.targets.instances/1",
            "update load_balancer.targets.instances/2",
            "update load_balancer.targets.instances/3",
            "update load_balancer.targets.instances/security_group",
        ])
        .await;

    example.edit("80 = {", "81 = { to = 8080 }, 80 = {");
    example
        .changes(&[
            "create load_balancer.listeners.81",
            "create load_balancer.listeners.81/target_group",
            "update load_balancer.targets.instances/1",
            "update load_balancer.targets.instances/2",
            "update load_balancer.targets.instances/3",
            "update load_balancer.targets.instances/security_group",
        ])
        .await;

    let all_anew = [
        "replace load_balancer.targets.instances/1",
        "replace load_balancer.targets.instances/2",
        "replace load_balancer.targets.instances/3",
    ];
    example.edit("kernel-default-x86_64", "kernel-6.1-x86_64");
    example.changes(&all_anew).await;
    example.user_data.push_str("systemctl status backend\n");
    example.changes(&all_anew).await;

    let led_elsewhere = [
        &ROUTES[..],
        &["update api/deployment", "replace api/vpc_link"],
    ]
    .concat();
    renamed(&mut example);
    let elsewhere = [
        "replace load_balancer",
        "replace load_balancer.listeners.80",
        "replace load_balancer.listeners.80/target_group",
        "replace load_balancer.listeners.81",
        "replace load_balancer.listeners.81/target_group",
        "update load_balancer.targets.instances/1",
        "update load_balancer.targets.instances/2",
        "update load_balancer.targets.instances/3",
    ];
    example
        .changes(&[&led_elsewhere[..], &elsewhere].concat())
        .await;

    let other_targets = [
        "update load_balancer.listeners.80",
        "replace load_balancer.listeners.80/target_group",
        "update load_balancer.listeners.81",
        "replace load_balancer.listeners.81/target_group",
    ];
    let no_instances = [
        "delete load_balancer.targets.instances/1",
        "delete load_balancer.targets.instances/2",
        "delete load_balancer.targets.instances/3",
        "delete load_balancer.targets.instances/security_group",
    ];
    example.lead_to("ips = [\"172.31.128.10\", \"172.31.144.10\"]");
    example
        .changes(&[&other_targets[..], &no_instances].concat())
        .await;
    example.lead_to(&format!("instance_ids = {theirs:?}"));
    example.changes(&other_targets).await;
    example.lead_to("instance_tags = { role = \"backend\" }");
    example.changes(&[]).await;

    example.edit(
        "[load_balancer]\n",
        "[load_balancer]\ndeletion_protection = false\n",
    );
    example.changes(&["update load_balancer"]).await;
    let (road, rest) = example.text.split_once("[load_balancer]\n").unwrap();
    let (_, api) = rest.split_once("\n[api]\n").unwrap();
    example.text = format!("{road}[load_balancer]\nexisting = \"theirs\"\n\n[api]\n{api}");
    let theirs_alone = [
        "delete load_balancer",
        "delete load_balancer.listeners.80",
        "delete load_balancer.listeners.80/target_group",
        "delete load_balancer.listeners.81",
        "delete load_balancer.listeners.81/target_group",
        "delete load_balancer/security_group",
    ];
    example
        .changes(&[&led_elsewhere[..], &theirs_alone].concat())
        .await;

    example.destroy().await;
    assert_eq!(Box::pin(example.everything()).await, before);
}

#[tokio::test(start_paused = true)]
async fn the_overlay_brings_a_domain_that_moves_and_goes() {
    let mut example = Example::at(Pace::Immediate);
    example.certificate = issued(&example.world.service, PRODUCTION, "*.example.com").await;
    let (without_domain, _) = OVERLAY.split_once("[api.domain]").unwrap();
    example.overlay = Some(without_domain.to_owned());
    let before = Box::pin(example.everything()).await;
    let _applied = example.apply_with(&Options::default()).await;

    example.overlay = Some(OVERLAY.into());
    example
        .changes(&[
            // Its tags say from now on that there is a domain to look for.
            "update api",
            "create api.domain",
            "create api.domain/mapping",
            "create api.domain/record",
        ])
        .await;
    let zone = {
        let zones = somebody!(example, aws_sdk_route53).list_hosted_zones();
        let id = zones.send().await.unwrap().hosted_zones()[0]
            .id()
            .to_owned();
        id.trim_start_matches("/hostedzone/").to_owned()
    };
    example.overlay = Some(OVERLAY.replace("api.example.com", "partners.example.com"));
    example
        .changes(&[
            "replace api.domain",
            "replace api.domain/mapping",
            "create api.domain/record",
            &format!("delete api.domain/record/replaced/{zone}:api.example.com"),
        ])
        .await;
    let there = Box::pin(example.everything()).await;
    assert!(there.contains("domain partners.example.com"), "{there:#?}");
    assert!(!there.contains("domain api.example.com"), "{there:#?}");

    example.destroy().await;
    assert_eq!(Box::pin(example.everything()).await, before);
}

#[test]
fn another_name_of_the_load_balancer_is_told_with_what_comes_of_it() {
    let text = example("partner-api");
    let folder = Folder::with(&text);
    std::fs::write(folder.path().join("backend.sh"), USER_DATA).unwrap();
    folder.apply(&[]);
    let named = "[load_balancer]\nname      = \"partner-api-2\"\n";
    folder.write(&text.replace("[load_balancer]\n", named));
    let ran = folder.local(&["plan"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    with_filters(|| insta::assert_snapshot!("another_load_balancer", screen(&ran)));
}

/// The longest that the requests behind the link may take: each as if the same had been asked for just before, by API
/// Gateway's quotas.
async fn held_back(operations: &[&str]) -> Duration {
    let clock = Clock::simulated(jiff::Timestamp::UNIX_EPOCH);
    let pacer = Pacer::new(clock.clone());
    for name in operations.iter().chain(operations) {
        pacer.admit(&Operation::apigateway(name)).await;
    }
    clock
        .now()
        .duration_since(jiff::Timestamp::UNIX_EPOCH)
        .unsigned_abs()
}

/// What callers wait for after the link is at work.
const BEHIND_THE_LINK: [&str; 6] = [
    "api/deployment",
    "api/stage",
    "plans.XXXPlan",
    "partners.acme/membership",
    "partners.globex/membership",
    "partners.initech/membership",
];

#[tokio::test(start_paused = true)]
async fn an_apply_takes_as_long_as_the_load_balancer_and_then_the_link() {
    let mut example = Example::realistic();
    let (_, outcome, moments) = example.apply_with(&Options::default()).await;
    // One look too late at each of the two.
    let looks = 2 * LOOKS_EVERY;
    let road = PROVISIONING + LINK_CREATION_TIME;
    let requests = held_back(&[
        "CreateDeployment",
        "CreateStage",
        "CreateUsagePlan",
        "CreateUsagePlanKey",
        "CreateUsagePlanKey",
        "CreateUsagePlanKey",
    ]);
    let longest = road + looks + requests.await;
    assert!(outcome.took >= road, "{:?}: {moments:#?}", outcome.took);
    assert!(outcome.took <= longest, "{:?}: {moments:#?}", outcome.took);
    for moment in &moments {
        let address = moment.address.as_str();
        let waits_for_the_link = BEHIND_THE_LINK.contains(&address)
            || (address == "api/vpc_link" && moment.action == Done::Settle);
        assert!(
            waits_for_the_link || moment.ended <= PROVISIONING + looks,
            "{moment:?} holds on to what does not wait for the link"
        );
    }

    // The instances stay, so the old target groups have none that would drain: their listeners go first.
    renamed(&mut example);
    let (_, outcome, moments) = example.apply_with(&agreed()).await;
    let road = road + LINK_DELETION_TIME;
    let longest =
        road + looks + LOOKS_EVERY + held_back(&["CreateDeployment", "UpdateStage"]).await;
    assert!(outcome.took >= road, "{:?}: {moments:#?}", outcome.took);
    assert!(outcome.took <= longest, "{:?}: {moments:#?}", outcome.took);
}

#[tokio::test(start_paused = true)]
async fn who_stops_a_run_waits_for_nothing() {
    let example = Example::realistic();
    let plan = Box::pin(example.plan_with(&Options::default())).await;
    let writer = example.connection().await.writer();
    let interrupt = Interrupt::new();
    let mut told = None;
    let mut tell = |event: Event| match event {
        Event::StepStarted {
            address, action, ..
        } if address.as_str() == "api/vpc_link" && action == Done::Settle => {
            interrupt.cancel();
        }
        Event::Stopping { running } => told = Some(running),
        _ => {}
    };
    let run = apply::run(&plan, &writer, &example.world.clock, &interrupt, &mut tell);
    let outcome = Box::pin(run).await;
    assert!(outcome.interrupted && outcome.failures.is_empty());
    assert!(told.is_some(), "it says that it stops");
    assert!(
        outcome.took < PROVISIONING + LINK_CREATION_TIME,
        "{:?}",
        outcome.took
    );
    let (plan, ..) = Box::pin(example.apply_with(&Options::default())).await;
    assert!(!plan.changes.contains_key(&Address::new("load_balancer")));
}
