//! `examples/partner-api`, the whole reference system, on a local AWS of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_local::scenario::TaggingIndex;
use aws_local::{Pace, Service};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use gatestack::apply::{Done, Event, Outcome};
use gatestack::aws::{Connection, Endpoint};
use gatestack::clock::Clock;
use gatestack::engine::{Aws, FirstLook, Purpose, Session, Silent};
use gatestack::model::{Address, Payloads};
use gatestack::plan::{Action, Options, Patterns, Plan};
use gatestack::stack::{self, Checked, LoadSettings, Source};

use super::certificates::issued;
use super::program::example;
use super::world::{ACCOUNT, Telling, World, carried_out, local, plan_of, somebody, summary};

pub(crate) const OVERLAY: &str = include_str!("../../../examples/partner-api/stack.prod.toml");
pub(crate) const USER_DATA: &str = include_str!("../../../examples/partner-api/backend.sh");

/// The stack's name and Region without its overlay, and with it.
pub(crate) const REGION: &str = "ap-southeast-1";
pub(crate) const PRODUCTION: &str = "ap-southeast-2";

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
    pub(crate) world: World,
    pub(crate) text: String,
    pub(crate) overlay: Option<String>,
    pub(crate) user_data: String,
    pub(crate) certificate: String,
}

impl Example {
    pub(crate) fn at(pace: Pace) -> Self {
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

    /// One with this many partners and private routes, applied.
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
    pub(crate) fn realistic() -> Self {
        Self::at(Pace::Realistic { time_scale: 1.0 })
    }

    pub(crate) fn region(&self) -> &'static str {
        if self.overlay.is_some() {
            PRODUCTION
        } else {
            REGION
        }
    }

    pub(crate) fn line(&self) -> SharedHttpClient {
        self.world.line()
    }

    pub(crate) async fn connection(&self) -> Connection {
        self.connection_through(self.line()).await
    }

