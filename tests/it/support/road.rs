//! Stacks whose routes go through a VPC link and a load balancer, in a world with private subnets.

use std::collections::BTreeSet;

use aws_sdk_apigateway::types::VpcLinkStatus;
use aws_sdk_elasticloadbalancingv2::types::LoadBalancer;
use gatestack::kinds::Observation;
use gatestack::plan::{Options, Plan, Problem};

use super::world::World;

/// A world with private subnets, and its operations.
pub(crate) struct Road {
    pub(crate) world: World,
}

impl Road {
    pub(crate) fn new() -> Self {
        Self::on(World::new())
    }

    /// The same in this world.
    pub(crate) fn on(world: World) -> Self {
        Self { world }
    }

    /// Checks that no part of the private backend exists.
    pub(crate) async fn assert_nothing_is_left(&self) {
        assert_eq!(self.load_balancers().await, []);
        let groups = elbv2(&self.world).describe_target_groups().send().await;
        assert_eq!(groups.unwrap().target_groups(), []);
        let links = self.world.apigateway().get_vpc_links().send().await;
        assert_eq!(links.unwrap().items(), []);
        let ours = aws_sdk_ec2::types::Filter::builder()
            .name("tag-key")
            .values("gatestack:stack");
        let groups = ec2(&self.world).describe_security_groups();
        let groups = groups.filters(ours.build()).send().await.unwrap();
        assert_eq!(groups.security_groups(), []);
    }

    pub(crate) async fn observe(&self, text: &str) -> Observation {
        self.world.look(text).await
    }

    pub(crate) async fn plan(&self, text: &str, options: &Options) -> Result<Plan, Vec<Problem>> {
        self.world.plan_with(text, options).await
    }

    /// Plans and applies; every step has to succeed.
    pub(crate) async fn apply_with(&self, text: &str, options: &Options) -> Plan {
        self.world.apply_with(text, options).await
    }

    pub(crate) async fn apply(&self, text: &str) -> Plan {
        self.world.apply(text).await
    }

    pub(crate) async fn assert_at_rest(&self, text: &str) {
        let plan = self.world.plan(text).await;
        assert!(plan.is_empty(), "{:#?}", plan.changes);
    }

    pub(crate) async fn id(&self, text: &str, address: &str) -> String {
        self.world.id(text, address).await
    }

    pub(crate) async fn load_balancers(&self) -> Vec<LoadBalancer> {
        let answer = elbv2(&self.world).describe_load_balancers().send().await;
        answer.unwrap().load_balancers.unwrap_or_default()
    }

    /// The deployment that the stage serves.
    pub(crate) async fn served(&self, text: &str) -> String {
        let api = self.id(text, "api").await;
        let client = self.world.apigateway();
        let stage = client.get_stage().rest_api_id(api).stage_name("prod");
        stage
            .send()
            .await
            .unwrap()
            .deployment_id
            .unwrap_or_default()
    }

    /// Whether the stage uses a ready link with a load balancer and a listener: the old one as long as it serves the old
    /// deployment.
    pub(crate) async fn callers_get_through(
        &self,
        deployment: &str,
        old_link: &str,
        text: &str,
    ) -> bool {
        let serves_old = self.served(text).await == deployment;
        let client = self.world.apigateway();
        let links = client.get_vpc_links().send().await.unwrap();
        for link in links.items() {
            let is_old = link.id() == Some(old_link);
            let at_work = link.status() == Some(&VpcLinkStatus::Available);
            if is_old == serves_old && at_work {
                let target = link.target_arns().first().unwrap();
                let request = elbv2(&self.world)
                    .describe_listeners()
                    .load_balancer_arn(target);
                return !request.send().await.unwrap().listeners().is_empty();
            }
        }
        false
    }
}

/// The ids of the private subnets of an account, in order.
pub(crate) async fn private_subnets(world: &World) -> BTreeSet<String> {
    let private = aws_sdk_ec2::types::Filter::builder()
        .name("tag:tier")
        .values("private");
    let request = ec2(world).describe_subnets().filters(private.build());
    let subnets = request.send().await.unwrap().subnets.unwrap_or_default();
    subnets.into_iter().filter_map(|it| it.subnet_id).collect()
}

pub(crate) fn ec2(world: &World) -> aws_sdk_ec2::Client {
    let config = aws_sdk_ec2::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_ec2::config::Region::new("eu-west-1"))
        .credentials_provider(aws_sdk_ec2::config::Credentials::from_keys(
            "someone", "else", None,
        ))
        .http_client(world.line())
        .build();
    aws_sdk_ec2::Client::from_conf(config)
}

pub(crate) fn elbv2(world: &World) -> aws_sdk_elasticloadbalancingv2::Client {
    let config = aws_sdk_elasticloadbalancingv2::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_elasticloadbalancingv2::config::Region::new(
            "eu-west-1",
        ))
        .credentials_provider(
            aws_sdk_elasticloadbalancingv2::config::Credentials::from_keys("someone", "else", None),
        )
        .http_client(world.line())
        .build();
    aws_sdk_elasticloadbalancingv2::Client::from_conf(config)
}

/// An API whose only route goes through the link to two addresses.
pub(crate) fn stack_with_a_road() -> String {
    r#"
[stack]
name = "claims"
region = "eu-west-1"

[load_balancer]
name = "claims"
subnets = { vpc = "default", tags = { tier = "private" } }

[load_balancer.listeners.80]
to = 8080

[load_balancer.targets]
ips = ["172.31.128.10", "172.31.144.10"]

[api]
name = "xxx-api"
stage = "prod"
requires = "nothing"

[api.routes]
"GET /policies/{id}" = { http = "http://backend.internal:80/policies/{id}", via = "load_balancer" }
"#
    .into()
}
