//! An internal network load balancer.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::VpcLinkStatus;
use aws_sdk_elasticloadbalancingv2::types::{
    EnforceSecurityGroupInboundRulesOnPrivateLinkTrafficEnum as OnPrivateLink,
    LoadBalancer as LiveBalancer, LoadBalancerAttribute, LoadBalancerSchemeEnum,
    LoadBalancerStateEnum, LoadBalancerTypeEnum,
};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::ownership::{Candidate, after_moves, sort_out};
use super::private_backends;
use super::{
    Action, Field, Findings, Found, InPicture, Kind, KindInfo, LiveReference, Look, Note, Obstacle,
    OnChange, Outputs, Replace, Resource, Scope, Task, distinct, gone_is_success, tags,
};
use crate::aws::patience::{LOAD_BALANCER_ACTIVE, SUBNETS_REMOVED};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Text, Value};

/// An internal network load balancer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name, unique in the Region.
    pub name: String,
    /// The scheme: `internal`.
    pub scheme: String,
    /// The VPC's id.
    pub vpc: String,
    /// The ids of its subnets, one in each zone.
    pub subnets: BTreeSet<String>,
    /// The ids of its security groups. AWS accepts the first ones only at creation.
    pub security_groups: BTreeSet<Text>,
    /// Whether its security groups also apply to PrivateLink traffic, such as a VPC link's.
    pub judges_private_link: bool,
    /// Whether cross-zone load balancing is on.
    pub cross_zone: bool,
    /// Whether AWS refuses to delete it.
    pub deletion_protection: bool,
    /// Whether it is ready. Always `true` on the wanted side.
    pub active: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An internal network load balancer.
#[derive(Debug)]
pub struct LoadBalancer;

const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";
const DELETION_PROTECTION: &str = "deletion_protection.enabled";

/// What to do if only another load balancer helps: the new one needs another name.
const ANOTHER_NAME: &str = "give it another `name`: then a new one is made, the VPC link and the routes move to it, and \
                            the old one is deleted";

/// The word for consent to the loss of listeners that gatestack did not create.
pub(super) const OTHER_LISTENERS: &str = "other_listeners";
/// Everything that is deleted with a load balancer and is not the stack's.
pub const DEPENDENTS: &[&str] = &[OTHER_LISTENERS];

/// The parts of its update, in the order of their calls.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// The subnets.
    Subnets,
    /// The security groups, and whether they apply to PrivateLink.
    SecurityGroups,
    /// What AWS calls attributes.
    Attributes,
    /// No call: it becomes ready by itself, and the next step waits.
    Wait,
    /// The tags.
    Tags,
}

