//! The private backend: one table becomes a load balancer with its security groups, a listener and a target group for each port,
//! the instances and the VPC link.

use std::collections::{BTreeMap, BTreeSet};

use aws_facts::limits::elbv2::LONGEST_NAME;

use super::Expansion;
use crate::kinds::lookups::Location;
use crate::kinds::{
    Resource, instance, listener, load_balancer, security_group, target_group, vpc_link,
};
use crate::model::{Address, OutputName, Place, Text, digest};
use crate::stack::file::{
    HealthCheck, HealthProtocol, Instances, Listener, LoadBalancer, Targets, Transport,
};
use crate::stack::files::USER_DATA;

impl Expansion<'_> {
    pub(super) fn load_balancer(&mut self, table: &LoadBalancer) {
        if table.existing.is_none() {
            self.own_load_balancer(table);
        }
        let routed = self.file.api.iter().flat_map(|api| api.routes.values());
        if routed.filter(|route| route.via.is_some()).count() > 0 {
            self.vpc_link();
        }
    }

    /// The ARN of the load balancer, the stack's or an existing one.
    fn load_balancer_arn(&self) -> Text {
        match &self.lookups.load_balancer {
            Some(existing) => existing.arn.as_str().into(),
            None => Text::output(&Place::LoadBalancer.address(), OutputName::Arn),
        }
    }

    fn own_load_balancer(&mut self, table: &LoadBalancer) {
        let address = Place::LoadBalancer.address();
        let group = Place::LoadBalancerSecurityGroup.address();
        let vpc = self.vpc();
        let props = security_group::Props {
            name: format!("{}-load-balancer", self.context.stack),
            description: "The load balancer of private routes".into(),
            vpc: vpc.clone(),
            ingress: BTreeSet::new(),
            other_rules: BTreeSet::new(),
            tags: self.context.tags_of(&group),
        };
        self.add(group.clone(), Resource::SecurityGroup(props));
        let name = table.name.as_ref().unwrap_or(&self.context.stack).clone();
        let props = load_balancer::Props {
            name: name.clone(),
            scheme: "internal".into(),
            vpc: vpc.clone(),
            subnets: self
                .lookups
                .subnets
                .iter()
                .map(|subnet| subnet.id.clone())
                .collect(),
            security_groups: [id(&group)].into(),
            judges_private_link: false,
            cross_zone: table.cross_zone,
            deletion_protection: table.deletion_protection,
            active: true,
            tags: self.context.tags_of(&address),
        };
        self.add(address, Resource::LoadBalancer(props));
        for (port, listener) in ports(table) {
            self.listener(&name, &vpc, port, listener, table.targets.as_ref());
        }
        if let Some(instances) = table
            .targets
            .as_ref()
            .and_then(|targets| targets.instances.as_ref())
        {
            self.instances(table, instances, &group, vpc);
        }
    }

    fn listener(
        &mut self,
        name: &str,
        vpc: &str,
        port: u16,
        listener: &Listener,
        targets: Option<&Targets>,
    ) {
        let address = Place::Listener(port).address();
        let group = Place::TargetGroup(port).address();
        let by_address = targets.is_some_and(|targets| targets.ips.is_some());
        let props = target_group::Props {
            name: String::new(),
            vpc: vpc.to_owned(),
            target_type: if by_address { "ip" } else { "instance" }.into(),
            port: listener.to,
            protocol: transport(listener.to_protocol).into(),
            health: health(&listener.health),
            drain_seconds: listener.drain.as_secs().try_into().unwrap_or(u32::MAX),
            targets: targets.and_then(|targets| self.targets(targets)),
            tags: self.context.tags_of(&group),
        };
        let props = target_group::Props {
            name: group_name(name, port, &props),
            ..props
        };
        self.add(group.clone(), Resource::TargetGroup(props));
        let props = listener::Props {
            load_balancer: self.load_balancer_arn(),
            port,
            protocol: transport(listener.protocol).into(),
            certificate: listener.certificate.as_ref().map(|arn| self.text(arn)),
            tls_policy: match listener.protocol {
                Transport::Tcp => None,
                Transport::Tls => Some(
                    listener
                        .tls_policy
                        .clone()
                        .unwrap_or_else(|| Listener::TLS_POLICY.into()),
                ),
            },
            target_group: Text::output(&group, OutputName::Arn),
            tags: self.context.tags_of(&address),
        };
        self.add(address, Resource::Listener(props));
    }

    /// The targets of every group; none if instances are registered with their own steps.
    fn targets(&self, targets: &Targets) -> Option<BTreeSet<String>> {
        match &targets.ips {
            Some(ips) => {
                let located = |ip: &String| match self.lookups.addresses.locate(ip) {
                    Location::Outside => target_group::outside(ip),
                    Location::Subnet | Location::NoSubnet => ip.clone(),
                };
                Some(ips.iter().map(located).collect())
            }
            None if targets.instances.is_some() => None,
            None => Some(
                self.lookups
                    .instances
                    .iter()
                    .map(|instance| instance.id.clone())
                    .collect(),
            ),
        }
    }

    fn instances(
        &mut self,
        table: &LoadBalancer,
        instances: &Instances,
        from: &Address,
        vpc: String,
    ) {
        let group = Place::InstancesSecurityGroup.address();
        let targeted = table
            .listeners
            .values()
            .flat_map(|listener| [Some(listener.to), listener.health.port]);
        let props = security_group::Props {
            name: format!("{}-instances", self.context.stack),
            description: "Instances that only the load balancer reaches".into(),
            vpc,
            ingress: targeted
                .flatten()
                .map(|port| security_group::Ingress {
                    port,
                    from: id(from),
                })
                .collect(),
            other_rules: BTreeSet::new(),
            tags: self.context.tags_of(&group),
        };
        self.add(group.clone(), Resource::SecurityGroup(props));
        let groups = ports(table)
            .map(|(port, _)| Text::output(&Place::TargetGroup(port).address(), OutputName::Arn));
        let groups: BTreeSet<Text> = groups.collect();
        let user_data = self.lookups.digests.get(USER_DATA);
        let user_data = user_data.filter(|_| instances.user_data.is_some());
        let subnets = &self.lookups.subnets;
        for number in 1..=instances.count {
            let address = Place::Instance(number).address();
            let subnet = subnets.get((number as usize - 1) % subnets.len().max(1));
            let props = instance::Props {
                subnet: subnet.map_or_else(String::new, |subnet| subnet.id.clone()),
                image: instances.image.clone(),
                instance_type: instances.instance_type.clone(),
                user_data: user_data.cloned(),
                profile: instances.profile.clone(),
                security_groups: [id(&group)].into(),
                target_groups: groups.clone(),
                metadata_needs_token: true,
                running: true,
                in_service: true,
                tags: self.instance_tags(&address, number),
            };
            self.add(address, Resource::Instance(props));
        }
    }

    /// EC2's console shows the tag `Name`.
    fn instance_tags(&self, address: &Address, number: u32) -> BTreeMap<String, String> {
        let mut tags = self.context.tags_of(address);
        tags.entry("Name".into())
            .or_insert_with(|| format!("{}-{number}", self.context.stack));
        tags
    }

    fn vpc_link(&mut self) {
        let address = Place::VpcLink.address();
        let props = vpc_link::Props {
            name: self.context.stack.clone(),
            load_balancer: self.load_balancer_arn(),
            available: true,
            tags: self.context.tags_of(&address),
        };
        self.add(address, Resource::VpcLink(props));
    }

    fn vpc(&self) -> String {
        self.lookups
            .subnets
            .first()
            .map_or_else(String::new, |subnet| subnet.vpc.clone())
    }
}

