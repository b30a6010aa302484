//! A security group: its inbound rules.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{InstanceStateName, IpPermission, ResourceType, UserIdGroupPair};
use serde::{Deserialize, Serialize};

use super::api_marks::unless_denied;
use super::ownership::{Candidate, sort_out};
use super::private_backends;
use super::uses::Leaving;
use super::{
    Field, Findings, InPicture, Kind, KindInfo, LiveReference, Obstacle, OnChange, Outputs,
    Replace, Resource, STACK_TAG, Scope, Task, distinct, gone_is_success, tags,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Text, Value};

/// A security group.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name, unique in its VPC.
    pub name: String,
    /// Its description; AWS never changes it.
    pub description: String,
    /// The VPC's id.
    pub vpc: String,
    /// The inbound rules. Everything else is denied.
    pub ingress: BTreeSet<Ingress>,
    /// Rules that a stack file can't express, in words. Always empty on the wanted side.
    pub other_rules: BTreeSet<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An inbound rule: a source and a TCP port.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Ingress {
    /// The TCP port.
    pub port: u16,
    /// A security group as the source.
    pub from: Text,
}

impl Ingress {
    fn value(&self, book: &crate::model::Book) -> Value {
        Value::map([
            ("port", Value::from(u32::from(self.port))),
            ("from", self.from.value(book)),
        ])
    }
}

/// A security group.
#[derive(Debug)]
pub struct SecurityGroup;

/// The parts of its update, in the order of their calls.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// The inbound rules.
    Rules,
    /// The tags.
    Tags,
}

impl Kind for SecurityGroup {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        marked_on: Some("rest_api"),
        replace: Replace::CreateFirst,
        in_picture: InPicture::WithUser,
        is_private_backend: true,
        ..KindInfo::new(
            "security_group",
            "security group",
            "An EC2 security group: who may open connections to its members. Its rules are closed: one that the stack does \
             not have is revoked. Connections from it are not limited. See the VPC user guide, \"Security groups\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::new("name", "The name, unique in its VPC.", |p: &Props, _| {
            (&p.name).into()
        })
        .on_change(OnChange::Replace("AWS never renames a security group")),
        Field::new("vpc", "The VPC it is in.", |p: &Props, _| (&p.vpc).into())
            .on_change(OnChange::Replace("a security group stays in its VPC")),
        Field::new(
            "ingress",
            "Who may open connections, on which ports.",
            |p: &Props, book| Value::set(p.ingress.iter().map(|rule| rule.value(book))),
        )
        .by(Part::Rules)
        .refers_to("security_group"),
        Field::new(
            "other_rules",
            "Other inbound rules: always none.",
            |p: &Props, _| Value::set(&p.other_rules),
        )
        .by(Part::Rules),
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
        let wanted = scope.desired.resources.iter();
        let wanted: Vec<_> = wanted
            .filter_map(|(address, wanted)| match &wanted.resource {
                Resource::SecurityGroup(props) => Some((address, props)),
                _ => None,
            })
            .collect();
        let mut candidates = BTreeMap::new();
        let ours = reader
            .security_groups_tagged(STACK_TAG, &scope.desired.context.stack)
            .await?;
        candidates.extend(ours.iter().map(candidate));
        // Names are unique in a VPC, so no other group has the names of ours.
        let is_ours = |props: &Props| {
            ours.iter().any(|group| {
                group.vpc_id.as_ref() == Some(&props.vpc)
                    && group.group_name.as_ref() == Some(&props.name)
            })
        };
        let mut names: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        // Without the results of the lookups there is no VPC.
        let placed = wanted.iter().filter(|(_, props)| !props.vpc.is_empty());
        for (_, props) in placed.filter(|(_, props)| !is_ours(props)) {
            names
                .entry(&props.vpc)
                .or_default()
                .insert(props.name.clone());
        }
        for (vpc, names) in names {
            let namesakes = reader.security_groups_named(vpc, &names).await?;
            candidates.extend(namesakes.iter().map(candidate));
        }
        let wanted = wanted
            .into_iter()
            .map(|(address, props)| (address.clone(), props.name.clone()));
        Ok(sort_out(
            scope,
            &Self::INFO,
            &wanted.collect(),
            candidates.into_values().collect(),
        ))
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let request = writer
            .ec2()
            .create_security_group()
            .group_name(&want.name)
            .description(&want.description)
            .vpc_id(&want.vpc)
            .tag_specifications(tags::ec2::sent(
                ResourceType::SecurityGroup,
                &task.tags(&want.tags),
            ));
        let answer = writer
            .call(Operation::ec2("CreateSecurityGroup"), request.send())
            .await?;
        let id = answer.group_id.unwrap_or_default();
        authorize(writer, &id, wanted_rules(task)).await?;
        Ok(outputs(&id))
    }

    // Wanted rules are added before others are removed.
    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let id = live.output(OutputName::Id);
        for part in distinct(changed) {
            match part {
                Part::Rules => {
                    let held = held_rules(writer, id).await?;
                    let wanted = wanted_rules(task);
                    let known: BTreeSet<&Ingress> = held
                        .iter()
                        .filter_map(|rule| rule.meaning.as_ref().ok())
                        .collect();
                    let missing = wanted
                        .iter()
                        .filter(|rule| !known.contains(rule))
                        .cloned()
                        .collect();
                    authorize(writer, id, missing).await?;
                    let unwanted = held.iter().filter(|rule| match &rule.meaning {
                        Ok(rule) => !wanted.contains(rule),
                        Err(_) => true,
                    });
                    revoke(writer, id, unwanted.map(|rule| rule.one.clone()).collect()).await?;
                }
                Part::Tags => {
                    tags::ec2::write(writer, id, &task.want.tags, &live.props.tags).await?;
                }
            }
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let deleted = writer.patiently(async || {
            let request = writer
                .ec2()
                .delete_security_group()
                .group_id(live.output(OutputName::Id));
            writer
                .call(Operation::ec2("DeleteSecurityGroup"), request.send())
                .await
        });
        gone_is_success(deleted.await)
    }
}

