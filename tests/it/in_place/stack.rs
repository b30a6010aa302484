//! An applied stack with a thing of every kind.

use std::collections::{BTreeMap, BTreeSet};

use aws_local::{Pace, Service};
use aws_sdk_ec2::types::Filter;
use gatestack::aws::Connection;
use gatestack::engine::{Aws, Purpose, Session, Silent};
use gatestack::kinds::{Desired, Resource, Wanted, function_role};
use gatestack::model::{Address, OutputName, Place, Text};
use gatestack::plan::{Options, Patterns, Plan};

use crate::support::certificates::issued;
use crate::support::road::{ec2, private_subnets};
use crate::support::world::{ACCOUNT, World, local, plan_of};

/// A stack, what is wanted of it, and the account it is in.
pub(super) struct Stack {
    pub(super) world: World,
    pub(super) desired: Desired,
    pub(super) things: Things,
    connection: Connection,
}

/// What is in the account beside the stack.
#[derive(Clone, Debug)]
pub(super) struct Things {
    /// A certificate in the stack's Region that it does not use.
    pub(super) certificate: String,
    /// The one of the pool's own domain.
    pub(super) domain_certificate: String,
    /// Another one in its Region, us-east-1.
    pub(super) certificate_everywhere: String,
    /// A private subnet that it does not use.
    pub(super) subnet: String,
    /// A security group that it does not use.
    pub(super) security_group: String,
    /// The hosted zone of its domains.
    pub(super) zone: String,
}

impl Stack {
    /// The stack in an account with AWS's durations.
    pub(super) async fn applied() -> Self {
        let world = World::new();
        let world = World {
            service: empty(&world),
            ..world
        };
        let (text, things) = text(&world).await;
        let session = world.open(&text, Purpose::Make).await;
        let stack = Self {
            connection: session.connection.clone(),
            desired: session.desired,
            world,
            things,
        };
        stack.with_addresses().await
    }

    /// Instances are registered with their own steps: one more listener has addresses, listed in the file.
    async fn with_addresses(mut self) -> Self {
        let (listener, group) = (
            Place::Listener(90).address(),
            Place::TargetGroup(90).address(),
        );
        let mut made = Vec::new();
        for (like, address) in [
            (Place::Listener(80), &listener),
            (Place::TargetGroup(80), &group),
        ] {
            let mut wanted = self.desired.resources[&like.address()].clone();
            let own = self.desired.context.tags_of(address);
            match &mut wanted.resource {
                Resource::Listener(props) => {
                    props.port = 90;
                    props.target_group = Text::output(&group, OutputName::Arn);
                    props.tags = own;
                }
                Resource::TargetGroup(props) => {
                    props.name = "addresses".into();
                    props.target_type = "ip".into();
                    props.targets = Some(["172.31.128.10".into()].into());
                    props.tags = own;
                }
                other => panic!("{other:?}"),
            }
            made.push((address.clone(), wanted));
        }
        self.desired.resources.extend(made);
        self.desired
            .resources
            .extend(shared_permission(&self.desired));
        let role = Place::FunctionRole("hello".into()).address();
        let role = self.desired.resources.get_mut(&role);
        if let Some(Resource::FunctionRole(props)) = role.map(|role| &mut role.resource) {
            // Lambda refuses a network to a function whose role can't use one.
            let own = function_role::own_policy("arn:aws:logs:*:*:log-group:*", true, true);
            props.policies = [(function_role::OWN_POLICY.to_owned(), own)].into();
        }
        self.apply().await;
        self
    }

    /// The same in an account of its own.
    pub(super) async fn copy(&self) -> Self {
        let clock = self.world.clock.clone();
        let service = self.world.service.in_memory_copy(clock).unwrap();
        self.on(service, self.desired.clone()).await
    }