impl Kind for LoadBalancer {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        marked_on: Some("rest_api"),
        replace: Replace::CreateFirst,
        // Users of Terraform's provider and of the load balancer controller measure two to five minutes.
        settles_in: Some(180),
        billable: Some(
            "a network load balancer is charged for every hour it exists, and for the traffic through it.",
        ),
        in_picture: InPicture::LoadBalancer,
        dependents: DEPENDENTS,
        is_private_backend: true,
        ..KindInfo::new(
            "load_balancer",
            "load balancer",
            "An internal network load balancer, reached through a VPC link only. See the user guide for Network Load \
             Balancers.",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::new(
            "name",
            "The name, up to 32 letters, digits and hyphens.",
            |p: &Props, _| (&p.name).into(),
        )
        .on_change(OnChange::Replace("AWS never renames a load balancer")),
        Field::new(
            "scheme",
            "Who reaches it: always `internal`.",
            |p: &Props, _| (&p.scheme).into(),
        )
        .on_change(OnChange::Refuse(ANOTHER_NAME)),
        Field::new("vpc", "The VPC it is in.", |p: &Props, _| {
            (&p.vpc).into()
        })
        .on_change(OnChange::Refuse(ANOTHER_NAME)),
        Field::new(
            "subnets",
            "Its subnets, one in each zone. AWS removes none while a VPC link uses it.",
            |p: &Props, _| Value::set(&p.subnets),
        )
        .by(Part::Subnets),
        Field::new(
            "security_groups",
            "Its security groups. AWS takes them only when it is made.",
            |p: &Props, book| Value::set(p.security_groups.iter().map(|group| group.value(book))),
        )
        .by(Part::SecurityGroups)
        .refers_to("security_group"),
        Field::new(
            "takes_security_groups",
            "Whether it was made with security groups: one without them never gets any. Always true.",
            |p: &Props, _| (!p.security_groups.is_empty()).into(),
        ).always(true)
        .on_change(OnChange::Refuse(ANOTHER_NAME)),
        Field::new(
            "judges_private_link",
            "Whether its security groups also filter traffic from a VPC link. gatestack leaves it off: only the link \
             reaches it, from addresses that no rule can name.",
            |p: &Props, _| p.judges_private_link.into(),
        )
        .by(Part::SecurityGroups).always(false),
        Field::new(
            "cross_zone",
            "Whether each zone's share goes to the targets of all zones.",
            |p: &Props, _| p.cross_zone.into(),
        )
        .by(Part::Attributes),
        Field::new(
            "deletion_protection",
            "Whether AWS refuses to delete it until the protection is lifted.",
            |p: &Props, _| p.deletion_protection.into(),
        )
        .by(Part::Attributes),
        Field::new("active", "Whether it works.", |p: &Props, _| {
            p.active.into()
        })
        .by(Part::Wait).always(true),
        Field::new(
            "tags",
            "Tags. Others on the load balancer are left alone.",
            |p: &Props, _| tags::value(&p.tags),
        )
        .by(Part::Tags)
        .wanted_keys()
        .works_on(),
    ];

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        if !private_backends::is_there(reader, scope).await? {
            return Ok(Findings::default());
        }
        let wanted: BTreeMap<Address, String> = scope
            .desired
            .resources
            .iter()
            .filter_map(|(address, wanted)| match &wanted.resource {
                Resource::LoadBalancer(props) => Some((address.clone(), props.name.clone())),
                _ => None,
            })
            .collect();
        let balancers = reader.load_balancers().await?;
        let likely = balancers.iter().filter(|(live, tags)| {
            let name = live.load_balancer_name.as_ref();
            let named = name.is_some_and(|name| wanted.values().any(|wanted| wanted == name));
            named || scope.desired.context.owns(tags)
        });
        let candidates = likely.map(async |(live, tags)| candidate(reader, live, tags).await);
        let candidates = try_join_all(candidates).await?;
        let mut findings = sort_out(scope, &Self::INFO, &wanted, candidates);
        for found in &mut findings.owned {
            found.in_use = others_links(reader, scope, found).await?;
        }
        let missing = wanted.keys().filter(|address| {
            let mut owned = findings.owned.iter();
            !owned.any(|found| after_moves(scope.desired, &found.address) == **address)
        });
        for address in missing {
            let nowhere = link_to_nowhere(reader, scope, address).await?;
            findings.obstacles.extend(nowhere);
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let created = writer.patiently(async || {
            let request = writer
                .elbv2()
                .create_load_balancer()
                .name(&want.name)
                .r#type(LoadBalancerTypeEnum::Network)
                .scheme(LoadBalancerSchemeEnum::from(want.scheme.as_str()))
                .set_subnets(Some(want.subnets.iter().cloned().collect()))
                .set_security_groups(Some(groups(task)))
                .set_tags(tags::elbv2::sent(&task.tags(&want.tags)));
            writer
                .call(Operation::elbv2("CreateLoadBalancer"), request.send())
                .await
        });
        let made = created.await?.load_balancers.unwrap_or_default();
        let outputs = made.first().map_or_else(Outputs::new, outputs);
        Ok(outputs)
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let (want, held) = (task.want, live.props);
        let arn = live.output(OutputName::Arn);
        // An earlier run may have died while AWS set it up.
        if !held.active {
            until_active(writer, arn).await?;
        }
        for part in distinct(changed) {
            match part {
                Part::Subnets => set_subnets(writer, arn, &want.subnets, &held.subnets).await?,
                Part::SecurityGroups => set_security_groups(writer, task, arn).await?,
                Part::Attributes => modify_attributes(writer, want, arn).await?,
                Part::Wait => {}
                Part::Tags => tags::elbv2::write(writer, arn, &want.tags, &held.tags).await?,
            }
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let deleted = writer.patiently(async || {
            let request = writer
                .elbv2()
                .delete_load_balancer()
                .load_balancer_arn(live.output(OutputName::Arn));
            writer
                .call(Operation::elbv2("DeleteLoadBalancer"), request.send())
                .await
        });
        gone_is_success(deleted.await)
    }

    // AWS sets up a new one for minutes; Terraform changes its settings only when it is active, and waits again after that.
    async fn settle(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let arn = task.output(OutputName::Arn);
        let live = until_active(writer, arn).await?;
        let held = candidate(writer, &live, &BTreeMap::new()).await?.props;
        let want = task.want;
        if held.judges_private_link != want.judges_private_link {
            set_security_groups(writer, task, arn).await?;
        }
        if (held.cross_zone, held.deletion_protection)
            != (want.cross_zone, want.deletion_protection)
        {
            modify_attributes(writer, want, arn).await?;
        }
        until_active(writer, arn).await.map(|live| outputs(&live))
    }

    fn unprotected(live: &Props) -> Option<Props> {
        live.deletion_protection.then(|| Props {
            deletion_protection: false,
            ..live.clone()
        })
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        replaced(look).into_iter().collect()
    }
}

/// Waits until a load balancer is active.
///
/// # Errors
/// A read failed, AWS could not set it up, or it took too long.
async fn until_active(writer: &Writer, arn: &str) -> Result<LiveBalancer, AwsError> {
    let what = "the load balancer is not active";
    LOAD_BALANCER_ACTIVE
        .until(writer, "DescribeLoadBalancers", what, async || {
            let Some(live) = look(writer, arn).await? else {
                return Ok(None);
            };
            match state(&live) {
                Some(LoadBalancerStateEnum::Failed) => {
                    let reason = live.state.and_then(|state| state.reason);
                    let reason = reason.as_deref().unwrap_or("it gave no reason");
                    Err(AwsError::gave_up(
                        "CreateLoadBalancer",
                        format!(
                            "AWS could not make the load balancer: {}. Give it another `name`, or delete it by hand",
                            reason.trim_end_matches('.')
                        ),
                    ))
                }
                _ => Ok(Some(live).filter(is_active)),
            }
        })
        .await
}

/// Obstacles to a load balancer's deletion: VPC links that are not the stack's. AWS would refuse only after everything behind the
/// load balancer is deleted.
async fn others_links(
    reader: &Reader,
    scope: &Scope<'_>,
    found: &Found<Props>,
) -> Result<Option<Obstacle>, AwsError> {
    let arn = found.outputs.get(&OutputName::Arn);
    let links = reader.vpc_links().await?;
    let others = links.iter().filter(|link| {
        let gone = matches!(
            link.status,
            Some(VpcLinkStatus::Failed | VpcLinkStatus::Deleting)
        );
        !gone
            && link.target_arns().iter().any(|target| Some(target) == arn)
            && !scope.desired.context.owns(&tags::live(link.tags.as_ref()))
    });
    let others: Vec<String> = others
        .map(|link| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            format!("{:?} ({})", text(&link.name), text(&link.id))
        })
        .collect();
    Ok((!others.is_empty()).then(|| Obstacle {
        address: after_moves(scope.desired, &found.address),
        what: format!(
            "VPC links outside this stack use the load balancer {:?}: {}",
            found.props.name,
            others.join(", ")
        ),
        help: "point them elsewhere or delete them first, in the stacks that made them".into(),
    }))
}

