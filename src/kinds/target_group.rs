//! A target group: the targets of one listener, and their health check.

mod targets;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types::{
    ProtocolEnum, TargetGroup as LiveGroup, TargetGroupAttribute, TargetTypeEnum,
};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

pub use self::targets::outside;
use self::targets::{as_wanted, deregister, register, registered};
use super::ownership::{Candidate, after_moves, sort_out};
use super::private_backends;
use super::uses::{Leaving, Uses};
use super::{
    Dependent, Field, Findings, InPicture, Kind, KindInfo, LiveReference, Obstacle, OnChange,
    Outputs, Owner, Replace, Resource, STACK_TAG, Scope, Task, distinct, gone_is_success, listener,
    literal, tags,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Value};

/// A target group.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name, unique in the Region; it follows from what AWS can't change.
    pub name: String,
    /// The VPC's id.
    pub vpc: String,
    /// `instance` or `ip`.
    pub target_type: String,
    /// The targets' port.
    pub port: u16,
    /// The protocol of the targets: `TCP` or `TLS`.
    pub protocol: String,
    /// How a target shows that it works.
    pub health: Health,
    /// The deregistration delay, in seconds.
    pub drain_seconds: u32,
    /// Instance ids or addresses, those outside the VPC marked as such. `None` if gatestack's instances are registered with their own steps.
    pub targets: Option<BTreeSet<String>>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// How a target shows that it works.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Health {
    /// `TCP`, `HTTP` or `HTTPS`.
    pub protocol: String,
    /// The path of a check over HTTP or HTTPS.
    pub path: Option<String>,
    /// The port; none for the targets' own.
    pub port: Option<u16>,
    /// From one check to the next, in seconds.
    pub interval_seconds: u32,
    /// How many in a row make a target healthy.
    pub healthy: u32,
    /// How many failed ones in a row make it unhealthy.
    pub unhealthy: u32,
}

impl Health {
    fn value(&self) -> Value {
        Value::map([
            ("protocol", Value::from(&self.protocol)),
            ("path", self.path.as_ref().into()),
            ("port", self.port.map(u32::from).into()),
            ("interval", self.interval_seconds.into()),
            ("healthy", self.healthy.into()),
            ("unhealthy", self.unhealthy.into()),
        ])
    }
}

/// A target group.
#[derive(Debug)]
pub struct TargetGroup;

/// The word for consent to the loss of targets that gatestack did not register.
const OTHER_TARGETS: &str = "other_targets";
/// Everything in a target group that is not the stack's.
pub const DEPENDENTS: &[&str] = &[OTHER_TARGETS];

const DRAIN: &str = "deregistration_delay.timeout_seconds";
/// The port of a health check on the traffic port.
const TRAFFIC_PORT: &str = "traffic-port";

/// The parts of its update, in the order of their calls.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// How a target shows that it works.
    Health,
    /// The deregistration delay.
    Drain,
    /// What answers.
    Targets,
    /// The tags.
    Tags,
}