    /// One resource and what it needs, wanted in an empty account.
    pub(super) async fn with_only_what_is_needed_for(&self, address: &Address) -> Self {
        let mut needed = BTreeSet::from([address.clone()]);
        let mut new = vec![address.clone()];
        while let Some(address) = new.pop() {
            let awaited = self.desired.resources[&address].resource.awaited();
            new.extend(awaited.into_iter().filter(|it| needed.insert(it.clone())));
        }
        let mut desired = self.desired.clone();
        desired
            .resources
            .retain(|address, _| needed.contains(address));
        for wanted in desired.resources.values_mut() {
            wanted.after.clear();
            if let Resource::UserPool(pool) = &mut wanted.resource {
                // A mark without its child would be deleted.
                pool.marks.clear();
            }
        }
        self.on(empty(&self.world), desired).await
    }

    async fn on(&self, service: Service, desired: Desired) -> Self {
        let world = World {
            service,
            ..self.world.clone()
        };
        Self {
            connection: world.connection().await,
            desired,
            things: self.things.clone(),
            world,
        }
    }

    /// What is wanted at an address.
    pub(super) fn wanted(&mut self, address: &Address) -> &mut Resource {
        let wanted = self.desired.resources.get_mut(address);
        &mut wanted.expect("something wanted").resource
    }

    /// Adds a `[[moved]]` from one address to another.
    pub(super) fn moved(&mut self, from: &str, to: &Address) {
        let from = Address::new(from);
        let wanted = self.desired.resources.remove(&from);
        let wanted = wanted.expect("something wanted");
        self.desired.resources.insert(to.clone(), wanted);
        self.desired.moved.push((from, to.clone()));
    }

    fn session(&self) -> Session {
        let (service, clock) = (self.world.service.clone(), self.world.clock.clone());
        let aws = Aws::in_process(service, self.connection.clone(), clock, ACCOUNT);
        Session::of(aws, &local(), self.desired.clone(), Purpose::Make)
    }