/// A VPC link of the stack whose load balancer AWS does not list: if another one were created, that one would be left behind.
async fn link_to_nowhere(
    reader: &Reader,
    scope: &Scope<'_>,
    address: &Address,
) -> Result<Option<Obstacle>, AwsError> {
    let (links, balancers) = tokio::try_join!(reader.vpc_links(), reader.load_balancers())?;
    let listed = |arn: &String| {
        let mut balancers = balancers.iter();
        balancers.any(|(balancer, _)| balancer.load_balancer_arn.as_ref() == Some(arn))
    };
    let lost = links
        .iter()
        .filter(|link| {
            link.status == Some(VpcLinkStatus::Available)
                && scope.desired.context.owns(&tags::live(link.tags.as_ref()))
        })
        .find_map(|link| Some((link, link.target_arns().iter().find(|arn| !listed(arn))?)));
    Ok(lost.map(|(link, arn)| {
        let id = link.id.as_deref().unwrap_or_default();
        Obstacle {
            address: address.clone(),
            what: format!(
                "the stack's VPC link {id} points to the load balancer {arn}, which AWS does not list"
            ),
            help: format!(
                "if it was deleted, delete the link with `aws apigateway delete-vpc-link --vpc-link-id {id}`; otherwise \
                 run the same command again in a minute"
            ),
        }
    }))
}