impl Kind for TargetGroup {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        marked_on: Some("rest_api"),
        replace: Replace::CreateFirst,
        in_picture: InPicture::TargetGroups,
        dependents: DEPENDENTS,
        when_different: "calls through the VPC link go elsewhere",
        is_private_backend: true,
        ..KindInfo::new(
            "target_group",
            "target group",
            "The targets behind a listener and their health check. See the user guide for Network Load Balancers, \"Target \
             groups\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::new(
            "name",
            "The name, which follows from the rest.",
            |p: &Props, _| (&p.name).into(),
        )
        .on_change(OnChange::Replace("AWS never renames a target group")),
        Field::new("vpc", "The VPC its targets are in.", |p: &Props, _| {
            (&p.vpc).into()
        })
        .on_change(OnChange::Replace("a target group stays in its VPC")),
        Field::new(
            "target_type",
            "Whether targets are instances or addresses.",
            |p: &Props, _| (&p.target_type).into(),
        )
        .on_change(OnChange::Replace("a target group keeps its type")),
        Field::new("to", "The targets' port.", |p: &Props, _| {
            u32::from(p.port).into()
        })
        .on_change(OnChange::Replace("a target group keeps its port")),
        Field::new(
            "to_protocol",
            "The protocol of the targets.",
            |p: &Props, _| (&p.protocol).into(),
        )
        .on_change(OnChange::Replace("a target group keeps its protocol")),
        Field::new("health", "The health check.", |p: &Props, _| {
            p.health.value()
        })
        .by(Part::Health),
        Field::new(
            "drain",
            "How long a target that leaves may finish what it has begun, in seconds.",
            |p: &Props, _| p.drain_seconds.into(),
        )
        .by(Part::Drain),
        Field::new("targets", "The registered targets.", |p: &Props, _| {
            p.targets.as_ref().map(Value::set).into()
        })
        .by(Part::Targets),
        Field::new(
            "tags",
            "Tags. Others on the group are left alone.",
            |p: &Props, _| tags::value(&p.tags),
        )
        .by(Part::Tags)
        .wanted_keys(),
    ];

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        if !private_backends::is_there(reader, scope).await? {
            return Ok(Findings::default());
        }
        let wanted: BTreeMap<Address, String> = wanted(scope)
            .map(|(address, props)| (address.clone(), props.name.clone()))
            .collect();
        let likely = likely(reader, scope).await?.into_iter();
        let candidates =
            likely.map(async |(live, tags)| candidate(reader, scope, &live, tags).await);
        let candidates = try_join_all(candidates).await?;
        Ok(sort_out(scope, &Self::INFO, &wanted, candidates))
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let health = &want.health;
        let request = writer
            .elbv2()
            .create_target_group()
            .name(&want.name)
            .vpc_id(&want.vpc)
            .target_type(TargetTypeEnum::from(want.target_type.as_str()))
            .protocol(ProtocolEnum::from(want.protocol.as_str()))
            .port(want.port.into())
            .health_check_enabled(true)
            .health_check_protocol(ProtocolEnum::from(health.protocol.as_str()))
            .set_health_check_path(health.path.clone())
            .health_check_port(health.port_text())
            .health_check_interval_seconds(number(health.interval_seconds))
            .health_check_timeout_seconds(health.timeout_seconds())
            .healthy_threshold_count(number(health.healthy))
            .unhealthy_threshold_count(number(health.unhealthy))
            .set_tags(tags::elbv2::sent(&task.tags(&want.tags)));
        let answer = writer
            .call(Operation::elbv2("CreateTargetGroup"), request.send())
            .await?;
        let made = answer.target_groups.unwrap_or_default();
        let arn = made
            .into_iter()
            .find_map(|group| group.target_group_arn)
            .unwrap_or_default();
        set_drain(writer, &arn, want.drain_seconds).await?;
        if let Some(targets) = &want.targets {
            register(writer, &arn, targets.iter()).await?;
        }
        Ok(outputs(&arn))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let (want, held) = (task.want, live.props);
        let arn = live.output(OutputName::Arn);
        for part in distinct(changed) {
            match part {
                Part::Health => modify_health(writer, arn, &want.health).await?,
                Part::Drain => set_drain(writer, arn, want.drain_seconds).await?,
                Part::Targets => {
                    let (Some(want), Some(held)) = (&want.targets, &held.targets) else {
                        continue;
                    };
                    // New targets are registered before old ones are removed.
                    register(writer, arn, want.difference(held)).await?;
                    deregister(writer, arn, held.difference(want)).await?;
                }
                Part::Tags => tags::elbv2::write(writer, arn, &want.tags, &held.tags).await?,
            }
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let deleted = writer.patiently(async || {
            let request = writer
                .elbv2()
                .delete_target_group()
                .target_group_arn(live.output(OutputName::Arn));
            writer
                .call(Operation::elbv2("DeleteTargetGroup"), request.send())
                .await
        });
        gone_is_success(deleted.await)
    }
}

impl Health {
    fn port_text(&self) -> String {
        self.port
            .map_or_else(|| TRAFFIC_PORT.to_owned(), |port| port.to_string())
    }

    /// AWS's default timeout for the protocol, but never more than the interval, which AWS refuses.
    fn timeout_seconds(&self) -> i32 {
        let usual = if self.protocol == "HTTP" { 6 } else { 10 };
        number(self.interval_seconds).min(usual)
    }
}

/// Whether a group is of a type that gatestack creates and has no load balancer, as after an interrupted run.
fn is_left_over(group: &LiveGroup) -> bool {
    let of_a_network = matches!(group.protocol, Some(ProtocolEnum::Tcp | ProtocolEnum::Tls));
    group.load_balancer_arns().is_empty() && of_a_network
}