/// Obstacles to a group's deletion: network interfaces in it and rules of other groups that refer to it and are not the stack's.
/// AWS would refuse only after everything else in it is deleted. Without the permissions they are not checked.
pub(super) async fn used_by(
    reader: &Reader,
    leaving: &Leaving<'_>,
    address: &Address,
    props: &Props,
    id: &str,
) -> Result<Option<Obstacle>, AwsError> {
    let naming = async { unless_denied(reader.security_groups_naming(id).await) };
    let strangers = strangers_in(reader, leaving, id);
    let (mut users, naming) = tokio::try_join!(Box::pin(strangers), Box::pin(naming))?;
    let naming = naming.unwrap_or_default();
    let ours = leaving.ids_of("security_group");
    let naming: BTreeSet<&str> = naming
        .iter()
        .filter_map(|group| group.group_id.as_deref())
        .filter(|group| !ours.contains(group))
        .collect();
    users.extend(
        naming
            .iter()
            .map(|group| format!("a rule of the security group {group}")),
    );
    Ok((!users.is_empty()).then(|| Obstacle {
        address: address.clone(),
        what: format!(
            "something outside this stack uses the security group {:?} ({id}), and AWS does not delete one that is in use: \
             {}",
            props.name,
            users.into_iter().collect::<Vec<_>>().join(", ")
        ),
        help: "remove the group from them first, or delete them, then run the same command again".into(),
    }))
}

/// What is not the stack's and has network interfaces in a group. Interfaces that AWS is about to delete don't count: those of a
/// load balancer remain for minutes, and those of an instance are deleted with it.
async fn strangers_in(
    reader: &Reader,
    leaving: &Leaving<'_>,
    group: &str,
) -> Result<BTreeSet<String>, AwsError> {
    let interfaces = unless_denied(reader.interfaces_in(group).await)?.unwrap_or_default();
    let ours = leaving.ids_of("instance");
    let mut strangers = BTreeSet::new();
    let mut instances = BTreeSet::new();
    for interface in &interfaces {
        let id = interface
            .network_interface_id
            .as_deref()
            .unwrap_or_default();
        let description = interface.description.as_deref().unwrap_or_default();
        let attachment = interface.attachment.as_ref();
        if let Some(instance) = attachment.and_then(|attachment| attachment.instance_id.clone()) {
            if !ours.contains(instance.as_str()) {
                instances.insert(instance);
            }
        } else if let Some(balancer) = description.strip_prefix("ELB ") {
            if is_anothers(reader, leaving, balancer).await? {
                strangers.insert(format!("the load balancer {balancer}"));
            }
        } else {
            let of = match description {
                "" => String::new(),
                description => format!(" ({description})"),
            };
            strangers.insert(format!("the network interface {id}{of}"));
        }
    }
    if !instances.is_empty() {
        let asked = [("instance-id".to_owned(), instances.into_iter().collect())];
        let found = unless_denied(reader.instances_passing(&asked).await)?.unwrap_or_default();
        strangers.extend(found.iter().filter_map(|instance| {
            let state = instance
                .state
                .as_ref()
                .and_then(|state| state.name.as_ref());
            let ends = matches!(
                state,
                Some(InstanceStateName::ShuttingDown | InstanceStateName::Terminated)
            );
            let id = instance.instance_id.as_deref().filter(|_| !ends)?;
            Some(format!("the instance {id}"))
        }));
    }
    Ok(strangers)
}