/// A load balancer's current state; `None` while it is not visible everywhere.
async fn look(writer: &Writer, arn: &str) -> Result<Option<LiveBalancer>, AwsError> {
    let request = writer
        .elbv2()
        .describe_load_balancers()
        .load_balancer_arns(arn);
    let answer = writer
        .call(Operation::elbv2("DescribeLoadBalancers"), request.send())
        .await;
    match answer {
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
        Ok(answer) => Ok(answer.load_balancers.unwrap_or_default().pop()),
    }
}

fn state(live: &LiveBalancer) -> Option<&LoadBalancerStateEnum> {
    live.state.as_ref().and_then(|state| state.code.as_ref())
}

fn is_active(live: &LiveBalancer) -> bool {
    // An impaired one works but could not scale: waiting doesn't help.
    matches!(
        state(live),
        Some(LoadBalancerStateEnum::Active | LoadBalancerStateEnum::ActiveImpaired)
    )
}

fn groups(task: &Task<'_, Props>) -> Vec<String> {
    let groups = task.want.security_groups.iter();
    groups.map(|group| task.text(group)).collect()
}

async fn set_security_groups(
    writer: &Writer,
    task: &Task<'_, Props>,
    arn: &str,
) -> Result<(), AwsError> {
    let judges = match task.want.judges_private_link {
        true => OnPrivateLink::On,
        false => OnPrivateLink::Off,
    };
    let set = writer.patiently(async || {
        let request = writer
            .elbv2()
            .set_security_groups()
            .load_balancer_arn(arn)
            .set_security_groups(Some(groups(task)))
            .enforce_security_group_inbound_rules_on_private_link_traffic(judges.clone());
        writer
            .call(Operation::elbv2("SetSecurityGroups"), request.send())
            .await
    });
    set.await.map(drop)
}

async fn modify_attributes(writer: &Writer, want: &Props, arn: &str) -> Result<(), AwsError> {
    let attribute = |key: &str, value: bool| {
        LoadBalancerAttribute::builder()
            .key(key)
            .value(value.to_string())
            .build()
    };
    let modified = writer.patiently(async || {
        let request = writer
            .elbv2()
            .modify_load_balancer_attributes()
            .load_balancer_arn(arn)
            .attributes(attribute(CROSS_ZONE, want.cross_zone))
            .attributes(attribute(DELETION_PROTECTION, want.deletion_protection));
        writer
            .call(
                Operation::elbv2("ModifyLoadBalancerAttributes"),
                request.send(),
            )
            .await
    });
    modified.await.map(drop)
}