fn id(of: &Address) -> Text {
    Text::output(of, OutputName::Id)
}

/// The listeners by their ports. The checks refuse other names.
fn ports(table: &LoadBalancer) -> impl Iterator<Item = (u16, &Listener)> {
    let listeners = table.listeners.iter();
    listeners.filter_map(|(port, listener)| Some((port.parse().ok()?, listener)))
}

/// A name that differs if AWS needs another group, so that the new group can exist beside the old one.
fn group_name(load_balancer: &str, port: u16, props: &target_group::Props) -> String {
    let facts = format!(
        "{load_balancer} {port} {} {} {} {}",
        props.vpc, props.target_type, props.port, props.protocol
    );
    let digest = &digest(facts.as_bytes())[..8];
    let beginning: String = load_balancer
        .chars()
        .take(LONGEST_NAME - digest.len() - 1)
        .collect();
    format!("{}-{digest}", beginning.trim_end_matches('-'))
}

fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "TCP",
        Transport::Tls => "TLS",
    }
}

fn health(check: &HealthCheck) -> target_group::Health {
    let over_http = check.protocol != HealthProtocol::Tcp;
    target_group::Health {
        protocol: match check.protocol {
            HealthProtocol::Tcp => "TCP",
            HealthProtocol::Http => "HTTP",
            HealthProtocol::Https => "HTTPS",
        }
        .into(),
        path: over_http.then(|| {
            check
                .path
                .clone()
                .unwrap_or_else(|| HealthCheck::PATH.into())
        }),
        port: check.port,
        interval_seconds: check.interval.as_secs().try_into().unwrap_or(u32::MAX),
        healthy: check.healthy,
        unhealthy: check.unhealthy,
    }
}