    pub(crate) async fn connection_through(&self, client: SharedHttpClient) -> Connection {
        let endpoint = Endpoint::InProcess(client);
        let connection = Connection::open(endpoint, self.region(), &self.world.clock).await;
        let mut payloads = Payloads::default();
        payloads.put(self.user_data.as_str());
        connection.payloads().extend(&payloads);
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
    pub(crate) async fn there(&self) -> BTreeSet<String> {
        let mut all = Box::pin(self.everything()).await;
        all.retain(|line| !line.starts_with("tagged "));
        all
    }

    /// Exchanges what the stack file says.
    pub(crate) fn edit(&mut self, from: &str, to: &str) {
        assert!(self.text.contains(from), "{from}\n{}", self.text);
        self.text = self.text.replace(from, to);
    }

    /// Exchanges the table of the launched instances.
    pub(crate) fn lead_to(&mut self, targets: &str) {
        let (before, rest) = self.text.split_once("[load_balancer.targets").unwrap();
        let (_, after) = rest.split_once("\n[api]\n").unwrap();
        self.text = format!("{before}[load_balancer.targets]\n{targets}\n\n[api]\n{after}");
    }

    pub(crate) fn checked(&self) -> Checked {
        let mut source = Source::new("stack.toml", self.text.as_str());
        if let Some(overlay) = &self.overlay {
            source = source.with_overlay("stack.prod.toml", overlay.as_str());
        }
        let certificate = ("certificate".to_owned(), self.certificate.clone().into());
        let settings = LoadSettings {
            vars: self.overlay.iter().map(|_| certificate.clone()).collect(),
            env: &|_| None,
            read: &|_, _| Ok(self.user_data.clone().into()),
            code: stack::CodeReading::Needed(&gatestack::code::Code::read),
        };
        let checked = stack::load(source, &settings)
            .unwrap_or_else(|diagnostics| panic!("{diagnostics:#?}\n{}", self.text));
        assert_eq!(checked.file.stack.region, self.region());
        checked
    }

    /// The stack as a command opens it.
    pub(crate) async fn session(&self) -> Session {
        self.session_over(self.connection().await).await
    }

    /// The same over a connection that is open.
    pub(crate) async fn session_over(&self, connection: Connection) -> Session {
        self.session_for(Purpose::Make, connection).await
    }

    /// The stack as a command opens it that is for this.
    pub(crate) async fn session_for(&self, purpose: Purpose, connection: Connection) -> Session {
        let (service, clock) = (self.world.service.clone(), self.world.clock.clone());
        let aws = Aws::in_process(service, connection, clock, ACCOUNT);
        let (checked, invocation) = (self.checked(), local());
        let (first_look, listener) = (FirstLook::AtOnce, &mut Silent);
        let on = Session::on(
            aws,
            &invocation,
            &checked,
            &[],
            purpose,
            first_look,
            listener,
        );
        Box::pin(on)
            .await
            .unwrap_or_else(|error| panic!("{error:#?}"))
    }

    pub(crate) async fn plan_with(&self, options: &Options) -> Plan {
        plan_of(&self.session().await, options)
            .await
            .unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    pub(crate) async fn carry_out(&self, plan: &Plan) -> (Outcome, Vec<Moment>) {
        assert!(
            plan.missing_consent.is_empty(),
            "{:#?}",
            plan.missing_consent
        );
        let clock = &self.world.clock;
        let began = clock.now();
        let mut moments = Vec::new();
        let mut tell = Telling(|event: Event| moments.extend(Moment::of(&event, clock, began)));
        let connection = self.connection().await;
        let outcome = carried_out(plan, &connection, clock, &mut tell).await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
        (outcome, moments)
    }

    /// Plans, applies, and checks that the next plan is empty.
    pub(crate) async fn apply_with(&self, options: &Options) -> (Plan, Outcome, Vec<Moment>) {
        // The futures of an SDK are larger than a test's stack.
        let plan = Box::pin(self.plan_with(options)).await;
        let (outcome, moments) = Box::pin(self.carry_out(&plan)).await;
        let again = Box::pin(self.plan_with(&Options::default())).await;
        assert!(again.is_empty(), "{:#?}", again.changes);
        (plan, outcome, moments)
    }

    /// Checks that exactly this is planned, confirms every loss, applies it, and checks that the next plan is empty.
    pub(crate) async fn changes(&self, expected: &[&str]) {
        let (plan, ..) = self.apply_with(&agreed()).await;
        assert_eq!(summary(&plan), expected);
    }

    /// Deletes the stack, and waits until AWS no longer lists terminated instances and the interfaces of a load balancer: an
    /// hour.
    pub(crate) async fn destroy(&self) {
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
        let session = Box::pin(self.session()).await;
        session.connection.reader().account().await.unwrap();
        Box::pin(session.observe(&mut Silent)).await.unwrap();
        let count = session.requests();
        assert_eq!(count.writes, 0, "a plan writes nothing");
        (count.reads, session.connection.tally().by_operation())
    }

    /// What every service lists in this Region, names and ids.
    pub(crate) async fn everything(&self) -> BTreeSet<String> {
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
    pub(crate) async fn context(&self) -> (Vec<String>, String) {
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

    /// A foreign instance, tagged `role = backend`.
    pub(crate) async fn launch(&self) -> String {
        use aws_sdk_ec2::types::{InstanceType, ResourceType, Tag, TagSpecification};
        let (subnets, group) = self.context().await;
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

    /// A foreign load balancer, called `theirs`, with a listener on port 80.
    pub(crate) async fn stand_up(&self) {
        use aws_sdk_elasticloadbalancingv2::types::{
            Action, ActionTypeEnum, LoadBalancerSchemeEnum, LoadBalancerTypeEnum, ProtocolEnum,
        };
        let (subnets, _) = self.context().await;
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
pub(crate) struct Moment {
    pub(crate) address: Address,
    pub(crate) action: Done,
    pub(crate) ended: Duration,
}

impl Moment {
    pub(crate) fn of(event: &Event, clock: &Clock, began: jiff::Timestamp) -> Option<Self> {
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

pub(crate) fn agreed() -> Options {
    Options {
        allow_delete: Patterns::new(["*".to_owned()]),
        ..Options::default()
    }
}