fn wanted<'a>(scope: &Scope<'a>) -> impl Iterator<Item = (&'a Address, &'a Props)> {
    let resources = scope.desired.resources.iter();
    resources.filter_map(|(address, wanted)| match &wanted.resource {
        Resource::TargetGroup(props) => Some((address, props)),
        _ => None,
    })
}

fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

async fn modify_health(writer: &Writer, arn: &str, health: &Health) -> Result<(), AwsError> {
    let request = writer
        .elbv2()
        .modify_target_group()
        .target_group_arn(arn)
        .health_check_enabled(true)
        .health_check_protocol(ProtocolEnum::from(health.protocol.as_str()))
        .set_health_check_path(health.path.clone())
        .health_check_port(health.port_text())
        .health_check_interval_seconds(number(health.interval_seconds))
        .health_check_timeout_seconds(health.timeout_seconds())
        .healthy_threshold_count(number(health.healthy))
        .unhealthy_threshold_count(number(health.unhealthy));
    writer
        .call(Operation::elbv2("ModifyTargetGroup"), request.send())
        .await?;
    Ok(())
}

async fn set_drain(writer: &Writer, arn: &str, seconds: u32) -> Result<(), AwsError> {
    let attribute = TargetGroupAttribute::builder()
        .key(DRAIN)
        .value(seconds.to_string())
        .build();
    let modified = writer.patiently(async || {
        let request = writer
            .elbv2()
            .modify_target_group_attributes()
            .target_group_arn(arn)
            .attributes(attribute.clone());
        writer
            .call(
                Operation::elbv2("ModifyTargetGroupAttributes"),
                request.send(),
            )
            .await
    });
    modified.await.map(drop)
}