/// Whether a load balancer that an interface names by the end of its ARN (`net/NAME/ID`) exists and is not the stack's.
async fn is_anothers(
    reader: &Reader,
    leaving: &Leaving<'_>,
    balancer: &str,
) -> Result<bool, AwsError> {
    let is_it = |arn: &str| arn.ends_with(&format!(":loadbalancer/{balancer}"));
    if leaving.all_of("load_balancer").any(|(_, live)| {
        let arn = live.outputs.get(&OutputName::Arn);
        arn.is_some_and(|arn| is_it(arn))
    }) {
        return Ok(false);
    }
    // Only network load balancers are listed, and of the others none is the stack's.
    if !balancer.starts_with("net/") {
        return Ok(true);
    }
    let listed = reader.load_balancers().await?;
    let mut arns = listed
        .iter()
        .filter_map(|(one, _)| one.load_balancer_arn.as_deref());
    Ok(arns.any(is_it))
}

/// One rule of a live group, from one source.
struct Rule {
    /// As EC2 takes it.
    one: IpPermission,
    /// A rule of the stack's form, or in words.
    meaning: Result<Ingress, String>,
}

/// The rules of a group, each with one source.
fn rules(permissions: &[IpPermission]) -> Vec<Rule> {
    let mut rules = Vec::new();
    for all in permissions {
        let ports = || {
            IpPermission::builder()
                .set_ip_protocol(all.ip_protocol.clone())
                .set_from_port(all.from_port)
                .set_to_port(all.to_port)
        };
        let protocol = all.ip_protocol.as_deref().unwrap_or_default();
        let what = match (protocol, all.from_port, all.to_port) {
            ("-1", ..) => "everything".to_owned(),
            (protocol, Some(from), Some(to)) if from == to => format!("{protocol} {from}"),
            (protocol, Some(from), Some(to)) => format!("{protocol} {from} to {to}"),
            (protocol, ..) => protocol.to_owned(),
        };
        let mut other = |one: IpPermission, source: &str| {
            let meaning = Err(format!("{what} from {source}"));
            rules.push(Rule { one, meaning });
        };
        for range in all.ip_ranges.iter().flatten() {
            let source = range.cidr_ip.as_deref().unwrap_or_default();
            other(ports().ip_ranges(range.clone()).build(), source);
        }
        for range in all.ipv6_ranges.iter().flatten() {
            let source = range.cidr_ipv6.as_deref().unwrap_or_default();
            other(ports().ipv6_ranges(range.clone()).build(), source);
        }
        for list in all.prefix_list_ids.iter().flatten() {
            let source = list.prefix_list_id.as_deref().unwrap_or_default();
            other(ports().prefix_list_ids(list.clone()).build(), source);
        }
        for pair in all.user_id_group_pairs.iter().flatten() {
            let source = pair.group_id.as_deref().unwrap_or_default();
            let port = all
                .from_port
                .filter(|port| protocol == "tcp" && all.to_port == Some(*port))
                .and_then(|port| u16::try_from(port).ok());
            let meaning = match port {
                Some(port) => Ok(Ingress {
                    port,
                    from: source.into(),
                }),
                None => Err(format!("{what} from {source}")),
            };
            let one = ports().user_id_group_pairs(pair.clone()).build();
            rules.push(Rule { one, meaning });
        }
    }
    rules
}

fn wanted_rules(task: &Task<'_, Props>) -> BTreeSet<Ingress> {
    let rules = task.want.ingress.iter().map(|rule| Ingress {
        port: rule.port,
        from: task.text(&rule.from).into(),
    });
    rules.collect()
}

async fn held_rules(writer: &Writer, id: &str) -> Result<Vec<Rule>, AwsError> {
    let request = writer.ec2().describe_security_groups().group_ids(id);
    let answer = writer
        .call(Operation::ec2("DescribeSecurityGroups"), request.send())
        .await?;
    let groups = answer.security_groups.unwrap_or_default();
    Ok(groups
        .iter()
        .flat_map(|group| rules(group.ip_permissions()))
        .collect())
}