    pub(super) async fn plan(&self) -> Plan {
        let options = Options {
            allow_delete: Patterns::new(["*".to_owned()]),
            ..Options::default()
        };
        let plan = plan_of(&self.session(), &options).await;
        plan.unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    pub(super) async fn carry_out(&self, plan: &Plan) {
        let outcome = self.world.carry_out_in(&self.session(), plan).await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    }

    pub(super) async fn apply(&self) {
        self.carry_out(&self.plan().await).await;
    }

    /// Makes one thing and waits for nothing.
    pub(super) async fn make(&self, address: &Address, wanted: &Resource, replaces: Option<&str>) {
        let book = self.session().observe(&mut Silent).await.unwrap().book();
        let writer = self.connection.writer();
        let made = wanted.create(&writer, address, &book, replaces).await;
        made.unwrap();
    }

    /// The outputs of one resource.
    pub(super) async fn output(&self, address: &str, name: OutputName) -> String {
        let observation = self.session().observe(&mut Silent).await.unwrap();
        observation.live[&Address::new(address)].outputs[&name].clone()
    }

    pub(super) async fn id(&self, address: &str) -> String {
        self.output(address, OutputName::Id).await
    }
}

/// An account with AWS's durations.
fn empty(world: &World) -> Service {
    Service::in_memory(aws_local::Options {
        account: ACCOUNT.into(),
        clock: world.clock.clone(),
        pace: Pace::Realistic { time_scale: 1.0 },
        ..aws_local::Options::default()
    })
}

/// The file, and what is in its account.
async fn text(world: &World) -> (String, Things) {
    let mut certificates = Vec::new();
    for region in ["eu-west-1", "eu-west-1", "us-east-1", "us-east-1"] {
        certificates.push(issued(&world.service, region, "*.example.com").await);
    }
    let [certificate, spare, everywhere, spare_everywhere] = certificates.try_into().unwrap();
    let subnets = Vec::from_iter(private_subnets(world).await);
    let image = Filter::builder()
        .name("architecture")
        .values("arm64")
        .build();
    let images = ec2(world).describe_images().filters(image).send().await;
    let image = images.unwrap().images()[0].image_id.clone().unwrap();
    let zones = route53(world).list_hosted_zones().send().await.unwrap();
    let zone = zones.hosted_zones()[0]
        .id()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let subnet = &subnets[0];
    let described = ec2(world)
        .describe_subnets()
        .subnet_ids(subnet)
        .send()
        .await;
    let vpc = described.unwrap().subnets()[0].vpc_id.clone().unwrap();
    let group = ec2(world).create_security_group().group_name("own");
    let group = group.description("of functions").vpc_id(vpc).send().await;
    let security_group = group.unwrap().group_id.unwrap();
    let text = format!(
        r#"
[stack]
name = "claims"
region = "eu-west-1"
tags = {{ team = "claims" }}

[user_pool]
name = "XXX Users"
domain = "xxx-${{account.id}}"
own_domain = {{ name = "auth.example.com", certificate = "{everywhere}", zone = "{zone}" }}

[resource_servers.payments]
scopes = {{ read = "read", write = "write" }}

[app_clients.web]
flows = ["code"]
scopes = ["openid"]
callback_urls = ["https://app.example.com/callback"]

[api]
name = "xxx-api"
stage = "prod"
cors = true
access_logs = true
requires = {{ scopes = ["payments/read"], api_key = true }}
stage_variables = {{ host = "api.aws.com" }}
throttle = {{ rate = 50, burst = 100 }}

[api.domain]
name = "api.example.com"
certificate = "{certificate}"
base_paths = ["v1"]
zone = "{zone}"

[api.routes]
"GET /policies/{{id}}" = {{ http = "http://api.aws.com/policies/{{id}}" }}
"GET /private" = {{ http = "http://backend.internal:80/private", via = "load_balancer" }}
"GET /health" = {{ mock = {{ status = 200, body = "hi" }} }}
"GET /hello" = {{ function = "hello" }}

[functions.hello]
source = "examples/m2m-lambda/hello"
environment = {{ GREETING = "Hello" }}
alias = "live"

[functions.other]
source = "examples/m2m-lambda/hello"

[load_balancer]
subnets = ["{subnet}"]
deletion_protection = false

[load_balancer.listeners]
80 = {{ to = 8080, health = {{ protocol = "http", path = "/health" }} }}
443 = {{ to = 8081, protocol = "tls", certificate = "{certificate}" }}

[load_balancer.targets.instances]
count = 1
type = "t4g.nano"
image = "{image}"
user_data = "backend.sh"

[plans.gold]
throttle = {{ rate = 50, burst = 100 }}
quota = {{ requests = 1000, per = "month" }}

[plans.slow]

[partners.acme]
plan = "gold"
scopes = ["payments/read"]
"#
    );
    let things = Things {
        certificate: spare,
        domain_certificate: everywhere,
        certificate_everywhere: spare_everywhere,
        subnet: subnets[1].clone(),
        security_group,
        zone,
    };
    (text, things)
}

/// What lets several methods of the API invoke one function, as for more routes than its policy has room for.
fn shared_permission(desired: &Desired) -> Option<(Address, Wanted)> {
    let one = Place::RoutePermission("GET /hello".into()).address();
    let mut wanted = desired.resources[&one].clone();
    let function = Place::Function("other".into()).address();
    if let Resource::FunctionPermission(props) = &mut wanted.resource {
        props.function = Text::output(&function, OutputName::Arn);
        props.methods = ["*/other".to_owned()].into();
    }
    Some((Place::FunctionPermission("other".into()).address(), wanted))
}

pub(super) fn lambda(world: &World) -> aws_sdk_lambda::Client {
    aws_sdk_lambda::Client::from_conf(
        aws_sdk_lambda::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_lambda::config::Region::new("eu-west-1"))
            .credentials_provider(aws_sdk_lambda::config::Credentials::from_keys(
                "someone", "else", None,
            ))
            .http_client(world.line())
            .build(),
    )
}

pub(super) fn route53(world: &World) -> aws_sdk_route53::Client {
    aws_sdk_route53::Client::from_conf(
        aws_sdk_route53::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_route53::config::Region::new("eu-west-1"))
            .credentials_provider(aws_sdk_route53::config::Credentials::from_keys(
                "someone", "else", None,
            ))
            .http_client(world.line())
            .build(),
    )
}

/// One tag more.
pub(super) fn tag(tags: &mut BTreeMap<String, String>) {
    tags.insert("team".into(), "others".into());
}