/// The target groups that may be the stack's, with their tags.
///
/// # Errors
/// A read failed.
pub(super) async fn likely(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<Vec<(LiveGroup, BTreeMap<String, String>)>, AwsError> {
    let wanted: BTreeSet<&str> = wanted(scope).map(|(_, props)| &*props.name).collect();
    let (balancers, groups, tagged) = tokio::try_join!(
        reader.load_balancers(),
        reader.target_groups(),
        reader.tagged(STACK_TAG, &scope.desired.context.stack),
    )?;
    let ours: BTreeSet<&str> = balancers
        .iter()
        .filter(|(_, tags)| scope.desired.context.owns(tags))
        .filter_map(|(balancer, _)| balancer.load_balancer_arn.as_deref())
        .collect();
    // Their listeners are read with the tags of the groups, so neither is read twice.
    try_join_all(ours.iter().map(|balancer| reader.listeners(balancer))).await?;
    // An account may have thousands, and tags are read 20 at a time: only for groups that may be ours. One behind another
    // load balancer is ours only if it was moved, which the tagging API shows eventually.
    let maybe = groups.iter().filter(|group| {
        let arn = group.target_group_arn.as_deref().unwrap_or_default();
        let name = group.target_group_name.as_deref().unwrap_or_default();
        tagged.contains(arn)
            || wanted.contains(name)
            || is_left_over(group)
            || group
                .load_balancer_arns()
                .iter()
                .any(|balancer| ours.contains(balancer.as_str()))
    });
    reader
        .with_tags(maybe.cloned().collect(), |group| {
            group.target_group_arn.as_deref()
        })
        .await
}

async fn candidate(
    reader: &Reader,
    scope: &Scope<'_>,
    live: &LiveGroup,
    tags: BTreeMap<String, String>,
) -> Result<Candidate<Props>, AwsError> {
    let arn = live.target_group_arn.as_deref().unwrap_or_default();
    let name = live.target_group_name.clone().unwrap_or_default();
    let port = whole(live.port).try_into().unwrap_or_default();
    // gatestack's instances are registered with their own steps, so the targets are not compared here.
    let address = match scope.desired.context.owner_by_tags(&tags) {
        Owner::Us(address) => Some(after_moves(scope.desired, &address)),
        Owner::Stack(_) | Owner::Nobody => None,
    };
    let compared = wanted(scope)
        .filter(|(of, props)| address.as_ref() == Some(*of) || props.name == name)
        .find_map(|(_, props)| props.targets.as_ref());
    let (attributes, targets) = tokio::try_join!(reader.target_group_attributes(arn), async {
        Ok(match compared {
            Some(wanted) => Some(as_wanted(registered(reader, arn, port).await?, wanted)),
            None => None,
        })
    })?;
    let props = Props {
        name: name.clone(),
        vpc: live.vpc_id.clone().unwrap_or_default(),
        target_type: live
            .target_type
            .as_ref()
            .map_or("", TargetTypeEnum::as_str)
            .to_owned(),
        port,
        protocol: protocol(live.protocol.as_ref()),
        health: health(live),
        drain_seconds: attributes
            .get(DRAIN)
            .and_then(|seconds| seconds.parse().ok())
            .unwrap_or_default(),
        targets,
        tags: tags.clone(),
    };
    Ok(Candidate {
        name,
        tags,
        props,
        outputs: outputs(arn),
        unmanaged: Vec::new(),
    })
}

/// What is not the stack's in a deleted group: targets, and listeners that forward to it and stay, for which AWS refuses to
/// delete it. If the file lists targets, or did, other targets can't be distinguished.
pub(super) async fn others_in(
    reader: &Reader,
    leaving: &Leaving<'_>,
    address: &Address,
    props: &Props,
    arn: &str,
) -> Result<Uses, AwsError> {
    let mut uses = Uses::default();
    for (at, balancer) in leaving
        .all_of("load_balancer")
        .filter(|(at, _)| !leaving.has(at))
    {
        let balancer = balancer
            .outputs
            .get(&OutputName::Arn)
            .map_or("", String::as_str);
        let listeners = reader.listeners(balancer).await?;
        let ours = leaving.ids_of("listener");
        let others = listeners
            .iter()
            .map(|(listener, _)| listener)
            .filter(|listener| {
                let id = listener.listener_arn.as_deref().unwrap_or_default();
                !ours.contains(id) && listener::groups(listener).contains(&arn)
            });
        let ports: Vec<String> = others
            .filter_map(|one| one.port)
            .map(|port| port.to_string())
            .collect();
        if !ports.is_empty() {
            uses.in_use.push(Obstacle {
                address: address.clone(),
                what: format!(
                    "listeners of {at} outside this stack forward to the target group {:?}, and AWS does not delete one \
                     that is in use: port {}",
                    props.name,
                    ports.join(", ")
                ),
                help: "point them elsewhere or delete them first".into(),
            });
        }
    }
    let instances = leaving.all_of("instance").filter_map(|(_, live)| {
        let Resource::Instance(instance) = &live.resource else {
            return None;
        };
        let registered = instance
            .target_groups
            .iter()
            .any(|group| literal(group) == arn);
        live.outputs.get(&OutputName::Id).filter(|_| registered)
    });
    let instances: BTreeSet<&String> = instances.collect();
    if instances.is_empty() {
        return Ok(uses);
    }
    let targets = registered(reader, arn, props.port).await?;
    let others: Vec<String> = targets
        .into_iter()
        .filter(|target| !instances.contains(target))
        .collect();
    uses.dependents.extend(Dependent::of(
        address,
        OTHER_TARGETS,
        ("target", "target"),
        &others,
        "calls no longer reach it",
    ));
    Ok(uses)
}

fn health(live: &LiveGroup) -> Health {
    let protocol = protocol(live.health_check_protocol.as_ref());
    Health {
        path: live
            .health_check_path
            .clone()
            .filter(|path| protocol != "TCP" && !path.is_empty()),
        protocol,
        port: live
            .health_check_port
            .as_deref()
            .and_then(|port| port.parse().ok()),
        interval_seconds: whole(live.health_check_interval_seconds),
        healthy: whole(live.healthy_threshold_count),
        unhealthy: whole(live.unhealthy_threshold_count),
    }
}

fn protocol(live: Option<&ProtocolEnum>) -> String {
    live.map_or("", ProtocolEnum::as_str).to_owned()
}

fn whole(number: Option<i32>) -> u32 {
    number
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or_default()
}

fn outputs(arn: &str) -> Outputs {
    Outputs::from([
        (OutputName::Id, arn.to_owned()),
        (OutputName::Arn, arn.to_owned()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_ends_before_the_next_begins() {
        let check = |protocol: &str, interval_seconds| Health {
            protocol: protocol.into(),
            path: None,
            port: None,
            interval_seconds,
            healthy: 3,
            unhealthy: 3,
        };
        assert_eq!(check("TCP", 5).timeout_seconds(), 5);
        assert_eq!(check("TCP", 30).timeout_seconds(), 10);
        assert_eq!(check("HTTP", 30).timeout_seconds(), 6);
    }
}