async fn authorize(writer: &Writer, id: &str, missing: BTreeSet<Ingress>) -> Result<(), AwsError> {
    if missing.is_empty() {
        return Ok(());
    }
    let permissions: Vec<IpPermission> = missing
        .iter()
        .map(|rule| {
            IpPermission::builder()
                .ip_protocol("tcp")
                .from_port(rule.port.into())
                .to_port(rule.port.into())
                .user_id_group_pairs(
                    UserIdGroupPair::builder()
                        .group_id(super::literal(&rule.from))
                        .build(),
                )
                .build()
        })
        .collect();
    let authorized = writer.patiently(async || {
        let request = writer
            .ec2()
            .authorize_security_group_ingress()
            .group_id(id)
            .set_ip_permissions(Some(permissions.clone()));
        writer
            .call(
                Operation::ec2("AuthorizeSecurityGroupIngress"),
                request.send(),
            )
            .await
    });
    match authorized.await {
        // The SDK retried it after its response was lost.
        Err(error) if error.is("InvalidPermission.Duplicate") => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Ok(()),
    }
}

async fn revoke(writer: &Writer, id: &str, unwanted: Vec<IpPermission>) -> Result<(), AwsError> {
    if unwanted.is_empty() {
        return Ok(());
    }
    let request = writer
        .ec2()
        .revoke_security_group_ingress()
        .group_id(id)
        .set_ip_permissions(Some(unwanted));
    match writer
        .call(Operation::ec2("RevokeSecurityGroupIngress"), request.send())
        .await
    {
        Err(error) if error.is("InvalidPermission.NotFound") => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Ok(()),
    }
}

fn candidate(live: &aws_sdk_ec2::types::SecurityGroup) -> (String, Candidate<Props>) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let tags = tags::ec2::live(live.tags.as_deref());
    let mut props = Props {
        name: text(&live.group_name),
        description: text(&live.description),
        vpc: text(&live.vpc_id),
        ingress: BTreeSet::new(),
        other_rules: BTreeSet::new(),
        tags: tags.clone(),
    };
    for rule in rules(live.ip_permissions()) {
        match rule.meaning {
            Ok(rule) => props.ingress.insert(rule),
            Err(words) => props.other_rules.insert(words),
        };
    }
    let id = text(&live.group_id);
    let candidate = Candidate {
        name: props.name.clone(),
        tags,
        props,
        outputs: outputs(&id),
        unmanaged: Vec::new(),
    };
    (id, candidate)
}

fn outputs(id: &str) -> Outputs {
    Outputs::from([(OutputName::Id, id.to_owned())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::IpRange;

    fn pair(group: &str) -> UserIdGroupPair {
        UserIdGroupPair::builder().group_id(group).build()
    }

    #[test]
    fn a_rule_is_taken_apart_by_source() {
        let both = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(80)
            .to_port(80)
            .user_id_group_pairs(pair("sg-1"))
            .user_id_group_pairs(pair("sg-2"))
            .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").build())
            .build();
        let read = rules(&[both]);
        let said: Vec<_> = read
            .iter()
            .filter_map(|rule| rule.meaning.clone().ok())
            .collect();
        let of = |group: &str| Ingress {
            port: 80,
            from: group.into(),
        };
        assert_eq!(said, [of("sg-1"), of("sg-2")]);
        let words: Vec<_> = read
            .iter()
            .filter_map(|rule| rule.meaning.clone().err())
            .collect();
        assert_eq!(words, ["tcp 80 from 10.0.0.0/8"]);
        assert!(read.iter().all(|rule| {
            rule.one.user_id_group_pairs().len() + rule.one.ip_ranges().len() == 1
        }));
    }

    #[test]
    fn a_range_of_ports_and_every_protocol_are_no_rule_of_a_stack() {
        let range = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(80)
            .to_port(90)
            .user_id_group_pairs(pair("sg-1"))
            .build();
        let everything = IpPermission::builder()
            .ip_protocol("-1")
            .user_id_group_pairs(pair("sg-1"))
            .build();
        let words: Vec<_> = rules(&[range, everything])
            .into_iter()
            .filter_map(|rule| rule.meaning.err())
            .collect();
        assert_eq!(words, ["tcp 80 to 90 from sg-1", "everything from sg-1"]);
    }
}