/// A subnet can replace another in its zone only after AWS has removed that one, which takes minutes.
async fn set_subnets(
    writer: &Writer,
    arn: &str,
    want: &BTreeSet<String>,
    held: &BTreeSet<String>,
) -> Result<(), AwsError> {
    let stays: BTreeSet<String> = want & held;
    if !stays.is_empty() && stays != *want && stays != *held {
        send_subnets(writer, arn, &stays).await?;
        SUBNETS_REMOVED
            .until(
                writer,
                "SetSubnets",
                "AWS has not removed the old subnets",
                async || {
                    let live = look(writer, arn).await?;
                    Ok(live.filter(|live| is_active(live) && subnets(live) == stays))
                },
            )
            .await?;
    }
    send_subnets(writer, arn, want).await
}

async fn send_subnets(
    writer: &Writer,
    arn: &str,
    subnets: &BTreeSet<String>,
) -> Result<(), AwsError> {
    let request = writer
        .elbv2()
        .set_subnets()
        .load_balancer_arn(arn)
        .set_subnets(Some(subnets.iter().cloned().collect()));
    writer
        .call(Operation::elbv2("SetSubnets"), request.send())
        .await?;
    Ok(())
}

fn subnets(live: &LiveBalancer) -> BTreeSet<String> {
    let zones = live.availability_zones.iter().flatten();
    zones.filter_map(|zone| zone.subnet_id.clone()).collect()
}

async fn candidate(
    reader: &Reader,
    live: &LiveBalancer,
    tags: &BTreeMap<String, String>,
) -> Result<Candidate<Props>, AwsError> {
    let arn = live.load_balancer_arn.as_deref().unwrap_or_default();
    let attributes = reader.load_balancer_attributes(arn).await?;
    let is_on = |key: &str| attributes.get(key).is_some_and(|value| value == "true");
    let name = live.load_balancer_name.clone().unwrap_or_default();
    let props = Props {
        name: name.clone(),
        scheme: live
            .scheme
            .as_ref()
            .map_or("", LoadBalancerSchemeEnum::as_str)
            .to_owned(),
        vpc: live.vpc_id.clone().unwrap_or_default(),
        subnets: subnets(live),
        security_groups: live
            .security_groups
            .iter()
            .flatten()
            .map(|group| group.as_str().into())
            .collect(),
        // AWS returns no value for the default.
        judges_private_link: live
            .enforce_security_group_inbound_rules_on_private_link_traffic
            .as_deref()
            != Some("off"),
        cross_zone: is_on(CROSS_ZONE),
        deletion_protection: is_on(DELETION_PROTECTION),
        active: is_active(live),
        tags: tags.clone(),
    };
    Ok(Candidate {
        name,
        tags: tags.clone(),
        props,
        outputs: outputs(live),
        unmanaged: Vec::new(),
    })
}

fn outputs(live: &LiveBalancer) -> Outputs {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let arn = text(&live.load_balancer_arn);
    Outputs::from([
        (OutputName::Id, arn.clone()),
        (OutputName::Arn, arn),
        (OutputName::Target, text(&live.dns_name)),
        (OutputName::TargetZone, text(&live.canonical_hosted_zone_id)),
    ])
}

/// Old and new exist beside each other for minutes, until the stage is switched.
fn replaced(look: &Look<'_, Props>) -> Option<Note> {
    let held = look.held?;
    (look.change.action == Action::Replace).then_some(())?;
    look.warning(
        "GS112",
        format!(
            "a new load balancer with listeners, target groups and VPC link is made beside {:?}, and AWS charges for both \
             meanwhile; the routes move to it and are redeployed without downtime, then the old ones are deleted, which \
             ends rollback to earlier deployments. Direct calls to the old host name stop working",
            held.name
        ),
    )
}
